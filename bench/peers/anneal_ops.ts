// The ops suite on our side, compiled or eager.
import {
  batchNorm,
  embedding,
  grad,
  io,
  layerNorm,
  maxPool2d,
  relu,
  scaledDotProductAttention,
  scope,
  softmax,
  synchronize,
  type Tensor,
} from 'anneal';
import type { Job } from '../rival';
import { maybeCompiled, versions } from './anneal_setup';
import { type Contender, sample, serve } from './serve';

type Inputs = Record<string, Tensor>;

const operators: Record<string, (inputs: Inputs) => Tensor> = {
  relu: ({ x }) => relu(x),
  softmax: ({ x }) => softmax(x),
  'layer-norm': ({ x, scale, shift }) => layerNorm(x, [384], { weight: scale, bias: shift }),
  'batch-norm': ({ x, scale, shift }) => batchNorm(x, { weight: scale, bias: shift, training: true }),
  'max-pool': ({ x }) => maxPool2d(x, 2),
  attention: ({ q, k, v }) => scaledDotProductAttention(q, k, v, { isCausal: true }),
  embedding: ({ index, w }) => embedding(index, w),
};

class Operator implements Contender {
  readonly #call: () => Tensor[];

  constructor({ op }: Job, inputs: Inputs) {
    const operator = operators[String(op)];
    const leaves = Object.entries(inputs).flatMap(([name, x]) => (name === 'dout' || x.dtype === 'int64' ? [] : [x]));
    for (const leaf of leaves) leaf.requiresGrad = 'dout' in inputs;
    const call = (): Tensor[] => {
      const y = operator(inputs);
      return 'dout' in inputs ? grad(y, leaves, { gradOutputs: inputs.dout }) : [y];
    };
    const fn = maybeCompiled(call);
    this.#call = () => scope(fn);
  }

  reset(): void {}

  async check(): Promise<number[]> {
    const values = await Promise.all(this.#call().map((tensor) => tensor.data()));
    return values.flatMap((data) => sample(data));
  }

  async run(iterations: number): Promise<void> {
    for (let i = 0; i < iterations; i++) for (const tensor of this.#call()) tensor.dispose();
    await synchronize();
  }
}

void serve(async (job) => new Operator(job, await io.load(String(job.inputs))), versions);
