// Reductions. Axes are one number, several, or left out for all; keepDims (default false) leaves them as dimensions of size 1.
import { checkOptions } from '../options';
import { handleOf, type Tensor } from '../tensor';
import { axesOf, call, type OperatorRef, operator } from './call';

const op = {
  sum: operator('sum'),
  mean: operator('mean'),
  max: operator('max'),
  min: operator('min'),
  prod: operator('prod'),
  all: operator('all'),
  any: operator('any'),
  argmax: operator('argmax'),
  argmin: operator('argmin'),
  variance: operator('variance'),
  std: operator('std'),
};

/** One axis, several, or null for all; negative axes count from the end. */
export type Axes = number | readonly number[] | null;

function reduce(ref: OperatorRef, x: Tensor, axes: Axes | undefined, keepDims?: boolean, ...more: unknown[]): Tensor {
  return call(ref, handleOf(ref.name, 'x', x), axesOf(axes), keepDims, ...more);
}

/** Sum; integers and bool are summed as int64. @throws ArgumentError for an axis that is not there. @method */
export function sum(x: Tensor, axes?: Axes, keepDims?: boolean): Tensor {
  return reduce(op.sum, x, axes, keepDims);
}

/** Mean; integers are averaged as float32. @method */
export function mean(x: Tensor, axes?: Axes, keepDims?: boolean): Tensor {
  return reduce(op.mean, x, axes, keepDims);
}

/** Largest element; NaN if there is one. Ties share the gradient. @throws ShapeError when there is nothing to choose from. @method */
export function max(x: Tensor, axes?: Axes, keepDims?: boolean): Tensor {
  return reduce(op.max, x, axes, keepDims);
}

/** Smallest element; NaN if there is one. Ties share the gradient. @throws ShapeError when there is nothing to choose from. @method */
export function min(x: Tensor, axes?: Axes, keepDims?: boolean): Tensor {
  return reduce(op.min, x, axes, keepDims);
}

/** Product; integers and bool are multiplied as int64. @method */
export function prod(x: Tensor, axes?: Axes, keepDims?: boolean): Tensor {
  return reduce(op.prod, x, axes, keepDims);
}

/** Whether all elements are not 0, bool; true of nothing. @throws ArgumentError for an axis that is not there. @method */
export function all(x: Tensor, axes?: Axes, keepDims?: boolean): Tensor {
  return reduce(op.all, x, axes, keepDims);
}

/** Whether any element is not 0, bool; false of nothing. @throws ArgumentError for an axis that is not there. @method */
export function any(x: Tensor, axes?: Axes, keepDims?: boolean): Tensor {
  return reduce(op.any, x, axes, keepDims);
}

/** Position (int64) of the first largest element along one axis, or in the flattened tensor. @throws ShapeError when empty. @method */
export function argmax(x: Tensor, axis?: number | null, keepDims?: boolean): Tensor {
  return reduce(op.argmax, x, axis, keepDims);
}

/** Position (int64) of the first smallest element along one axis, or in the flattened tensor. @throws ShapeError when empty. @method */
export function argmin(x: Tensor, axis?: number | null, keepDims?: boolean): Tensor {
  return reduce(op.argmin, x, axis, keepDims);
}

/** Options of {@link variance} and {@link std}. */
export interface SpreadOptions {
  /** Subtracted from the count that is divided by: 1 (the default) for a sample, 0 for a population. */
  correction?: number;
}

function spread(
  ref: OperatorRef,
  x: Tensor,
  axes: Axes | undefined,
  keepDims: boolean | undefined,
  options: SpreadOptions,
): Tensor {
  checkOptions(ref.name, options, ['correction']);
  return reduce(ref, x, axes, keepDims, options.correction);
}

/** Variance: `sum((x - mean)^2) / (count - correction)`. @method */
export function variance(x: Tensor, axes?: Axes, keepDims?: boolean, options: SpreadOptions = {}): Tensor {
  return spread(op.variance, x, axes, keepDims, options);
}

/** Standard deviation, the square root of the {@link variance}. @method */
export function std(x: Tensor, axes?: Axes, keepDims?: boolean, options: SpreadOptions = {}): Tensor {
  return spread(op.std, x, axes, keepDims, options);
}
