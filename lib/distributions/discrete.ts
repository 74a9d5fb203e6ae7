// Distributions of integers: Bernoulli, geometric, categorical.
import { finfo } from '../limits';
import { fullLike, zerosLike } from '../ops/create';
import { gather } from '../ops/indexing';
import { logaddexp } from '../ops/math';
import { type Generator, multinomial } from '../ops/random';
import { bernoulliLike, exponential } from '../ops/sampling';
import { expand, reshape, transpose, unsqueeze } from '../ops/shape';
import { logSoftmax } from '../ops/softmax';
import type { Tensor, TensorLike } from '../tensor';
import { Distribution, eitherOf, givenValue, parametersOf, requireRank } from './distribution';

/** Probabilities of success, or their logits `log(p / (1 - p))`. */
export interface SuccessOptions {
  /** Probabilities, from 0 to 1. */
  probs?: TensorLike;
  /** `log(p / (1 - p))` */
  logits?: TensorLike;
}

const share = (_name: string, value: number) => (value >= 0 && value <= 1 ? undefined : 'a number from 0 to 1');

/** `-log` of the probability that logits give to values from 0 to 1. */
const surprise = (logits: Tensor, value: Tensor) => logaddexp(logits, zerosLike(logits)).sub(logits.mul(value));

/** Base of those that have a probability of success. */
abstract class OfSuccess extends Distribution {
  /** Probabilities of success. */
  readonly probs: Tensor;
  /** `log(p / (1 - p))` */
  readonly logits: Tensor;

  constructor(kind: string, options: SuccessOptions) {
    const { name, value } = eitherOf(kind, options, 'probs', 'logits');
    const [given] = parametersOf(kind, { [name]: value as TensorLike }, name === 'probs' ? share : undefined) as [
      Tensor,
    ];
    super(kind, given.shape);
    this.probs = name === 'probs' ? given : given.sigmoid();
    // As far from 0 and 1 as the dtype tells apart from them, so that logits are finite.
    const { eps } = finfo(given.dtype as 'float32');
    const inside = name === 'probs' ? given.clamp(eps, 1 - eps) : given;
    this.logits = name === 'probs' ? inside.log().sub(inside.neg().log1p()) : given;
  }

  override get hasRsample(): boolean {
    return false;
  }
}

/** 1 with a probability, else 0. @throws ArgumentError, DTypeError */
export class Bernoulli extends OfSuccess {
  constructor(options: SuccessOptions) {
    super('Bernoulli', options);
  }
  get mean(): Tensor {
    return this.probs;
  }
  get variance(): Tensor {
    return this.probs.mul(this.probs.neg().add(1));
  }
  logProb(value: TensorLike): Tensor {
    return surprise(this.logits, givenValue('Bernoulli.logProb', value, this.logits)).neg();
  }
  entropy(): Tensor {
    return surprise(this.logits, this.probs);
  }
  protected draw(shape: readonly number[], generator: Generator | undefined): Tensor {
    return bernoulliLike(expand(this.probs, shape), { generator });
  }
}

/** Failures before the first success: `(1 - p)^k p` for k = 0, 1, ... @throws ArgumentError, DTypeError */
export class Geometric extends OfSuccess {
  constructor(options: SuccessOptions) {
    super('Geometric', options);
  }
  get mean(): Tensor {
    return this.probs.reciprocal().sub(1);
  }
  get variance(): Tensor {
    return this.probs.reciprocal().sub(1).div(this.probs);
  }
  logProb(value: TensorLike): Tensor {
    const failures = givenValue('Geometric.logProb', value, this.probs);
    return failures.mul(this.probs.neg().log1p()).add(this.probs.log());
  }
  entropy(): Tensor {
    return surprise(this.logits, this.probs).div(this.probs);
  }
  protected draw(shape: readonly number[], generator: Generator | undefined): Tensor {
    const { dtype, device } = this.probs;
    return exponential(shape, { dtype, device, generator }).div(this.probs.neg().log1p().neg()).floor();
  }
}

/** Weights of classes, or their logits. */
export interface CategoricalOptions {
  /** `[..., classes]`, at least 0; they need not add up to 1. */
  probs?: Tensor;
  /** `[..., classes]`: logarithms of weights. */
  logits?: Tensor;
}

/**
 * One of several classes, 0 to `classes - 1`, int64.
 *
 * ```ts
 * const policy = new distributions.Categorical({ logits: model.forward(state) });
 * const action = policy.sample();
 * const loss = policy.logProb(action).mul(reward).neg().mean();
 * ```
 *
 * @throws ArgumentError, DTypeError, ShapeError
 */
export class Categorical extends Distribution {
  /** Probabilities of the classes, `[..., classes]`. */
  readonly probs: Tensor;
  /** Their logarithms. */
  readonly logits: Tensor;

  constructor(options: CategoricalOptions) {
    const { name, value } = eitherOf('Categorical', options, 'probs', 'logits');
    const [given] = parametersOf('Categorical', { [name]: value as Tensor }) as [Tensor];
    requireRank('Categorical', name, given, 1);
    super('Categorical', given.shape.slice(0, -1));
    if (name === 'probs') {
      const { eps } = finfo(given.dtype as 'float32');
      this.probs = given.div(given.sum(-1, true));
      this.logits = this.probs.clamp(eps, 1 - eps).log();
    } else {
      this.logits = logSoftmax(given, -1);
      this.probs = this.logits.exp();
    }
  }
  override get hasRsample(): boolean {
    return false;
  }
  /** NaN: classes have no order. */
  get mean(): Tensor {
    return fullLike(this.probs.select(-1, 0), Number.NaN);
  }
  /** NaN: classes have no order. */
  get variance(): Tensor {
    return this.mean;
  }
  /** @param value classes, int64. */
  logProb(value: TensorLike): Tensor {
    const classes = givenValue('Categorical.logProb', value, this.logits).to('int64');
    const shape = classes.rank > this.batchShape.length ? classes.shape : this.batchShape;
    const all = expand(this.logits, [...shape, this.logits.shape.at(-1) as number]);
    return gather(all, -1, unsqueeze(expand(classes, shape), -1)).squeeze(-1);
  }
  entropy(): Tensor {
    // A probability of 0 adds 0, whatever its logarithm is.
    const least = finfo(this.logits.dtype as 'float32').min;
    return this.logits.clamp(least).mul(this.probs).sum(-1).neg();
  }
  protected draw(shape: readonly number[], generator: Generator | undefined): Tensor {
    const classes = this.probs.shape.at(-1) as number;
    const rows = reshape(this.probs, [-1, classes]);
    const draws = shape.reduce((product, extent) => product * extent, 1) / (rows.shape[0] as number);
    const drawn = multinomial(rows, draws, { replacement: true, generator });
    return reshape(transpose(drawn, 0, 1), shape);
  }
}
