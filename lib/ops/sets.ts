// Tensors as sets of values: which there are, how often, and which elements are among others.
import { ArgumentError, describe } from '../errors';
import { checkOptions } from '../options';
import { handleOf, isTensor, type Tensor, type TensorLike } from '../tensor';
import { moveaxis } from './arrange';
import { call, operator } from './call';
import { axisIn, integerFor, sizeOf } from './check';
import { arange, full, ones, zeros } from './create';
import { indexSelect, scatter, take } from './indexing';
import { eq, ge, logicalNot, minimum, ne, sub, where } from './pointwise';
import { any, sum } from './reduce';
import { cumsum } from './scan';
import { concat, reshape, slice } from './shape';
import { argsort, searchsorted, sort } from './sort';

const op = { positions: operator('positions') };

/** Options of {@link isin}. */
export interface IsinOptions {
  /** Whether to say which elements are not among them. Default false. */
  invert?: boolean;
}

/**
 * Which elements of `x` are among `elements`, a tensor or a number; bool, in the shape of `x`. NaN is among none.
 *
 * @method
 */
export function isin(x: Tensor, elements: TensorLike, options: IsinOptions = {}): Tensor {
  handleOf('isin', 'x', x);
  checkOptions('isin', options, ['invert']);
  const { invert = false } = options;
  const found = isTensor(elements) ? among(x, elements) : eq(x, numberOf(elements));
  return invert ? logicalNot(found) : found;
}

function numberOf(value: number): number {
  if (typeof value === 'number') return value;
  throw new ArgumentError(`[isin] expected a Tensor or a number for 'elements', received ${describe(value)}`);
}

function among(x: Tensor, elements: Tensor): Tensor {
  if (elements.size === 0) return full(x.shape, 0, { dtype: 'bool', device: x.device });
  const [sorted] = sort(reshape(elements, [elements.size]).detach());
  return eq(take(sorted, minimum(searchsorted(sorted, x), elements.size - 1)), x);
}

/** What {@link unique} and {@link uniqueConsecutive} find. */
export interface Unique {
  /** The different values. */
  values: Tensor;
  /** Where in `values` each element is, in the shape of the elements, or one for each entry along the axis; int64. */
  inverse: Tensor;
  /** How often each value occurs; int64. */
  counts: Tensor;
}

/** Options of {@link unique} and {@link uniqueConsecutive}. */
export interface UniqueOptions {
  /** The axis whose entries are compared as a whole. By default elements are. */
  axis?: number | null;
}

/** Options of {@link uniqueStatic}. */
export interface UniqueStaticOptions extends UniqueOptions {
  /** What stands behind the values that were found. Default 0. */
  fillValue?: number;
}

/**
 * A promise of the different values of `x` in ascending order, with their counts; each NaN is different from all others. With an axis, of
 * the different entries along it, in the order of their first elements that differ. Without gradients.
 *
 * @throws ArgumentError for an axis that is not there.
 * @method
 */
export async function unique(x: Tensor, options: UniqueOptions = {}): Promise<Unique> {
  checkOptions('unique', options, ['axis']);
  const found = inOrder('unique', x, options.axis);
  return runsOf(found, await sum(found.begins).item(), 0);
}

/**
 * As {@link unique}, of a size that is known, also within compiled functions: the first `size` values, and behind them `fillValue`, which
 * occurs 0 times. Without gradients.
 *
 * @throws ArgumentError
 * @method
 */
export function uniqueStatic(x: Tensor, size: number, options: UniqueStaticOptions = {}): Unique {
  checkOptions('uniqueStatic', options, ['axis', 'fillValue']);
  integerFor('uniqueStatic', 'size', size, 0);
  return runsOf(inOrder('uniqueStatic', x, options.axis), size, options.fillValue ?? 0);
}

/**
 * A promise of the values of `x` without those that repeat the one before, with the lengths of these runs; with an axis, of the entries
 * along it. Without gradients.
 *
 * @throws ArgumentError for an axis that is not there.
 * @method
 */
export async function uniqueConsecutive(x: Tensor, options: UniqueOptions = {}): Promise<Unique> {
  checkOptions('uniqueConsecutive', options, ['axis']);
  const found = asTheyAre('uniqueConsecutive', x, options.axis);
  return runsOf(found, await sum(found.begins).item(), 0);
}

/** Entries of which equal ones are neighbours. */
interface Runs {
  /** [entries, ...]: elements, or what is along the axis. */
  entries: Tensor;
  /** At which of them a new value begins. */
  begins: Tensor;
  /** The entry of `x` that each one was; null where they are in the order of `x`. */
  order: Tensor | null;
  /** Of the inverse. */
  shape: number[];
  /** The axis of the values. */
  axis: number;
}

function asTheyAre(name: string, x: Tensor, axis: number | null | undefined): Runs {
  handleOf(name, 'x', x);
  const data = x.detach();
  if (axis == null) {
    const entries = reshape(data, [x.size]);
    return { entries, begins: beginsOf(entries), order: null, shape: x.shape, axis: 0 };
  }
  const at = axisIn(name, axis, x.rank);
  const entries = moveaxis(data, at, 0);
  return { entries, begins: beginsOf(entries), order: null, shape: entries.shape.slice(0, 1), axis: at };
}

function inOrder(name: string, x: Tensor, axis: number | null | undefined): Runs {
  const runs = asTheyAre(name, x, axis);
  if (runs.entries.rank === 1) {
    const [entries, order] = sort(runs.entries);
    return { ...runs, entries, begins: beginsOf(entries), order };
  }
  const count = runs.entries.shape[0] as number;
  const rows = reshape(runs.entries, [count, sizeOf(runs.entries.shape.slice(1))]);
  // By the last column first: sorting by one in front of it keeps the order that it has given to equal elements.
  let order = arange(count, null, 1, { dtype: 'int64', device: x.device });
  for (let column = (rows.shape[1] as number) - 1; column >= 0; column--) {
    const elements = reshape(slice(rows, 1, column, column + 1), [count]);
    order = take(order, argsort(take(elements, order)));
  }
  const entries = indexSelect(runs.entries, 0, order);
  return { ...runs, entries, begins: beginsOf(entries), order };
}

/** Whether each entry differs from the one before; the first does. */
function beginsOf(entries: Tensor): Tensor {
  const count = entries.shape[0] as number;
  const rest = sizeOf(entries.shape.slice(1));
  const first = ones([Math.min(count, 1)], { dtype: 'bool', device: entries.device });
  if (count <= 1) return first;
  const differ = reshape(ne(slice(entries, 0, 1), slice(entries, 0, 0, -1)), [count - 1, rest]);
  return concat([first, any(differ, 1)], 0);
}

/** The first `size` of the values of runs. */
function runsOf({ entries, begins, order, shape, axis }: Runs, size: number, fillValue: number): Unique {
  const { device } = entries;
  const count = begins.size;
  const groups = sub(cumsum(begins, 0), 1);
  const inverse = order ? scatter(zeros([count], { dtype: 'int64', device }), 0, order, groups) : groups;
  if (count === 0) {
    const values = full([size, ...entries.shape.slice(1)], fillValue, { dtype: entries.dtype, device });
    return { values, inverse: reshape(inverse, shape), counts: zeros([size], { dtype: 'int64', device }) };
  }
  // Where runs begin; one place more says where the last one ends.
  const bounds = call(op.positions, handleOf('unique', 'begins', begins), size + 1, count);
  const starts = slice(bounds, 0, 0, size);
  const isThere = reshape(sub(count, starts), [size, ...entries.shape.slice(1).map(() => 1)]);
  const found = indexSelect(entries, 0, minimum(starts, count - 1));
  const values = where(ge(isThere, 1), found, full([], fillValue, { dtype: entries.dtype, device }));
  return {
    values: moveaxis(values, 0, axis),
    inverse: reshape(inverse, shape),
    counts: sub(slice(bounds, 0, 1), starts),
  };
}
