// The same elements again, or in turn: repeated, rolled, rotated, and all combinations.
import { isFloating } from '../dtype';
import { ArgumentError, DTypeError, describe, ShapeError } from '../errors';
import { checkOptions } from '../options';
import { formatShape, handleOf, type Tensor } from '../tensor';
import { axesIn, axisIn, choiceFor, integerFor, integersFor, sizeOf } from './check';
import { arange, tensor } from './create';
import { indexSelect } from './indexing';
import { min, sum } from './reduce';
import { cumsum } from './scan';
import { cast, concat, expand, flip, reshape, slice, stack, transpose } from './shape';
import { searchsorted } from './sort';

/** The most dimensions of a tensor. */
const MOST = 8;

/**
 * The whole tensor repeated `repeats[i]` times along axis i; more repeats than axes add axes in front. A copy. (NumPy's `tile` with
 * as many repeats; {@link repeatInterleave} repeats each element.)
 *
 * @throws ArgumentError for fewer repeats than axes.
 * @method
 */
export function repeat(x: Tensor, repeats: readonly number[]): Tensor {
  handleOf('repeat', 'x', x);
  const times = integersFor('repeat', 'repeats', repeats, 0);
  if (times.length < x.rank) {
    throw new ArgumentError(
      `[repeat] expected a count for each of ${x.rank} dimensions, received ${times.length}; tile takes fewer`,
    );
  }
  const shape = [...new Array<number>(times.length - x.rank).fill(1), ...x.shape];
  const result = shape.map((extent, axis) => extent * (times[axis] as number));
  // One that is repeated needs an axis of its own next to it, but where it has only one entry, which expands.
  const split = shape.map((extent, axis) => extent !== 1 && times[axis] !== 1);
  if (shape.length + split.filter(Boolean).length <= MOST) {
    const apart = shape.flatMap((extent, axis) => (split[axis] ? [1, extent] : [extent]));
    const wide = shape.flatMap((extent, axis) => {
      const count = times[axis] as number;
      return split[axis] ? [count, extent] : [extent * count];
    });
    return reshape(expand(reshape(x, apart), wide), result);
  }
  let y = reshape(x, shape);
  for (const [axis, count] of times.entries()) if (count !== 1) y = repeatBlocks(y, axis, count);
  return y;
}

/** [outer, extent, inner] around `axis` with everything from it on repeated. */
function repeatBlocks(x: Tensor, axis: number, count: number): Tensor {
  const { shape } = x;
  const outer = sizeOf(shape.slice(0, axis));
  const block = sizeOf(shape.slice(axis));
  const wide = expand(reshape(x, [outer, 1, block]), [outer, count, block]);
  return reshape(wide, [...shape.slice(0, axis), (shape[axis] as number) * count, ...shape.slice(axis + 1)]);
}

/** As {@link repeat}, where counts that are missing in front are 1. @throws ArgumentError @method */
export function tile(x: Tensor, repeats: readonly number[]): Tensor {
  handleOf('tile', 'x', x);
  const times = integersFor('tile', 'repeats', repeats, 0);
  return repeat(x, [...new Array<number>(Math.max(0, x.rank - times.length)).fill(1), ...times]);
}

/**
 * Each entry along `axis` `repeats` times in a row; of the flattened tensor where no axis is given. A copy.
 *
 * @throws ArgumentError
 * @method
 */
export function repeatInterleave(x: Tensor, repeats: number, axis?: number | null): Tensor {
  handleOf('repeatInterleave', 'x', x);
  integerFor('repeatInterleave', 'repeats', repeats, 0);
  if (axis == null) return repeatInterleave(reshape(x, [x.size]), repeats, 0);
  const { shape } = x;
  const at = axisIn('repeatInterleave', axis, shape.length);
  const [outer, inner] = [sizeOf(shape.slice(0, at + 1)), sizeOf(shape.slice(at + 1))];
  const wide = expand(reshape(x, [outer, 1, inner]), [outer, repeats, inner]);
  return reshape(wide, [...shape.slice(0, at), (shape[at] as number) * repeats, ...shape.slice(at + 1)]);
}

function checkRepeats(
  name: string,
  x: Tensor,
  repeats: Tensor,
  axis: number | null | undefined,
): [Tensor, number, Tensor] {
  handleOf(name, 'x', x);
  handleOf(name, 'repeats', repeats);
  if (repeats.dtype === 'bool' || isFloating(repeats.dtype)) {
    throw new DTypeError(`[${name}] repeats are integers, not ${repeats.dtype}`);
  }
  const entries = axis == null ? reshape(x, [x.size]) : x;
  const at = axisIn(name, axis ?? 0, entries.rank);
  const count = entries.shape[at] as number;
  if (repeats.rank > 1 || (repeats.size !== 1 && repeats.size !== count)) {
    throw new ShapeError(`[${name}] expected repeats of [${count}], received ${formatShape(repeats.shape)}`);
  }
  return [entries, at, expand(reshape(repeats, [repeats.size]), [count])];
}

/** `outputSize` entries, of which each is the one that it repeats. */
function repeated(x: Tensor, axis: number, repeats: Tensor, outputSize: number): Tensor {
  const ends = cumsum(repeats, 0);
  const wanted = arange(outputSize, null, 1, { dtype: 'int64', device: x.device });
  return indexSelect(x, axis, searchsorted(ends, wanted, { right: true }));
}

/**
 * A promise of each entry along `axis` as many times in a row as `repeats`, a vector of an integer dtype, says for it; of the flattened
 * tensor where no axis is given. Gradients flow to `x`. Not within compiled functions: there, {@link repeatInterleaveStatic} has a size.
 *
 * @throws DTypeError; ShapeError unless there is a count for each entry; ArgumentError for negative counts.
 * @method
 */
export async function repeatInterleaveAsync(x: Tensor, repeats: Tensor, axis?: number | null): Promise<Tensor> {
  const [entries, at, counts] = checkRepeats('repeatInterleaveAsync', x, repeats, axis);
  if (counts.size === 0) return slice(entries, at, 0, 0);
  const [least, total] = await stack([cast(min(counts), 'int64'), sum(counts)]).data('int64');
  if ((least as bigint) < 0n) throw new ArgumentError('[repeatInterleaveAsync] repeats must not be negative');
  return repeated(entries, at, counts, Number(total));
}

/**
 * {@link repeatInterleaveAsync} of `outputSize` entries in all, which must be the sum of the repeats: then the result is no promise. Too
 * many reject the read of the result with IndexError, of too few the rest is left out.
 *
 * @throws DTypeError; ShapeError unless there is a count for each entry; ArgumentError
 * @method
 */
export function repeatInterleaveStatic(x: Tensor, repeats: Tensor, outputSize: number, axis?: number | null): Tensor {
  const [entries, at, counts] = checkRepeats('repeatInterleaveStatic', x, repeats, axis);
  integerFor('repeatInterleaveStatic', 'outputSize', outputSize, 0);
  return repeated(entries, at, counts, outputSize);
}

/**
 * Entries moved on by `shifts` along the axes, those beyond the end to the beginning; without axes, in the flattened tensor.
 *
 * @throws ArgumentError unless there is a shift for each axis.
 * @method
 */
export function roll(x: Tensor, shifts: number | readonly number[], axes?: number | readonly number[] | null): Tensor {
  handleOf('roll', 'x', x);
  const counts =
    typeof shifts === 'number' ? [integerFor('roll', 'shifts', shifts)] : integersFor('roll', 'shifts', shifts);
  if (axes == null) {
    if (counts.length !== 1) throw new ArgumentError(`[roll] ${counts.length} shifts need axes`);
    return reshape(rollAxis(reshape(x, [x.size]), counts[0] as number, 0), x.shape);
  }
  const list = typeof axes === 'number' ? [axes] : axes;
  if (!Array.isArray(list) || list.length !== counts.length) {
    throw new ArgumentError(`[roll] expected an axis for each of ${counts.length} shifts, received ${describe(axes)}`);
  }
  return list.reduce((y: Tensor, axis: number, i) => rollAxis(y, counts[i] as number, axisIn('roll', axis, x.rank)), x);
}

function rollAxis(x: Tensor, shift: number, axis: number): Tensor {
  const extent = x.shape[axis] as number;
  const first = extent === 0 ? 0 : ((-shift % extent) + extent) % extent;
  if (first === 0) return reshape(x, x.shape);
  return concat([slice(x, axis, first), slice(x, axis, 0, first)], axis);
}

/** Turned `k` times by 90 degrees from the first axis towards the second. @throws ArgumentError @method */
export function rot90(x: Tensor, k = 1, axes: readonly [number, number] = [0, 1]): Tensor {
  handleOf('rot90', 'x', x);
  integerFor('rot90', 'k', k);
  const found = axesIn('rot90', axes, x.rank);
  if (found.length !== 2) throw new ArgumentError(`[rot90] expected two axes, received ${found.length}`);
  const [first, second] = found as [number, number];
  switch (((k % 4) + 4) % 4) {
    case 1:
      return transpose(flip(x, second), first, second);
    case 2:
      return flip(x, found);
    case 3:
      return flip(transpose(x, first, second), second);
    default:
      return reshape(x, x.shape);
  }
}

/** Options of {@link meshgrid}. */
export interface MeshgridOptions {
  /** `'ij'` (default): the first vector runs along the first axis. `'xy'`: the first along the second, as in NumPy. */
  indexing?: 'ij' | 'xy';
}

/**
 * Vectors as coordinates: for each, a tensor of the shape of their lengths in which it runs along its own axis. Views.
 *
 * @throws ArgumentError for what is no vector.
 */
export function meshgrid(vectors: readonly Tensor[], options: MeshgridOptions = {}): Tensor[] {
  checkOptions('meshgrid', options, ['indexing']);
  const indexing = choiceFor('meshgrid', 'indexing', options.indexing ?? 'ij', ['ij', 'xy']);
  const list = vectorsOf('meshgrid', vectors);
  const sizes = list.map((x) => x.size);
  const axisOf = (i: number) => (indexing === 'xy' && i < 2 && list.length > 1 ? 1 - i : i);
  const shape = sizes.map((_, axis) => sizes[axisOf(axis)] as number);
  return list.map((x, i) => {
    const own = shape.map((_, axis) => (axis === axisOf(i) ? x.size : 1));
    return expand(reshape(x, own), shape);
  });
}

function vectorsOf(op: string, vectors: readonly Tensor[]): readonly Tensor[] {
  if (!Array.isArray(vectors)) {
    throw new ArgumentError(`[${op}] expected an array of Tensors, received ${describe(vectors)}`);
  }
  for (let i = 0; i < vectors.length; i++) {
    handleOf(op, `vectors[${i}]`, vectors[i]);
    const { rank } = vectors[i] as Tensor;
    if (rank > 1) throw new ArgumentError(`[${op}] expected vectors, received a tensor of ${rank} dimensions`);
  }
  return vectors;
}

/** All combinations of one element of each vector: `[combinations, vectors]`, of one vector the vector itself. @throws ArgumentError */
export function cartesianProd(vectors: readonly Tensor[]): Tensor {
  const list = vectorsOf('cartesianProd', vectors);
  if (list.length === 1) return reshape(list[0] as Tensor, [(list[0] as Tensor).size]);
  const grids = meshgrid(list);
  return stack(
    grids.map((grid) => reshape(grid, [grid.size])),
    1,
  );
}

/**
 * All choices of `r` elements of a vector, each in the order of the vector: `[choices, r]`; with replacement an element may be chosen
 * again.
 *
 * @throws ArgumentError
 * @method
 */
export function combinations(x: Tensor, r = 2, withReplacement = false): Tensor {
  vectorsOf('combinations', [x]);
  integerFor('combinations', 'r', r, 0);
  const { size, device } = x;
  if (r === 0) return slice(reshape(x, [size]), 0, 0, 0);
  const chosen: number[] = [];
  const places: number[] = [];
  const choose = (from: number): void => {
    if (places.length === r) {
      chosen.push(...places);
      return;
    }
    // No further than that enough elements are left.
    const end = withReplacement ? size : size - (r - places.length - 1);
    for (let i = from; i < end; i++) {
      places.push(i);
      choose(withReplacement ? i : i + 1);
      places.pop();
    }
  };
  choose(0);
  const index = tensor(BigInt64Array.from(chosen, BigInt), { device });
  return reshape(indexSelect(reshape(x, [size]), 0, index), [chosen.length / r, r]);
}
