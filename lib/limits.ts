// What numbers the dtypes hold.
import type { DType } from './dtype';
import { ArgumentError, describe } from './errors';

/** What {@link finfo} tells of a floating dtype. */
export interface FloatInfo {
  /** The dtype. */
  readonly dtype: DType;
  /** Bits of an element. */
  readonly bits: number;
  /** The difference between 1 and the next larger number. */
  readonly eps: number;
  /** The largest finite number. */
  readonly max: number;
  /** The lowest finite number. */
  readonly min: number;
  /** The least positive number with all its digits. */
  readonly tiny: number;
  /** The same by its other name. */
  readonly smallestNormal: number;
  /** The power of ten that every number keeps. */
  readonly resolution: number;
}

/** What {@link iinfo} tells of an integer dtype. */
export interface IntegerInfo<N extends number | bigint = number | bigint> {
  /** The dtype. */
  readonly dtype: DType;
  /** Bits of an element. */
  readonly bits: number;
  /** The largest number; a bigint where it is beyond what numbers of JavaScript hold exactly. */
  readonly max: N;
  /** The lowest number. */
  readonly min: N;
}

const FLOATS = new Map<DType, FloatInfo>([
  ['float32', floatInfo('float32', 32, 2 ** -23, (2 - 2 ** -23) * 2 ** 127, 2 ** -126, 1e-6)],
  ['float64', floatInfo('float64', 64, 2 ** -52, Number.MAX_VALUE, 2 ** -1022, 1e-15)],
]);

function floatInfo(dtype: DType, bits: number, eps: number, max: number, tiny: number, resolution: number): FloatInfo {
  return Object.freeze({ dtype, bits, eps, max, min: -max, tiny, smallestNormal: tiny, resolution });
}

const INTEGERS = new Map<DType, IntegerInfo>([
  ['uint8', Object.freeze({ dtype: 'uint8', bits: 8, max: 255, min: 0 })],
  ['int32', Object.freeze({ dtype: 'int32', bits: 32, max: 2 ** 31 - 1, min: -(2 ** 31) })],
  ['int64', Object.freeze({ dtype: 'int64', bits: 64, max: 2n ** 63n - 1n, min: -(2n ** 63n) })],
]);

/** The limits of a floating dtype, float32 unless another is asked for. @throws ArgumentError for other dtypes. */
export function finfo(dtype: DType = 'float32'): FloatInfo {
  const info = FLOATS.get(dtype);
  if (!info) throw new ArgumentError(`[finfo] expected float32 or float64 for 'dtype', received ${describe(dtype)}`);
  return info;
}

/** The limits of an integer dtype; those of int64 are bigints. @throws ArgumentError for other dtypes. */
export function iinfo<D extends DType>(dtype: D): IntegerInfo<D extends 'int64' ? bigint : number> {
  const info = INTEGERS.get(dtype);
  if (!info) {
    throw new ArgumentError(`[iinfo] expected uint8, int32 or int64 for 'dtype', received ${describe(dtype)}`);
  }
  return info as IntegerInfo<D extends 'int64' ? bigint : number>;
}
