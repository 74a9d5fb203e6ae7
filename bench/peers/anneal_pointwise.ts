// The pointwise suite on our side, compiled or eager.
import { gelu, io, relu, scope, softmax, synchronize, type Tensor } from 'anneal';
import type { Job } from '../rival';
import { maybeCompiled, versions } from './anneal_setup';
import { type Contender, sample, serve } from './serve';

/** x and y [rows, cols], scale and shift [cols]. */
type Inputs = Record<'x' | 'y' | 'scale' | 'shift', Tensor>;

const chains: Record<string, (inputs: Inputs) => Tensor> = {
  relu: ({ x }) => relu(x),
  gelu: ({ x }) => gelu(x),
  softmax: ({ x }) => softmax(x),
  'affine-tanh': ({ x, scale, shift }) => x.mul(scale).add(shift).tanh(),
  'add-relu': ({ x, y }) => relu(x.add(y)),
  'layer-norm': ({ x, scale, shift }) => {
    const spread = x.variance(-1, true, { correction: 0 }).add(1e-5).sqrt();
    return x.sub(x.mean(-1, true)).div(spread).mul(scale).add(shift);
  },
};

class Pointwise implements Contender {
  readonly #call: () => Tensor;

  constructor({ chain }: Job, inputs: Inputs) {
    const fn = maybeCompiled(chains[String(chain)]);
    this.#call = () => scope(() => fn(inputs));
  }

  reset(): void {}

  async check(): Promise<number[]> {
    return sample(await this.#call().data());
  }

  async run(iterations: number): Promise<void> {
    for (let i = 0; i < iterations; i++) this.#call().dispose();
    await synchronize();
  }
}

void serve(async (job) => new Pointwise(job, (await io.load(String(job.inputs))) as Inputs), versions);
