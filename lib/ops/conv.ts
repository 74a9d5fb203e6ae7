// Convolutions over one to three spatial dimensions, and transposed ones.
import { ArgumentError, describe, ShapeError } from '../errors';
import { checkOptions } from '../options';
import { formatShape, handleOf, type Tensor } from '../tensor';
import { call, operator, optionalHandle } from './call';
import { choiceFor, integerFor, integersFor } from './check';
import { type PadMode, pad } from './pad';
import { reshape } from './shape';

const op = {
  convolution: operator('convolution'),
  convolutionBackwardInput: operator('convolutionBackwardInput'),
};

/** What surrounds the input of a convolution: zeros, its mirror image, its edge, or itself. */
export type ConvPaddingMode = 'zeros' | 'reflect' | 'replicate' | 'circular';

/**
 * How much surrounds the input of a convolution: the same number on all sides; a number for each dimension, or a pair of numbers before
 * and after it; `valid`, nothing; or `same`, so much that with a stride of 1 the output has the size of the input. Where `same` comes to
 * an odd number, the greater half is after.
 */
export type ConvPadding = number | 'same' | 'valid' | readonly (number | readonly [before: number, after: number])[];

/** Options of {@link conv1d}, {@link conv2d} and {@link conv3d}. */
export interface ConvOptions {
  /** `[out]`, added to each channel of the output. Default none. */
  bias?: Tensor | null;
  /** Distance between neighbouring windows: a number, or one for each dimension. Default 1. */
  stride?: number | readonly number[];
  /** Default 0. */
  padding?: ConvPadding;
  /** Distance between the elements of a window: a number, or one for each dimension. Default 1. */
  dilation?: number | readonly number[];
  /** Into how many groups the channels are divided, each of which is convolved by itself. Default 1. */
  groups?: number;
  /** What the padding consists of. Default zeros. */
  paddingMode?: ConvPaddingMode;
}

/** Options of {@link convTranspose1d}, {@link convTranspose2d} and {@link convTranspose3d}. */
export interface ConvTransposeOptions {
  /** `[out]`, added to each channel of the output. Default none. */
  bias?: Tensor | null;
  /** Stride of the convolution that this transposes: a number, or one for each dimension. Default 1. */
  stride?: number | readonly number[];
  /** Padding of the convolution that this transposes, by which the output is smaller on both sides. Default 0. */
  padding?: number | readonly number[];
  /** By how much the output is larger at the end of each dimension; less than its stride or its dilation. Default 0. */
  outputPadding?: number | readonly number[];
  /** Into how many groups the channels are divided, each of which is convolved by itself. Default 1. */
  groups?: number;
  /** Distance between the elements of a window: a number, or one for each dimension. Default 1. */
  dilation?: number | readonly number[];
}

type Pair = readonly [before: number, after: number];

/** A number for each of so many dimensions. */
export function perDimension(
  name: string,
  option: string,
  value: number | readonly number[],
  dimensions: number,
  least: number,
): number[] {
  if (typeof value === 'number') return new Array(dimensions).fill(integerFor(name, option, value, least));
  const list = integersFor(name, option, value, least);
  if (list.length === dimensions) return list;
  throw new ArgumentError(
    `[${name}] expected a number or ${dimensions} of them for '${option}', received [${list.join(', ')}]`,
  );
}

/** Paddings before and after each dimension. */
export function paddingPairs(
  name: string,
  padding: ConvPadding,
  kernel: readonly number[],
  stride: readonly number[],
  dilation: readonly number[],
): Pair[] {
  if (padding === 'valid') return kernel.map(() => [0, 0]);
  if (padding === 'same') {
    if (stride.some((step) => step !== 1)) {
      throw new ArgumentError(`[${name}] a padding of 'same' needs a stride of 1, not [${stride.join(', ')}]`);
    }
    return kernel.map((size, d) => {
      const total = (size - 1) * (dilation[d] as number);
      return [Math.floor(total / 2), Math.ceil(total / 2)];
    });
  }
  if (typeof padding === 'string' || (typeof padding !== 'number' && !Array.isArray(padding))) {
    throw new ArgumentError(
      `[${name}] expected a number, 'same', 'valid' or a list for 'padding', received ${describe(padding)}`,
    );
  }
  const list: readonly unknown[] = typeof padding === 'number' ? kernel.map(() => padding) : padding;
  if (list.length !== kernel.length) {
    throw new ArgumentError(
      `[${name}] expected a number or a pair for each of ${kernel.length} dimensions for 'padding', received ${describe(padding)}`,
    );
  }
  return list.map((sides) => {
    const pair: readonly unknown[] = Array.isArray(sides) ? sides : [sides, sides];
    if (pair.length !== 2) {
      throw new ArgumentError(`[${name}] expected pairs [before, after] for 'padding', received ${describe(sides)}`);
    }
    return [
      integerFor(name, 'padding', pair[0] as number, 0),
      integerFor(name, 'padding', pair[1] as number, 0),
    ] as const;
  });
}

/** Checks ranks, and gives the input as a batch with the sizes of the kernel. */
function operands(
  name: string,
  x: Tensor,
  weight: Tensor,
  dimensions: number,
): { batch: Tensor; kernel: readonly number[]; isBatch: boolean } {
  handleOf(name, 'x', x);
  handleOf(name, 'weight', weight);
  const isBatch = x.rank === dimensions + 2;
  if (!isBatch && x.rank !== dimensions + 1) {
    const wanted = ['length', 'height, width', 'depth, height, width'][dimensions - 1];
    throw new ShapeError(
      `[${name}] expected an input [channels, ${wanted}] or a batch of them, received ${formatShape(x.shape)}`,
    );
  }
  if (weight.rank !== dimensions + 2) {
    throw new ShapeError(
      `[${name}] expected a weight of ${dimensions + 2} dimensions, received ${formatShape(weight.shape)}`,
    );
  }
  return { batch: isBatch ? x : reshape(x, [1, ...x.shape]), kernel: weight.shape.slice(2), isBatch };
}

const unbatched = (y: Tensor, isBatch: boolean) => (isBatch ? y : reshape(y, y.shape.slice(1)));

function convolve(name: string, dimensions: number, x: Tensor, weight: Tensor, options: ConvOptions): Tensor {
  checkOptions(name, options, ['bias', 'stride', 'padding', 'dilation', 'groups', 'paddingMode']);
  const { bias, padding = 0, groups = 1, paddingMode = 'zeros' } = options;
  const { batch, kernel, isBatch } = operands(name, x, weight, dimensions);
  const stride = perDimension(name, 'stride', options.stride ?? 1, dimensions, 1);
  const dilation = perDimension(name, 'dilation', options.dilation ?? 1, dimensions, 1);
  choiceFor(name, 'paddingMode', paddingMode, ['zeros', 'reflect', 'replicate', 'circular']);
  let pairs = paddingPairs(name, padding, kernel, stride, dilation);
  let source = batch;
  if (paddingMode !== 'zeros') {
    source = pad(batch, [[0, 0], [0, 0], ...pairs], { mode: paddingMode satisfies PadMode });
    pairs = pairs.map(() => [0, 0]);
  }
  const y = call(
    op.convolution,
    handleOf(name, 'x', source),
    handleOf(name, 'weight', weight),
    optionalHandle(name, 'bias', bias),
    stride,
    pairs.flat(),
    dilation,
    integerFor(name, 'groups', groups, 1),
  );
  return unbatched(y, isBatch);
}

function convolveTransposed(
  name: string,
  dimensions: number,
  x: Tensor,
  weight: Tensor,
  options: ConvTransposeOptions,
): Tensor {
  checkOptions(name, options, ['bias', 'stride', 'padding', 'outputPadding', 'groups', 'dilation']);
  const { bias, groups = 1 } = options;
  const { batch, kernel, isBatch } = operands(name, x, weight, dimensions);
  const stride = perDimension(name, 'stride', options.stride ?? 1, dimensions, 1);
  const padding = perDimension(name, 'padding', options.padding ?? 0, dimensions, 0);
  const more = perDimension(name, 'outputPadding', options.outputPadding ?? 0, dimensions, 0);
  const dilation = perDimension(name, 'dilation', options.dilation ?? 1, dimensions, 1);
  const size = kernel.map((extent, d) => {
    const [step, reach, after, around] = [stride[d], dilation[d], more[d], padding[d]] as [
      number,
      number,
      number,
      number,
    ];
    if (after >= Math.max(step, reach)) {
      throw new ArgumentError(
        `[${name}] an output padding of ${after} is not less than the stride ${step} or the dilation ${reach}`,
      );
    }
    const inputs = batch.shape[d + 2] as number;
    return (inputs - 1) * step - 2 * around + reach * (extent - 1) + after + 1;
  });
  if (size.some((extent) => extent < 1)) {
    throw new ShapeError(`[${name}] an input of ${formatShape(x.shape)} would give outputs of [${size.join(', ')}]`);
  }
  const y = call(
    op.convolutionBackwardInput,
    handleOf(name, 'x', batch),
    handleOf(name, 'weight', weight),
    optionalHandle(name, 'bias', bias),
    size,
    stride,
    padding.flatMap((around, d) => [around, around - (more[d] as number)]),
    dilation,
    integerFor(name, 'groups', groups, 1),
  );
  return unbatched(y, isBatch);
}

/**
 * Sums over windows of sequences, `y[n, o, l] = bias[o] + sum over c, k of x[n, c, l stride + k dilation - padding] weight[o, c, k]`:
 * x `[N, C, L]` or `[C, L]`, weight `[out, C / groups, k]`.
 *
 * @throws ShapeError when the sizes do not fit, or the kernel reaches over more than the padded input; DTypeError but for floats;
 * ArgumentError.
 */
export function conv1d(x: Tensor, weight: Tensor, options: ConvOptions = {}): Tensor {
  return convolve('conv1d', 1, x, weight, options);
}

/**
 * Sums over windows of images, as {@link conv1d} in two dimensions: x `[N, C, H, W]` or `[C, H, W]`, weight `[out, C / groups, kH, kW]`.
 *
 * ```ts
 * conv2d(images, weight, { stride: 2, padding: 1 });
 * conv2d(images, weight, { padding: [[1, 2], [0, 0]] }); // above and below, left and right
 * ```
 *
 * On a CPU, windows of 3x3 at a stride of 1 over many channels of float32 are computed by Winograd's algorithm, whose error is about that
 * of the direct sum. There an infinite or NaN input spreads over the 4x4 outputs of its tile.
 *
 * @throws ShapeError when the sizes do not fit, or the kernel reaches over more than the padded input; DTypeError but for floats;
 * ArgumentError.
 */
export function conv2d(x: Tensor, weight: Tensor, options: ConvOptions = {}): Tensor {
  return convolve('conv2d', 2, x, weight, options);
}

/**
 * Sums over windows of volumes, as {@link conv1d} in three dimensions: x `[N, C, D, H, W]` or `[C, D, H, W]`, weight
 * `[out, C / groups, kD, kH, kW]`.
 *
 * @throws ShapeError when the sizes do not fit, or the kernel reaches over more than the padded input; DTypeError but for floats;
 * ArgumentError.
 */
export function conv3d(x: Tensor, weight: Tensor, options: ConvOptions = {}): Tensor {
  return convolve('conv3d', 3, x, weight, options);
}

/**
 * The transpose of {@link conv1d}, its gradient by the input: x `[N, C, L]` or `[C, L]`, weight `[C, out / groups, k]`. The output has
 * `(L - 1) stride - 2 padding + dilation (k - 1) + outputPadding + 1` elements.
 *
 * @throws ShapeError when the sizes do not fit; DTypeError but for floats; ArgumentError.
 */
export function convTranspose1d(x: Tensor, weight: Tensor, options: ConvTransposeOptions = {}): Tensor {
  return convolveTransposed('convTranspose1d', 1, x, weight, options);
}

/**
 * The transpose of {@link conv2d}: x `[N, C, H, W]` or `[C, H, W]`, weight `[C, out / groups, kH, kW]`. Sizes as those of
 * {@link convTranspose1d}.
 *
 * @throws ShapeError when the sizes do not fit; DTypeError but for floats; ArgumentError.
 */
export function convTranspose2d(x: Tensor, weight: Tensor, options: ConvTransposeOptions = {}): Tensor {
  return convolveTransposed('convTranspose2d', 2, x, weight, options);
}

/**
 * The transpose of {@link conv3d}: x `[N, C, D, H, W]` or `[C, D, H, W]`, weight `[C, out / groups, kD, kH, kW]`. Sizes as those of
 * {@link convTranspose1d}.
 *
 * @throws ShapeError when the sizes do not fit; DTypeError but for floats; ArgumentError.
 */
export function convTranspose3d(x: Tensor, weight: Tensor, options: ConvTransposeOptions = {}): Tensor {
  return convolveTransposed('convTranspose3d', 3, x, weight, options);
}
