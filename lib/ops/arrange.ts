// Shapes by other shapes: axes picked, split, moved and added, tensors side by side. Compositions of the operators in shape.ts.
import { ArgumentError, describe, IndexError, ShapeError } from '../errors';
import { formatShape, handleOf, type Tensor } from '../tensor';
import { axesIn, axisIn, broadcastOf, integerFor, integersFor, sizeOf } from './check';
import { concat, expand, permute, reshape, slice, split, squeeze, transpose, unsqueeze } from './shape';

/** Entry `index` along `axis`, which is dropped; a negative one counts from the end. A view. @throws IndexError; ArgumentError @method */
export function select(x: Tensor, axis: number, index: number): Tensor {
  handleOf('select', 'x', x);
  const { shape } = x;
  const at = axisIn('select', axis, shape.length);
  const extent = shape[at] as number;
  integerFor('select', 'index', index);
  if (index < -extent || index >= extent) {
    throw new IndexError(`[select] entry ${index} is outside axis ${at} of ${formatShape(shape)}`);
  }
  const begin = index < 0 ? index + extent : index;
  return squeeze(slice(x, at, begin, begin + 1), at);
}

/** `length` entries from `start` on along `axis`; a negative start counts from the end. A view. @throws ShapeError; ArgumentError @method */
export function narrow(x: Tensor, axis: number, start: number, length: number): Tensor {
  handleOf('narrow', 'x', x);
  const { shape } = x;
  const at = axisIn('narrow', axis, shape.length);
  const extent = shape[at] as number;
  integerFor('narrow', 'start', start);
  integerFor('narrow', 'length', length, 0);
  const begin = start < 0 ? start + extent : start;
  if (begin < 0 || begin + length > extent) {
    throw new ShapeError(`[narrow] ${length} entries from ${start} on are not in axis ${at} of ${formatShape(shape)}`);
  }
  return slice(x, at, begin, begin + length);
}

/** The entries along `axis`, each without it. Views. @throws ArgumentError for an axis that is not there. @method */
export function unbind(x: Tensor, axis = 0): Tensor[] {
  handleOf('unbind', 'x', x);
  const at = axisIn('unbind', axis, x.rank);
  return x.shape[at] === 0 ? [] : split(x, 1, at).map((part) => squeeze(part, at));
}

/**
 * At most `chunks` parts along `axis`, all of one size but the last, which may be smaller. There may be fewer parts, as in PyTorch;
 * {@link tensorSplit} gives as many as are asked for.
 *
 * @throws ArgumentError
 * @method
 */
export function chunk(x: Tensor, chunks: number, axis = 0): Tensor[] {
  handleOf('chunk', 'x', x);
  const at = axisIn('chunk', axis, x.rank);
  integerFor('chunk', 'chunks', chunks, 1);
  const extent = x.shape[at] as number;
  return split(x, extent === 0 ? new Array<number>(chunks).fill(0) : Math.ceil(extent / chunks), at);
}

/**
 * Parts along `axis`: `sections` of them, of which the first are larger by one where the axis does not divide; or the parts between
 * the positions listed, as ranges: `tensorSplit([2, 5])` gives entries 0 to 1, 2 to 4, and the rest.
 *
 * @throws ArgumentError
 * @method
 */
export function tensorSplit(x: Tensor, sections: number | readonly number[], axis = 0): Tensor[] {
  handleOf('tensorSplit', 'x', x);
  const at = axisIn('tensorSplit', axis, x.rank);
  const extent = x.shape[at] as number;
  if (typeof sections === 'number') {
    integerFor('tensorSplit', 'sections', sections, 1);
    const small = Math.floor(extent / sections);
    return split(
      x,
      Array.from({ length: sections }, (_, i) => small + (i < extent % sections ? 1 : 0)),
      at,
    );
  }
  const ends = integersFor('tensorSplit', 'sections', sections);
  return [...ends, extent].map((end, i) => slice(x, at, i === 0 ? 0 : ends[i - 1], end));
}

/** Two axes exchanged; {@link transpose} under NumPy's name. A view. @method */
export function swapaxes(x: Tensor, axis0: number, axis1: number): Tensor {
  return transpose(x, axis0, axis1);
}

/** The axes `source` moved to the places `destination`; the others keep their order. A view. @throws ArgumentError @method */
export function moveaxis(
  x: Tensor,
  source: number | readonly number[],
  destination: number | readonly number[],
): Tensor {
  handleOf('moveaxis', 'x', x);
  const { rank } = x;
  const from = axesIn('moveaxis', source, rank, 'source');
  const to = axesIn('moveaxis', destination, rank, 'destination');
  if (from.length !== to.length) {
    throw new ArgumentError(`[moveaxis] ${from.length} axes cannot go to ${to.length} places`);
  }
  const rest = [...Array(rank).keys()].filter((axis) => !from.includes(axis));
  const order = Array.from({ length: rank }, (_, axis) => {
    const i = to.indexOf(axis);
    return i < 0 ? undefined : from[i];
  }).map((axis) => axis ?? (rest.shift() as number));
  return permute(x, order);
}

/** `axis` as several axes of the sizes `shape`, of which one may be -1. @throws ShapeError, ArgumentError @method */
export function unflatten(x: Tensor, axis: number, shape: readonly number[]): Tensor {
  handleOf('unflatten', 'x', x);
  const at = axisIn('unflatten', axis, x.rank);
  const extent = x.shape[at] as number;
  const sizes = integersFor('unflatten', 'shape', shape, -1);
  const known = sizeOf(sizes.filter((size) => size !== -1));
  const open = sizes.indexOf(-1);
  if (open >= 0 && known > 0) sizes[open] = extent / known;
  if (sizes.includes(-1) || sizeOf(sizes) !== extent || !sizes.every(Number.isInteger)) {
    throw new ShapeError(`[unflatten] axis ${at} of ${formatShape(x.shape)} is not of the sizes ${formatShape(shape)}`);
  }
  return reshape(x, [...x.shape.slice(0, at), ...sizes, ...x.shape.slice(at + 1)]);
}

/** Broadcast to the shape of `other`, without a copy. @throws ShapeError @method */
export function expandAs(x: Tensor, other: Tensor): Tensor {
  handleOf('expandAs', 'other', other);
  return expand(x, other.shape);
}

/** Dimensions of size 1 repeated to `shape`, without a copy: {@link expand} by its other name. @throws ShapeError @method */
export function broadcastTo(x: Tensor, shape: readonly number[]): Tensor {
  handleOf('broadcastTo', 'x', x);
  return expand(x, shape);
}

/** All tensors broadcast to one shape, without copies. @throws ShapeError when there is none. */
export function broadcastTensors(tensors: readonly Tensor[]): Tensor[] {
  const list = listOf('broadcastTensors', tensors);
  const shape = broadcastOf(
    'broadcastTensors',
    list.map((x) => x.shape),
  );
  return list.map((x) => expand(x, shape));
}

/** The shape that shapes broadcast to. @throws ShapeError when there is none. */
export function broadcastShapes(shapes: readonly (readonly number[])[]): number[] {
  if (!Array.isArray(shapes)) {
    throw new ArgumentError(`[broadcastShapes] expected an array of shapes, received ${describe(shapes)}`);
  }
  return broadcastOf(
    'broadcastShapes',
    shapes.map((shape, i) => integersFor('broadcastShapes', `shapes[${i}]`, shape, 0)),
  );
}

function listOf(op: string, tensors: readonly Tensor[]): readonly Tensor[] {
  if (!Array.isArray(tensors)) {
    throw new ArgumentError(`[${op}] expected an array of Tensors, received ${describe(tensors)}`);
  }
  for (let i = 0; i < tensors.length; i++) handleOf(op, `tensors[${i}]`, tensors[i]);
  return tensors;
}

/** x, with at least one dimension: a scalar becomes `[1]`. @method */
export function atleast1d(x: Tensor): Tensor {
  handleOf('atleast1d', 'x', x);
  return x.rank === 0 ? reshape(x, [1]) : x;
}

/** x, with at least two dimensions: `[n]` becomes `[1, n]`. @method */
export function atleast2d(x: Tensor): Tensor {
  const row = atleast1d(x);
  return row.rank === 1 ? unsqueeze(row, 0) : row;
}

/** x, with at least three dimensions: `[n]` becomes `[1, n, 1]`, `[m, n]` becomes `[m, n, 1]`. @method */
export function atleast3d(x: Tensor): Tensor {
  const matrix = atleast2d(x);
  return matrix.rank === 2 ? unsqueeze(matrix, 2) : matrix;
}

/** Tensors side by side: joined along the second axis, vectors along their only one. @throws ShapeError */
export function hstack(tensors: readonly Tensor[]): Tensor {
  const list = listOf('hstack', tensors).map(atleast1d);
  return concat(list, list[0]?.rank === 1 ? 0 : 1);
}

/** Tensors below one another: joined along the first axis, vectors as rows. @throws ShapeError */
export function vstack(tensors: readonly Tensor[]): Tensor {
  return concat(listOf('vstack', tensors).map(atleast2d), 0);
}

/** Tensors behind one another: joined along the third axis. @throws ShapeError */
export function dstack(tensors: readonly Tensor[]): Tensor {
  return concat(listOf('dstack', tensors).map(atleast3d), 2);
}

/** Vectors, as columns, and matrices side by side. @throws ShapeError */
export function columnStack(tensors: readonly Tensor[]): Tensor {
  const columns = listOf('columnStack', tensors).map((x) => (x.rank < 2 ? reshape(x, [x.size, 1]) : x));
  return concat(columns, 1);
}
