// Adaptive pooling: as many windows as the result is to have elements, which cover the input evenly.
import { ArgumentError, describe } from '../errors';
import { checkOptions } from '../options';
import type { Tensor } from '../tensor';
import { call, operator } from './call';
import { integerFor } from './check';
import { imageHandle, maxima, type WithIndices, type WithoutIndices } from './window';

const op = {
  adaptiveAvgPool: operator('adaptiveAvgPool'),
  adaptiveMaxPool: operator('adaptiveMaxPool'),
  adaptiveMaxPoolWithIndex: operator('adaptiveMaxPoolWithIndex'),
};

/** Sizes of a result: a number for all dimensions, or one for each, where null keeps the input's. */
export type AdaptiveSize = number | readonly (number | null)[];

function sizesOf(name: string, size: AdaptiveSize, dimensions: number): (number | null)[] {
  const list = typeof size === 'number' ? new Array<number>(dimensions).fill(size) : size;
  if (!Array.isArray(list) || list.length !== dimensions) {
    const received = Array.isArray(size) ? `an array of ${size.length}` : describe(size);
    throw new ArgumentError(
      `[${name}] expected a number or ${dimensions} of them for 'outputSize', received ${received}`,
    );
  }
  return Array.from(list, (extent) => (extent === null ? null : integerFor(name, 'outputSize', extent, 0)));
}

function argsOf(name: string, dimensions: number, x: Tensor, size: AdaptiveSize): [handle: number, size: number[]] {
  const handle = imageHandle(name, x, dimensions);
  const lead = x.rank - dimensions;
  const sizes = sizesOf(name, size, dimensions);
  return [handle, sizes.map((extent, d) => extent ?? (x.shape[lead + d] as number))];
}

function adaptiveMaxPool(
  name: string,
  dimensions: number,
  x: Tensor,
  size: AdaptiveSize,
  options: WithIndices | WithoutIndices,
): Tensor | [Tensor, Tensor] {
  const args = argsOf(name, dimensions, x, size);
  checkOptions(name, options, ['returnIndices']);
  return maxima(op.adaptiveMaxPool, op.adaptiveMaxPoolWithIndex, x, options.returnIndices, args);
}

/**
 * Means of windows of `[batch, channels, length]`, or of `[channels, length]`: window i of n along a dimension of size L reaches from
 * `floor(i L / n)` to `ceil((i + 1) L / n)`. Size 1 gives the mean of each channel.
 *
 * @throws ShapeError; DTypeError for integers; ArgumentError
 */
export function adaptiveAvgPool1d(x: Tensor, outputSize: AdaptiveSize): Tensor {
  return call(op.adaptiveAvgPool, ...argsOf('adaptiveAvgPool1d', 1, x, outputSize));
}

/**
 * Means of windows of `[batch, channels, height, width]`, or of `[channels, height, width]`: window i of n along a dimension of size L reaches from
 * `floor(i L / n)` to `ceil((i + 1) L / n)`. Size 1 gives the mean of each channel.
 *
 * @throws ShapeError; DTypeError for integers; ArgumentError
 */
export function adaptiveAvgPool2d(x: Tensor, outputSize: AdaptiveSize): Tensor {
  return call(op.adaptiveAvgPool, ...argsOf('adaptiveAvgPool2d', 2, x, outputSize));
}

/**
 * Means of windows of `[batch, channels, depth, height, width]`, or of `[channels, depth, height, width]`: window i of n along a dimension of size L reaches from
 * `floor(i L / n)` to `ceil((i + 1) L / n)`. Size 1 gives the mean of each channel.
 *
 * @throws ShapeError; DTypeError for integers; ArgumentError
 */
export function adaptiveAvgPool3d(x: Tensor, outputSize: AdaptiveSize): Tensor {
  return call(op.adaptiveAvgPool, ...argsOf('adaptiveAvgPool3d', 3, x, outputSize));
}

/**
 * The largest elements of windows of `[batch, channels, length]`, or of `[channels, length]`, which lie as those of
 * {@link adaptiveAvgPool1d}; with `returnIndices` also their places in the plane.
 *
 * @throws ShapeError; DTypeError for bool; ArgumentError
 */
export function adaptiveMaxPool1d(
  x: Tensor,
  outputSize: AdaptiveSize,
  options: WithIndices,
): [values: Tensor, indices: Tensor];
export function adaptiveMaxPool1d(x: Tensor, outputSize: AdaptiveSize, options?: WithoutIndices): Tensor;
export function adaptiveMaxPool1d(
  x: Tensor,
  outputSize: AdaptiveSize,
  options: WithIndices | WithoutIndices = {},
): Tensor | [Tensor, Tensor] {
  return adaptiveMaxPool('adaptiveMaxPool1d', 1, x, outputSize, options);
}

/**
 * The largest elements of windows of `[batch, channels, height, width]`, or of `[channels, height, width]`, which lie as those of
 * {@link adaptiveAvgPool2d}; with `returnIndices` also their places in the plane.
 *
 * @throws ShapeError; DTypeError for bool; ArgumentError
 */
export function adaptiveMaxPool2d(
  x: Tensor,
  outputSize: AdaptiveSize,
  options: WithIndices,
): [values: Tensor, indices: Tensor];
export function adaptiveMaxPool2d(x: Tensor, outputSize: AdaptiveSize, options?: WithoutIndices): Tensor;
export function adaptiveMaxPool2d(
  x: Tensor,
  outputSize: AdaptiveSize,
  options: WithIndices | WithoutIndices = {},
): Tensor | [Tensor, Tensor] {
  return adaptiveMaxPool('adaptiveMaxPool2d', 2, x, outputSize, options);
}

/**
 * The largest elements of windows of `[batch, channels, depth, height, width]`, or of `[channels, depth, height, width]`, which lie as those of
 * {@link adaptiveAvgPool3d}; with `returnIndices` also their places in the plane.
 *
 * @throws ShapeError; DTypeError for bool; ArgumentError
 */
export function adaptiveMaxPool3d(
  x: Tensor,
  outputSize: AdaptiveSize,
  options: WithIndices,
): [values: Tensor, indices: Tensor];
export function adaptiveMaxPool3d(x: Tensor, outputSize: AdaptiveSize, options?: WithoutIndices): Tensor;
export function adaptiveMaxPool3d(
  x: Tensor,
  outputSize: AdaptiveSize,
  options: WithIndices | WithoutIndices = {},
): Tensor | [Tensor, Tensor] {
  return adaptiveMaxPool('adaptiveMaxPool3d', 3, x, outputSize, options);
}
