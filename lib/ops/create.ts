// Tensors from values, and from nothing.
import { notes } from '../compile/notes';
import { type Device, defaultDevice, deviceCode } from '../device';
import { type DType, dtypeCode, inspectArray, type TypedArray, toTypedArray } from '../dtype';
import { ArgumentError, describe, ShapeError } from '../errors';
import { native } from '../native';
import { checkOptions } from '../options';
import { adopt, handleOf, type NestedArray, Tensor } from '../tensor';
import { callOn, type OperatorRef, operator, optionalDType } from './call';
import { pow } from './pointwise';
import { to } from './shape';

const op = {
  full: operator('full'),
  arange: operator('arange'),
  linspace: operator('linspace'),
  eye: operator('eye'),
};

/** Options of the functions that make tensors. */
export interface CreateOptions {
  /** Default float32. */
  dtype?: DType;
  /** Default {@link defaultDevice}. */
  device?: Device;
  /** Whether operators on the tensor are recorded for gradients. Default false. */
  requiresGrad?: boolean;
}

const optionNames = ['dtype', 'device', 'requiresGrad'];
const tensorOptionNames = [...optionNames, 'shape'];

function make(ref: OperatorRef, { device = defaultDevice() }: CreateOptions, ...args: unknown[]): Tensor {
  return callOn(device, ref, ...args);
}

function finish(tensor: Tensor, options: CreateOptions): Tensor {
  if (options.requiresGrad) tensor.requiresGrad = true;
  return tensor;
}

/**
 * A tensor of the given values, copied: a number, nested arrays of numbers, booleans or bigints, or a typed array (then of one
 * dimension, or of `shape`).
 *
 * Without `dtype`, numbers become float32, booleans bool, bigints int64, and a typed array keeps its element type.
 *
 * To an integer dtype values are truncated, and must fit; {@link to} converts what does not.
 *
 * @throws ShapeError when nested arrays are ragged or `shape` does not fit; ArgumentError for anything that is no number, or does
 * not fit the dtype.
 */
export function tensor(
  values: NestedArray | ArrayBufferView,
  options: CreateOptions & { shape?: readonly number[] } = {},
): Tensor {
  checkOptions('tensor', options, tensorOptionNames);
  if (typeof values === 'object' && values !== null) notes?.copied(values);
  if (ArrayBuffer.isView(values)) return fromTypedArray(values, options);
  const flat: (number | boolean | bigint)[] = [];
  const shape = flattenInto(flat, values, shapeOf(values), 0);
  const dtype = options.dtype ?? dtypeOfValues(flat);
  return finish(
    upload(toTypedArray(checkedDType(dtype), flat), dtype, options.shape ?? shape, options.device),
    options,
  );
}

function fromTypedArray(values: ArrayBufferView, options: CreateOptions & { shape?: readonly number[] }): Tensor {
  const { dtype: own, exact, length } = inspectArray('tensor', values);
  const dtype = checkedDType(options.dtype ?? own);
  const typed = exact && dtype === own ? values : toTypedArray(dtype, values as unknown as ArrayLike<number | bigint>);
  return finish(upload(typed, dtype, options.shape ?? [length], options.device), options);
}

function checkedDType(dtype: DType): DType {
  dtypeCode('tensor', dtype);
  return dtype;
}

function upload(
  values: ArrayBufferView,
  dtype: DType,
  shape: readonly number[],
  device: Device = defaultDevice(),
): Tensor {
  if (!Array.isArray(shape)) {
    throw new ArgumentError(`[tensor] expected an array of integers for 'shape', received ${describe(shape)}`);
  }
  const out = new Tensor();
  const place = deviceCode('tensor', device);
  return adopt(out, native.fromData(out, values as TypedArray, dtypeCode('tensor', dtype), shape, place));
}

// The shape that the first element at each depth suggests; flattenInto checks the others against it.
function shapeOf(values: unknown): number[] {
  const shape: number[] = [];
  for (let at = values; Array.isArray(at); at = at[0]) {
    shape.push(at.length);
    if (shape.length > 64) throw new ShapeError('[tensor] the arrays are nested too deeply');
  }
  return shape;
}

function flattenInto(flat: unknown[], values: unknown, shape: number[], depth: number): number[] {
  if (!Array.isArray(values)) {
    if (depth !== shape.length) {
      throw new ShapeError(`[tensor] the arrays are ragged: a value where an array of ${shape[depth]} was expected`);
    }
    if (typeof values !== 'number' && typeof values !== 'boolean' && typeof values !== 'bigint') {
      const hint = values instanceof Tensor ? '; stack or concat tensors, clone one' : '';
      throw new ArgumentError(`[tensor] expected numbers, received ${describe(values)}${hint}`);
    }
    flat.push(values);
    return shape;
  }
  if (depth === shape.length || values.length !== shape[depth]) {
    const expected = depth === shape.length ? 'a number' : `${shape[depth]} entries`;
    throw new ShapeError(
      `[tensor] the arrays are ragged: ${values.length} entries where ${expected} ${depth === shape.length ? 'was' : 'were'} expected`,
    );
  }
  for (const value of values) flattenInto(flat, value, shape, depth + 1);
  return shape;
}

function dtypeOfValues(flat: readonly unknown[]): DType {
  const first = typeof flat[0];
  const kinds = new Set(flat.map((value) => typeof value));
  if (kinds.size > 1) throw new ArgumentError(`[tensor] values of different kinds: ${[...kinds].join(' and ')}`);
  return first === 'boolean' ? 'bool' : first === 'bigint' ? 'int64' : 'float32';
}

/** Every element is `value`. @throws ShapeError for a negative size; ArgumentError for a value that does not fit; OutOfMemoryError */
export function full(shape: readonly number[], value: number, options: CreateOptions = {}): Tensor {
  return filled('full', shape, value, options);
}

function filled(name: string, shape: readonly number[], value: number, options: CreateOptions): Tensor {
  if (!Array.isArray(shape)) {
    throw new ArgumentError(`[${name}] expected an array of integers for 'shape', received ${describe(shape)}`);
  }
  checkOptions(name, options, optionNames);
  return finish(make(op.full, options, shape, value, optionalDType(name, options.dtype)), options);
}

/** Every element is 0. */
export function zeros(shape: readonly number[], options: CreateOptions = {}): Tensor {
  return filled('zeros', shape, 0, options);
}

/** Every element is 1. */
export function ones(shape: readonly number[], options: CreateOptions = {}): Tensor {
  return filled('ones', shape, 1, options);
}

function filledLike(name: string, like: Tensor, value: number, options: CreateOptions): Tensor {
  handleOf(name, 'like', like);
  checkOptions(name, options, optionNames);
  return filled(name, like.shape, value, { dtype: like.dtype, device: like.device, ...options });
}

/** Every element is `value`, of the shape and dtype of another tensor, on its device. @throws ArgumentError where it does not fit. */
export function fullLike(like: Tensor, value: number, options: CreateOptions = {}): Tensor {
  return filledLike('fullLike', like, value, options);
}

/** Zeros of the shape and dtype of another tensor, on its device. */
export function zerosLike(like: Tensor, options: CreateOptions = {}): Tensor {
  return filledLike('zerosLike', like, 0, options);
}

/** A tensor to be overwritten. It holds zeros, so that results never depend on what memory held before. */
export function empty(shape: readonly number[], options: CreateOptions = {}): Tensor {
  return filled('empty', shape, 0, options);
}

/** {@link empty} of the shape and dtype of another tensor, on its device. */
export function emptyLike(like: Tensor, options: CreateOptions = {}): Tensor {
  return filledLike('emptyLike', like, 0, options);
}

/** Ones of the shape and dtype of another tensor, on its device. */
export function onesLike(like: Tensor, options: CreateOptions = {}): Tensor {
  return filledLike('onesLike', like, 1, options);
}

/**
 * The numbers from `start` (default 0) to before `end`, by `step` (default 1): `arange(5)`, `arange(2, 8)`, `arange(2, 8, 2)`. Options
 * come after the last number: `arange(5, { dtype: 'float32' })`. Without `dtype`, int64 when all three are whole, else float32.
 * `null` for `end` is the same as leaving it out.
 *
 * @throws ArgumentError when there is no finite range, its numbers do not fit the dtype, or something follows the options.
 */
export function arange(end: number, options?: CreateOptions): Tensor;
export function arange(start: number, end: number, options?: CreateOptions): Tensor;
export function arange(startOrEnd: number, end?: number | null, step?: number, options?: CreateOptions): Tensor;
export function arange(startOrEnd: number, ...rest: (number | CreateOptions | null | undefined)[]): Tensor {
  const place = rest.findIndex((value) => typeof value === 'object' && value !== null);
  const numbers = place < 0 ? rest.slice(0, 2) : rest.slice(0, place);
  const [end, step = 1] = numbers as (number | null | undefined)[];
  const [options = {}, ...more] = rest.slice(place < 0 ? 2 : place) as CreateOptions[];
  checkOptions('arange', options, optionNames);
  const extra = more.find((value) => value !== undefined);
  if (extra !== undefined) {
    throw new ArgumentError(`[arange] expected nothing after the options, received ${describe(extra)}`);
  }
  const [from, to] = end == null ? [0, startOrEnd] : [startOrEnd, end];
  const whole = [from, to, step].every(Number.isInteger);
  const dtype = dtypeCode('arange', options.dtype ?? (whole ? 'int64' : 'float32'));
  return finish(make(op.arange, options, from, to, step, dtype), options);
}

/** `count` numbers evenly from `start` to `end`, both included. @throws ArgumentError */
export function linspace(start: number, end: number, count: number, options: CreateOptions = {}): Tensor {
  checkOptions('linspace', options, optionNames);
  return finish(make(op.linspace, options, start, end, count, optionalDType('linspace', options.dtype)), options);
}

/** `count` numbers whose logarithms to `base` (default 10) run evenly from `start` to `end`, both included. @throws ArgumentError */
export function logspace(start: number, end: number, count: number, base = 10, options: CreateOptions = {}): Tensor {
  checkOptions('logspace', options, optionNames);
  const { dtype = 'float32', device, requiresGrad } = options;
  if (!(base > 0)) throw new ArgumentError(`[logspace] expected a positive base, received ${describe(base)}`);
  const exponents = linspace(start, end, count, { dtype: 'float64', device });
  return finish(to(pow(base, exponents), dtype), { requiresGrad });
}

/** Ones on the diagonal, zeros elsewhere, `[rows, columns]`. @throws ArgumentError */
export function eye(rows: number, columns = rows, options: CreateOptions = {}): Tensor {
  checkOptions('eye', options, optionNames);
  return finish(make(op.eye, options, rows, columns, optionalDType('eye', options.dtype)), options);
}
