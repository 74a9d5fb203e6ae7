// The mean loss of an epoch, summed on the device: reading it is the only wait.
import { untraced } from '../compile/trace';
import { keep, noGrad } from '../context';
import { native } from '../native';
import { zeros } from '../ops/create';
import { overwrite } from '../ops/overwrite';
import { handleOf, type Tensor } from '../tensor';

/** A weighted mean of scalar tensors, in float64. */
export class RunningMean {
  // Updated in place, so that a compiled step can do it.
  readonly #sum = untraced(() => keep(zeros([], { dtype: 'float64' })));
  #weight = 0;

  /** Adds a scalar, such as the mean loss of `weight` samples, to the sum; its weight is for `count` to add. */
  add(value: Tensor, weight: number): void {
    noGrad(() => overwrite(this.#sum, this.#sum.add(value.detach().to('float64').mul(weight))));
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

  /** The sum itself: lost once one of the values is. */
  get sum(): Tensor {
    return this.#sum;
  }

  /** Rejects if a failed kernel took one of the values; else resolves when the engine gets here. */
  fence(): Promise<void> {
    return native.fenceOf(handleOf('fence', 'mean', this.#sum));
  }

  /** Starts again. */
  reset(): void {
    overwrite(this.#sum, zeros([], { dtype: 'float64' }));
    this.#weight = 0;
  }

  /** Gives the memory back. */
  dispose(): void {
    this.#sum.dispose();
  }
}
