// A golden run with normalisation: the losses of 20 training steps of a classifier with BatchNorm1d and LayerNorm, and its loss in
// inference after them, from the same weights and batches as PyTorch; eager and compiled.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { compile, nn, noGrad, optim, scope, type Tensor, tensor } from 'anneal';
import { suite } from './support/check';
import { counterValues } from './support/counter';

const [INPUT, FIRST, SECOND, CLASSES] = [48, 32, 24, 10] as const;
const BATCH = 32;
const BATCHES = 100;
// float32 rounds in other places than PyTorch does; a wrong formula or order of updates shows in the first digits.
const TOLERANCE = 1e-4;

const { losses } = JSON.parse(readFileSync(join(__dirname, 'fixtures', 'golden-norm.json'), 'utf8')) as {
  losses: Record<string, number[]>;
};

function values(seed: number, shape: number[], low: number, high: number): Tensor {
  const count = shape.reduce((product, extent) => product * extent, 1);
  return tensor(counterValues(seed, count, low, high), { dtype: 'float32', shape });
}

function linear(index: number, width: number, height: number): nn.Linear {
  // A bias before BatchNorm has no gradient but rounding errors, which Adam would make steps of.
  const layer = new nn.Linear(width, height, { bias: index > 0 });
  const bound = 1 / Math.sqrt(width);
  noGrad(() => {
    layer.weight.assign(values(2 * index, [height, width], -bound, bound));
    layer.bias?.assign(values(2 * index + 1, [height], -1, 1));
  });
  return layer;
}

function network(): nn.Sequential {
  return new nn.Sequential(
    linear(0, INPUT, FIRST),
    new nn.BatchNorm1d(FIRST),
    new nn.GELU(),
    linear(1, FIRST, SECOND),
    new nn.LayerNorm(SECOND),
    new nn.GELU(),
    linear(2, SECOND, CLASSES),
  );
}

/** Inputs around 5 whose mean tells the label. */
function batch(step: number): [x: Tensor, labels: Tensor] {
  const labels = counterValues(BATCHES + 2 * step, BATCH, 0, 10).map(Math.floor);
  const noise = Float32Array.from(counterValues(BATCHES + 2 * step + 1, BATCH * INPUT, 4, 6));
  const inputs = noise.map((u, i) => u + (Math.floor((i % INPUT) / 5) === labels[Math.floor(i / INPUT)] ? 1 : 0));
  return [tensor(inputs, { shape: [BATCH, INPUT] }), tensor(labels, { dtype: 'int64' })];
}

suite('golden run with normalisation', () => {
  for (const [name, expected] of Object.entries(losses)) {
    for (const way of ['eager', 'compiled']) {
      it(`20 losses as PyTorch's, and one in inference: ${name}, ${way}`, () => {
        const [kind, lr] = name.split(' ');
        scope(() => {
          const model = network();
          const options = { lr: Number(lr) };
          const params = model.parameters();
          const optimizer = kind === 'adam' ? new optim.Adam(params, options) : new optim.SGD(params, options);
          const train = (x: Tensor, labels: Tensor): Tensor => {
            optimizer.zeroGrad();
            const loss = nn.crossEntropy(model.forward(x), labels);
            loss.backward();
            optimizer.step();
            return loss;
          };
          const infer = (x: Tensor, labels: Tensor): Tensor => nn.crossEntropy(model.forward(x), labels);
          const [step, evaluate] = way === 'compiled' ? [compile(train), compile(infer)] : [train, infer];
          for (const [i, loss] of expected.entries()) {
            const last = i === expected.length - 1;
            if (last) model.eval();
            const found = scope(() => (last ? noGrad(() => evaluate(...batch(i))) : step(...batch(i))).itemSync());
            assert.ok(Math.abs(found - loss) <= TOLERANCE * loss, `step ${i}: ${found}, expected ${loss}`);
          }
          optimizer.zeroGrad();
        });
      });
    }
  }
});
