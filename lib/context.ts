// What holds for the code that runs inside a function: whether the tape records, and which scope owns new tensors. Both follow
// asynchronous code too.
import { AsyncLocalStorage } from 'node:async_hooks';
import { ArgumentError, describe } from './errors';
import type { Tensor } from './tensor';

interface Frame {
  readonly grad: boolean;
  readonly scope: Set<Tensor> | null;
}

const outside: Frame = { grad: true, scope: null };
const storage = new AsyncLocalStorage<Frame>();
// Functions under way. While there are none, no operator pays for looking.
let active = 0;
// The frame of the innermost function on the stack, which costs less to look up than the storage. There is none in what
// goes on after an await.
let running: Frame | undefined;

function frame(): Frame {
  return running ?? (active > 0 ? (storage.getStore() ?? outside) : outside);
}

/** Whether operators are recorded here. */
export function isGradEnabled(): boolean {
  return frame().grad;
}

/** Gives a new tensor to the scope it was made in. */
export function track(tensor: Tensor): void {
  frame().scope?.add(tensor);
}

function isPromise(value: unknown): value is Promise<unknown> {
  return typeof value === 'object' && value !== null && typeof (value as Promise<unknown>).then === 'function';
}

function enter<T>(inner: Frame, fn: () => T): T {
  const before = running;
  running = inner;
  try {
    return storage.run(inner, fn);
  } finally {
    running = before;
  }
}

// Runs fn in the frame and then `done` with its result, after its promise has settled if it is one.
function within<T>(inner: Frame, fn: () => T, done: (result: unknown) => void): T {
  active++;
  let pending = false;
  try {
    const result = enter(inner, fn);
    if (isPromise(result)) {
      pending = true;
      return result.then(
        (value) => {
          active--;
          done(value);
          return value;
        },
        (error: unknown) => {
          active--;
          done(undefined);
          throw error;
        },
      ) as T;
    }
    done(result);
    return result;
  } catch (error) {
    if (!pending) done(undefined);
    throw error;
  } finally {
    if (!pending) active--;
  }
}

function checkFunction(name: string, fn: unknown): void {
  if (typeof fn !== 'function') throw new ArgumentError(`[${name}] expected a function, received ${describe(fn)}`);
}

/** Runs `fn`, synchronous or asynchronous, without recording operators for gradients. */
export function noGrad<T>(fn: () => T): T {
  checkFunction('noGrad', fn);
  return within({ grad: false, scope: frame().scope }, fn, () => {});
}

/** Runs `fn` with recording on, inside a `noGrad`. */
export function enableGrad<T>(fn: () => T): T {
  checkFunction('enableGrad', fn);
  return within({ grad: true, scope: frame().scope }, fn, () => {});
}

/**
 * Runs `fn`, synchronous or asynchronous, and disposes the tensors that were made in it, except those it returns (alone, or
 * inside arrays and plain objects), parameters, and those given to {@link keep}. Memory comes back at once instead of with the
 * next garbage collection. Tensors that a gradient still needs stay alive inside the engine.
 */
export function scope<T>(fn: () => T): T {
  checkFunction('scope', fn);
  const outer = frame().scope;
  const made = new Set<Tensor>();
  return within({ grad: frame().grad, scope: made }, fn, (result) => {
    forEachTensor(result, (tensor) => {
      if (made.delete(tensor)) outer?.add(tensor);
    });
    for (const tensor of made) if (!kept.has(tensor)) tensor.dispose();
  });
}

const kept = new WeakSet<Tensor>();

/** Keeps a tensor alive beyond the scopes it was made in; returns it. */
export function keep<T extends Tensor>(tensor: T): T {
  kept.add(tensor);
  return tensor;
}

// Tensors know themselves by this symbol, so that this file need not import their class.
export const tensorBrand = Symbol.for('anneal.tensor');

function forEachTensor(value: unknown, visit: (tensor: Tensor) => void, depth = 0): void {
  if (typeof value !== 'object' || value === null || depth > 8) return;
  if (tensorBrand in value) {
    visit(value as Tensor);
    return;
  }
  const plain = Object.getPrototypeOf(value) === Object.prototype || Object.getPrototypeOf(value) === null;
  if (Array.isArray(value)) for (const item of value) forEachTensor(item, visit, depth + 1);
  else if (value instanceof Map) for (const item of value.values()) forEachTensor(item, visit, depth + 1);
  else if (plain) for (const item of Object.values(value)) forEachTensor(item, visit, depth + 1);
}
