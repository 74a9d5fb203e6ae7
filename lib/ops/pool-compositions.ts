// What is composed of pooling: power means, and the inverse of maximum pooling.
import { ArgumentError, ShapeError } from '../errors';
import { checkOptions } from '../options';
import { formatShape, handleOf, type Tensor } from '../tensor';
import { integersFor, numberFor, sizeOf } from './check';
import { zeros } from './create';
import { atZeroFlat } from './flat';
import { scatter } from './indexing';
import { mul, pow } from './pointwise';
import { avgPool1d, avgPool2d, avgPool3d } from './pool';
import { reshape } from './shape';
import { imageHandle, type PerDimension, windowsOf } from './window';

/** Options of {@link lpPool2d} and its relatives. */
export interface LpPoolOptions {
  /** Steps between windows. Default `kernelSize`. */
  stride?: PerDimension | null;
  /** Also has a window that reaches beyond the end; what it lacks counts as the mean of what it has. Default false. */
  ceilMode?: boolean;
}

const averages = [avgPool1d, avgPool2d, avgPool3d];

function lpPool(
  name: string,
  dimensions: number,
  x: Tensor,
  p: number,
  size: PerDimension,
  options: LpPoolOptions,
): Tensor {
  imageHandle(name, x, dimensions);
  checkOptions(name, options, ['stride', 'ceilMode']);
  if (numberFor(name, 'p', p) === 0) throw new ArgumentError(`[${name}] the norm must not be 0`);
  const { kernelSize, stride } = windowsOf(name, dimensions, size, options);
  const average = averages[dimensions - 1] as typeof avgPool1d;
  const means = average(pow(x, p), kernelSize, { stride, ceilMode: options.ceilMode });
  return atZeroFlat(mul(means, sizeOf(kernelSize)), (sums) => pow(sums, 1 / p));
}

/** Options of {@link maxUnpool2d} and its relatives. */
export interface MaxUnpoolOptions {
  /** As in the pooling that is undone. Default `kernelSize`. */
  stride?: PerDimension | null;
  /** As in the pooling that is undone. Default 0. */
  padding?: PerDimension;
  /** Sizes of the result's last dimensions, or its shape. Default the smallest that the pooling may have had. */
  outputSize?: readonly number[] | null;
}

function maxUnpool(
  name: string,
  dimensions: number,
  x: Tensor,
  indices: Tensor,
  size: PerDimension,
  options: MaxUnpoolOptions,
): Tensor {
  imageHandle(name, x, dimensions);
  handleOf(name, 'indices', indices);
  checkOptions(name, options, ['stride', 'padding', 'outputSize']);
  const { shape } = x;
  if (indices.shape.join() !== shape.join()) {
    throw new ShapeError(`[${name}] indices of ${formatShape(indices.shape)} do not fit ${formatShape(shape)}`);
  }
  const { kernelSize, stride, padding } = windowsOf(name, dimensions, size, options);
  const lead = shape.slice(0, -dimensions);
  const inner = shape.slice(-dimensions);
  const usual = inner.map((extent, d) => {
    return (extent - 1) * (stride[d] as number) - 2 * (padding[d] as number) + (kernelSize[d] as number);
  });
  const asked = options.outputSize == null ? usual : integersFor(name, 'outputSize', options.outputSize, 0);
  const outputSize = asked.length === shape.length ? asked.slice(lead.length) : asked;
  const fits = outputSize.every((extent, d) => Math.abs(extent - (usual[d] as number)) < (stride[d] as number));
  if (outputSize.length !== dimensions || (asked !== usual && !fits)) {
    throw new ArgumentError(
      `[${name}] an outputSize of ${formatShape(asked)} is none of a pooling to ${formatShape(inner)}, such as ${formatShape(usual)}`,
    );
  }
  const planes = sizeOf(lead);
  const base = zeros([planes, sizeOf(outputSize)], { dtype: x.dtype, device: x.device });
  const flat = [planes, sizeOf(inner)];
  return reshape(scatter(base, 1, reshape(indices, flat), reshape(x, flat)), [...lead, ...outputSize]);
}

/**
 * `sum(x^p)^(1/p)` of each window of `[batch, channels, length]`, or of `[channels, length]`; the gradient where the sum is 0 is 0.
 *
 * @throws ShapeError, DTypeError, ArgumentError
 */
export function lpPool1d(x: Tensor, p: number, kernelSize: PerDimension, options: LpPoolOptions = {}): Tensor {
  return lpPool('lpPool1d', 1, x, p, kernelSize, options);
}

/**
 * `sum(x^p)^(1/p)` of each window of `[batch, channels, height, width]`, or of `[channels, height, width]`; the gradient where the sum is 0 is 0.
 *
 * @throws ShapeError, DTypeError, ArgumentError
 */
export function lpPool2d(x: Tensor, p: number, kernelSize: PerDimension, options: LpPoolOptions = {}): Tensor {
  return lpPool('lpPool2d', 2, x, p, kernelSize, options);
}

/**
 * `sum(x^p)^(1/p)` of each window of `[batch, channels, depth, height, width]`, or of `[channels, depth, height, width]`; the gradient where the sum is 0 is 0.
 *
 * @throws ShapeError, DTypeError, ArgumentError
 */
export function lpPool3d(x: Tensor, p: number, kernelSize: PerDimension, options: LpPoolOptions = {}): Tensor {
  return lpPool('lpPool3d', 3, x, p, kernelSize, options);
}

/**
 * Zeros with the elements of `x`, `[batch, channels, length]` or `[channels, length]`, at the places that `indices` of
 * `maxPool1d` name. Where one is named twice, the last one counts.
 *
 * @throws ShapeError, DTypeError, ArgumentError; an index outside of its plane rejects the read of the result with IndexError.
 */
export function maxUnpool1d(
  x: Tensor,
  indices: Tensor,
  kernelSize: PerDimension,
  options: MaxUnpoolOptions = {},
): Tensor {
  return maxUnpool('maxUnpool1d', 1, x, indices, kernelSize, options);
}

/**
 * Zeros with the elements of `x`, `[batch, channels, height, width]` or `[channels, height, width]`, at the places that `indices` of
 * `maxPool2d` name. Where one is named twice, the last one counts.
 *
 * @throws ShapeError, DTypeError, ArgumentError; an index outside of its plane rejects the read of the result with IndexError.
 */
export function maxUnpool2d(
  x: Tensor,
  indices: Tensor,
  kernelSize: PerDimension,
  options: MaxUnpoolOptions = {},
): Tensor {
  return maxUnpool('maxUnpool2d', 2, x, indices, kernelSize, options);
}

/**
 * Zeros with the elements of `x`, `[batch, channels, depth, height, width]` or `[channels, depth, height, width]`, at the places that `indices` of
 * `maxPool3d` name. Where one is named twice, the last one counts.
 *
 * @throws ShapeError, DTypeError, ArgumentError; an index outside of its plane rejects the read of the result with IndexError.
 */
export function maxUnpool3d(
  x: Tensor,
  indices: Tensor,
  kernelSize: PerDimension,
  options: MaxUnpoolOptions = {},
): Tensor {
  return maxUnpool('maxUnpool3d', 3, x, indices, kernelSize, options);
}
