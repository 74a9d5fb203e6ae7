// Dimensions of a batch as parts of one draw.
import { ArgumentError } from '../errors';
import { integerFor } from '../ops/check';
import type { Generator } from '../ops/random';
import type { Tensor, TensorLike } from '../tensor';
import { Distribution } from './distribution';

/**
 * A distribution whose last `dimensions` of the batch are one draw, of independent parts: `logProb` and `entropy` are summed over them.
 *
 * @throws ArgumentError where the batch has fewer dimensions.
 */
export class Independent extends Distribution {
  /** The distribution of the parts. */
  readonly base: Distribution;
  /** How many dimensions of the batch are one draw. */
  readonly dimensions: number;

  constructor(base: Distribution, dimensions: number) {
    if (!(base instanceof Distribution)) throw new ArgumentError('[Independent] expected a distribution');
    integerFor('Independent', 'dimensions', dimensions, 0);
    const { batchShape, eventShape } = base;
    const kept = batchShape.length - dimensions;
    if (kept < 0) {
      throw new ArgumentError(
        `[Independent] ${dimensions} dimensions are more than the ${batchShape.length} of the batch`,
      );
    }
    super('Independent', batchShape.slice(0, kept), [...batchShape.slice(kept), ...eventShape]);
    this.base = base;
    this.dimensions = dimensions;
  }
  override get hasRsample(): boolean {
    return this.base.hasRsample;
  }
  get mean(): Tensor {
    return this.base.mean;
  }
  get variance(): Tensor {
    return this.base.variance;
  }
  logProb(value: TensorLike): Tensor {
    return this.sum(this.base.logProb(value));
  }
  entropy(): Tensor {
    return this.sum(this.base.entropy());
  }
  /** Sums over the dimensions of one draw. @internal */
  sum(x: Tensor): Tensor {
    return this.dimensions === 0 ? x : x.sum(Array.from({ length: this.dimensions }, (_, i) => -1 - i));
  }
  protected draw(shape: readonly number[], generator: Generator | undefined): Tensor {
    const lead = shape.slice(0, shape.length - this.batchShape.length - this.eventShape.length);
    return this.hasRsample ? this.base.rsample(lead, { generator }) : this.base.sample(lead, { generator });
  }
}
