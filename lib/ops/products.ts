// Products that are compositions of broadcasting and matmul; einsum.ts has the general one.
import { ArgumentError, describe, ShapeError } from '../errors';
import { formatShape, handleOf, type Tensor } from '../tensor';
import { axesIn, axisIn, integerFor, sizeOf } from './check';
import { matmul } from './matmul';
import { mul, sub } from './pointwise';
import { roll } from './repeat';
import { permute, reshape } from './shape';

function checkVectors(name: string, a: Tensor, b: Tensor): void {
  for (const [param, x] of Object.entries({ a, b })) {
    handleOf(name, param, x);
    if (x.rank !== 1)
      throw new ArgumentError(`[${name}] expected a vector for '${param}', received ${formatShape(x.shape)}`);
  }
}

/** `out[i][j] = a[i] b[j]` of two vectors. @throws ArgumentError @method */
export function outer(a: Tensor, b: Tensor): Tensor {
  checkVectors('outer', a, b);
  return mul(reshape(a, [a.size, 1]), b);
}

/** `sum(a[i] b[i])` of two vectors. @throws ArgumentError; ShapeError when the lengths differ. @method */
export function dot(a: Tensor, b: Tensor): Tensor {
  checkVectors('dot', a, b);
  return matmul(a, b);
}

/** Sums of products over the last axes of both, `[..., k] x [..., k]`; of a scalar, the product. @throws ShapeError @method */
export function inner(a: Tensor, b: Tensor): Tensor {
  handleOf('inner', 'a', a);
  handleOf('inner', 'b', b);
  return a.rank === 0 || b.rank === 0 ? mul(a, b) : tensordot(a, b, [[-1], [-1]]);
}

/**
 * Sums of products over axes of both: over the last `axes` of `a` and the first of `b`, or over the axes listed for each. What is left
 * are the other axes of `a`, then those of `b`.
 *
 * @throws ShapeError where sizes differ; ArgumentError
 * @method
 */
export function tensordot(
  a: Tensor,
  b: Tensor,
  axes: number | readonly [readonly number[], readonly number[]] = 2,
): Tensor {
  handleOf('tensordot', 'a', a);
  handleOf('tensordot', 'b', b);
  const [left, right] = axesOfBoth(a.rank, b.rank, axes);
  const sizes = left.map((axis) => a.shape[axis] as number);
  if (right.some((axis, i) => b.shape[axis] !== sizes[i])) {
    throw new ShapeError(
      `[tensordot] axes [${left}] of ${formatShape(a.shape)} and [${right}] of ${formatShape(b.shape)} differ in size`,
    );
  }
  const others = (x: Tensor, summed: number[]) => [...Array(x.rank).keys()].filter((axis) => !summed.includes(axis));
  const [rows, columns] = [others(a, left), others(b, right)];
  const extents = (x: Tensor, list: number[]) => list.map((axis) => x.shape[axis] as number);
  const k = sizeOf(sizes);
  const product = matmul(
    reshape(permute(a, [...rows, ...left]), [sizeOf(extents(a, rows)), k]),
    reshape(permute(b, [...right, ...columns]), [k, sizeOf(extents(b, columns))]),
  );
  return reshape(product, [...extents(a, rows), ...extents(b, columns)]);
}

function axesOfBoth(
  rankA: number,
  rankB: number,
  axes: number | readonly [readonly number[], readonly number[]],
): [number[], number[]] {
  if (typeof axes === 'number') {
    integerFor('tensordot', 'axes', axes, 0);
    if (axes > rankA || axes > rankB) {
      throw new ArgumentError(`[tensordot] ${axes} axes of tensors of ${rankA} and ${rankB} dimensions`);
    }
    return [Array.from({ length: axes }, (_, i) => rankA - axes + i), Array.from({ length: axes }, (_, i) => i)];
  }
  if (!Array.isArray(axes) || axes.length !== 2) {
    throw new ArgumentError(`[tensordot] expected a count or two lists of axes, received ${describe(axes)}`);
  }
  const left = axesIn('tensordot', axes[0] as number[], rankA);
  const right = axesIn('tensordot', axes[1] as number[], rankB);
  if (left.length !== right.length) {
    throw new ArgumentError(`[tensordot] ${left.length} axes of a against ${right.length} of b`);
  }
  return [left, right];
}

/**
 * The Kronecker product: each element of `a` times all of `b`, `[m, n] x [p, q] -> [m p, n q]`; of any number of dimensions, where
 * missing ones in front have size 1.
 *
 * @throws ArgumentError where it would take more than eight dimensions
 * @method
 */
export function kron(a: Tensor, b: Tensor): Tensor {
  handleOf('kron', 'a', a);
  handleOf('kron', 'b', b);
  const rank = Math.max(a.rank, b.rank);
  const padded = (x: Tensor) => [...new Array<number>(rank - x.rank).fill(1), ...x.shape];
  const [left, right] = [padded(a), padded(b)];
  const wide = mul(
    reshape(
      a,
      left.flatMap((extent) => [extent, 1]),
    ),
    reshape(
      b,
      right.flatMap((extent) => [1, extent]),
    ),
  );
  return reshape(
    wide,
    left.map((extent, i) => extent * (right[i] as number)),
  );
}

/** Vector products of the vectors along `axis` (default the last), of which there are three components; the rest broadcasts. @throws ShapeError @method */
export function cross(a: Tensor, b: Tensor, axis = -1): Tensor {
  for (const [param, x] of Object.entries({ a, b })) {
    handleOf('cross', param, x);
    const at = axisIn('cross', axis, x.rank);
    if (x.shape[at] !== 3) {
      throw new ShapeError(
        `[cross] expected three components along axis ${axis} of '${param}', received ${formatShape(x.shape)}`,
      );
    }
  }
  const next = (x: Tensor, by: number) => roll(x, -by, axis);
  return sub(mul(next(a, 1), next(b, 2)), mul(next(a, 2), next(b, 1)));
}
