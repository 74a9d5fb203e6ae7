// The one way from a typed function to the engine: looks the operator up, converts arguments, wraps the result.
import { isGradEnabled } from '../context';
import { type Device, defaultDevice, deviceCode } from '../device';
import { type DType, dtypeCode } from '../dtype';
import { ArgumentError, describe } from '../errors';
import { native, type OperatorParam, type OperatorRecord } from '../native';
import { adopt, handleOf, Tensor, type TensorLike } from '../tensor';

export type { OperatorParam, OperatorRecord } from '../native';

/** The engine's operator table: what there is, with parameters, number of results, and whether it has a gradient. */
export const operators: readonly OperatorRecord[] = native.operators();

/** An operator as functions hold it: its place in the table, and its name for errors. */
export interface OperatorRef {
  readonly id: number;
  readonly name: string;
}

const refs = new Map(operators.map(({ name }, id): [string, OperatorRef] => [name, { id, name }]));

/** The operator of that name. @throws ArgumentError when the engine has none. */
export function operator(name: string): OperatorRef {
  const ref = refs.get(name);
  if (!ref) throw new ArgumentError(`there is no operator named '${name}'`);
  return ref;
}

// Added to an operator's place: leave the tape out, and the device of an operator that takes no tensor
// (native/binding/operators.cc).
const NO_GRAD = 1 << 16;
const DEVICE = 1 << 20;

function code({ id }: OperatorRef): number {
  return isGradEnabled() ? id : id | NO_GRAD;
}

/** Applies an operator with one result to arguments already in the engine's form. */
export function call(op: OperatorRef, ...args: unknown[]): Tensor {
  const out = new Tensor();
  return adopt(out, native.call(code(op), out, ...args) as number);
}

/** As {@link call}, for an operator that makes a tensor from nothing on a device. */
export function callOn(device: Device, op: OperatorRef, ...args: unknown[]): Tensor {
  const out = new Tensor();
  return adopt(out, native.call(code(op) + deviceCode(op.name, device) * DEVICE, out, ...args) as number);
}

/** Applies an operator with `count` results. */
export function callMany(op: OperatorRef, count: number, ...args: unknown[]): Tensor[] {
  return results(code(op), count, args);
}

function results(place: number, count: number, args: readonly unknown[]): Tensor[] {
  const outs = Array.from({ length: count }, () => new Tensor());
  const handles = native.call(place, outs, ...args) as number[];
  return outs.map((out, i) => adopt(out, handles[i] as number));
}

/** Applies an operator that has no result. */
export function callVoid(op: OperatorRef, ...args: unknown[]): void {
  native.call(code(op), null, ...args);
}

/** An operand's handle: -1 for a number, which {@link numberOf} then gives. */
function operandHandle(op: string, param: string, value: unknown): number {
  if (typeof value === 'number') return -1;
  if (value instanceof Tensor) return handleOf(op, param, value);
  throw new ArgumentError(`[${op}] expected a Tensor or a number for '${param}', received ${describe(value)}`);
}

function numberOf(value: TensorLike): number {
  return typeof value === 'number' ? value : 0;
}

/** Applies an operator on one operand. */
export function unary(op: OperatorRef, x: Tensor): Tensor {
  const out = new Tensor();
  return adopt(out, native.call(code(op), out, handleOf(op.name, 'x', x), 0) as number);
}

/** Applies an operator on two operands, of which one may be a number. */
export function binary(op: OperatorRef, a: TensorLike, b: TensorLike): Tensor {
  const first = operandHandle(op.name, 'a', a);
  const second = operandHandle(op.name, 'b', b);
  if (first < 0 && second < 0) throw new ArgumentError(`[${op.name}] expected a Tensor among the operands`);
  const out = new Tensor();
  return adopt(out, native.call(code(op), out, first, numberOf(a), second, numberOf(b)) as number);
}

/** The two arguments of an operand. */
export function operand(op: string, param: string, value: TensorLike): [handle: number, value: number] {
  return [operandHandle(op, param, value), numberOf(value)];
}

/** The handle of an optional tensor; -1 when it is left out. */
export function optionalHandle(op: string, param: string, value: Tensor | null | undefined): number {
  return value == null ? -1 : handleOf(op, param, value);
}

/** The code of a dtype; undefined when it is left out, for the operator's default. */
export function optionalDType(op: string, dtype: DType | undefined): number | undefined {
  return dtype === undefined ? undefined : dtypeCode(op, dtype);
}

/** Handles of a list of tensors. */
export function handlesOf(op: string, param: string, values: readonly Tensor[]): number[] {
  if (!Array.isArray(values)) {
    throw new ArgumentError(`[${op}] expected an array of Tensors for '${param}', received ${describe(values)}`);
  }
  // Not map, which visits an array of four billion holes before anything is found wrong.
  const handles: number[] = [];
  for (let i = 0; i < values.length; i++) handles.push(handleOf(op, `${param}[${i}]`, values[i]));
  return handles;
}

/** Axes as a list; null for all. */
export function axesOf(axes: number | readonly number[] | null | undefined): readonly number[] | null {
  return axes == null ? null : typeof axes === 'number' ? [axes] : axes;
}

function convert(op: string, { name, kind }: OperatorParam, value: unknown): unknown[] {
  switch (kind) {
    case 'Tensor':
      return [handleOf(op, name, value)];
    case 'Tensor or null':
      return [optionalHandle(op, name, value as Tensor | null)];
    case 'Tensor or number':
      return operand(op, name, value as TensorLike);
    case 'array of Tensors':
      return [handlesOf(op, name, value as Tensor[])];
    case 'dtype':
      return [optionalDType(op, value as DType | undefined)];
    case 'device':
      return [deviceCode(op, value as Device)];
    default:
      return [value];
  }
}

/** What a parameter of an operator is when it is left out. */
export function defaultOf({ id }: OperatorRef, name: string): OperatorParam['default'] {
  return operators[id]?.params.find((param) => param.name === name)?.default;
}

/**
 * Applies any operator of the table by name, with arguments in the order of its parameters: for operators without a function of
 * their own, such as the backward formulas, and for libraries that walk {@link operators}. Arguments that have a default may be
 * undefined, and left out at the end. An operator that takes no tensor makes one on the {@link defaultDevice}.
 *
 * @param outputs how many results to expect where the table leaves it open.
 */
export function invoke(name: string, args: readonly unknown[], outputs?: number): Tensor[] {
  const op = operator(name);
  const record = operators[op.id] as OperatorRecord;
  const { params } = record;
  const needed = params.findLastIndex((param) => param.default === undefined) + 1;
  if (args.length < needed || args.length > params.length) {
    const names = params.map((param) => param.name).join(', ');
    const count = needed === params.length ? `${needed}` : `${needed} to ${params.length}`;
    throw new ArgumentError(`[${name}] expected ${count} arguments (${names}), received ${args.length}`);
  }
  const converted = params.flatMap((param, i) => convert(name, param, args[i]));
  // The device counts where the operator takes no tensor.
  return results(code(op) + deviceCode(name, defaultDevice()) * DEVICE, outputs ?? record.outputs, converted);
}

/** Adds methods to Tensor, each with the tensor as its function's first argument. */
export function defineMethods(methods: Record<string, (x: never, ...args: never[]) => unknown>): void {
  for (const [name, fn] of Object.entries(methods)) {
    const method = function (this: Tensor, ...args: unknown[]): unknown {
      return (fn as (x: Tensor, ...args: unknown[]) => unknown)(this, ...args);
    };
    Object.defineProperty(method, 'name', { value: name });
    Object.defineProperty(Tensor.prototype, name, { value: method, writable: true, configurable: true });
  }
}
