// The mean loss of an epoch, summed on the device: reading it is the only wait.
import { untraced } from '../compile/trace';
import { keep, noGrad } from '../context';
import { zeros } from '../ops/create';
import { assign } from '../ops/shape';
import type { Tensor } from '../tensor';

/** A weighted mean of scalar tensors, in float64. */
export class RunningMean {
  // Updated in place, so that a compiled step can do it.
  readonly #sum = untraced(() => keep(zeros([], { dtype: 'float64' })));
  #weight = 0;

  /** Adds a scalar, such as the mean loss of `weight` samples, to the sum; its weight is for `count` to add. */
  add(value: Tensor, weight: number): void {
    noGrad(() => assign(this.#sum, this.#sum.add(value.detach().to('float64').mul(weight))));
  }

  /** Adds to the sum of the weights. */
  count(weight: number): void {
    this.#weight += weight;
  }

  /** Sum of the weights. */
  get weight(): number {
    return this.#weight;
  }

  /** The mean so far; NaN before the first value. */
  async read(): Promise<number> {
    const weight = this.#weight;
    return weight === 0 ? Number.NaN : (await this.#sum.item()) / weight;
  }

  /** Starts again. */
  reset(): void {
    assign(this.#sum, zeros([], { dtype: 'float64' }));
    this.#weight = 0;
  }

  /** Gives the memory back. */
  dispose(): void {
    this.#sum.dispose();
  }
}
