// Images and volumes at the positions of a grid, and the grids of affine maps.
import { isFloating } from '../dtype';
import { ArgumentError, DTypeError, ShapeError } from '../errors';
import { checkOptions } from '../options';
import { formatShape, handleOf, type Tensor } from '../tensor';
import { call, operator } from './call';
import { choiceFor, integersFor } from './check';
import { linspace, ones, zeros } from './create';
import { matmul } from './matmul';
import { mul } from './pointwise';
import { expand, reshape, stack, transpose } from './shape';

const op = { gridSample: operator('gridSample') };

/** Options of {@link gridSample}. */
export interface GridSampleOptions {
  /** How many elements around a position are taken: `bilinear` (default) 2, `nearest` 1, `bicubic` 4 along each dimension. */
  mode?: 'bilinear' | 'nearest' | 'bicubic';
  /** What is outside: `zeros` (default), the nearest element at the `border`, or the mirror image, `reflection`. */
  paddingMode?: 'zeros' | 'border' | 'reflection';
  /** Whether -1 and 1 are the middles of the first and last elements, and not their outer edges. Default false. */
  alignCorners?: boolean;
}

/**
 * `x` `[batch, channels, height, width]` at the positions of `grid` `[batch, rows, columns, 2]`, which gives
 * `[batch, channels, rows, columns]`; or volumes `[batch, channels, depth, height, width]` at `[batch, slices, rows, columns, 3]`. The
 * coordinates of a position go from -1 to 1, that along the width first. Can be differentiated by both as often as wanted; a position that
 * the padding has moved has no gradient.
 *
 * @throws ShapeError, DTypeError, ArgumentError
 */
export function gridSample(x: Tensor, grid: Tensor, options: GridSampleOptions = {}): Tensor {
  checkOptions('gridSample', options, ['mode', 'paddingMode', 'alignCorners']);
  const { mode = 'bilinear', paddingMode = 'zeros', alignCorners = false } = options;
  choiceFor('gridSample', 'mode', mode, ['bilinear', 'nearest', 'bicubic']);
  choiceFor('gridSample', 'paddingMode', paddingMode, ['zeros', 'border', 'reflection']);
  const handles = [handleOf('gridSample', 'x', x), handleOf('gridSample', 'grid', grid)];
  return call(op.gridSample, ...handles, mode, paddingMode, alignCorners, null);
}

/** Options of {@link affineGrid}. */
export interface AffineGridOptions {
  /** As in {@link gridSample}. Default false. */
  alignCorners?: boolean;
}

/**
 * The grid for {@link gridSample} that maps results of the shape `size` by the matrices `theta`: `[batch, 2, 3]` for
 * `[batch, channels, height, width]`, `[batch, 3, 4]` for `[batch, channels, depth, height, width]`. (Jaderberg et al. 2015)
 *
 * @throws ShapeError, DTypeError for integers, ArgumentError
 */
export function affineGrid(theta: Tensor, size: readonly number[], options: AffineGridOptions = {}): Tensor {
  handleOf('affineGrid', 'theta', theta);
  checkOptions('affineGrid', options, ['alignCorners']);
  const [batch, , ...sizes] = integersFor('affineGrid', 'size', size, 1);
  const dimensions = sizes.length;
  if (dimensions !== 2 && dimensions !== 3) {
    throw new ArgumentError(`[affineGrid] expected a size of 4 or 5 numbers, received ${formatShape(size)}`);
  }
  if (theta.shape.join() !== [batch, dimensions, dimensions + 1].join()) {
    throw new ShapeError(
      `[affineGrid] expected theta of [${batch}, ${dimensions}, ${dimensions + 1}], received ${formatShape(theta.shape)}`,
    );
  }
  if (!isFloating(theta.dtype)) throw new DTypeError(`[affineGrid] takes floating tensors, not ${theta.dtype}`);
  const { dtype, device } = theta;
  const axis = (d: number): Tensor => {
    const n = sizes[d] as number;
    const along = n > 1 ? linspace(-1, 1, n, { dtype, device }) : zeros([1], { dtype, device });
    const scaled = options.alignCorners ? along : mul(along, (n - 1) / n);
    return expand(
      reshape(
        scaled,
        sizes.map((_, i) => (i === d ? n : 1)),
      ),
      sizes,
    );
  };
  const coordinates = sizes.map((_, d) => axis(dimensions - 1 - d));
  const positions = reshape(stack([...coordinates, ones(sizes, { dtype, device })], -1), [-1, dimensions + 1]);
  return reshape(matmul(positions, transpose(theta)), [batch as number, ...sizes, dimensions]);
}
