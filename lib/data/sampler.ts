// Which samples of an epoch a loader hands out.
import { ArgumentError } from '../errors';
import { tensor } from '../ops/create';
import { indexSelect } from '../ops/indexing';
import { Generator, multinomial } from '../ops/random';
import { checkOptions } from '../options';
import { Tensor } from '../tensor';
import { isCount } from './arguments';

/** Chooses samples from the order of an epoch. */
export interface Sampler {
  /** How many of `length` samples an epoch has. */
  count(length: number): number;
  /**
   * Of `order`, int64 indices of samples, those that are handed out, in their order.
   *
   * @param seed of this epoch: what is drawn from it is drawn again where an epoch is taken up.
   */
  share(order: Tensor, seed: bigint): Tensor;
}

/** Options of {@link WeightedRandomSampler}. */
export interface WeightedRandomSamplerOptions {
  /** Samples of an epoch. Default: as many as there are weights. */
  count?: number;
  /** Whether a sample may come several times in an epoch. Default true. */
  replacement?: boolean;
}

/**
 * Draws the samples of each epoch at random, as likely as their weights say, which need not add up to 1: rare classes with larger weights come
 * as often as frequent ones. Another epoch draws other samples; the loader's seed decides all of them.
 *
 * ```ts
 * const sampler = new data.WeightedRandomSampler(labels.map((label) => 1 / counts[label]));
 * new data.DataLoader(dataset, { batchSize: 64, sampler, seed: 1 });
 * ```
 *
 * @throws ArgumentError for weights below 0 or infinite, and for more samples without replacement than weights above 0.
 */
export class WeightedRandomSampler implements Sampler {
  readonly #weights: Float64Array;
  readonly #count: number;
  readonly #replacement: boolean;

  /** @param weights one for each sample of the dataset. */
  constructor(weights: ArrayLike<number>, options: WeightedRandomSamplerOptions = {}) {
    checkOptions('WeightedRandomSampler', options, ['count', 'replacement']);
    if (typeof weights !== 'object' || weights === null || weights instanceof Tensor || !isCount(weights.length)) {
      throw new ArgumentError('[WeightedRandomSampler] expected an array of weights; await tensor.data() reads one');
    }
    this.#weights = Float64Array.from(weights);
    const { count = weights.length, replacement = true } = options;
    const wrong = this.#weights.findIndex((weight) => !(weight >= 0 && Number.isFinite(weight)));
    if (wrong >= 0) {
      throw new ArgumentError(
        `[WeightedRandomSampler] expected weights of at least 0, received ${weights[wrong]} at ${wrong}`,
      );
    }
    if (!isCount(count) || count === 0) {
      throw new ArgumentError(`[WeightedRandomSampler] expected a count of samples, received ${String(count)}`);
    }
    const possible = this.#weights.filter((weight) => weight > 0).length;
    if (possible === 0) throw new ArgumentError('[WeightedRandomSampler] expected a weight above 0');
    if (!replacement && count > possible) {
      throw new ArgumentError(
        `[WeightedRandomSampler] ${count} samples cannot be drawn without replacement: ${possible} weights are above 0`,
      );
    }
    this.#count = count;
    this.#replacement = replacement;
  }

  /** @throws ArgumentError where the dataset has another number of samples than there are weights. */
  count(length: number): number {
    if (length !== this.#weights.length) {
      throw new ArgumentError(
        `[WeightedRandomSampler] there are ${this.#weights.length} weights for ${length} samples`,
      );
    }
    return this.#count;
  }

  share(order: Tensor, seed: bigint): Tensor {
    // On the CPU, wherever the order is: a few numbers, and GPUs have no kernel for it yet.
    const weights = tensor(this.#weights, { dtype: 'float64', device: 'cpu' });
    const generator = new Generator(seed);
    const places = multinomial(weights, this.#count, { replacement: this.#replacement, generator });
    return indexSelect(order, 0, places.to(order.device));
  }
}
