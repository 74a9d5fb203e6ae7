// What `at` and `withAt` are given: one item for each axis, read and checked against a shape.
import { ArgumentError, DTypeError, describe, IndexError } from '../errors';
import { formatShape, isTensor, type Tensor } from '../tensor';

/** Entries `begin`, `begin + step`, ... before `end` of an axis: what {@link range} makes. */
export interface Range {
  /** First entry; null for the first there is in the direction of the step. */
  readonly begin: number | null;
  /** Entry to stop before; null for behind the last there is in the direction of the step. */
  readonly end: number | null;
  /** Distance of entries; below 0 they come in reverse order. */
  readonly step: number;
}

/**
 * One item of an index:
 *
 * - a number picks one entry, counted from the end where it is negative, and drops the axis;
 * - `':'`, `'1:5'`, `'::2'`, `'-3:'`, `'::-1'` (as Python slices) or a {@link range} picks several;
 * - `'...'` stands for as many `':'` as are needed, and stands at the end where there is none;
 * - `null` puts in a new axis of size 1;
 * - a tensor of an integer dtype picks an entry for each of its elements, negative ones counted from the end;
 * - a tensor of dtype bool picks where it holds, along as many axes as it has.
 */
export type AtItem = number | string | Range | null | Tensor;

const ranges = new WeakSet<object>();

/**
 * Entries of an axis for `at` and `withAt`, as Python's `slice(begin, end, step)`: from `begin` to before `end`, every `step`-th.
 * Negative positions count from the end, positions beyond the axis are cut to it, and a negative step reverses the order.
 *
 * ```ts
 * x.at(range(1, 5));          // as x.at('1:5')
 * x.at(range(null, -1, 2));   // as x.at(':-1:2')
 * ```
 *
 * @throws ArgumentError for anything but integers, and for step 0.
 */
export function range(begin: number | null = null, end: number | null = null, step = 1): Range {
  for (const [name, value] of Object.entries({ begin, end, step })) {
    if (value === null && name !== 'step') continue;
    if (!Number.isSafeInteger(value)) {
      throw new ArgumentError(`[range] expected an integer for '${name}', received ${describe(value)}`);
    }
  }
  if (step === 0) throw new ArgumentError('[range] the step must not be 0');
  const made = Object.freeze({ begin, end, step });
  ranges.add(made);
  return made;
}

const isRange = (value: unknown): value is Range => typeof value === 'object' && value !== null && ranges.has(value);

const parsed = new Map<string, Range>();

function parseRange(op: string, text: string): Range {
  const known = parsed.get(text);
  if (known !== undefined) return known;
  const match = /^\s*([+-]?\d+)?\s*:\s*([+-]?\d+)?\s*(?::\s*([+-]?\d+)?\s*)?$/.exec(text);
  if (!match) {
    throw new ArgumentError(
      `[${op}] ${describe(text)} is no range of entries; write 'begin:end' or 'begin:end:step', each of which may be left out, or '...'`,
    );
  }
  const [begin, end, step] = match.slice(1).map((part) => (part === undefined ? null : Number(part)));
  const made = range(begin, end, step ?? 1);
  if (parsed.size < 1000) parsed.set(text, made); // a program has few; texts made of numbers may be many
  return made;
}

/** A range of an axis: `count` entries from `first` on, `step` apart. */
export interface Picked {
  first: number;
  step: number;
  count: number;
}

function resolve({ begin, end, step }: Range, extent: number): Picked {
  const low = step > 0 ? 0 : -1;
  const high = step > 0 ? extent : extent - 1;
  const position = (p: number) => Math.min(Math.max(p < 0 ? p + extent : p, low), high);
  const first = begin === null ? (step > 0 ? low : high) : position(begin);
  const last = end === null ? (step > 0 ? high : low) : position(end);
  return { first, step, count: Math.max(0, Math.ceil((last - first) / step)) };
}

/** An axis of the result: one of x, or a new one. */
export type Part =
  | { kind: 'range'; axis: number; picked: Picked }
  | { kind: 'new' }
  | { kind: 'index'; axis: number; index: Tensor | number };

/** A mask that covers the axes from `axis` on. */
export interface MaskPart {
  kind: 'mask';
  axis: number;
  mask: Tensor;
}

const consumed = (item: AtItem): number =>
  item === null ? 0 : isTensor(item) && item.dtype === 'bool' ? item.rank : 1;

/**
 * Reads the items of an index for a tensor of a shape: ranges are resolved, `'...'` is filled in. Numbers stay indices, since next to
 * index tensors they take part in where the result's axes go.
 */
export function readSpec(op: string, shape: readonly number[], items: readonly AtItem[]): (Part | MaskPart)[] {
  for (const item of items) checkItem(op, item);
  const dots = items.filter((item) => item === '...').length;
  if (dots > 1) throw new ArgumentError(`[${op}] '...' may stand once`);
  const used = items.reduce((sum: number, item) => sum + (item === '...' ? 0 : consumed(item)), 0);
  if (used > shape.length) {
    throw new ArgumentError(`[${op}] ${used} axes are indexed, of a tensor of shape ${formatShape(shape)}`);
  }
  const parts: (Part | MaskPart)[] = [];
  let axis = 0;
  const whole = (count: number) => {
    for (let i = 0; i < count; i++, axis++) {
      parts.push({ kind: 'range', axis, picked: { first: 0, step: 1, count: shape[axis] as number } });
    }
  };
  for (const item of items) {
    if (item === '...') {
      whole(shape.length - used);
    } else if (item === null) {
      parts.push({ kind: 'new' });
    } else if (typeof item === 'number') {
      parts.push({ kind: 'index', axis, index: entryOf(op, item, axis, shape) });
      axis++;
    } else if (isTensor(item) && item.dtype === 'bool') {
      checkMask(op, item, axis, shape);
      parts.push({ kind: 'mask', axis, mask: item });
      axis += item.rank;
    } else if (isTensor(item)) {
      parts.push({ kind: 'index', axis, index: item });
      axis++;
    } else {
      const given = typeof item === 'string' ? parseRange(op, item) : item;
      parts.push({ kind: 'range', axis, picked: resolve(given, shape[axis] as number) });
      axis++;
    }
  }
  whole(shape.length - axis);
  return parts;
}

function checkItem(op: string, item: AtItem): void {
  if (item === null || typeof item === 'string' || isRange(item)) return;
  if (typeof item === 'number') {
    if (Number.isSafeInteger(item)) return;
    throw new ArgumentError(`[${op}] an entry is picked by an integer, not ${describe(item)}`);
  }
  if (isTensor(item)) {
    if (item.dtype === 'bool' && item.rank === 0) {
      throw new ArgumentError(`[${op}] a mask has at least one dimension`);
    }
    if (!item.dtype.startsWith('float')) return;
    throw new DTypeError(`[${op}] index tensors are of an integer dtype or bool, not ${item.dtype}`);
  }
  const hint = Array.isArray(item)
    ? "; write a range of entries as '1:5' or range(1, 5), and a list of entries as a tensor of an integer dtype"
    : "; an item is an integer, a range such as '1:5' or range(1, 5), '...', null, or a tensor";
  throw new ArgumentError(`[${op}] ${describe(item)} picks nothing${hint}`);
}

function entryOf(op: string, item: number, axis: number, shape: readonly number[]): number {
  const extent = shape[axis] as number;
  if (item >= -extent && item < extent) return item < 0 ? item + extent : item;
  throw new IndexError(`[${op}] entry ${item} is outside axis ${axis} of ${formatShape(shape)}`);
}

function checkMask(op: string, mask: Tensor, axis: number, shape: readonly number[]): void {
  const part = shape.slice(axis, axis + mask.rank);
  if (mask.shape.every((extent, i) => extent === part[i])) return;
  throw new ArgumentError(
    `[${op}] a mask of shape ${formatShape(mask.shape)} does not fit the axes from ${axis} on of ${formatShape(shape)}`,
  );
}
