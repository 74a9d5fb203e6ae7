// Rotary position embedding: pairs of features are turned by angles that grow with the position.
import type { DType } from '../dtype';
import { ArgumentError, describe, ShapeError } from '../errors';
import { checkOptions } from '../options';
import { formatShape, handleOf, type Tensor } from '../tensor';
import { integerFor } from './check';
import { arange } from './create';
import { add, cos, div, mul, pow, sin, sub } from './pointwise';
import { cast, concat, reshape, slice, stack } from './shape';

/** Options of {@link rotaryEmbedding}. */
export interface RotaryOptions {
  /**
   * Whether a pair is two neighbours, features `2 i` and `2 i + 1` (as in GPT-J and RoFormer), and not `i` and `i + rotated / 2`, one of
   * each half (as in GPT-NeoX and Llama). Default false.
   */
  interleaved?: boolean;
}

/**
 * Turns pairs of features of `x`, `[..., time, dim]`, by angles whose cosines and sines are given, `[..., time, rotated / 2]`, which
 * broadcast: a pair `(a, b)` becomes `(a cos - b sin, b cos + a sin)`. Features from `rotated` on stay. The product of a query and a key that
 * are turned by the angles of their positions depends on how far these are apart only. (Su et al. 2021, "RoFormer")
 *
 * @throws ShapeError when there are more angles than pairs.
 */
export function rotaryEmbedding(x: Tensor, cosines: Tensor, sines: Tensor, options: RotaryOptions = {}): Tensor {
  checkOptions('rotaryEmbedding', options, ['interleaved']);
  for (const [name, value] of Object.entries({ x, cosines, sines })) handleOf('rotaryEmbedding', name, value);
  const dim = x.shape.at(-1);
  const pairs = cosines.shape.at(-1);
  if (dim === undefined || pairs === undefined || 2 * pairs > dim || sines.shape.at(-1) !== pairs) {
    const shapes = [x, cosines, sines].map(({ shape }) => formatShape(shape)).join(', ');
    throw new ShapeError(`[rotaryEmbedding] there must be an angle for each pair of features, or fewer: ${shapes}`);
  }
  const { interleaved = false } = options;
  const rotated = 2 * pairs === dim ? x : slice(x, -1, 0, 2 * pairs);
  const first = interleaved ? slice(rotated, -1, 0, undefined, 2) : slice(rotated, -1, 0, pairs);
  const second = interleaved ? slice(rotated, -1, 1, undefined, 2) : slice(rotated, -1, pairs);
  const turned = [sub(mul(first, cosines), mul(second, sines)), add(mul(second, cosines), mul(first, sines))];
  const joined = interleaved ? mergePairs(turned) : concat(turned, -1);
  return 2 * pairs === dim ? joined : concat([joined, slice(x, -1, 2 * pairs)], -1);
}

function mergePairs(parts: Tensor[]): Tensor {
  const both = stack(parts, -1);
  return reshape(both, [...both.shape.slice(0, -2), 2 * (both.shape.at(-2) as number)]);
}

/** Options of {@link rotaryAngles}. */
export interface RotaryAnglesOptions {
  /** The slowest pair turns by about `1 / base` per position. Default 10000. */
  base?: number;
  /** Default float32; computed in float64. */
  dtype?: DType;
}

/**
 * The cosines and sines of the angles `position / base^(2 i / dim)` of positions 0 to `length - 1`, for the `dim / 2` pairs of `dim` features:
 * two tensors `[length, dim / 2]`.
 *
 * @throws ArgumentError unless `dim` is even.
 */
export function rotaryAngles(
  length: number,
  dim: number,
  options: RotaryAnglesOptions = {},
): [cosines: Tensor, sines: Tensor] {
  checkOptions('rotaryAngles', options, ['base', 'dtype']);
  const { base = 10_000, dtype = 'float32' } = options;
  integerFor('rotaryAngles', 'length', length, 0);
  if (integerFor('rotaryAngles', 'dim', dim, 0) % 2 !== 0) {
    throw new ArgumentError(`[rotaryAngles] expected an even number for 'dim', received ${dim}`);
  }
  if (!(base > 0))
    throw new ArgumentError(`[rotaryAngles] expected a number above 0 for 'base', received ${describe(base)}`);
  const angles = anglesOf(length, dim, base);
  return [cast(cos(angles), dtype), cast(sin(angles), dtype)];
}

/** Positions 0 to `length - 1` times the frequencies `base^(-2 i / dim)`, `[length, ceil(dim / 2)]` in float64. @internal */
export function anglesOf(length: number, dim: number, base: number): Tensor {
  const positions = reshape(arange(length, null, 1, { dtype: 'float64' }), [length, 1]);
  const exponents = div(arange(0, dim, 2, { dtype: 'float64' }), -Math.max(dim, 1));
  const frequencies = pow(base, exponents);
  return mul(positions, frequencies);
}
