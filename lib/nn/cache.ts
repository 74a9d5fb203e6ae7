// Keys and values of past positions, for models that generate one position after another.
import { keep, noGrad } from '../context';
import { type Device, defaultDevice } from '../device';
import type { DType } from '../dtype';
import { ShapeError } from '../errors';
import { callVoid, operator } from '../ops/call';
import { integerFor } from '../ops/check';
import { arange, full, zeros } from '../ops/create';
import { add, le } from '../ops/pointwise';
import { assign, reshape } from '../ops/shape';
import { checkOptions } from '../options';
import { formatShape, handleOf, type Tensor } from '../tensor';

const op = operator('assignAt');

/** Options of {@link KeyValueCache}. */
export interface KeyValueCacheOptions {
  /** Features of a value. Default: those of a key. */
  valueDim?: number;
  /** Default float32. */
  dtype?: DType;
  /** Default `defaultDevice()`. */
  device?: Device;
}

/** What {@link KeyValueCache.append} gives to attention. */
export interface CachedKeys {
  /** `[batch, heads, capacity, dim]`, of which positions that have not been written hold zeros or what was there before. */
  keys: Tensor;
  /** `[batch, heads, capacity, valueDim]` */
  values: Tensor;
  /** Bools `[positions, capacity]`: true where a new position may look, which is at itself and all before. */
  mask: Tensor;
}

/**
 * Keys and values of up to `capacity` positions, in memory that is written in place. What a step computes depends on where it stands by
 * values alone, never by shapes: a compiled step is traced once for all positions. Blocks of keys that the mask hides cost nothing.
 *
 * ```ts
 * const cache = new nn.KeyValueCache(batch, heads, 1024, dim);
 * const step = compile((q: Tensor, k: Tensor, v: Tensor) => {
 *   const { keys, values, mask } = cache.append(rotary.forward(k, cache.position), v);
 *   return scaledDotProductAttention(rotary.forward(q, cache.position), keys, values, { mask });
 * });
 * ```
 *
 * In such a step everything that reads `position` for the new rows comes before `append`, which moves it on.
 *
 * @throws ArgumentError
 */
export class KeyValueCache {
  /** How many positions there is memory for. */
  readonly capacity: number;
  /** The next position, a 0-dimensional int64 tensor that is updated in place. */
  readonly position: Tensor;
  readonly #keys: Tensor;
  readonly #values: Tensor;

  constructor(batch: number, heads: number, capacity: number, dim: number, options: KeyValueCacheOptions = {}) {
    checkOptions('KeyValueCache', options, ['valueDim', 'dtype', 'device']);
    const { valueDim = dim, dtype, device = defaultDevice() } = options;
    for (const [name, value] of Object.entries({ batch, heads, capacity, dim, valueDim })) {
      integerFor('KeyValueCache', name, value, 1);
    }
    this.capacity = capacity;
    this.#keys = keep(zeros([batch, heads, capacity, dim], { dtype, device }));
    this.#values = keep(zeros([batch, heads, capacity, valueDim], { dtype, device }));
    this.position = keep(full([], 0, { dtype: 'int64', device }));
  }

  /**
   * Writes keys `[batch, heads, positions, dim]` and values `[batch, heads, positions, valueDim]` behind those that are there, without their
   * history, and moves the position on. Beyond the capacity, reading what is computed of the cache fails with IndexError.
   *
   * @throws ShapeError
   */
  append(keys: Tensor, values: Tensor): CachedKeys {
    const count = this.#countOf(keys, values);
    return noGrad(() => {
      const { capacity, position } = this;
      const { device } = position;
      const index = add(position, arange(count, null, 1, { device }));
      write(this.#keys, index, keys);
      write(this.#values, index, values);
      const mask = le(arange(capacity, null, 1, { device }), reshape(index, [count, 1]));
      assign(position, add(position, count));
      return { keys: this.#keys, values: this.#values, mask };
    });
  }

  /** Begins anew at position 0. */
  reset(): void {
    noGrad(() => assign(this.position, full([], 0, { dtype: 'int64', device: this.position.device })));
  }

  /** Gives the memory back; the cache cannot be used any more. */
  dispose(): void {
    for (const tensor of [this.#keys, this.#values, this.position]) tensor.dispose();
  }

  #countOf(keys: Tensor, values: Tensor): number {
    const fits = (given: Tensor, held: Tensor): boolean =>
      given.rank === 4 && given.shape.every((extent, axis) => axis === 2 || extent === held.shape[axis]);
    const count = keys.shape[2];
    if (fits(keys, this.#keys) && fits(values, this.#values) && values.shape[2] === count) return count as number;
    const shapes = [keys, values, this.#keys, this.#values].map(({ shape }) => formatShape(shape));
    throw new ShapeError(
      `[KeyValueCache] keys ${shapes[0]} and values ${shapes[1]} do not fit ${shapes[2]} and ${shapes[3]}`,
    );
  }
}

function write(target: Tensor, index: Tensor, values: Tensor): void {
  const [to, at, from] = [target, index, values].map((tensor) => handleOf('KeyValueCache', 'values', tensor));
  callVoid(op, to, 2, at, from);
}
