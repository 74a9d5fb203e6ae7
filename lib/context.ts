// What holds for the code that runs inside a function: whether the tape records, and which scope owns new tensors. Both follow
// asynchronous code too.
import { AsyncLocalStorage } from 'node:async_hooks';
import { types } from 'node:util';
import { ArgumentError, describe } from './errors';
import { isMap, isPlainObject, isPromiseLike, isSet } from './kinds';

/** What a scope owns: a tensor, as far as this file knows it. */
interface Owned {
  dispose(): void;
}

/** What holds in a function. */
interface Frame {
  readonly grad: boolean;
  readonly scope: Set<Owned> | null;
  /** That of the function around it. */
  readonly outer: Frame | undefined;
  /** Whether the function has returned, or its promise has settled. */
  ended: boolean;
}

const outside: Frame = { grad: true, scope: null, outer: undefined, ended: false };
const storage = new AsyncLocalStorage<Frame>();
// Functions under way. While there are none, no operator pays for looking.
let active = 0;
// The frame of the innermost function on the stack, which costs less to look up than the storage. There is none in what
// goes on after an await.
let running: Frame | undefined;

function frame(): Frame {
  if (running !== undefined) return running;
  if (active === 0) return outside;
  let inner = storage.getStore() ?? outside;
  // What a function has left behind (a timer, a promise that it did not wait for) goes on in what is around the function.
  while (inner.ended) inner = inner.outer ?? outside;
  return inner;
}

/** Whether operators are recorded here. */
export function isGradEnabled(): boolean {
  return frame().grad;
}

/** Gives a new tensor to the scope it was made in. */
export function track(tensor: Owned): void {
  frame().scope?.add(tensor);
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
  const end = (result: unknown): void => {
    active--;
    inner.ended = true;
    done(result);
  };
  let result: T;
  try {
    result = enter(inner, fn);
  } catch (error) {
    end(undefined);
    throw error;
  }
  if (!isPromiseLike(result)) {
    end(result);
    return result;
  }
  return result.then(
    (value) => {
      end(value);
      return value;
    },
    (error: unknown) => {
      end(undefined);
      throw error;
    },
  ) as T;
}

function checkFunction(name: string, fn: unknown): void {
  if (typeof fn !== 'function') throw new ArgumentError(`[${name}] expected a function, received ${describe(fn)}`);
  if (types.isGeneratorFunction(fn)) {
    throw new ArgumentError(`[${name}] a generator runs only after ${name} has returned: call ${name} inside of it`);
  }
}

function inside(grad: boolean, made: Set<Owned> | null): Frame {
  return { grad, scope: made, outer: frame(), ended: false };
}

/**
 * Runs `fn`, synchronous or asynchronous, without recording operators for gradients. It holds in `fn` and in what `fn` calls and
 * awaits, until `fn` returns or its promise settles: a timer that fires later runs as if it had been set outside.
 *
 * @returns what `fn` returns.
 * @throws what `fn` throws; ArgumentError for anything but a function, and for a generator.
 */
export function noGrad<T>(fn: () => T): T {
  checkFunction('noGrad', fn);
  return within(inside(false, frame().scope), fn, () => {});
}

/** {@link noGrad} by PyTorch's other name: no operator is recorded, and nothing besides that differs. */
export function inferenceMode<T>(fn: () => T): T {
  checkFunction('inferenceMode', fn);
  return noGrad(fn);
}

/** Runs `fn` with recording on, inside a {@link noGrad}; see there. */
export function enableGrad<T>(fn: () => T): T {
  checkFunction('enableGrad', fn);
  return within(inside(true, frame().scope), fn, () => {});
}

/**
 * Runs `fn`, synchronous or asynchronous, and disposes the tensors that were made in it, except those it returns (alone, or
 * inside arrays, Maps, Sets and plain objects), parameters, and those given to {@link keep}. Memory comes back at once instead of
 * with the next garbage collection. Tensors that a gradient still needs stay alive inside the engine.
 *
 * It ends as {@link noGrad} does: a tensor made by a timer that fires later is not of this scope.
 *
 * @returns what `fn` returns.
 * @throws what `fn` throws; ArgumentError for anything but a function, and for a generator.
 */
export function scope<T>(fn: () => T): T {
  checkFunction('scope', fn);
  const outer = frame().scope;
  const made = new Set<Owned>();
  return within(inside(frame().grad, made), fn, (result) => {
    release(result, made, outer, new Set());
    for (const tensor of made) if (!kept.has(tensor)) tensor.dispose();
    made.clear();
  });
}

const kept = new WeakSet<object>();

/** Keeps a tensor alive beyond the scopes it was made in; returns it. */
export function keep<T extends { dispose(): void }>(tensor: T): T {
  kept.add(tensor);
  return tensor;
}

// Gives the tensors in `value` to the scope around.
function release(value: unknown, made: Set<Owned>, outer: Set<Owned> | null, seen: Set<object>): void {
  if (typeof value !== 'object' || value === null || seen.has(value)) return;
  if (made.delete(value as Owned)) {
    outer?.add(value as Owned);
    return;
  }
  let items: Iterable<unknown>;
  if (Array.isArray(value) || isSet(value)) items = value;
  else if (isMap(value)) items = value.values();
  else if (isPlainObject(value)) items = Object.values(value);
  else return;
  seen.add(value);
  for (const item of items) release(item, made, outer, seen);
}
