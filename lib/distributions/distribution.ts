// Base of the distributions: shapes, drawing, and what each says of itself.
import { noGrad } from '../context';
import { isFloating } from '../dtype';
import { ArgumentError, DTypeError, describe, ShapeError } from '../errors';
import { broadcastTensors } from '../ops/arrange';
import { integersFor } from '../ops/check';
import { tensor } from '../ops/create';
import type { Generator } from '../ops/random';
import { checkOptions } from '../options';
import { formatShape, handleOf, isTensor, type Tensor, type TensorLike } from '../tensor';

/** Options of `sample` and `rsample`. */
export interface SampleOptions {
  /** Default: the one that `manualSeed` seeds. */
  generator?: Generator;
}

/**
 * A probability distribution, or a batch of independent ones: one for each element of parameters that are tensors.
 *
 * `batchShape` is the shape of that batch, and `eventShape` the shape of one draw. What `sample(shape)` returns has the shape
 * `[...shape, ...batchShape, ...eventShape]`, and `logProb` gives a number for each draw.
 */
export abstract class Distribution {
  /** Shape of the batch of distributions. */
  readonly batchShape: readonly number[];
  /** Shape of one draw; empty for numbers. */
  readonly eventShape: readonly number[];

  /** Name of the distribution. */
  readonly kind: string;

  constructor(kind: string, batchShape: readonly number[], eventShape: readonly number[] = []) {
    this.kind = kind;
    this.batchShape = batchShape;
    this.eventShape = eventShape;
  }

  /** Mean of the draws. */
  abstract get mean(): Tensor;

  /** Variance of the draws. */
  abstract get variance(): Tensor;

  /** Standard deviation of the draws. */
  get stddev(): Tensor {
    return this.variance.sqrt();
  }

  /** The logarithm of the probability, or of the density, of values. */
  abstract logProb(value: TensorLike): Tensor;

  /** Entropy, in nats. */
  abstract entropy(): Tensor;

  /** Whether draws can be differentiated by the parameters, by `rsample`. */
  get hasRsample(): boolean {
    return true;
  }

  /** Draws of the whole shape; with a gradient by the parameters where `hasRsample` says so. */
  protected abstract draw(shape: readonly number[], generator: Generator | undefined): Tensor;

  /** Draws without a gradient, `[...shape, ...batchShape, ...eventShape]`. @throws ArgumentError */
  sample(shape: readonly number[] = [], options: SampleOptions = {}): Tensor {
    const generator = generatorOf(`${this.kind}.sample`, shape, options);
    return noGrad(() => this.draw(this.#whole(shape), generator).detach());
  }

  /**
   * Draws that are differentiable functions of the parameters and of noise, `[...shape, ...batchShape, ...eventShape]` (the reparameterisation
   * trick, Kingma and Welling 2014).
   *
   * @throws ArgumentError where the distribution has none, such as those of integers.
   */
  rsample(shape: readonly number[] = [], options: SampleOptions = {}): Tensor {
    if (!this.hasRsample) {
      throw new ArgumentError(
        `[${this.kind}.rsample] draws are no differentiable function of the parameters: use sample`,
      );
    }
    const generator = generatorOf(`${this.kind}.rsample`, shape, options);
    return this.draw(this.#whole(shape), generator);
  }

  #whole(shape: readonly number[]): number[] {
    return [...shape, ...this.batchShape, ...this.eventShape];
  }
}

function generatorOf(caller: string, shape: readonly number[], options: SampleOptions): Generator | undefined {
  checkOptions(caller, options, ['generator']);
  integersFor(caller, 'shape', shape, 0);
  return options.generator;
}

/**
 * Parameters as tensors of one shape and dtype. Numbers take the dtype of the tensors; they are checked by `isValid`, which tensors are not, since
 * that would wait for their values.
 */
export function parametersOf(
  kind: string,
  given: Record<string, TensorLike>,
  isValid: (name: string, value: number) => string | undefined = () => undefined,
): Tensor[] {
  const tensors = Object.values(given).filter(isTensor);
  const [model] = tensors;
  for (const x of tensors) {
    if (!isFloating(x.dtype)) throw new DTypeError(`[${kind}] expected floating-point parameters, received ${x.dtype}`);
  }
  const list = Object.entries(given).map(([name, value]) => {
    if (isTensor(value)) {
      handleOf(kind, name, value);
      return value;
    }
    const rule = typeof value === 'number' && !Number.isNaN(value) ? isValid(name, value) : 'a number or a tensor';
    if (rule !== undefined)
      throw new ArgumentError(`[${kind}] expected ${rule} for '${name}', received ${describe(value)}`);
    return tensor(value, { dtype: model?.dtype ?? 'float32', device: model?.device });
  });
  return broadcastTensors(list);
}

/** Says of numbers named `name` that they must lie above 0. */
export const positive =
  (...names: string[]) =>
  (name: string, value: number): string | undefined =>
    names.includes(name) && !(value > 0) ? 'a number above 0' : undefined;

/** Either of two parameters. @throws ArgumentError unless exactly one is given. */
export function eitherOf<T extends object>(
  kind: string,
  options: T,
  first: keyof T & string,
  second: keyof T & string,
) {
  checkOptions(kind, options ?? null, [first, second]);
  const [a, b] = [options[first], options[second]];
  if ((a === undefined) === (b === undefined)) {
    throw new ArgumentError(`[${kind}] expected either ${first} or ${second}`);
  }
  return a !== undefined ? ({ name: first, value: a } as const) : ({ name: second, value: b } as const);
}

/** A value as a tensor of the parameters' dtype, which may be an integer's. @throws ShapeError where the shapes do not broadcast. */
export function givenValue(caller: string, value: TensorLike, like: Tensor): Tensor {
  if (!isTensor(value)) {
    if (typeof value !== 'number')
      throw new ArgumentError(`[${caller}] expected a number or a tensor, received ${describe(value)}`);
    return tensor(value, { dtype: like.dtype, device: like.device });
  }
  handleOf(caller, 'value', value);
  return isFloating(value.dtype) ? value : value.to(like.dtype);
}

/** @throws ShapeError for shapes with too few dimensions. */
export function requireRank(kind: string, name: string, x: Tensor, least: number): void {
  if (x.rank < least) {
    throw new ShapeError(
      `[${kind}] expected at least ${least} dimensions for '${name}', received ${formatShape(x.shape)}`,
    );
  }
}
