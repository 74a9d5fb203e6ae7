// The mean loss of an epoch, summed on the device: reading it is the only wait.
import { keep, noGrad } from '../context';
import type { Tensor } from '../tensor';

/** A weighted mean of scalar tensors, in float64. */
export class RunningMean {
  #sum: Tensor | undefined;
  #weight = 0;

  /** Adds a scalar, such as the mean loss of `weight` samples. */
  add(value: Tensor, weight: number): void {
    noGrad(() => {
      const term = value.detach().to('float64').mul(weight);
      const before = this.#sum;
      this.#sum = keep(before === undefined ? term : before.add(term));
      before?.dispose();
    });
    this.#weight += weight;
  }

  /** Sum of the weights. */
  get weight(): number {
    return this.#weight;
  }

  /** The mean so far; NaN before the first value. */
  async read(): Promise<number> {
    const weight = this.#weight;
    return this.#sum === undefined ? Number.NaN : (await this.#sum.item()) / weight;
  }

  /** Starts again. */
  reset(): void {
    this.#sum?.dispose();
    this.#sum = undefined;
    this.#weight = 0;
  }
}
