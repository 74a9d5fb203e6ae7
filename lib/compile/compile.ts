// compile: a function of tensors, traced once for each signature and then replayed by one native call.
import { types } from 'node:util';
import { ArgumentError, describe } from '../errors';
import { checkOptions } from '../options';
import { warn } from '../warn';
import { Programs } from './programs';
import { tracing } from './trace';
import { asynchronous } from './traced';
import { withoutCompiling } from './uncompiled';

/** Options of {@link compile}. */
export interface CompileOptions {
  /** How many traced programs to keep; the one used longest ago goes first. Default 16. */
  maxPrograms?: number;
}

/** A compiled function. */
export interface Compiled<Args extends unknown[], Result> {
  (...args: Args): Result;
  /**
   * For every program so far: what it depends on, what it does not watch, and its kernels as traced and as they run, with bytes and
   * floating-point operations. Before that, what the function was last traced anew for.
   */
  explain(): string;
  /** How many programs there are. */
  readonly programs: number;
  /** Forgets all programs: the next call traces anew. */
  reset(): void;
}

/**
 * A function that does what `fn` does, faster: the first call for each signature (dtypes and shapes of tensors, other values)
 * runs `fn` once to write down its operators, which are then fused and given memory once and for all; every call replays them by
 * one native call.
 *
 * ```ts
 * const step = compile((images: Tensor, labels: Tensor) => {
 *   const loss = nn.crossEntropy(model.forward(images), labels);
 *   loss.backward();
 *   optimizer.step();
 *   optimizer.zeroGrad();
 *   return loss;
 * });
 * ```
 *
 * With `zeroGrad` at the end, gradients are not stored where they are not needed: plain gradient descent takes place inside the
 * matrix products.
 *
 * `fn` takes and returns tensors, alone or in arrays and plain objects, and may return nothing. Numbers, strings and booleans
 * among the arguments are part of the signature; among the results they are refused, since no run would compute them again.
 * Parameters, buffers, optimizer states and other tensors that it uses are read and updated where they are. Learning rates and
 * random generators are looked up at every run. Other JavaScript in `fn` runs only while tracing, and values cannot be read there.
 *
 * Arguments and results share memory as they do without compiling: what `fn` writes is written, an argument that `fn` returns is the
 * same object, and so is a parameter. New results are not part of a graph: compile the whole step, with its backward. Tensors that
 * `fn` puts into fields of modules are there after every run; those that it puts elsewhere (variables outside of it) have no values.
 *
 * A program runs only while what it depends on is as it was when it was traced: fields of modules, parameters, modes, options; see
 * `explain()`. Else `fn` is traced again. Where that happens at nearly every call, tracing does not pay: a warning says what keeps
 * changing, and `fn` runs without compiling for the next 64 calls, and longer each time. Not seen are variables in closures,
 * private `#fields`, `Math.random()` and the date: call `reset()` after you have changed such a variable.
 *
 * @throws ArgumentError when `fn` is asynchronous, reads a value, or takes or returns something else.
 */
export function compile<Args extends unknown[], Result>(
  fn: (...args: Args) => Result,
  options: CompileOptions = {},
): Compiled<Args, Result> {
  if (typeof fn !== 'function') throw new ArgumentError(`[compile] expected a function, received ${describe(fn)}`);
  if (types.isAsyncFunction(fn)) throw asynchronous(); // not called first: nobody would see its promise reject
  checkOptions('compile', options, ['maxPrograms']);
  const { maxPrograms = 16 } = options;
  if (!(Number.isSafeInteger(maxPrograms) && maxPrograms > 0)) {
    throw new ArgumentError(`[compile] expected a positive integer for maxPrograms, received ${describe(maxPrograms)}`);
  }
  const programs = new Programs(fn as (...args: never[]) => unknown, maxPrograms);
  let isTold = false;

  const compiled = (...args: Args): Result => {
    if (tracing() !== undefined) return fn(...args); // part of the function that is being traced
    const found = programs.find(args);
    if (found !== undefined) return found.program.run(found.inputs) as Result;
    if (!isTold) {
      isTold = true;
      const name = fn.name === '' ? 'a function' : fn.name;
      warn('ANNEAL_NOT_COMPILED', `[compile] ${name} runs without compiling for a while: ${programs.reason}`);
    }
    return withoutCompiling(fn as (...args: never[]) => unknown, args) as Result;
  };
  return Object.defineProperties(compiled, {
    name: { value: `compiled ${fn.name}`.trim() },
    explain: { value: () => programs.explain() },
    programs: { get: () => programs.count },
    reset: { value: () => programs.clear() },
  }) as Compiled<Args, Result>;
}
