// Element types: their names, the engine's codes, and the typed arrays that hold them.
import { ArgumentError, DTypeError, describe, OutOfMemoryError } from './errors';
import { viewKind } from './kinds';
import { type DTypeRecord, native } from './native';

/** Element type of a tensor. */
export type DType = 'float32' | 'float64' | 'int32' | 'int64' | 'uint8' | 'bool';

/** The typed array that the elements of each dtype are read into. */
export interface TypedArrays {
  /** Single precision. */
  float32: Float32Array;
  /** Double precision. */
  float64: Float64Array;
  /** Signed integers of 32 bits. */
  int32: Int32Array;
  /** Signed integers of 64 bits, as bigints. */
  int64: BigInt64Array;
  /** Bytes. */
  uint8: Uint8Array;
  /** Bytes 0 and 1. */
  bool: Uint8Array;
}

/** Typed arrays that tensors are read into; {@link TypedArrays} says which for each dtype. */
export type TypedArray = TypedArrays[DType];

/** What nested arrays hold for a dtype: booleans for bool, numbers for the others. */
export type ElementOf<D extends DType> = D extends 'bool' ? boolean : number;

interface DTypeTraits {
  wrap(buffer: ArrayBuffer): TypedArray;
  from(values: ArrayLike<Value>): TypedArray;
}

type Value = number | bigint | boolean;

function refuse(value: Value, dtype: DType, range: string): never {
  throw new ArgumentError(
    `[tensor] ${value} does not fit ${dtype}, which holds ${range}; make a tensor of another dtype, and convert it with .to`,
  );
}

// The integer that a user's value is truncated to. What is outside the dtype would wrap around or saturate without a word.
function toInteger(value: Value, dtype: DType, low: number, high: number): number {
  const integer = Math.trunc(Number(value));
  return integer >= low && integer <= high ? integer : refuse(value, dtype, `${low} to ${high}`);
}

function toInt64(value: Value): bigint {
  const integer = typeof value === 'bigint' ? value : Math.trunc(Number(value));
  // Every finite number is a bigint; the comparison is exact.
  return integer >= -(2n ** 63n) && integer < 2n ** 63n ? BigInt(integer) : refuse(value, 'int64', '-2^63 to 2^63 - 1');
}

// What JavaScript has for each dtype; the rest of what is known of them is the engine's table.
const entries: Record<DType, DTypeTraits> = {
  bool: {
    wrap: (buffer) => new Uint8Array(buffer),
    from: (values) => Uint8Array.from(values, (value) => (value ? 1 : 0)),
  },
  uint8: {
    wrap: (buffer) => new Uint8Array(buffer),
    from: (values) => Uint8Array.from(values, (value) => toInteger(value, 'uint8', 0, 255)),
  },
  int32: {
    wrap: (buffer) => new Int32Array(buffer),
    from: (values) => Int32Array.from(values, (value) => toInteger(value, 'int32', -(2 ** 31), 2 ** 31 - 1)),
  },
  int64: {
    wrap: (buffer) => new BigInt64Array(buffer),
    from: (values) => BigInt64Array.from(Array.from(values, toInt64)),
  },
  float32: {
    wrap: (buffer) => new Float32Array(buffer),
    from: (values) => Float32Array.from(values, Number),
  },
  float64: {
    wrap: (buffer) => new Float64Array(buffer),
    from: (values) => Float64Array.from(values, Number),
  },
};

interface Row extends DTypeTraits, DTypeRecord {
  code: number;
}

// The engine's table with JavaScript's arrays, by name and by code.
const byCode: readonly (Row | undefined)[] = native.dtypes().map((record, code) => {
  return record.supported ? { ...record, ...entries[record.name as DType], code } : undefined;
});
const byName = new Map(byCode.flatMap((row) => (row ? [[row.name, row]] : [])));

// The engine reads into arrays that are made here, so that they are of the realm of this module's user.
native.setArrayMaker((code, length) => {
  const row = byCode[code] as Row;
  const bytes = length * row.bytes;
  let buffer: ArrayBuffer;
  try {
    buffer = new ArrayBuffer(bytes);
  } catch (cause) {
    throw new OutOfMemoryError(`[data] cannot allocate ${bytes} bytes for an array`, { cause });
  }
  return row.wrap(buffer);
});

/** The engine's code of a dtype. @throws DTypeError for anything that is not the name of one. */
export function dtypeCode(op: string, dtype: DType): number {
  const row = byName.get(dtype);
  if (row) return row.code;
  throw new DTypeError(
    `[${op}] expected one of ${[...byName.keys()].join(', ')} for dtype, received ${describe(dtype)}`,
  );
}

/** The dtype of an engine's code. */
export function dtypeOfCode(code: number): DType {
  return byCode[code]?.name as DType;
}

/** Whether a dtype is one of floating-point numbers; false for what is no dtype. */
export function isFloating(dtype: DType): boolean {
  return byName.get(dtype)?.floating === true;
}

/** The bytes of an element. */
export function bytesOfElement(dtype: DType): number {
  return (byName.get(dtype) as Row).bytes;
}

/**
 * A user's values as a typed array of the dtype: to integers they are truncated, bool is `value != 0`.
 *
 * @throws ArgumentError for a value that does not fit an integer dtype, NaN and infinities among them.
 */
export function toTypedArray(dtype: DType, values: ArrayLike<Value>): TypedArray {
  return entries[dtype].from(values);
}

// By tag and not by class: an array of another realm (a vm context, a test runner) is an array too.
const arrayDTypes: Record<string, DType> = {
  Float32Array: 'float32',
  Float64Array: 'float64',
  Int32Array: 'int32',
  BigInt64Array: 'int64',
  Uint8Array: 'uint8',
  Uint8ClampedArray: 'uint8',
  Int8Array: 'int32',
  Int16Array: 'int32',
  Uint16Array: 'int32',
  Uint32Array: 'int64',
};

/** Arrays whose elements have the layout of their dtype, so that they are taken as they are. */
const exact = new Set([
  'Float32Array',
  'Float64Array',
  'Int32Array',
  'BigInt64Array',
  'Uint8Array',
  'Uint8ClampedArray',
]);

/** A typed array given by a user: its dtype by default, and whether its bytes are that dtype's. */
export function inspectArray(op: string, array: ArrayBufferView): { dtype: DType; exact: boolean; length: number } {
  const tag = viewKind(array) ?? '';
  const dtype = arrayDTypes[tag];
  if (!dtype) throw new ArgumentError(`[${op}] expected a typed array of numbers, received ${tag}`);
  return { dtype, exact: exact.has(tag), length: (array as Float32Array).length };
}
