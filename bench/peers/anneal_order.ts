// The order suite on our side.
import { io, scope, searchsorted, synchronize, type Tensor } from 'anneal';
import type { Job } from '../rival';
import { versions } from './anneal_setup';
import { type Contender, sample, serve } from './serve';

/** The result that is compared comes first; `sorted` is x with its rows in order. */
const operations: Record<string, (x: Tensor, sorted: Tensor) => Tensor[]> = {
  sort: (x) => x.sort(),
  'sort-columns': (x) => x.sort(0),
  'topk-8': (x) => x.topk(8),
  median: (x) => [x.median(-1)],
  searchsorted: (x, sorted) => [searchsorted(sorted, x)],
  cumsum: (x) => [x.cumsum(-1)],
  'cumsum-columns': (x) => [x.cumsum(0)],
  cummax: (x) => x.cummax(-1),
  logcumsumexp: (x) => [x.logcumsumexp(-1)],
};

class Order implements Contender {
  readonly #call: () => Tensor[];

  constructor({ operation }: Job, x: Tensor) {
    const fn = operations[String(operation)] as (x: Tensor, sorted: Tensor) => Tensor[];
    const [sorted] = x.sort();
    this.#call = () => scope(() => fn(x, sorted));
  }

  reset(): void {}

  async check(): Promise<number[]> {
    return sample(await (this.#call()[0] as Tensor).to('float64').data('float64'));
  }

  async run(iterations: number): Promise<void> {
    for (let i = 0; i < iterations; i++) for (const result of this.#call()) result.dispose();
    await synchronize();
  }
}

void serve(async (job) => new Order(job, (await io.load(String(job.inputs))).x as Tensor), versions);
