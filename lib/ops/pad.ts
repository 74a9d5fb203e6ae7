// Tensors surrounded by more: by a value, their own edge, their mirror image, or themselves.
import { ArgumentError, describe, ShapeError } from '../errors';
import { checkOptions } from '../options';
import { formatShape, handleOf, type Tensor } from '../tensor';
import { call, operator } from './call';
import { choiceFor, integerFor } from './check';
import { concat, expand, flip, reshape, slice } from './shape';

const op = { pad: operator('pad') };

/** What surrounds a padded tensor. */
export type PadMode = 'constant' | 'reflect' | 'replicate' | 'circular';

/** Options of {@link pad}. */
export interface PadOptions {
  /**
   * `constant` (default): `value`. `reflect`: the mirror image at the first and last entry, which are not repeated. `replicate`: the
   * first and the last entry. `circular`: the entries of the other end.
   */
  mode?: PadMode;
  /** What a constant padding consists of. Default 0. */
  value?: number;
}

/** Counts before and after each dimension. */
type Pairs = readonly (readonly [number, number])[];

/**
 * Surrounded on all sides; negative counts cut off.
 *
 * ```ts
 * x.pad([[0, 0], [2, 1]]);                        // [before, after] of each dimension, first to last
 * x.pad([2, 1]);                                  // PyTorch's order: before and after the last dimension,
 * x.pad([2, 1, 4, 3], { mode: 'reflect' });       // then the one before it: left, right, top, bottom
 * ```
 *
 * @param padding pairs, one for each dimension; or a flat list of numbers in PyTorch's order, which begins with the last dimension
 * and may end early.
 * @param options mode and value; a number is the value.
 * @throws ArgumentError; ShapeError where more is cut off than there is, or a mode needs more entries than there are: `reflect`
 * one more than the padding, `circular` as many, `replicate` one.
 * @method
 */
export function pad(
  x: Tensor,
  padding: readonly (readonly [number, number])[] | readonly number[],
  options: number | PadOptions = {},
): Tensor {
  handleOf('pad', 'x', x);
  if (typeof options !== 'number') checkOptions('pad', options, ['mode', 'value']);
  const { mode = 'constant', value } = typeof options === 'number' ? { value: options } : options;
  choiceFor('pad', 'mode', mode, ['constant', 'reflect', 'replicate', 'circular']);
  const pairs = pairsOf(padding, x.rank);
  if (mode === 'constant') return call(op.pad, handleOf('pad', 'x', x), pairs.flat(), value);
  if (value !== undefined) throw new ArgumentError(`[pad] the mode '${mode}' has no value`);
  return pairs.reduce((y, [before, after], axis) => {
    return before === 0 && after === 0 ? y : padAxis(y, axis, before, after, mode);
  }, x);
}

function pairsOf(padding: Pairs | readonly number[], rank: number): Pairs {
  if (!Array.isArray(padding)) {
    throw new ArgumentError(`[pad] expected an array of [before, after], received ${describe(padding)}`);
  }
  if (padding.length > 0 && padding.every((count) => typeof count === 'number')) return pairsOfFlat(padding, rank);
  if (padding.length !== rank) {
    throw new ArgumentError(
      `[pad] expected [before, after] for each of ${rank} dimensions, received ${padding.length}`,
    );
  }
  return (padding as unknown[]).map((pair) => {
    if (!Array.isArray(pair) || pair.length !== 2) {
      throw new ArgumentError(`[pad] expected pairs [before, after], received ${describe(pair)}`);
    }
    return [integerFor('pad', 'padding', pair[0]), integerFor('pad', 'padding', pair[1])];
  });
}

function pairsOfFlat(padding: readonly number[], rank: number): Pairs {
  if (padding.length % 2 !== 0 || padding.length > 2 * rank) {
    throw new ArgumentError(
      `[pad] a flat list has two numbers for each dimension, from the last of ${rank} on, not ${padding.length} numbers`,
    );
  }
  return Array.from({ length: rank }, (_, axis): [number, number] => {
    const at = 2 * (rank - 1 - axis);
    return [integerFor('pad', 'padding', padding[at] ?? 0), integerFor('pad', 'padding', padding[at + 1] ?? 0)];
  });
}

function padAxis(x: Tensor, axis: number, before: number, after: number, mode: PadMode): Tensor {
  const { shape } = x;
  const n = shape[axis] as number;
  const most = Math.max(before, after);
  const needed = mode === 'reflect' ? most + 1 : mode === 'circular' ? most : most > 0 ? 1 : 0;
  if (n < needed || n + Math.min(before, 0) + Math.min(after, 0) < 0) {
    throw new ShapeError(
      `[pad] axis ${axis} of ${formatShape(shape)} is too short for a padding of ${before} and ${after} by '${mode}'`,
    );
  }
  const repeated = (begin: number, count: number) => {
    return expand(
      slice(x, axis, begin, begin + 1),
      shape.map((extent, i) => (i === axis ? count : extent)),
    );
  };
  const parts = [slice(x, axis, Math.max(0, -before), n - Math.max(0, -after))];
  if (before > 0) {
    if (mode === 'reflect') parts.unshift(flip(slice(x, axis, 1, before + 1), axis));
    else parts.unshift(mode === 'replicate' ? repeated(0, before) : slice(x, axis, n - before, n));
  }
  if (after > 0) {
    if (mode === 'reflect') parts.push(flip(slice(x, axis, n - 1 - after, n - 1), axis));
    else parts.push(mode === 'replicate' ? repeated(n - 1, after) : slice(x, axis, 0, after));
  }
  return parts.length === 1 ? reshape(parts[0] as Tensor, (parts[0] as Tensor).shape) : concat(parts, axis);
}
