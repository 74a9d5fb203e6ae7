// Copies of a tensor with a value where an index points: at ranges and numbers, at index tensors, at a mask.
import { ArgumentError, ShapeError } from '../errors';
import { formatShape, handleOf, type Tensor, type TensorLike } from '../tensor';
import { arrangement, ascending, type Indexed, isWhole, kept, linearIndex, numberPart, pickBasic } from './at-pick';
import type { MaskPart, Part } from './at-spec';
import { call, operand, operator } from './call';
import { sizeOf } from './check';
import { full } from './create';
import { add, where } from './pointwise';
import { cast, expand, flip, permute, reshape, squeeze, unsqueeze } from './shape';

const op = {
  indexSelectBackward: operator('indexSelectBackward'),
  scatter: operator('scatter'),
  sliceScatter: operator('sliceScatter'),
};

/** A value expanded to the shape that it is written to; numbers stay. @throws ShapeError where it does not broadcast. */
export function fitted(value: TensorLike, shape: readonly number[]): TensorLike {
  if (typeof value === 'number') return value;
  // Leading dimensions of size 1 may be too many, as in PyTorch and NumPy.
  let fitting = value;
  while (fitting.rank > shape.length && fitting.shape[0] === 1) fitting = squeeze(fitting, 0);
  const lead = shape.length - fitting.rank;
  if (lead >= 0 && fitting.shape.every((extent, i) => extent === 1 || extent === shape[lead + i])) {
    return expand(fitting, shape);
  }
  throw new ShapeError(
    `[withAt] a value of shape ${formatShape(value.shape)} does not broadcast to ${formatShape(shape)}, which is written to`,
  );
}

/** Puts `value`, of the layout of what is picked, into the block of `x` that ranges and numbers pick. */
export function writeBasic(x: Tensor, parts: readonly Part[], given: TensorLike): Tensor {
  const { shape } = x;
  const isAll = parts.every((part) => part.kind === 'range' && isWhole(part.picked, shape[part.axis] as number));
  if (isAll && typeof given !== 'number' && String(given.shape) === String(shape)) return cast(given, x.dtype);
  const blocks = shape.map((extent) => ({ begin: 0, end: extent, step: 1, reversed: false, dropped: false }));
  for (const part of parts) {
    if (part.kind === 'new') continue;
    const entry = numberPart(part);
    if (entry !== undefined)
      blocks[part.axis] = { begin: entry, end: entry + 1, step: 1, reversed: false, dropped: true };
    else if (part.kind === 'range') blocks[part.axis] = { ...ascending(part.picked), dropped: false };
  }
  let value = given;
  if (typeof value !== 'number') {
    const layout = kept(parts).map((part) => {
      if (part.kind === 'new') return 1;
      return part.kind === 'range' ? part.picked.count : (shape[part.axis] as number);
    });
    value = fitted(value, layout) as Tensor;
    const fresh = kept(parts).flatMap((part, i) => (part.kind === 'new' ? [i] : []));
    if (fresh.length > 0) value = squeeze(value, fresh);
    for (const [axis, { dropped }] of blocks.entries()) if (dropped) value = unsqueeze(value, axis);
    const reversed = [...blocks.keys()].filter((axis) => blocks[axis]?.reversed);
    if (reversed.length > 0) value = flip(value, reversed);
  }
  return call(
    op.sliceScatter,
    handleOf('withAt', 'x', x),
    ...operand('withAt', 'value', value),
    blocks.map(({ begin }) => begin),
    blocks.map(({ end }) => end),
    blocks.map(({ step }) => step),
  );
}

/** Puts `value` where a mask holds, into the block of `x` that the ranges beside it pick. */
export function writeMasked(
  x: Tensor,
  parts: readonly (Part | MaskPart)[],
  value: TensorLike,
  accumulate: boolean,
): Tensor {
  const masks = parts.filter((part): part is MaskPart => part.kind === 'mask');
  const [first] = masks as [MaskPart];
  if (masks.length > 1 || parts.some(({ kind }) => kind === 'index' || kind === 'new')) {
    throw new ArgumentError('[withAt] next to a mask there may be ranges only');
  }
  const { mask } = first;
  const behind = x.rank - first.axis - mask.rank;
  if (typeof value !== 'number' && value.rank > behind) {
    throw new ShapeError(
      `[withAt] a value of shape ${formatShape(value.shape)} has more than the ${behind} dimensions behind the mask; see maskedScatter`,
    );
  }
  const ranges = parts.flatMap((part): Part[] => {
    if (part.kind !== 'mask') return [part as Part];
    return mask.shape.map((count, i) => ({
      kind: 'range',
      axis: part.axis + i,
      picked: { first: 0, step: 1, count },
    }));
  });
  const block = pickBasic(x, ranges);
  const own = typeof value === 'number' ? value : cast(value, x.dtype);
  const held = reshape(mask, [...mask.shape, ...new Array(behind).fill(1)]);
  const written = where(held, accumulate ? add(block, own) : own, block);
  return writeBasic(x, ranges, cast(written, x.dtype));
}

/** Writes `value` where the index tensors say. */
export function writeIndexed(x: Tensor, indexed: readonly Indexed[], given: TensorLike, accumulate: boolean): Tensor {
  const { shape, dtype } = x;
  const axes = indexed.map(({ axis }) => axis);
  const { linear, outer } = linearIndex('withAt', indexed, shape);
  const { start } = arrangement(axes, shape.length);
  const rest = [...shape.keys()].filter((axis) => !axes.includes(axis));
  const order = [...axes, ...rest];
  const inner = rest.map((axis) => shape[axis] as number);
  const [extent, width] = [sizeOf(axes.map((axis) => shape[axis] as number)), sizeOf(inner)];
  const rows = reshape(permute(x, order), [extent, width]);
  const count = linear.size;
  let value = given;
  if (typeof value !== 'number') {
    // From the layout of what is picked, with the broadcast axes at `start`, to rows.
    value = fitted(value, [...inner.slice(0, start), ...outer, ...inner.slice(start)]) as Tensor;
    const first = outer.map((_, i) => start + i);
    const others = [...Array(value.rank).keys()].filter((axis) => !first.includes(axis));
    value = reshape(permute(cast(value, dtype), [...first, ...others]), [count, width]);
  }
  let written: Tensor;
  if (accumulate) {
    const each = typeof value === 'number' ? full([count, width], value, { dtype, device: x.device }) : value;
    const sums = call(
      op.indexSelectBackward,
      handleOf('withAt', 'value', each),
      0,
      handleOf('withAt', 'index', linear),
      extent,
    );
    written = add(rows, sums);
  } else {
    const index = expand(reshape(linear, [count, 1]), [count, width]);
    written = call(
      op.scatter,
      handleOf('withAt', 'x', rows),
      0,
      handleOf('withAt', 'index', index),
      ...operand('withAt', 'value', value),
    );
  }
  const back = order.map((_, axis) => order.indexOf(axis));
  return permute(reshape(written, [...axes.map((axis) => shape[axis] as number), ...inner]), back);
}
