// Distributions of real numbers.
import { fullLike } from '../ops/create';
import { where } from '../ops/pointwise';
import { type Generator, normal, uniform } from '../ops/random';
import { exponential } from '../ops/sampling';
import type { Tensor, TensorLike } from '../tensor';
import { Distribution, givenValue, parametersOf, positive } from './distribution';

const EULER = 0.5772156649015329;

/** Base of those with a place and a size. */
abstract class LocationScale extends Distribution {
  /** The place. */
  readonly loc: Tensor;
  /** The size, above 0. */
  readonly scale: Tensor;

  constructor(kind: string, loc: TensorLike, scale: TensorLike) {
    const [place, size] = parametersOf(kind, { loc, scale }, positive('scale')) as [Tensor, Tensor];
    super(kind, place.shape);
    this.loc = place;
    this.scale = size;
  }

  /** `(value - loc) / scale` */
  protected standard(value: TensorLike): Tensor {
    return givenValue(`${this.kind}.logProb`, value, this.loc).sub(this.loc).div(this.scale);
  }

  /** `loc + scale noise` */
  protected place(noise: Tensor): Tensor {
    return this.loc.add(this.scale.mul(noise));
  }
}

/** Numbers that a draw begins with, of the dtype and device of a parameter. */
const like = ({ dtype, device }: Tensor, generator: Generator | undefined) => ({ dtype, device, generator });

/**
 * The normal distribution, of density `exp(-((x - loc) / scale)^2 / 2) / (scale sqrt(2 pi))`.
 *
 * ```ts
 * const normal = new distributions.Normal(mean, logVariance.mul(0.5).exp());
 * const z = normal.rsample(); // mean + std noise
 * ```
 *
 * @throws ArgumentError, DTypeError, ShapeError
 */
export class Normal extends LocationScale {
  constructor(loc: TensorLike, scale: TensorLike) {
    super('Normal', loc, scale);
  }
  get mean(): Tensor {
    return this.loc;
  }
  get variance(): Tensor {
    return this.scale.square();
  }
  override get stddev(): Tensor {
    return this.scale;
  }
  logProb(value: TensorLike): Tensor {
    return this.standard(value)
      .square()
      .mul(-0.5)
      .sub(this.scale.log())
      .sub(0.5 * Math.log(2 * Math.PI));
  }
  /** `(1 + log(2 pi)) / 2 + log(scale)` */
  entropy(): Tensor {
    return this.scale.log().add(0.5 * (1 + Math.log(2 * Math.PI)));
  }
  /** The probability of at most `value`. */
  cdf(value: TensorLike): Tensor {
    return this.standard(value).mul(Math.SQRT1_2).erf().add(1).mul(0.5);
  }
  /** The value of which `cdf` is `p`. */
  icdf(p: TensorLike): Tensor {
    return this.place(givenValue('Normal.icdf', p, this.loc).mul(2).sub(1).erfinv().mul(Math.SQRT2));
  }
  protected draw(shape: readonly number[], generator: Generator | undefined): Tensor {
    return this.place(normal(shape, like(this.loc, generator)));
  }
}

/** The distribution of `exp(x)` with x of {@link Normal}. @throws ArgumentError, DTypeError, ShapeError */
export class LogNormal extends LocationScale {
  readonly #base: Normal;
  constructor(loc: TensorLike, scale: TensorLike) {
    super('LogNormal', loc, scale);
    this.#base = new Normal(this.loc, this.scale);
  }
  get mean(): Tensor {
    return this.loc.add(this.scale.square().mul(0.5)).exp();
  }
  get variance(): Tensor {
    const square = this.scale.square();
    return square.expm1().mul(this.loc.mul(2).add(square).exp());
  }
  logProb(value: TensorLike): Tensor {
    const log = givenValue('LogNormal.logProb', value, this.loc).log();
    return this.#base.logProb(log).sub(log);
  }
  entropy(): Tensor {
    return this.#base.entropy().add(this.loc);
  }
  protected draw(shape: readonly number[], generator: Generator | undefined): Tensor {
    return this.place(normal(shape, like(this.loc, generator))).exp();
  }
}

/** Laplace's distribution, of density `exp(-|x - loc| / scale) / (2 scale)`. @throws ArgumentError, DTypeError, ShapeError */
export class Laplace extends LocationScale {
  constructor(loc: TensorLike, scale: TensorLike) {
    super('Laplace', loc, scale);
  }
  get mean(): Tensor {
    return this.loc;
  }
  get variance(): Tensor {
    return this.scale.square().mul(2);
  }
  logProb(value: TensorLike): Tensor {
    return this.standard(value).abs().neg().sub(this.scale.mul(2).log());
  }
  entropy(): Tensor {
    return this.scale.mul(2).log().add(1);
  }
  protected draw(shape: readonly number[], generator: Generator | undefined): Tensor {
    // The difference of two exponentially distributed numbers.
    const options = like(this.loc, generator);
    return this.place(exponential(shape, options).sub(exponential(shape, options)));
  }
}

/** Gumbel's distribution, of the largest of many numbers: density `exp(-z - exp(-z)) / scale`, `z = (x - loc) / scale`. @throws ArgumentError, DTypeError, ShapeError */
export class Gumbel extends LocationScale {
  constructor(loc: TensorLike, scale: TensorLike) {
    super('Gumbel', loc, scale);
  }
  get mean(): Tensor {
    return this.loc.add(this.scale.mul(EULER));
  }
  get variance(): Tensor {
    return this.scale.square().mul(Math.PI ** 2 / 6);
  }
  logProb(value: TensorLike): Tensor {
    const z = this.standard(value).neg();
    return z.sub(z.exp()).sub(this.scale.log());
  }
  entropy(): Tensor {
    return this.scale.log().add(1 + EULER);
  }
  protected draw(shape: readonly number[], generator: Generator | undefined): Tensor {
    return this.place(exponential(shape, like(this.loc, generator)).log().neg());
  }
}

/** Cauchy's distribution, of density `1 / (pi scale (1 + ((x - loc) / scale)^2))`; it has no mean and no variance. @throws ArgumentError, DTypeError, ShapeError */
export class Cauchy extends LocationScale {
  constructor(loc: TensorLike, scale: TensorLike) {
    super('Cauchy', loc, scale);
  }
  /** NaN. */
  get mean(): Tensor {
    return fullLike(this.loc, Number.NaN);
  }
  /** Infinity. */
  get variance(): Tensor {
    return fullLike(this.loc, Number.POSITIVE_INFINITY);
  }
  logProb(value: TensorLike): Tensor {
    return this.standard(value).square().log1p().neg().sub(this.scale.log()).sub(Math.log(Math.PI));
  }
  entropy(): Tensor {
    return this.scale.log().add(Math.log(4 * Math.PI));
  }
  protected draw(shape: readonly number[], generator: Generator | undefined): Tensor {
    return this.place(
      uniform(shape, { ...like(this.loc, generator), low: -0.5, high: 0.5 })
        .mul(Math.PI)
        .tan(),
    );
  }
}

/** Evenly distributed numbers from `low` (included) to `high` (excluded). @throws ArgumentError, DTypeError, ShapeError */
export class Uniform extends Distribution {
  /** The least number. */
  readonly low: Tensor;
  /** What numbers lie below. */
  readonly high: Tensor;

  constructor(low: TensorLike, high: TensorLike) {
    const bound = (name: string, value: number) =>
      name === 'high' && typeof low === 'number' && !(value > low) ? `a number above the low one, ${low},` : undefined;
    const [least, most] = parametersOf('Uniform', { low, high }, bound) as [Tensor, Tensor];
    super('Uniform', least.shape);
    this.low = least;
    this.high = most;
  }
  get mean(): Tensor {
    return this.low.add(this.high).mul(0.5);
  }
  get variance(): Tensor {
    return this.high.sub(this.low).square().div(12);
  }
  /** `-log(high - low)`; -infinity outside. */
  logProb(value: TensorLike): Tensor {
    const x = givenValue('Uniform.logProb', value, this.low);
    const inside = x.ge(this.low).logicalAnd(x.lt(this.high));
    return where(inside, this.high.sub(this.low).log().neg(), Number.NEGATIVE_INFINITY);
  }
  entropy(): Tensor {
    return this.high.sub(this.low).log();
  }
  protected draw(shape: readonly number[], generator: Generator | undefined): Tensor {
    return this.low.add(this.high.sub(this.low).mul(uniform(shape, like(this.low, generator))));
  }
}

/** The exponential distribution, of density `rate exp(-rate x)`. @throws ArgumentError, DTypeError */
export class Exponential extends Distribution {
  /** One over the mean, above 0. */
  readonly rate: Tensor;

  constructor(rate: TensorLike) {
    const [value] = parametersOf('Exponential', { rate }, positive('rate')) as [Tensor];
    super('Exponential', value.shape);
    this.rate = value;
  }
  get mean(): Tensor {
    return this.rate.reciprocal();
  }
  get variance(): Tensor {
    return this.rate.square().reciprocal();
  }
  logProb(value: TensorLike): Tensor {
    return this.rate.log().sub(this.rate.mul(givenValue('Exponential.logProb', value, this.rate)));
  }
  entropy(): Tensor {
    return this.rate.log().neg().add(1);
  }
  protected draw(shape: readonly number[], generator: Generator | undefined): Tensor {
    return exponential(shape, like(this.rate, generator)).div(this.rate);
  }
}
