// Picking and writing by index. Indices are of an integer dtype; one outside its dimension rejects the read of the result with
// IndexError.
import { ShapeError } from '../errors';
import { checkOptions } from '../options';
import { formatShape, handleOf, type Tensor, type TensorLike } from '../tensor';
import { call, operand, operator } from './call';
import { axisIn, broadcastOf, choiceFor } from './check';
import { add, mul } from './pointwise';
import { expand, reshape } from './shape';

const op = {
  indexSelect: operator('indexSelect'),
  gather: operator('gather'),
  indexSelectBackward: operator('indexSelectBackward'),
  linearIndex: operator('linearIndex'),
  scatter: operator('scatter'),
  scatterAdd: operator('scatterAdd'),
  scatterReduce: operator('scatterReduce'),
  oneHot: operator('oneHot'),
};

/** The entries along `axis` that the vector `index` names. @throws ShapeError, DTypeError @method */
export function indexSelect(x: Tensor, axis: number, index: Tensor): Tensor {
  return call(op.indexSelect, handleOf('indexSelect', 'x', x), axis, handleOf('indexSelect', 'index', index));
}

/** `out[i][j] = x[index[i][j]][j]` for axis 0, alike for others; of the index's shape. @throws ShapeError, DTypeError @method */
export function gather(x: Tensor, axis: number, index: Tensor): Tensor {
  return call(op.gather, handleOf('gather', 'x', x), axis, handleOf('gather', 'index', index));
}

/**
 * A copy of `base` with `out[index[i][j]][j] += src[i][j]` for axis 0, alike for others. The index may be smaller than `src`, of which
 * the rest is left out, and off the axis than `base`. For bool, `+=` is "or".
 *
 * @throws ShapeError where the index is larger; DTypeError
 * @method
 */
export function scatterAdd(base: Tensor, axis: number, index: Tensor, src: Tensor): Tensor {
  return call(
    op.scatterAdd,
    handleOf('scatterAdd', 'base', base),
    axis,
    handleOf('scatterAdd', 'index', index),
    handleOf('scatterAdd', 'src', src),
  );
}

/** A last dimension of `classes` entries: 1 at the index, 0 elsewhere; int64. @throws ArgumentError, DTypeError @method */
export function oneHot(index: Tensor, classes: number): Tensor {
  return call(op.oneHot, handleOf('oneHot', 'index', index), classes);
}

/**
 * A copy of `base` with `out[index[i][j]][j] = src[i][j]` for axis 0, alike for others; a number as `src` stands for a tensor full of it.
 * Where indices repeat the last one counts, and each source has the gradient of the place, as in PyTorch. Index and source fit as in
 * {@link scatterAdd}.
 *
 * @throws ShapeError where the index is larger; DTypeError
 * @method
 */
export function scatter(base: Tensor, axis: number, index: Tensor, src: TensorLike): Tensor {
  return call(
    op.scatter,
    handleOf('scatter', 'base', base),
    axis,
    handleOf('scatter', 'index', index),
    ...operand('scatter', 'src', src),
  );
}

/** How {@link scatterReduce} joins what goes to one place. */
export type ScatterReduction = 'sum' | 'prod' | 'mean' | 'max' | 'min';

/** Options of {@link scatterReduce}. */
export interface ScatterReduceOptions {
  /** Whether what `base` holds at a place takes part. Default true. */
  includeSelf?: boolean;
}

/**
 * A copy of `base` with all of `src` that the index sends to one place joined to one value, as {@link scatterAdd} adds it. Ties of
 * `max` and `min` share the gradient. (PyTorch calls these `amax` and `amin`.)
 *
 * @throws ShapeError where the index is larger; DTypeError for the mean of integers; ArgumentError
 * @method
 */
export function scatterReduce(
  base: Tensor,
  axis: number,
  index: Tensor,
  src: Tensor,
  reduce: ScatterReduction,
  options: ScatterReduceOptions = {},
): Tensor {
  checkOptions('scatterReduce', options, ['includeSelf']);
  choiceFor('scatterReduce', 'reduce', reduce, ['sum', 'prod', 'mean', 'max', 'min']);
  return call(
    op.scatterReduce,
    handleOf('scatterReduce', 'base', base),
    axis,
    handleOf('scatterReduce', 'index', index),
    handleOf('scatterReduce', 'src', src),
    reduce,
    options.includeSelf,
  );
}

/**
 * The elements of the flattened tensor that the index names, in the index's shape; negative indices count from the end.
 *
 * @throws DTypeError
 * @method
 */
export function take(x: Tensor, index: Tensor): Tensor {
  const flat = reshape(x, [x.size]);
  handleOf('take', 'index', index);
  const picks = reshape(index, [index.size]);
  const linear = call(op.linearIndex, -1, handleOf('take', 'index', picks), x.size, 'take');
  return reshape(indexSelect(flat, 0, linear), index.shape);
}

/**
 * {@link gather}, where index and `x` broadcast against each other off the axis: of what `argsort` and `argmax` with `keepDims` give. Without
 * an axis, of the flattened tensors.
 *
 * @throws ShapeError, DTypeError, ArgumentError
 * @method
 */
export function takeAlongDim(x: Tensor, index: Tensor, axis?: number | null): Tensor {
  handleOf('takeAlongDim', 'x', x);
  handleOf('takeAlongDim', 'index', index);
  if (axis == null) return gather(reshape(x, [x.size]), 0, reshape(index, [index.size]));
  const at = axisIn('takeAlongDim', axis, x.rank);
  if (index.rank !== x.rank) {
    throw new ShapeError(`[takeAlongDim] an index of ${index.rank} dimensions does not fit ${formatShape(x.shape)}`);
  }
  const without = (t: Tensor) => t.shape.map((extent, i) => (i === at ? 1 : extent));
  const shape = broadcastOf('takeAlongDim', [without(x), without(index)]);
  const withAxis = (t: Tensor) => shape.map((extent, i) => (i === at ? (t.shape[at] as number) : extent));
  return gather(expand(x, withAxis(x)), at, expand(index, withAxis(index)));
}

// An index of a vector, or a scalar for one, and what has an entry for each of its elements along the axis.
function checkEntries(name: string, x: Tensor, axis: number, index: Tensor, src: Tensor): number {
  handleOf(name, 'x', x);
  handleOf(name, 'index', index);
  handleOf(name, 'src', src);
  const at = axisIn(name, axis, x.rank);
  const expected = x.shape.map((extent, i) => (i === at ? index.size : extent));
  if (index.rank > 1 || String(src.shape) !== String(expected)) {
    throw new ShapeError(
      `[${name}] ${formatShape(index.shape)} indices along axis ${at} of ${formatShape(x.shape)} need a source of ` +
        `${formatShape(expected)}, not ${formatShape(src.shape)}`,
    );
  }
  return at;
}

/** Options of {@link indexAdd}. */
export interface IndexAddOptions {
  /** Factor of the source. Default 1. */
  alpha?: number;
}

/** A copy of `x` with `alpha * src` added to the entries along `axis` that the vector `index` names. @throws ShapeError, DTypeError @method */
export function indexAdd(x: Tensor, axis: number, index: Tensor, src: Tensor, options: IndexAddOptions = {}): Tensor {
  checkOptions('indexAdd', options, ['alpha']);
  const at = checkEntries('indexAdd', x, axis, index, src);
  const { alpha = 1 } = options;
  const scaled = alpha === 1 ? src : mul(src, alpha);
  const sums = call(
    op.indexSelectBackward,
    handleOf('indexAdd', 'src', scaled),
    at,
    handleOf('indexAdd', 'index', index),
    x.shape[at],
  );
  return add(x, sums);
}

// A vector of indices repeated to the shape of what it picks.
function spread(index: Tensor, shape: readonly number[], axis: number): Tensor {
  const own = shape.map((_, i) => (i === axis ? index.size : 1));
  return expand(
    reshape(index, own),
    shape.map((extent, i) => (i === axis ? index.size : extent)),
  );
}

/**
 * A copy of `x` with the entries along `axis` that the vector `index` names replaced by those of `src`; of equal indices the last counts.
 *
 * @throws ShapeError, DTypeError
 * @method
 */
export function indexCopy(x: Tensor, axis: number, index: Tensor, src: Tensor): Tensor {
  const at = checkEntries('indexCopy', x, axis, index, src);
  return scatter(x, at, spread(index, x.shape, at), src);
}

/** A copy of `x` with the entries along `axis` that the vector `index` names filled with `value`. @throws ShapeError, DTypeError @method */
export function indexFill(x: Tensor, axis: number, index: Tensor, value: number): Tensor {
  handleOf('indexFill', 'x', x);
  handleOf('indexFill', 'index', index);
  const at = axisIn('indexFill', axis, x.rank);
  if (index.rank > 1) throw new ShapeError(`[indexFill] the index is a vector, not ${formatShape(index.shape)}`);
  return scatter(x, at, spread(index, x.shape, at), value);
}
