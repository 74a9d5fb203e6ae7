// The mean loss of an epoch, summed on the device: reading it is the only wait.
import { untraced } from '../compile/trace';
import { keep, noGrad } from '../context';
import { type Device, defaultDevice } from '../device';
import { native } from '../native';
import { zeros, zerosLike } from '../ops/create';
import { overwrite } from '../ops/overwrite';
import { where } from '../ops/pointwise';
import { handleOf, type Tensor } from '../tensor';

/** A weighted mean of scalar tensors, in float64. */
export class RunningMean {
  // Updated in place, so that a compiled step can do it.
  readonly #sum: Tensor;
  // What `share` has taken off the weights.
  readonly #missing: Tensor;
  #weight = 0;

  /** @param device where the values are; default {@link defaultDevice} */
  constructor(device: Device = defaultDevice()) {
    const figure = () => untraced(() => keep(zeros([], { dtype: 'float64', device })));
    this.#sum = figure();
    this.#missing = figure();
  }

  /**
   * Adds a scalar, such as the mean loss of `weight` samples, to the sum; its weight is for `count` to add.
   *
   * @param share the share of the samples that count, a float64 scalar, where some do not. With a share of 0 the value may be
   * NaN, as the mean of nothing is.
   */
  add(value: Tensor, weight: number, share?: Tensor): void {
    noGrad(() => {
      const added = value.detach().to('float64').mul(weight);
      if (share === undefined) {
        overwrite(this.#sum, this.#sum.add(added));
        return;
      }
      overwrite(this.#sum, this.#sum.add(where(share.gt(0), added.mul(share), 0)));
      overwrite(this.#missing, this.#missing.add(share.neg().add(1).mul(weight)));
    });
  }

  /** Adds to the sum of the weights. */
  count(weight: number): void {
    this.#weight += weight;
  }

  /** Sum of the weights. */
  get weight(): number {
    return this.#weight;
  }

  /** The mean so far; NaN before the first value that counts. */
  async read(): Promise<number> {
    const weight = this.#weight;
    const [sum, missing] = await Promise.all([this.#sum.item(), this.#missing.item()]);
    return weight === 0 || weight === missing ? Number.NaN : sum / (weight - missing);
  }

  /** Whether one of the values so far was NaN. */
  async hasNaN(): Promise<boolean> {
    return Number.isNaN(await this.#sum.item());
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
    for (const figure of [this.#sum, this.#missing]) overwrite(figure, zerosLike(figure));
    this.#weight = 0;
  }

  /** Gives the memory back. */
  dispose(): void {
    this.#sum.dispose();
    this.#missing.dispose();
  }
}
