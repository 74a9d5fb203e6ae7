// The gpt suite on our side. The last product shares the weight of the embedding.
import {
  compile,
  dropout,
  gelu,
  io,
  linear,
  nn,
  noGrad,
  optim,
  scaledDotProductAttention,
  scope,
  synchronize,
  type Tensor,
  tensor,
} from 'anneal';
import type { Job } from '../rival';
import { maybeCompiled, versions } from './anneal_setup';
import { type Contender, sample, serve } from './serve';

interface Size {
  layers: number;
  width: number;
  heads: number;
  context: number;
  vocabulary: number;
  dropout: number;
}

class Block extends nn.Module {
  readonly norm1: nn.LayerNorm;
  readonly qkv: nn.Linear;
  readonly out: nn.Linear;
  readonly norm2: nn.LayerNorm;
  readonly up: nn.Linear;
  readonly down: nn.Linear;

  constructor(readonly size: Size) {
    super();
    const { width } = size;
    this.norm1 = new nn.LayerNorm(width);
    this.qkv = new nn.Linear(width, 3 * width);
    this.out = new nn.Linear(width, width);
    this.norm2 = new nn.LayerNorm(width);
    this.up = new nn.Linear(width, 4 * width);
    this.down = new nn.Linear(4 * width, width);
  }

  forward(x: Tensor, cache?: nn.KeyValueCache): Tensor {
    const p = this.training ? this.size.dropout : 0;
    const drop = (y: Tensor): Tensor => (p > 0 ? dropout(y, p) : y);
    const [batch, time, width] = x.shape;
    const heads = (y: Tensor) => y.reshape([batch, time, this.size.heads, width / this.size.heads]).transpose(1, 2);
    const [q, k, v] = this.qkv.forward(this.norm1.forward(x)).split(width, -1).map(heads);
    const past = cache?.append(k, v);
    const attended = past
      ? scaledDotProductAttention(q, past.keys, past.values, { mask: past.mask })
      : scaledDotProductAttention(q, k, v, { isCausal: true, dropout: p });
    const joined = this.out.forward(attended.transpose(1, 2).reshape([batch, time, width]));
    const y = x.add(drop(joined));
    return y.add(drop(this.down.forward(gelu(this.up.forward(this.norm2.forward(y))))));
  }
}

class Gpt extends nn.Module {
  readonly tokens: nn.Embedding;
  readonly places: nn.Embedding;
  readonly blocks: nn.ModuleList<Block>;
  readonly norm: nn.LayerNorm;

  constructor(size: Size) {
    super();
    this.tokens = new nn.Embedding(size.vocabulary, size.width);
    this.places = new nn.Embedding(size.context, size.width);
    this.blocks = new nn.ModuleList(Array.from({ length: size.layers }, () => new Block(size)));
    this.norm = new nn.LayerNorm(size.width);
  }

  forward(tokens: Tensor, places: Tensor, caches?: readonly nn.KeyValueCache[]): Tensor {
    let x = this.tokens.forward(tokens).add(this.places.forward(places));
    for (const [i, block] of [...this.blocks].entries()) x = block.forward(x, caches?.[i]);
    return linear(this.norm.forward(x), this.tokens.weight);
  }
}

class Training implements Contender {
  readonly #size: Size;
  readonly #weights: Record<string, Tensor>;
  readonly #text: Tensor;
  #step: () => Tensor;

  constructor(size: Size, { text, ...weights }: Record<string, Tensor>) {
    [this.#size, this.#text, this.#weights] = [size, text, weights];
    this.#step = this.#start(size);
  }

  #start(size: Size): () => Tensor {
    const model = new Gpt(size);
    model.loadStateDict(this.#weights);
    const optimizer = new optim.AdamW(model.parameters(), { lr: 3e-4 });
    const places = tensor(Array.from({ length: size.context }, (_, i) => i)).to('int64');
    const inputs = this.#text.slice(-1, 0, size.context);
    const targets = this.#text.slice(-1, 1, size.context + 1).reshape([-1]);
    const step = maybeCompiled(() => {
      const loss = nn.crossEntropy(model.forward(inputs, places).reshape([-1, size.vocabulary]), targets);
      loss.backward();
      optimizer.step();
      optimizer.zeroGrad();
      return loss;
    });
    return () => scope(step);
  }

  reset(): void {
    this.#step = this.#start(this.#size);
  }

  /** The losses of three steps without dropout, whose random numbers are each library's own. */
  async check(): Promise<number[]> {
    const step = this.#start({ ...this.#size, dropout: 0 });
    const losses: number[] = [];
    for (let i = 0; i < 3; i++) losses.push(await step().item());
    return losses;
  }

  async run(iterations: number): Promise<void> {
    for (let i = 0; i < iterations; i++) this.#step().dispose();
    await synchronize();
  }
}

/** One token after another, the most probable one, each of which is read. */
class Generation implements Contender {
  readonly #caches: readonly nn.KeyValueCache[];
  readonly #step: (token: Tensor) => Tensor;
  #token = tensor([[0]]).to('int64');

  constructor(size: Size, weights: Record<string, Tensor>) {
    const model = new Gpt(size);
    model.loadStateDict(weights);
    model.eval();
    const { layers, heads, context, width } = size;
    this.#caches = Array.from({ length: layers }, () => new nn.KeyValueCache(1, heads, context, width / heads));
    this.#step = compile((token: Tensor) =>
      noGrad(() => model.forward(token, this.#caches[0].position.reshape([1]), this.#caches)),
    );
  }

  reset(): void {
    for (const cache of this.#caches) cache.reset();
    this.#token = tensor([[0]]).to('int64');
  }

  async #next(): Promise<Tensor> {
    const logits = this.#step(this.#token);
    this.#token = logits.argmax(-1);
    await this.#token.data();
    return logits;
  }

  async check(): Promise<number[]> {
    for (let i = 0; i < 3; i++) await this.#next();
    return sample(await (await this.#next()).data());
  }

  async run(iterations: number): Promise<void> {
    for (let i = 0; i < iterations; i++) (await this.#next()).dispose();
  }
}

void serve(async (job: Job) => {
  const size = job as unknown as Size;
  const inputs = await io.load(String(job.inputs));
  return 'text' in inputs ? new Training(size, inputs) : new Generation(size, inputs);
}, versions);
