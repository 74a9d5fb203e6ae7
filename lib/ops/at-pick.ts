// What at and withAt do with the items of an index: ranges, numbers and new axes by views, then what tensors pick.
import type { Tensor } from '../tensor';
import { handleOf } from '../tensor';
import type { Part, Picked } from './at-spec';
import { call, operator, optionalHandle } from './call';
import { broadcastOf, sizeOf } from './check';
import { expand, flip, permute, reshape, slice, squeeze, unsqueeze } from './shape';

const op = { indexSelect: operator('indexSelect'), linearIndex: operator('linearIndex') };

/** Whether a range is all of its axis, in order. */
export const isWhole = ({ first, step, count }: Picked, extent: number): boolean =>
  first === 0 && step === 1 && count === extent;

/** The entries of a range in ascending order, and whether they are wanted the other way round. */
export function ascending({ first, step, count }: Picked): {
  begin: number;
  end: number;
  step: number;
  reversed: boolean;
} {
  if (count === 0) return { begin: 0, end: 0, step: 1, reversed: false };
  const last = first + (count - 1) * step;
  const [begin, end] = step > 0 ? [first, last + 1] : [last, first + 1];
  return { begin, end, step: Math.abs(step), reversed: step < 0 };
}

/** The number that picks one entry; undefined for other parts. */
export const numberPart = (part: Part): number | undefined =>
  part.kind === 'index' && typeof part.index === 'number' ? part.index : undefined;

/** Applies ranges, numbers and new axes; axes that tensors index are left whole. */
export function pickBasic(x: Tensor, parts: readonly Part[]): Tensor {
  const { shape } = x;
  let y = x;
  const dropped: number[] = [];
  const reversed: number[] = [];
  for (const part of parts) {
    const entry = numberPart(part);
    if (entry !== undefined) {
      const { axis } = part as { axis: number };
      y = slice(y, axis, entry, entry + 1);
      dropped.push(axis);
    } else if (part.kind === 'range' && !isWhole(part.picked, shape[part.axis] as number)) {
      const { begin, end, step, reversed: backwards } = ascending(part.picked);
      y = slice(y, part.axis, begin, end, step);
      if (backwards) reversed.push(part.axis);
    }
  }
  if (reversed.length > 0) y = flip(y, reversed);
  if (dropped.length > 0) y = squeeze(y, dropped);
  for (const [i, part] of kept(parts).entries()) if (part.kind === 'new') y = unsqueeze(y, i);
  return y === x ? reshape(x, shape) : y;
}

/** The parts that have an axis in what {@link pickBasic} gives. */
export const kept = (parts: readonly Part[]): Part[] => parts.filter((part) => numberPart(part) === undefined);

/** What all the parts pick. */
export function pick(x: Tensor, parts: readonly Part[]): Tensor {
  const y = pickBasic(x, parts);
  const indexed = indexedAxes(parts);
  if (indexed.length === 0) return y;
  const { shape } = y;
  const { linear, outer } = linearIndex('at', indexed, shape);
  const axes = indexed.map(({ axis }) => axis);
  const [first] = axes as [number];
  const { order, start } = arrangement(axes, shape.length);
  const moved = axes.length === 1 ? y : permute(y, order);
  const extents = order.map((axis) => shape[axis] as number);
  const joined = [
    ...extents.slice(0, start),
    sizeOf(axes.map((axis) => shape[axis] as number)),
    ...extents.slice(start + axes.length),
  ];
  const lead = axes.length === 1 ? first : start;
  const rows = axes.length === 1 ? moved : reshape(moved, joined);
  const picked = call(op.indexSelect, handleOf('at', 'x', rows), lead, handleOf('at', 'index', linear));
  return reshape(picked, [...joined.slice(0, lead), ...outer, ...joined.slice(lead + 1)]);
}

/** An axis that a tensor indexes. */
export interface Indexed {
  axis: number;
  index: Tensor;
}

/** The axes of what {@link pickBasic} gives that tensors index. */
export function indexedAxes(parts: readonly Part[]): Indexed[] {
  return kept(parts).flatMap((part, axis) =>
    part.kind === 'index' && typeof part.index !== 'number' ? [{ axis, index: part.index }] : [],
  );
}

/** The axes in an order that has those indexed side by side: in their place where they are neighbours, else first. */
export function arrangement(axes: readonly number[], rank: number): { order: number[]; start: number } {
  const neighbours = axes.every((axis, i) => i === 0 || axis === (axes[i - 1] as number) + 1);
  const all = Array.from({ length: rank }, (_, axis) => axis);
  if (neighbours) return { order: all, start: axes[0] as number };
  return { order: [...axes, ...all.filter((axis) => !axes.includes(axis))], start: 0 };
}

/** One index, a vector, into the axes joined; and the shape that the indices broadcast to. */
export function linearIndex(
  caller: 'at' | 'withAt',
  indexed: readonly Indexed[],
  shape: readonly number[],
): { linear: Tensor; outer: number[] } {
  const outer = broadcastOf(
    caller,
    indexed.map(({ index }) => index.shape),
  );
  let linear: Tensor | undefined;
  for (const { axis, index } of indexed) {
    const flat = reshape(expand(index, outer), [sizeOf(outer)]);
    const base = optionalHandle(caller, 'base', linear);
    linear = call(op.linearIndex, base, handleOf(caller, 'index', flat), shape[axis], caller);
  }
  return { linear: linear as Tensor, outer };
}
