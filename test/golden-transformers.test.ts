// Golden runs: the losses of 20 training steps of a small GPT and of an encoder with a decoder, from the same weights and words as
// PyTorch, eager and compiled.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { arange, compile, crossEntropy, nn, optim, scope, type Tensor } from 'anneal';
import { suite } from './support/check';
import { integers, start } from './support/golden';

const [BATCH, TIME, DIM, WORDS] = [4, 48, 32, 65];
const [SOURCE, TARGET, LETTERS] = [17, 13, 20];
const DATA = 1000;
// float32 rounds in other places than PyTorch does, and Adam divides small gradients by their own size.
const TOLERANCE = 1e-3;

const { losses } = JSON.parse(readFileSync(join(__dirname, 'fixtures', 'golden-transformers.json'), 'utf8')) as {
  losses: Record<'gpt' | 'translator', number[]>;
};

class Gpt extends nn.Module {
  token = new nn.Embedding(WORDS, DIM);
  position = new nn.PositionalEmbedding(TIME, DIM);
  blocks = new nn.TransformerEncoder(
    new nn.TransformerEncoderLayer(DIM, 2, {
      dimFeedforward: 64,
      dropout: 0,
      activation: 'gelu',
      batchFirst: true,
      normFirst: true,
    }),
    2,
    { norm: new nn.LayerNorm(DIM) },
  );
  head = new nn.Linear(DIM, WORDS, { bias: false });

  forward(words: Tensor): Tensor {
    const x = this.position.forward(this.token.forward(words));
    return this.head.forward(this.blocks.forward(x, { isCausal: true }));
  }
}

class Translator extends nn.Module {
  source = new nn.Embedding(LETTERS, DIM);
  target = new nn.Embedding(LETTERS, DIM);
  position = new nn.SinusoidalPositionalEncoding(DIM);
  transformer = new nn.Transformer({
    dModel: DIM,
    nhead: 4,
    numEncoderLayers: 2,
    numDecoderLayers: 2,
    dimFeedforward: 48,
    dropout: 0,
    batchFirst: true,
  });
  head = new nn.Linear(DIM, LETTERS);

  forward(source: Tensor, padding: Tensor, target: Tensor): Tensor {
    const [src, tgt] = [this.source.forward(source), this.target.forward(target)].map((x) => this.position.forward(x));
    const y = this.transformer.forward(src as Tensor, tgt as Tensor, {
      tgtIsCausal: true,
      srcKeyPaddingMask: padding,
      memoryKeyPaddingMask: padding,
    });
    return this.head.forward(y);
  }
}

/** A model, what it is given at a step, and its loss of that. */
interface Run {
  model: nn.Module;
  batch(step: number): Tensor[];
  loss(...batch: Tensor[]): Tensor;
}

const runs: Record<'gpt' | 'translator', () => Run> = {
  gpt() {
    const model = new Gpt();
    return {
      model,
      batch(step) {
        const words = integers(DATA + (step % 4), [BATCH, TIME + 1], WORDS);
        return [words.slice(1, 0, TIME), words.slice(1, 1)];
      },
      loss: (given, next) => crossEntropy(model.forward(given as Tensor).flatten(0, 1), (next as Tensor).flatten()),
    };
  },
  translator() {
    const model = new Translator();
    return {
      model,
      batch(step) {
        const seed = DATA + 3 * (step % 4);
        const source = integers(seed, [BATCH, SOURCE], LETTERS);
        const target = integers(seed + 1, [BATCH, TARGET + 1], LETTERS);
        const lengths = integers(seed + 2, [BATCH, 1], SOURCE - 5).add(5);
        return [source, arange(SOURCE).ge(lengths), target.slice(1, 0, TARGET), target.slice(1, 1)];
      },
      loss(source, padding, given, next) {
        const scores = model.forward(source as Tensor, padding as Tensor, given as Tensor);
        return crossEntropy(scores.flatten(0, 1), (next as Tensor).flatten());
      },
    };
  },
};

suite('golden runs of transformers', () => {
  for (const name of ['gpt', 'translator'] as const) {
    for (const mode of ['eager', 'compiled']) {
      it(`20 losses as PyTorch's: ${name}, ${mode}`, () => {
        scope(() => {
          const { model, batch, loss } = runs[name]();
          start(model);
          const optimizer = new optim.AdamW(model.parameters(), { lr: 3e-3 });
          const train = (...given: Tensor[]): Tensor => {
            const value = loss(...given);
            optimizer.zeroGrad();
            value.backward();
            optimizer.step();
            return value.detach();
          };
          const step = mode === 'eager' ? train : compile(train);
          for (const [i, expected] of losses[name].entries()) {
            const found = scope(() => step(...batch(i)).itemSync());
            assert.ok(Math.abs(found - expected) <= TOLERANCE * expected, `step ${i}: ${found}, expected ${expected}`);
          }
          optimizer.zeroGrad();
        });
      }).timeout(60_000);
    }
  }
});
