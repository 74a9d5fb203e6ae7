// Pooling: the largest element and the mean of windows of the last one to three dimensions.
import { ArgumentError } from '../errors';
import { checkOptions } from '../options';
import type { Tensor } from '../tensor';
import { call, operator } from './call';
import { integerFor } from './check';
import {
  imageHandle,
  maxima,
  type PerDimension,
  perDimension,
  type WithIndices,
  type WithoutIndices,
  windowsOf,
} from './window';

const op = {
  maxPool: operator('maxPool'),
  maxPoolWithIndex: operator('maxPoolWithIndex'),
  avgPool: operator('avgPool'),
};

/** Options of {@link maxPool2d} and its relatives. A list has one number for each pooled dimension. */
export interface MaxPoolOptions {
  /** Steps between windows. Default `kernelSize`. */
  stride?: PerDimension | null;
  /** Places before and after a dimension, which never win. At most half of `kernelSize`; default 0. */
  padding?: PerDimension;
  /** Steps between the elements of a window. Default 1. */
  dilation?: PerDimension;
  /** Also has a window that reaches beyond the end, if it begins inside or in the padding before. Default false. */
  ceilMode?: boolean;
}

/** Options of {@link avgPool2d} and its relatives. A list has one number for each pooled dimension. */
export interface AvgPoolOptions {
  /** Steps between windows. Default `kernelSize`. */
  stride?: PerDimension | null;
  /** Zeros before and after a dimension. At most half of `kernelSize`; default 0. */
  padding?: PerDimension;
  /** Also has a window that reaches beyond the end, if it begins inside or in the padding before. Default false. */
  ceilMode?: boolean;
  /** Whether the padding counts among the elements that a sum is divided by; what lies beyond it never does. Default true. */
  countIncludePad?: boolean;
  /** What sums are divided by instead; not 0. */
  divisorOverride?: number | null;
}

function maxPool(
  name: string,
  dimensions: number,
  x: Tensor,
  size: PerDimension,
  options: MaxPoolOptions & (WithIndices | WithoutIndices),
): Tensor | [Tensor, Tensor] {
  const handle = imageHandle(name, x, dimensions);
  checkOptions(name, options, ['stride', 'padding', 'dilation', 'ceilMode', 'returnIndices']);
  const { kernelSize, stride, padding } = windowsOf(name, dimensions, size, options);
  const dilation = perDimension(name, 'dilation', options.dilation ?? 1, dimensions, 1);
  const args = [handle, kernelSize, stride, padding, dilation, options.ceilMode];
  return maxima(op.maxPool, op.maxPoolWithIndex, x, options.returnIndices, args);
}

function avgPool(name: string, dimensions: number, x: Tensor, size: PerDimension, options: AvgPoolOptions): Tensor {
  const handle = imageHandle(name, x, dimensions);
  checkOptions(name, options, ['stride', 'padding', 'ceilMode', 'countIncludePad', 'divisorOverride']);
  const { kernelSize, stride, padding } = windowsOf(name, dimensions, size, options);
  const { ceilMode, countIncludePad, divisorOverride = null } = options;
  if (divisorOverride !== null && integerFor(name, 'divisorOverride', divisorOverride) === 0) {
    throw new ArgumentError(`[${name}] divisorOverride must not be 0`);
  }
  return call(op.avgPool, handle, kernelSize, stride, padding, ceilMode, countIncludePad, divisorOverride);
}

/**
 * The largest element of each window of `[batch, channels, length]`, or of `[channels, length]`; with `returnIndices` also its place
 * in the plane, the first of equal ones, which alone has the gradient. NaN counts as largest.
 *
 * @param kernelSize size of the windows, a number.
 * @throws ShapeError where a window does not fit; DTypeError for bool; ArgumentError
 */
export function maxPool1d(
  x: Tensor,
  kernelSize: PerDimension,
  options: MaxPoolOptions & WithIndices,
): [values: Tensor, indices: Tensor];
export function maxPool1d(x: Tensor, kernelSize: PerDimension, options?: MaxPoolOptions & WithoutIndices): Tensor;
export function maxPool1d(
  x: Tensor,
  kernelSize: PerDimension,
  options: MaxPoolOptions & (WithIndices | WithoutIndices) = {},
): Tensor | [Tensor, Tensor] {
  return maxPool('maxPool1d', 1, x, kernelSize, options);
}

/**
 * The largest element of each window of `[batch, channels, height, width]`, or of `[channels, height, width]`; with `returnIndices` also its place
 * in the plane, the first of equal ones, which alone has the gradient. NaN counts as largest.
 *
 * @param kernelSize size of the windows, a number or `[height, width]`.
 * @throws ShapeError where a window does not fit; DTypeError for bool; ArgumentError
 */
export function maxPool2d(
  x: Tensor,
  kernelSize: PerDimension,
  options: MaxPoolOptions & WithIndices,
): [values: Tensor, indices: Tensor];
export function maxPool2d(x: Tensor, kernelSize: PerDimension, options?: MaxPoolOptions & WithoutIndices): Tensor;
export function maxPool2d(
  x: Tensor,
  kernelSize: PerDimension,
  options: MaxPoolOptions & (WithIndices | WithoutIndices) = {},
): Tensor | [Tensor, Tensor] {
  return maxPool('maxPool2d', 2, x, kernelSize, options);
}

/**
 * The largest element of each window of `[batch, channels, depth, height, width]`, or of `[channels, depth, height, width]`; with `returnIndices` also its place
 * in the plane, the first of equal ones, which alone has the gradient. NaN counts as largest.
 *
 * @param kernelSize size of the windows, a number or `[depth, height, width]`.
 * @throws ShapeError where a window does not fit; DTypeError for bool; ArgumentError
 */
export function maxPool3d(
  x: Tensor,
  kernelSize: PerDimension,
  options: MaxPoolOptions & WithIndices,
): [values: Tensor, indices: Tensor];
export function maxPool3d(x: Tensor, kernelSize: PerDimension, options?: MaxPoolOptions & WithoutIndices): Tensor;
export function maxPool3d(
  x: Tensor,
  kernelSize: PerDimension,
  options: MaxPoolOptions & (WithIndices | WithoutIndices) = {},
): Tensor | [Tensor, Tensor] {
  return maxPool('maxPool3d', 3, x, kernelSize, options);
}

/**
 * The mean of each window of `[batch, channels, length]`, or of `[channels, length]`.
 *
 * @throws ShapeError where a window does not fit; DTypeError for integers; ArgumentError
 */
export function avgPool1d(x: Tensor, kernelSize: PerDimension, options: AvgPoolOptions = {}): Tensor {
  return avgPool('avgPool1d', 1, x, kernelSize, options);
}

/**
 * The mean of each window of `[batch, channels, height, width]`, or of `[channels, height, width]`.
 *
 * @throws ShapeError where a window does not fit; DTypeError for integers; ArgumentError
 */
export function avgPool2d(x: Tensor, kernelSize: PerDimension, options: AvgPoolOptions = {}): Tensor {
  return avgPool('avgPool2d', 2, x, kernelSize, options);
}

/**
 * The mean of each window of `[batch, channels, depth, height, width]`, or of `[channels, depth, height, width]`.
 *
 * @throws ShapeError where a window does not fit; DTypeError for integers; ArgumentError
 */
export function avgPool3d(x: Tensor, kernelSize: PerDimension, options: AvgPoolOptions = {}): Tensor {
  return avgPool('avgPool3d', 3, x, kernelSize, options);
}
