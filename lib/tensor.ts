// The tensor that users hold: a number that names the engine's tensor, and what can be asked of it. The operators add their
// methods from lib/ops.

import { duringBackward } from './after-backward';
import { notes } from './compile/notes';
import { keep, track } from './context';
import { type Device, deviceOfCode } from './device';
import { type DType, dtypeCode, dtypeOfCode, type ElementOf, type TypedArray, type TypedArrays } from './dtype';
import { ArgumentError, DisposedError, DTypeError, describe } from './errors';
import { formatTensor, type NestedArray, nest } from './format';
import { inspectAsText } from './inspection';
import { copyOf, thisCopy } from './kinds';
import { native } from './native';
import { checkOptions } from './options';
import { warnOnce } from './warn';

export type { DType, ElementOf, TypedArray, TypedArrays } from './dtype';
export type { NestedArray } from './format';

/** An operand: a tensor, or a number that takes the dtype of the tensor next to it. */
export type TensorLike = Tensor | number;

/** Options of {@link Tensor.backward}. */
export interface BackwardOptions {
  /** Keeps the graph, so that backward can run through it again. Default: `createGraph`. */
  retainGraph?: boolean;
  /**
   * Records the computation of the gradients, so that they can be differentiated. Default false. A gradient in `grad` then has a
   * graph that leads back to its tensor: neither is garbage before `grad` is set to null. `grad()` has no such circle.
   */
  createGraph?: boolean;
}

/** What `JSON.stringify` makes of a tensor. */
export interface TensorJson {
  /** Sizes of the dimensions. */
  shape: number[];
  /** Element type. */
  dtype: DType;
  /** In row-major order. What JSON has no number for is text: NaN, Infinity, -Infinity, -0, and int64 beyond 2^53. */
  data: (number | string)[];
}

const DISPOSED = -1;

/** In place of a handle: what the object stood for was a tensor of a traced function, and is gone with the trace. @internal */
export const TRACED = -2;

// Copying an object to another thread fails at this, with these words in the error.
const uncloneable = Symbol('a tensor, whose thread alone can use it; send what `await tensor.data()` gives');

/**
 * An n-dimensional array of one dtype, with its memory in the engine. Its values never change, except those of parameters and
 * buffers, which optimizers and {@link Tensor.assign} update in place.
 *
 * Operators start at once and run on the engine's thread; reading is what waits: `await t.data()`. A tensor belongs to the
 * thread that made it: send a worker the data.
 */
export class Tensor {
  /** The engine's number for this tensor; negative when there is none any more. @internal */
  handle = DISPOSED;
  /** @internal */
  protected readonly uncloneable = uncloneable;
  #shape: readonly number[] | undefined;
  #dtype: DType | undefined;
  #device: Device | undefined;

  /** Makes this object stand for another tensor of the engine. @internal */
  bind(handle: number): void {
    this.handle = handle;
    this.#shape = undefined;
    this.#dtype = undefined;
    this.#device = undefined;
  }

  /** @internal */
  get [copyOf](): object {
    return thisCopy;
  }

  /** Sizes of the dimensions. @throws DisposedError */
  get shape(): number[] {
    this.#shape ??= native.shape(handleOf('shape', 'tensor', this));
    return [...this.#shape];
  }

  /** Element type. @throws DisposedError */
  get dtype(): DType {
    this.#dtype ??= dtypeOfCode(native.dtype(handleOf('dtype', 'tensor', this)));
    return this.#dtype;
  }

  /** Where the values lie. @throws DisposedError */
  get device(): Device {
    this.#device ??= deviceOfCode(native.device(handleOf('device', 'tensor', this)));
    return this.#device;
  }

  /** Number of dimensions. */
  get rank(): number {
    return this.shape.length;
  }

  /** Number of elements. */
  get size(): number {
    return this.shape.reduce((product, extent) => product * extent, 1);
  }

  /** Whether `dispose` has been called, by hand or by a scope. */
  get isDisposed(): boolean {
    return this.handle < 0;
  }

  // ---- reading

  /**
   * A promise of the elements, as `data()` gives them, of a tensor whose dtype is known: TypeScript then knows the array, a
   * BigInt64Array for `await t.data('int64')`. Nothing is converted.
   *
   * @throws DTypeError when the tensor has another dtype.
   */
  data<D extends DType>(dtype: D): Promise<TypedArrays[D]>;
  /**
   * A promise of the elements in row-major order, copied: Float32Array for float32, Float64Array for float64, Int32Array for
   * int32, BigInt64Array for int64, Uint8Array for uint8 and bool. Rejects with the error of a kernel that failed on the way.
   */
  data(): Promise<TypedArray>;
  async data(dtype?: DType): Promise<TypedArray> {
    this.#checkDType('data', dtype);
    return (await native.read(handleOf('data', 'tensor', this))) as TypedArray;
  }

  /** As {@link data} of a known dtype, but waits here. @throws DTypeError when the tensor has another. */
  dataSync<D extends DType>(dtype: D): TypedArrays[D];
  /** As {@link data}, but waits here: the event loop stands still until the engine has caught up. */
  dataSync(): TypedArray;
  dataSync(dtype?: DType): TypedArray {
    this.#checkDType('dataSync', dtype);
    return native.readSync(handleOf('dataSync', 'tensor', this)) as TypedArray;
  }

  /**
   * A promise of the elements, as `array()` gives them, of a tensor whose dtype is known: booleans for bool, else numbers.
   *
   * @throws DTypeError when the tensor has another dtype.
   */
  array<D extends DType>(dtype: D): Promise<NestedArray<ElementOf<D>>>;
  /** A promise of the elements as nested arrays (a number for a scalar). int64 become numbers, exact up to 2^53. */
  array(): Promise<NestedArray>;
  async array(expected?: DType): Promise<NestedArray> {
    this.#checkDType('array', expected);
    const { shape, dtype } = this;
    return nest(await this.data(), shape, dtype);
  }

  /** As {@link array} of a known dtype, but waits here. @throws DTypeError when the tensor has another. */
  arraySync<D extends DType>(dtype: D): NestedArray<ElementOf<D>>;
  /** As {@link array}, but waits here. */
  arraySync(): NestedArray;
  arraySync(expected?: DType): NestedArray {
    this.#checkDType('arraySync', expected);
    return nest(this.dataSync(), this.shape, this.dtype);
  }

  /** A promise of the only element, a number for every dtype. @throws ArgumentError unless there is exactly one. */
  async item(): Promise<number> {
    this.#checkSingle('item');
    return Number((await this.data())[0]);
  }

  /** As {@link item}, but waits here. */
  itemSync(): number {
    this.#checkSingle('itemSync');
    return Number(this.dataSync()[0]);
  }

  #checkSingle(op: string): void {
    if (this.size !== 1) {
      throw new ArgumentError(`[${op}] a tensor of shape ${formatShape(this.shape)} is not a single number`);
    }
  }

  // The result has the type of the dtype that the caller named.
  #checkDType(op: string, expected: DType | undefined): void {
    if (expected === undefined) return;
    const own = dtypeOfCode(native.dtype(handleOf(op, 'tensor', this)));
    if (expected === own) return;
    dtypeCode(op, expected);
    throw new DTypeError(
      `[${op}] expected a tensor of dtype ${expected}, received ${own}; .to('${expected}') converts it`,
    );
  }

  // ---- gradients

  /** Whether operators on this tensor are recorded. Set it on leaves of a floating dtype. */
  get requiresGrad(): boolean {
    return native.requiresGrad(handleOf('requiresGrad', 'tensor', this));
  }
  set requiresGrad(value: boolean) {
    native.setRequiresGrad(handleOf('requiresGrad', 'tensor', this), value);
  }

  /** Whether this tensor is no result of a recorded operator. */
  get isLeaf(): boolean {
    return native.isLeaf(handleOf('isLeaf', 'tensor', this));
  }

  /** The gradient that backward has accumulated here, or null. Setting null clears it. */
  get grad(): Tensor | null {
    const out = new Tensor();
    const handle = native.grad(out, handleOf('grad', 'tensor', this));
    return handle < 0 ? null : adopt(out, handle);
  }
  set grad(value: Tensor | null) {
    const handle = handleOf('grad', 'tensor', this);
    native.setGrad(handle, value === null ? -1 : handleOf('grad', 'value', value));
  }

  /**
   * Adds the gradients of this tensor to `grad` of the leaves it was computed from.
   *
   * @param gradient what to start from, of this tensor's shape; may be left out for a scalar, where it is 1.
   * @throws AutogradError when this is no scalar and no gradient is given, when nothing it depends on requires a gradient, or
   * when the graph has been freed by an earlier backward.
   */
  backward(gradient?: Tensor | null, options: BackwardOptions = {}): void {
    checkOptions('backward', options, ['createGraph', 'retainGraph']);
    const { createGraph = false, retainGraph = createGraph } = options;
    if (createGraph) {
      warnOnce(
        'ANNEAL_CREATE_GRAPH',
        '[backward] createGraph: true leaves gradients in grad whose graph leads back to their own tensors, and neither is ' +
          'garbage before grad is set to null; grad(outputs, inputs, { createGraph: true }) has no such circle',
      );
    }
    const seed = gradient == null ? -1 : handleOf('backward', 'gradient', gradient);
    const handle = handleOf('backward', 'tensor', this);
    duringBackward(() => native.backward([handle], [seed], retainGraph, createGraph));
  }

  /** The same values outside any graph; shares memory. */
  detach(): Tensor {
    const out = new Tensor();
    return adopt(out, native.detach(out, handleOf('detach', 'tensor', this)));
  }

  /**
   * Calls `hook` with the gradient of this tensor whenever backward computes it; what it returns replaces the gradient.
   *
   * The hook stays until it is removed, or backward frees the graph that the gradient passes through, and with it what its
   * function can reach: all variables of the functions around it that any function there mentions. Remove hooks on leaves, and
   * on graphs that no backward frees.
   *
   * @returns a function that removes the hook.
   * @throws AutogradError when this tensor does not require a gradient.
   */
  registerHook(hook: ((gradient: Tensor) => Tensor | undefined | null) | ((gradient: Tensor) => void)): () => void {
    if (typeof hook !== 'function') {
      throw new ArgumentError(`[registerHook] expected a function, received ${describe(hook)}`);
    }
    const slot: HookSlot = { hook };
    const id = native.addHook(handleOf('registerHook', 'tensor', this), nativeHook(slot));
    return () => {
      slot.hook = undefined; // the graph may outlive this tensor
      if (!this.isDisposed) native.removeHook(this.handle, id);
    };
  }

  // ---- memory

  /** Gives the memory back now. Using the tensor afterwards throws DisposedError; disposing again does nothing. */
  dispose(): void {
    if (this.handle < 0) return;
    native.dispose(this.handle);
    this.handle = DISPOSED;
  }

  [Symbol.dispose](): void {
    this.dispose();
  }

  // ---- printing

  /** As `console.log` shows it. */
  toString(): string {
    return formatTensor<Tensor>(this);
  }

  /**
   * For JSON, without loss. Waits until the engine has caught up, as {@link dataSync} does; `tensor(data, { shape, dtype })` of
   * `data.map(Number)` makes it anew (of `data.map(BigInt)` for int64).
   */
  toJSON(): TensorJson {
    return { shape: this.shape, dtype: this.dtype, data: Array.from(this.dataSync(), jsonNumber) };
  }

  /** Text in a template literal or `String(tensor)`. @throws ArgumentError where JavaScript wants a number: `loss > 0.1`. */
  [Symbol.toPrimitive](hint: 'string'): string;
  [Symbol.toPrimitive](hint: 'number' | 'default'): never;
  [Symbol.toPrimitive](hint: string): string {
    if (hint === 'string') return formatTensor<Tensor>(this);
    throw new ArgumentError(
      "[Tensor] JavaScript's operators do not work on tensors: read the number first, `await loss.item() > 0.1`, or use " +
        'methods such as add, gt and eq; String(tensor) and template literals make text',
    );
  }
}

inspectAsText(Tensor.prototype);

// What JSON.stringify writes exactly.
function jsonNumber(value: number | bigint): number | string {
  if (typeof value === 'bigint') {
    const number = Number(value);
    return Number.isSafeInteger(number) ? number : value.toString();
  }
  if (Object.is(value, -0)) return '-0';
  return Number.isFinite(value) ? value : String(value);
}

interface HookSlot {
  hook: ((gradient: Tensor) => unknown) | undefined;
}

// Outside of the class: a closure made next to one that holds the tensor would hold it too, and the engine holds this one.
function nativeHook(slot: HookSlot): (handle: number) => number {
  return (handle) => {
    const gradient = new Tensor();
    native.claim(gradient, handle);
    const result = slot.hook?.(adopt(gradient, handle));
    return result == null ? -1 : handleOf('registerHook', 'result', result);
  };
}

/** Gives an object the handle that the engine made for it. @internal */
export function adopt<T extends Tensor>(out: T, handle: number): T {
  out.handle = handle;
  track(out);
  notes?.made(out);
  return out;
}

/** Makes `target`, a new object of a subclass, a leaf that shares the memory of `source` and outlives scopes. @internal */
export function aliasInto<T extends Tensor>(target: T, source: Tensor): T {
  target.bind(native.detach(target, handleOf('Parameter', 'data', source)));
  notes?.made(target);
  return keep(target);
}

/** Whether `value` is a tensor of this copy of the package. */
export function isTensor(value: unknown): value is Tensor {
  return value instanceof Tensor;
}

/**
 * The handle of an argument that must be a tensor; errors name the operator and the parameter. To be read right before the call
 * that it is for, with no call that makes a tensor in between: the tensor may be garbage by then. @internal
 */
export function handleOf(op: string, param: string, value: unknown): number {
  if (!(value instanceof Tensor)) {
    throw new ArgumentError(`[${op}] expected a Tensor for '${param}', received ${describe(value)}`);
  }
  if (value.handle < 0) throw goneError(op, param, value.handle);
  notes?.used(value);
  return value.handle;
}

function goneError(op: string, param: string, handle: number): Error {
  if (handle !== TRACED) return new DisposedError(`[${op}] '${param}' has been disposed`);
  return new ArgumentError(
    `[${op}] '${param}' was made while a function was traced by compile, and no run computes it again: return it from the function`,
  );
}

/** `[2, 3]`, for messages. */
export function formatShape(shape: readonly number[]): string {
  return `[${shape.join(', ')}]`;
}
