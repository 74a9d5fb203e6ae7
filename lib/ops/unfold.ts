// The windows of images as columns, and columns added up to images.
import { ShapeError } from '../errors';
import { checkOptions } from '../options';
import { formatShape, handleOf, type Tensor } from '../tensor';
import { unbind } from './arrange';
import { pad } from './pad';
import { add } from './pointwise';
import { reshape, slice, stack } from './shape';
import { imageHandle, type PerDimension, perDimension } from './window';

/** Options of {@link unfold} and {@link fold}. A list has one number for the height and one for the width. */
export interface UnfoldOptions {
  /** Steps between windows. Default 1. */
  stride?: PerDimension;
  /** Zeros before and after height and width. Default 0. */
  padding?: PerDimension;
  /** Steps between the elements of a window. Default 1. */
  dilation?: PerDimension;
}

interface Windows {
  kernel: number[];
  stride: number[];
  padding: number[];
  dilation: number[];
  /** How many windows there are, in height and width. */
  counts: number[];
}

function windowsIn(
  name: string,
  extents: readonly number[],
  kernelSize: PerDimension,
  options: UnfoldOptions,
): Windows {
  checkOptions(name, options, ['stride', 'padding', 'dilation']);
  const kernel = perDimension(name, 'kernelSize', kernelSize, 2, 1);
  const stride = perDimension(name, 'stride', options.stride ?? 1, 2, 1);
  const padding = perDimension(name, 'padding', options.padding ?? 0, 2, 0);
  const dilation = perDimension(name, 'dilation', options.dilation ?? 1, 2, 1);
  const counts = extents.map((extent, d) => {
    const reach = (dilation[d] as number) * ((kernel[d] as number) - 1) + 1;
    return Math.floor((extent + 2 * (padding[d] as number) - reach) / (stride[d] as number)) + 1;
  });
  if (counts.some((count) => count < 1)) {
    throw new ShapeError(
      `[${name}] a window of ${kernel.join(' x ')} does not fit into ${extents.join(' x ')}, even with its padding`,
    );
  }
  return { kernel, stride, padding, dilation, counts };
}

/** The places of a window, row by row, from its first element. */
function placesOf({ kernel, dilation }: Windows): [row: number, column: number][] {
  const [rows, columns] = kernel as [number, number];
  return Array.from({ length: rows * columns }, (_, i) => [
    Math.floor(i / columns) * (dilation[0] as number),
    (i % columns) * (dilation[1] as number),
  ]);
}

/**
 * The windows of images as columns (im2col): `[N, C, H, W]` to `[N, C kH kW, windows]`, or without N. Windows follow each other row by row, and so
 * do the elements of each, channel by channel. A convolution is a product with them; patches of a vision transformer are windows whose
 * stride is their size.
 *
 * @param kernelSize of a window: a number, or height and width.
 * @throws ShapeError where no window fits; ArgumentError.
 */
export function unfold(x: Tensor, kernelSize: PerDimension, options: UnfoldOptions = {}): Tensor {
  imageHandle('unfold', x, 2);
  const [channels, height, width] = x.shape.slice(-3) as [number, number, number];
  const lead = x.shape.slice(0, -3);
  const windows = windowsIn('unfold', [height, width], kernelSize, options);
  const { stride, padding, counts } = windows;
  const [top, left] = padding as [number, number];
  const around = top === 0 && left === 0 ? x : pad(x, [left, left, top, top]);
  const parts = placesOf(windows).map((place) =>
    place.reduce((part, begin, d) => {
      const step = stride[d] as number;
      return slice(part, d - 2, begin, begin + step * ((counts[d] as number) - 1) + 1, step);
    }, around),
  );
  const columns = stack(parts, lead.length + 1);
  return reshape(columns, [...lead, channels * parts.length, (counts[0] as number) * (counts[1] as number)]);
}

/**
 * Adds columns up to images (col2im): `[N, C kH kW, windows]` to `[N, C, H, W]`, or without N. The opposite of {@link unfold}, but that places
 * in several windows get the sum of them.
 *
 * @param outputSize height and width of the images.
 * @param kernelSize of a window: a number, or height and width.
 * @throws ShapeError where the columns are not those of such windows; ArgumentError.
 */
export function fold(
  x: Tensor,
  outputSize: PerDimension,
  kernelSize: PerDimension,
  options: UnfoldOptions = {},
): Tensor {
  handleOf('fold', 'x', x);
  const extents = perDimension('fold', 'outputSize', outputSize, 2, 1) as [number, number];
  const windows = windowsIn('fold', extents, kernelSize, options);
  const { kernel, stride, padding, counts } = windows;
  const [rows, columns] = counts as [number, number];
  const [elements, count] = x.shape.slice(-2) as [number, number];
  const area = (kernel[0] as number) * (kernel[1] as number);
  if (!(x.rank === 2 || x.rank === 3) || elements % area !== 0 || count !== rows * columns) {
    throw new ShapeError(
      `[fold] expected [batch, channels * ${area}, ${rows * columns}] for ${extents.join(' x ')}, or without a batch, received ${formatShape(x.shape)}`,
    );
  }
  const lead = x.shape.slice(0, -2);
  const images = lead[0] ?? 1;
  const channels = elements / area;
  const parts = unbind(reshape(x, [images, channels, area, rows, columns]), 2);
  const placed = placesOf(windows).map((place, i) => {
    const apart = spread(parts[i] as Tensor, stride as [number, number]);
    // What reaches beyond the end is zeros between the last window and where the next one would be.
    const pairs = place.map((begin, d) => {
      const whole = (extents[d] as number) + 2 * (padding[d] as number);
      return [begin, whole - begin - (counts[d] as number) * (stride[d] as number)] as [number, number];
    });
    return pad(apart, [[0, 0], [0, 0], ...pairs]);
  });
  const sum = placed.reduce((total, part) => add(total, part));
  const [top, left] = padding as [number, number];
  const inside = slice(slice(sum, 2, top, top + extents[0]), 3, left, left + extents[1]);
  return reshape(inside, [...lead, channels, ...extents]);
}

/** `[N, C, H, W]` to `[N, C, H stride, W stride]`, with zeros behind each element. */
function spread(x: Tensor, [down, across]: [number, number]): Tensor {
  if (down === 1 && across === 1) return x;
  const [images, channels, rows, columns] = x.shape as [number, number, number, number];
  const single = reshape(x, [images, channels, rows, 1, columns, 1]);
  const none: [number, number] = [0, 0];
  const padded = pad(single, [none, none, none, [0, down - 1], none, [0, across - 1]]);
  return reshape(padded, [images, channels, rows * down, columns * across]);
}
