// Watches every call of a module's forward: an error names the module it came from, and `summary` sees the outputs.
import { notes } from '../compile/notes';
import { isError } from '../kinds';
import { ModuleHooks, runWithHooks } from './hooks';
import type { ModuleTree } from './tree';

type Forward = (this: ModuleTree, ...inputs: never[]) => unknown;

/** Told of every forward that returned, inner modules first. */
export type ForwardObserver = (module: ModuleTree, output: unknown) => void;

const watchedPrototypes = new WeakSet<object>();
let observer: ForwardObserver | undefined;

// Where an error on its way up came from: `path` is relative to `module`, the outermost module it has passed so far.
const origins = new WeakMap<Error, { module: ModuleTree; path: string; message: string }>();

/**
 * Wraps `forward` of the class of `module`, once per class, so that plain calls such as `this.fc1.forward(x)` are watched
 * without a second calling convention. A forward that is an own property of the instance is left alone. Other methods and
 * getters of the class tell a trace that the module is used.
 */
export function watchForward(module: ModuleTree, base: object): void {
  let prototype: object | null = Object.getPrototypeOf(module) as object | null;
  while (prototype !== null && prototype !== base && !watchedPrototypes.has(prototype)) {
    watchedPrototypes.add(prototype);
    const property = Object.getOwnPropertyDescriptor(prototype, 'forward');
    if (property?.writable && property.configurable && typeof property.value === 'function') {
      Object.defineProperty(prototype, 'forward', { ...property, value: watched(property.value as Forward) });
    }
    tellOfUse(prototype, base);
    prototype = Object.getPrototypeOf(prototype) as object | null;
  }
}

/** Runs `body` with `seen` told of every forward; observers nest. */
export function observeForward<T>(seen: ForwardObserver, body: () => T): T {
  const outer = observer;
  observer = seen;
  try {
    return body();
  } finally {
    observer = outer;
  }
}

function tellOfUse(prototype: object, base: object): void {
  for (const key of Reflect.ownKeys(prototype)) {
    const property = Object.getOwnPropertyDescriptor(prototype, key);
    if (key === 'forward' || key in base || !property?.configurable || property.enumerable) continue;
    if (typeof property.value === 'function') property.value = telling(property.value as Forward);
    else if (property.get !== undefined) property.get = telling(property.get as Forward);
    Object.defineProperty(prototype, key, property);
  }
}

function telling(method: Forward): Forward {
  const told = function (this: ModuleTree, ...inputs: never[]): unknown {
    notes?.met(this);
    return method.apply(this, inputs);
  };
  for (const name of ['name', 'length'] as const) Object.defineProperty(told, name, { value: method[name] });
  return told;
}

// Modules whose hooks are at work: a forward that calls that of its base class is one run.
const hooked = new Set<ModuleTree>();

function runHooked(module: ModuleTree, hooks: ModuleHooks, forward: Forward, inputs: never[]): unknown {
  hooked.add(module);
  try {
    return runWithHooks(module as never, hooks, inputs, (given) => forward.apply(module, given as never[]));
  } finally {
    hooked.delete(module);
  }
}

function watched(forward: Forward): Forward {
  return function (this: ModuleTree, ...inputs: never[]): unknown {
    let output: unknown;
    notes?.met(this); // before it changes fields of its own
    const { moduleHooks } = this as { moduleHooks?: unknown };
    try {
      output =
        moduleHooks instanceof ModuleHooks && !hooked.has(this)
          ? runHooked(this, moduleHooks, forward, inputs)
          : forward.apply(this, inputs);
    } catch (error) {
      if (isError(error)) locate(error, this);
      throw error;
    }
    observer?.(this, output);
    return output;
  };
}

// Prefixes the message with the path as seen from `module`: "[linear] ..." becomes "[encoder.3.fc1] [linear] ...".
function locate(error: Error, module: ModuleTree): void {
  const origin = origins.get(error);
  if (origin === undefined) {
    origins.set(error, { module, path: '', message: error.message });
    return;
  }
  if (origin.module === module) return;
  const step = module.namedModules().find(([, inner]) => inner === origin.module)?.[0];
  origin.module = module;
  if (step === undefined) return;
  origin.path = origin.path === '' ? step : `${step}.${origin.path}`;
  // The stack has a copy of the message, which V8 may make only when the stack is first read: so before the message changes.
  const { message: before, stack } = error;
  const message = `[${origin.path}] ${origin.message}`;
  // A user's error may be frozen; then it stays as it is.
  if (!Reflect.set(error, 'message', message)) return;
  if (typeof stack === 'string')
    Reflect.set(
      error,
      'stack',
      stack.replace(before, () => message),
    );
}
