// Triangles and diagonals of matrices.
import type { Device } from '../device';
import { ArgumentError } from '../errors';
import { handleOf, type Tensor } from '../tensor';
import { call, operator } from './call';
import { axesIn, integerFor } from './check';
import { arange, tensor } from './create';
import { ge, logicalAnd, lt, where } from './pointwise';
import { sum } from './reduce';
import { permute, reshape, slice } from './shape';

const op = { sliceBackward: operator('sliceBackward') };

/** Whether column <= row + offset, `[rows, columns]`; with `above`, the opposite. */
function triangleMask(rows: number, columns: number, offset: number, above: boolean, device: Device): Tensor {
  const i = reshape(arange(offset, rows + offset, 1, { device }), [rows, 1]);
  const j = arange(0, columns, 1, { device });
  return above ? lt(i, j) : ge(i, j);
}

function triangle(name: string, x: Tensor, diagonal: number, upper: boolean): Tensor {
  handleOf(name, 'x', x);
  integerFor(name, 'diagonal', diagonal);
  const { shape, rank } = x;
  if (rank < 2) throw new ArgumentError(`[${name}] expected a matrix, received a tensor of ${rank} dimensions`);
  const [rows, columns] = shape.slice(-2) as [number, number];
  const kept = upper
    ? triangleMask(rows, columns, diagonal - 1, true, x.device)
    : triangleMask(rows, columns, diagonal, false, x.device);
  return x.dtype === 'bool' ? logicalAnd(x, kept) : where(kept, x, 0);
}

/**
 * The lower triangle of matrices, the last two dimensions, with zeros above: what lies on `diagonal` (default 0, the main one; 1 is
 * the one above it) and below.
 *
 * @throws ArgumentError for fewer than two dimensions.
 * @method
 */
export function tril(x: Tensor, diagonal = 0): Tensor {
  return triangle('tril', x, diagonal, false);
}

/**
 * The upper triangle of matrices, the last two dimensions, with zeros below: what lies on `diagonal` (default 0, the main one; 1 is
 * the one above it) and above.
 *
 * @throws ArgumentError for fewer than two dimensions.
 * @method
 */
export function triu(x: Tensor, diagonal = 0): Tensor {
  return triangle('triu', x, diagonal, true);
}

function triangleIndices(name: string, rows: number, columns: number, offset: number, upper: boolean): Tensor {
  integerFor(name, 'rows', rows, 0);
  integerFor(name, 'columns', columns, 0);
  integerFor(name, 'offset', offset);
  const [is, js]: number[][] = [[], []];
  for (let i = 0; i < rows; i++) {
    const begin = upper ? Math.max(0, i + offset) : 0;
    const end = upper ? columns : Math.min(columns, i + offset + 1);
    for (let j = begin; j < end; j++) {
      is?.push(i);
      js?.push(j);
    }
  }
  const all = [...(is as number[]), ...(js as number[])];
  return tensor(BigInt64Array.from(all, BigInt), { shape: [2, all.length / 2] });
}

/** Rows and columns, `[2, count]` of int64, of the elements of {@link tril}, row by row. @throws ArgumentError */
export function trilIndices(rows: number, columns = rows, offset = 0): Tensor {
  return triangleIndices('trilIndices', rows, columns, offset, false);
}

/** Rows and columns, `[2, count]` of int64, of the elements of {@link triu}, row by row. @throws ArgumentError */
export function triuIndices(rows: number, columns = rows, offset = 0): Tensor {
  return triangleIndices('triuIndices', rows, columns, offset, true);
}

/**
 * The diagonal of the matrices in `axis0` and `axis1` (default the first two), as a last dimension; `offset` 1 is the diagonal above the
 * main one, -1 the one below.
 *
 * @throws ArgumentError
 * @method
 */
export function diagonal(x: Tensor, offset = 0, axis0 = 0, axis1 = 1): Tensor {
  handleOf('diagonal', 'x', x);
  integerFor('diagonal', 'offset', offset);
  const { shape, rank } = x;
  const axes = axesIn('diagonal', [axis0, axis1], rank);
  const rest = [...shape.keys()].filter((axis) => !axes.includes(axis));
  const outer = rest.map((axis) => shape[axis] as number);
  const [rows, columns] = axes.map((axis) => shape[axis] as number) as [number, number];
  const count = Math.max(0, offset < 0 ? Math.min(rows + offset, columns) : Math.min(rows, columns - offset));
  const flat = reshape(permute(x, [...rest, ...axes]), [...outer, rows * columns]);
  const begin = offset < 0 ? -offset * columns : offset;
  return count === 0
    ? slice(flat, -1, 0, 0)
    : slice(flat, -1, begin, begin + (count - 1) * (columns + 1) + 1, columns + 1);
}

/** The sum of the main diagonal of a matrix. @throws ArgumentError @method */
export function trace(x: Tensor): Tensor {
  handleOf('trace', 'x', x);
  if (x.rank !== 2) throw new ArgumentError(`[trace] expected a matrix, received a tensor of ${x.rank} dimensions`);
  return sum(diagonal(x));
}

/**
 * Square matrices with the last dimension of `x` on the diagonal `offset` and zeros elsewhere, in `axis0` and `axis1` of the result
 * (default the last two).
 *
 * @throws ArgumentError
 * @method
 */
export function diagEmbed(x: Tensor, offset = 0, axis0 = -2, axis1 = -1): Tensor {
  handleOf('diagEmbed', 'x', x);
  integerFor('diagEmbed', 'offset', offset);
  const { shape, rank } = x;
  if (rank === 0) throw new ArgumentError('[diagEmbed] expected at least one dimension');
  const axes = axesIn('diagEmbed', [axis0, axis1], rank + 1);
  const outer = shape.slice(0, -1);
  const count = shape[rank - 1] as number;
  const n = count + Math.abs(offset);
  const begin = offset < 0 ? -offset * n : offset;
  const end = count === 0 ? begin : begin + (count - 1) * (n + 1) + 1;
  const flat = call(op.sliceBackward, handleOf('diagEmbed', 'x', x), [...outer, n * n], rank - 1, begin, end, n + 1);
  const made = reshape(flat, [...outer, n, n]);
  const rest = [...Array(rank + 1).keys()].filter((axis) => !axes.includes(axis));
  const from = new Map([...rest.map((axis, i) => [axis, i]), ...axes.map((axis, i) => [axis, rank - 1 + i])] as [
    number,
    number,
  ][]);
  return permute(
    made,
    [...Array(rank + 1).keys()].map((axis) => from.get(axis) as number),
  );
}

/** Of a vector the matrix with it on the diagonal `offset`, of a matrix that diagonal. @throws ArgumentError @method */
export function diag(x: Tensor, offset = 0): Tensor {
  handleOf('diag', 'x', x);
  if (x.rank === 1) return diagEmbed(x, offset);
  if (x.rank === 2) return diagonal(x, offset);
  throw new ArgumentError(`[diag] expected a vector or a matrix, received a tensor of ${x.rank} dimensions`);
}
