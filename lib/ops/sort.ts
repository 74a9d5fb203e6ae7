// Order along an axis: sorted, the first k, one element of a rank; and where values belong in sorted sequences. NaN is larger than every
// number, and of equal elements the first comes first.
import { checkOptions } from '../options';
import { handleOf, type Tensor, type TensorLike } from '../tensor';
import { call, callMany, operand, operator, optionalHandle } from './call';
import { choiceFor } from './check';
import { gather } from './indexing';
import { argmax, argmin } from './reduce';
import { cast, reshape, squeeze } from './shape';

const op = {
  sort: operator('sort'),
  topk: operator('topk'),
  kthvalue: operator('kthvalue'),
  median: operator('median'),
  nanmedian: operator('nanmedian'),
  mode: operator('mode'),
  searchsorted: operator('searchsorted'),
};

/** Options of {@link sort} and {@link argsort}. */
export interface SortOptions {
  /** From the largest to the smallest. Default false. */
  descending?: boolean;
}

type Found = [values: Tensor, indices: Tensor];

/**
 * `[values, indices]`: the elements along `axis` in ascending order, and where each one was (int64). Equal elements keep their order,
 * also in descending order, and NaN is larger than every number. Gradients flow back by the indices.
 *
 * @throws ArgumentError for an axis that is not there.
 * @method
 */
export function sort(x: Tensor, axis = -1, options: SortOptions = {}): [values: Tensor, indices: Tensor] {
  const handle = handleOf('sort', 'x', x);
  checkOptions('sort', options, ['descending']);
  return callMany(op.sort, 2, handle, axis, options.descending) as Found;
}

/** The indices alone of {@link sort}: `x.takeAlongDim(x.argsort(axis), axis)` is sorted. @throws ArgumentError @method */
export function argsort(x: Tensor, axis = -1, options: SortOptions = {}): Tensor {
  const handle = handleOf('argsort', 'x', x);
  checkOptions('argsort', options, ['descending']);
  const [values, indices] = callMany(op.sort, 2, handle, axis, options.descending) as Found;
  values.dispose();
  return indices;
}

/** The values alone of {@link sort} along the first axis, in ascending order. @method */
export function msort(x: Tensor): Tensor {
  return valuesOf(callMany(op.sort, 2, handleOf('msort', 'x', x), 0, false) as Found);
}

function valuesOf([values, indices]: Found): Tensor {
  indices.dispose();
  return values;
}

/** Options of {@link topk}. */
export interface TopkOptions {
  /** The largest elements (default), or the smallest. */
  largest?: boolean;
  /** Whether they come in order, the first one first. Default true; false leaves their order open and may be faster. */
  sorted?: boolean;
}

/**
 * `[values, indices]`: the `k` largest elements along `axis`, and where they are (int64), without sorting the rest. Of equal elements the
 * first are taken; NaN is larger than every number. Gradients flow back by the indices.
 *
 * @throws ArgumentError where there are fewer than k.
 * @method
 */
export function topk(x: Tensor, k: number, axis = -1, options: TopkOptions = {}): [values: Tensor, indices: Tensor] {
  const handle = handleOf('topk', 'x', x);
  checkOptions('topk', options, ['largest', 'sorted']);
  return callMany(op.topk, 2, handle, k, axis, options.largest, options.sorted) as Found;
}

/**
 * `[values, indices]`: the `k`-th smallest element along `axis`, counted from 1, and where it is (int64): of equal elements, the one that
 * {@link sort} puts there.
 *
 * @throws ArgumentError for a k outside the axis; ShapeError when there is nothing to choose from.
 * @method
 */
export function kthvalue(x: Tensor, k: number, axis = -1, keepDims = false): [values: Tensor, indices: Tensor] {
  return callMany(op.kthvalue, 2, handleOf('kthvalue', 'x', x), k, axis, keepDims) as Found;
}

// Along an axis, or of all elements, whose axes keep size 1 where they are kept.
function overAxis(name: string, x: Tensor, axis: number | null | undefined, keepDims: boolean): [Tensor, number] {
  handleOf(name, 'x', x);
  if (axis != null || x.rank === 0) return [x, axis ?? -1];
  return [reshape(x, keepDims ? [...x.shape.slice(1).map(() => 1), x.size] : [x.size]), -1];
}

/**
 * The element in the middle along `axis`, or of all elements: of an even number the lower one of two, as in PyTorch; {@link quantile} of
 * 0.5 is the mean of both. NaN if there is one.
 *
 * @throws ArgumentError; ShapeError when there is nothing to choose from.
 * @method
 */
export function median(x: Tensor, axis?: number | null, keepDims = false): Tensor {
  const [rows, at] = overAxis('median', x, axis, keepDims);
  return valuesOf(callMany(op.median, 2, handleOf('median', 'x', rows), at, keepDims) as Found);
}

/** {@link median} of the elements that are not NaN; NaN where there are none. @throws ArgumentError, ShapeError @method */
export function nanmedian(x: Tensor, axis?: number | null, keepDims = false): Tensor {
  const [rows, at] = overAxis('nanmedian', x, axis, keepDims);
  return valuesOf(callMany(op.nanmedian, 2, handleOf('nanmedian', 'x', rows), at, keepDims) as Found);
}

/** `[values, indices]`: {@link median} along one axis, and where it is (int64). @throws ArgumentError, ShapeError @method */
export function medianWithIndices(x: Tensor, axis = -1, keepDims = false): [values: Tensor, indices: Tensor] {
  return callMany(op.median, 2, handleOf('medianWithIndices', 'x', x), axis, keepDims) as Found;
}

/** `[values, indices]`: {@link nanmedian} along one axis, and where it is (int64). @throws ArgumentError, ShapeError @method */
export function nanmedianWithIndices(x: Tensor, axis = -1, keepDims = false): [values: Tensor, indices: Tensor] {
  return callMany(op.nanmedian, 2, handleOf('nanmedianWithIndices', 'x', x), axis, keepDims) as Found;
}

/**
 * `[values, indices]`: the most frequent element along `axis`, of several the smallest, and the last place where it is (int64).
 *
 * @throws ArgumentError; ShapeError when there is nothing to choose from.
 * @method
 */
export function mode(x: Tensor, axis = -1, keepDims = false): [values: Tensor, indices: Tensor] {
  return callMany(op.mode, 2, handleOf('mode', 'x', x), axis, keepDims) as Found;
}

function withIndices(x: Tensor, axis: number, keepDims: boolean, places: Tensor): Found {
  if (x.rank === 0) return [reshape(x, []), places];
  const values = gather(x, axis, places);
  return keepDims ? [values, places] : [squeeze(values, axis), squeeze(places, axis)];
}

/**
 * `[values, indices]`: the largest element along `axis`, and where the first one is (int64); NaN is larger than every number. What
 * PyTorch's `max` along an axis gives. The gradient flows to that one element, whereas {@link max} shares it among equal ones.
 *
 * @throws ArgumentError; ShapeError when there is nothing to choose from.
 * @method
 */
export function maxWithIndices(x: Tensor, axis: number, keepDims = false): [values: Tensor, indices: Tensor] {
  handleOf('maxWithIndices', 'x', x);
  return withIndices(x, axis, keepDims, argmax(x, axis, true));
}

/**
 * `[values, indices]`: as {@link maxWithIndices}, the smallest element; NaN is smaller than every number here.
 *
 * @throws ArgumentError; ShapeError when there is nothing to choose from.
 * @method
 */
export function minWithIndices(x: Tensor, axis: number, keepDims = false): [values: Tensor, indices: Tensor] {
  handleOf('minWithIndices', 'x', x);
  return withIndices(x, axis, keepDims, argmin(x, axis, true));
}

/** Options of {@link bucketize}. */
export interface BucketizeOptions {
  /** Whether a value that equals an element of the sequence belongs behind it. Default false. */
  right?: boolean;
  /** Int32 indices in place of int64. Default false. */
  outInt32?: boolean;
}

/** Options of {@link searchsorted}. */
export interface SearchsortedOptions extends BucketizeOptions {
  /** The same as `right`, in words. */
  side?: 'left' | 'right';
  /** The order of a sequence that is not sorted: what {@link argsort} gives, in its shape. */
  sorter?: Tensor | null;
}

/**
 * Where each value belongs in a sorted sequence: how many of its elements are less, or not larger with `right`. The sequence is a vector,
 * or has a row for each row of the values, as `[..., n]` and `[..., k]`. NaN belongs behind all. The result has the shape of the values.
 *
 * @throws ShapeError; ArgumentError where `side` contradicts `right`.
 * @method
 */
export function searchsorted(sequence: Tensor, values: TensorLike, options: SearchsortedOptions = {}): Tensor {
  checkOptions('searchsorted', options, ['right', 'outInt32', 'side', 'sorter']);
  const { side, right = side === 'right', outInt32 = false, sorter } = options;
  if (side !== undefined) {
    choiceFor('searchsorted', 'side', side, right ? ['right'] : ['left', 'right']);
  }
  return search('searchsorted', sequence, values, right, outInt32, sorter);
}

/** {@link searchsorted} of `x` in a vector of boundaries. @throws ShapeError @method */
export function bucketize(x: TensorLike, boundaries: Tensor, options: BucketizeOptions = {}): Tensor {
  checkOptions('bucketize', options, ['right', 'outInt32']);
  const { right = false, outInt32 = false } = options;
  return search('bucketize', boundaries, x, right, outInt32, null);
}

function search(
  name: string,
  sequence: Tensor,
  values: TensorLike,
  right: boolean,
  outInt32: boolean,
  sorter: Tensor | null | undefined,
): Tensor {
  const found = call(
    op.searchsorted,
    handleOf(name, 'sequence', sequence),
    ...operand(name, 'values', values),
    optionalHandle(name, 'sorter', sorter),
    right,
  );
  return outInt32 ? cast(found, 'int32') : found;
}
