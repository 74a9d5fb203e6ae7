// The op-overhead suite on our side.
import { getNumThreads, synchronize, type Tensor, tensor } from 'anneal';
import type { Job } from '../rival';
import { versions } from './anneal_setup';
import { measureCalls } from './microbenchmark';
import { type Contender, serve } from './serve';

class OpOverhead implements Contender {
  readonly #adds: boolean;
  readonly #a: Tensor;
  readonly #b: Tensor;

  constructor({ operation, grad }: Job) {
    this.#adds = operation === 'add';
    this.#a = tensor([1.5], { requiresGrad: Boolean(grad) });
    this.#b = tensor([2.25], { requiresGrad: Boolean(grad) });
  }

  reset(): void {}

  async check(): Promise<number[]> {
    return [this.#adds ? await this.#a.add(this.#b).item() : getNumThreads()].map(Number);
  }

  async run(iterations: number): Promise<void> {
    if (this.#adds) {
      for (let i = 0; i < iterations; i++) this.#a.add(this.#b);
      await synchronize();
    } else {
      for (let i = 0; i < iterations; i++) getNumThreads();
    }
  }

  measure(iterations: number) {
    return measureCalls((calls) => this.run(calls), iterations);
  }
}

void serve(async (job) => new OpOverhead(job), versions);
