// Images, signals and volumes in other sizes.
import { isFloating } from '../dtype';
import { ArgumentError, DTypeError, describe, ShapeError } from '../errors';
import { checkOptions } from '../options';
import { formatShape, handleOf, type Tensor } from '../tensor';
import { adaptiveAvgPool1d, adaptiveAvgPool2d, adaptiveAvgPool3d } from './adaptive-pool';
import { call, operator } from './call';
import { choiceFor } from './check';
import { reshape } from './shape';
import { type PerDimension, perDimension } from './window';

const op = { resample: operator('resample') };

/** How elements of {@link interpolate}'s result are made; `linear`, `bilinear` and `trilinear` are for one, two and three dimensions. */
export type InterpolateMode = 'nearest' | 'nearest-exact' | 'linear' | 'bilinear' | 'bicubic' | 'trilinear' | 'area';

/** Options of {@link interpolate}. Either `size` or `scaleFactor` is given. */
export interface InterpolateOptions {
  /** Sizes of the last dimensions: a number for all, or one for each. */
  size?: PerDimension | null;
  /** What the sizes are multiplied by, rounded down: a number for all, or one for each. */
  scaleFactor?: number | readonly number[] | null;
  /** Default `nearest`. */
  mode?: InterpolateMode;
  /** Whether the middles of the corner elements lie upon each other, and not their outer edges. Not for nearest and area. Default false. */
  alignCorners?: boolean | null;
  /** Whether positions come from the sizes even where `scaleFactor` is given, which need not divide them. Default false. */
  recomputeScaleFactor?: boolean | null;
  /** Whether an element of a smaller result is made of all that it covers: `bilinear` and `bicubic`. Default false. */
  antialias?: boolean;
}

const MODES: Record<InterpolateMode, { kernel: string; dimensions: readonly number[] }> = {
  nearest: { kernel: 'nearest', dimensions: [1, 2, 3] },
  'nearest-exact': { kernel: 'nearestExact', dimensions: [1, 2, 3] },
  linear: { kernel: 'linear', dimensions: [1] },
  bilinear: { kernel: 'linear', dimensions: [2] },
  trilinear: { kernel: 'linear', dimensions: [3] },
  bicubic: { kernel: 'cubic', dimensions: [2] },
  area: { kernel: '', dimensions: [1, 2, 3] },
};

// The sizes of the result, and the factors where positions come from them.
function sizesOf(x: Tensor, dimensions: number, options: InterpolateOptions): [sizes: number[], factors?: number[]] {
  const { size, scaleFactor, recomputeScaleFactor } = options;
  if ((size == null) === (scaleFactor == null)) {
    throw new ArgumentError('[interpolate] expected either size or scaleFactor');
  }
  if (size != null) {
    if (recomputeScaleFactor)
      throw new ArgumentError('[interpolate] recomputeScaleFactor is for scaleFactor, not size');
    return [perDimension('interpolate', 'size', size, dimensions, 1)];
  }
  const factors = typeof scaleFactor === 'number' ? new Array<number>(dimensions).fill(scaleFactor) : scaleFactor;
  const areFactors = Array.isArray(factors) && factors.every((factor) => factor > 0 && Number.isFinite(factor));
  if (!areFactors || factors.length !== dimensions) {
    throw new ArgumentError(
      `[interpolate] expected a positive number or ${dimensions} of them for 'scaleFactor', received ${describe(scaleFactor)}`,
    );
  }
  const sizes = factors.map((factor, d) => Math.floor((x.shape[d + 2] as number) * factor));
  return recomputeScaleFactor ? [sizes] : [sizes, [...factors]];
}

/**
 * `[batch, channels, length]`, `[batch, channels, height, width]` or `[batch, channels, depth, height, width]` in another size, each
 * result made of the elements around its position in `x`: that of its middle, where edges lie upon edges, unless `alignCorners`.
 * `nearest` takes the element at the position of its edge instead, as PyTorch and others do, and `nearest-exact` the one at its middle.
 * `bicubic` is the convolution of Keys with -0.75, with `antialias` -0.5. `area` is the mean of what an element covers.
 *
 * ```ts
 * interpolate(x, { scaleFactor: 2, mode: 'bilinear' });
 * interpolate(x, { size: [224, 224], mode: 'bicubic', antialias: true });
 * ```
 *
 * @throws ShapeError, DTypeError for integers, ArgumentError
 */
export function interpolate(x: Tensor, options: InterpolateOptions): Tensor {
  handleOf('interpolate', 'x', x);
  checkOptions('interpolate', options, [
    'size',
    'scaleFactor',
    'mode',
    'alignCorners',
    'recomputeScaleFactor',
    'antialias',
  ]);
  const { mode = 'nearest', alignCorners = null, antialias = false } = options ?? {};
  choiceFor('interpolate', 'mode', mode, Object.keys(MODES) as InterpolateMode[]);
  const dimensions = x.rank - 2;
  const { kernel, dimensions: possible } = MODES[mode];
  if (!possible.includes(dimensions)) {
    throw new ShapeError(
      `[interpolate] '${mode}' is for tensors of ${possible.map((n) => n + 2).join(', ')} dimensions, not ${formatShape(x.shape)}`,
    );
  }
  if (!isFloating(x.dtype)) throw new DTypeError(`[interpolate] takes floating tensors, not ${x.dtype}`);
  const smooth = kernel === 'linear' || kernel === 'cubic';
  if (alignCorners !== null && !smooth) throw new ArgumentError(`[interpolate] '${mode}' has no alignCorners`);
  if (antialias && !(smooth && dimensions === 2)) {
    throw new ArgumentError(`[interpolate] antialias is for bilinear and bicubic, not '${mode}'`);
  }
  const [sizes, factors] = sizesOf(x, dimensions, options ?? {});
  const empty = x.shape.findIndex((extent, d) => d >= 2 && (extent < 1 || (sizes[d - 2] as number) < 1));
  if (empty >= 0) {
    throw new ShapeError(`[interpolate] ${formatShape(x.shape)} to ${formatShape(sizes)}: sizes must be at least 1`);
  }
  if (mode === 'area') {
    const pools = [adaptiveAvgPool1d, adaptiveAvgPool2d, adaptiveAvgPool3d];
    return (pools[dimensions - 1] as typeof adaptiveAvgPool1d)(x, sizes);
  }
  // What shrinks comes first, what grows last, so that what is between is small. Along the last axis elements are computed one by one:
  // it is the last of those that shrink, and the first of those that grow.
  const axes = sizes.map((size, d) => ({
    size,
    axis: d + 2,
    ratio: size / (x.shape[d + 2] as number),
    scale: factors?.[d],
  }));
  axes.sort((a, b) => a.ratio - b.ratio || (a.ratio < 1 ? a.axis - b.axis : b.axis - a.axis));
  // What keeps its size stays as it is; by a factor that is not 1, all but linear modes move it, as PyTorch's do.
  const moves = kernel !== 'linear' && !antialias;
  let y = x;
  for (const { size, axis, ratio, scale } of axes) {
    if (ratio === 1 && !(moves && (scale ?? 1) !== 1)) continue;
    const source = alignCorners || scale === undefined ? null : 1 / scale;
    y = call(
      op.resample,
      handleOf('interpolate', 'x', y),
      axis,
      size,
      kernel,
      alignCorners ?? false,
      antialias,
      source,
    );
  }
  return y === x ? reshape(x, x.shape) : y;
}
