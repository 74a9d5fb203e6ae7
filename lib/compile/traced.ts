// One call of a function while it is traced: what stands for its arguments, and what became of them.
import { scope } from '../context';
import { ArgumentError, AutogradError } from '../errors';
import { isPromiseLike } from '../kinds';
import { native } from '../native';
import { adopt, handleOf, Tensor } from '../tensor';
import type { Effects } from './recorder';
import { flattenResult, type Template, unflattenTensors } from './structure';
import { type Counter, Trace, withTrace } from './trace';

/** The error for a function that returns a promise. */
export function asynchronous(): ArgumentError {
  return new ArgumentError('[compile] the function is asynchronous: compile the part of it that computes');
}

/** @throws ArgumentError when what a function has returned is a promise, whose rejection is then nobody's to handle. */
export function refusePromise(value: unknown): void {
  if (!isPromiseLike(value)) return;
  Promise.resolve(value).catch(() => {}); // what it rejects with later is a consequence of having been called here
  throw asynchronous();
}

// For a function that stores gradients in its arguments.
function backwardReachedArgument(): AutogradError {
  return new AutogradError(
    '[compile] backward() reached an argument of the function; use grad() for gradients by arguments',
  );
}

/** Where a tensor of the result comes from: a run of the program, its arguments, or from outside as the same object. */
export type Source =
  | { kind: 'made'; output: number }
  | { kind: 'argument'; input: number }
  | { kind: 'object'; tensor: Tensor };

/** What a trace has found out. */
export interface Traced {
  readonly trace: Trace;
  readonly result: Template;
  /** Of the tensors of `result`. */
  readonly sources: readonly Source[];
  /** How many results the program makes, those in `effects` left out. */
  readonly outputs: number;
  readonly effects: Effects;
  /** The arguments that the function has disposed. */
  readonly disposed: readonly number[];
  /** How far a run moves each counter. */
  readonly totals: readonly { counter: Counter; total: number }[];
}

type Fn = (...args: never[]) => unknown;

/**
 * Traces `fn` on tensors that stand for `inputs`, put into the places of `template`, and makes the engine's program, which
 * belongs to `owner`. Where inputs share memory that the function writes, it is traced once more on those tensors themselves. Where
 * `fn` throws, random numbers stay drawn and fields stay changed, as without compiling; with `undoes`, it is as if it had not been
 * called.
 *
 * @throws whatever `fn` throws; ArgumentError when it is asynchronous or reads a value.
 */
export function traceFunction(
  owner: object,
  fn: Fn,
  template: Template,
  inputs: readonly Tensor[],
  undoes: boolean,
): Traced {
  for (let again = false; ; again = true) {
    const traced = traceOnce(owner, fn, template, inputs, again, undoes);
    if (traced !== undefined) return traced;
  }
}

function traceOnce(
  owner: object,
  fn: Fn,
  template: Template,
  inputs: readonly Tensor[],
  again: boolean,
  undoes: boolean,
): Traced | undefined {
  const trace = new Trace();
  const { recorder } = trace;
  let result: Template | undefined;
  let sources: Source[] = [];
  let effects: Effects | undefined;
  let outputs = 0;
  let disposed: number[] = [];
  let repeats = 0;
  let totals: Traced['totals'] = [];
  let hasReturned = false;
  native.beginTrace(again);
  try {
    scope(() => {
      const stands = inputs.map((input) => {
        const out = new Tensor();
        const handle = native.traceInput(out, handleOf('compile', 'input', input), input.shape);
        if (handle < 0) return input;
        recorder.input(out);
        return adopt(out, handle);
      });
      const value = withTrace(trace, () => fn(...(unflattenTensors(template, stands) as never[])));
      refusePromise(value);
      const found: Tensor[] = [];
      result = flattenResult(value, found);
      const reachesArgument = stands.some((tensor, i) => {
        return tensor !== inputs[i] && !tensor.isDisposed && tensor.requiresGrad && tensor.grad !== null;
      });
      disposed = [...stands.keys()].filter((i) => stands[i]?.isDisposed);
      effects = recorder.settle(stands, found);
      effects.once ??= trace.changed;
      const made: Tensor[] = [];
      sources = found.map((tensor): Source => {
        const input = stands.indexOf(tensor);
        if (input >= 0) return { kind: 'argument', input };
        if (!recorder.hasMade(tensor)) return { kind: 'object', tensor };
        return { kind: 'made', output: made.push(tensor) - 1 };
      });
      outputs = made.length;
      repeats = native.endTrace(
        owner,
        [...made, ...effects.tensors].map((tensor) => handleOf('compile', 'result', tensor)),
        inputs.map((input) => handleOf('compile', 'input', input)),
      );
      hasReturned = !reachesArgument || repeats < 0;
      if (!hasReturned) throw backwardReachedArgument();
      const { tensors, writes, modes, once } = effects;
      const isSteady = once === undefined && [tensors, writes, modes, disposed].every((list) => list.length === 0);
      if (repeats === 0 || !isSteady || sources.some(({ kind }) => kind !== 'made')) trace.once();
    });
  } finally {
    native.abortTrace();
    totals = Array.from(trace.starts, ([counter, start]) => {
      const total = counter.get() - start;
      if (hasReturned || undoes) counter.set(start);
      return { counter, total };
    });
    if (repeats < 0 || (!hasReturned && undoes)) recorder.undo(effects?.writes);
    else if (!hasReturned) recorder.dropTensors();
    recorder.seal();
  }
  return repeats < 0
    ? undefined
    : { trace, result: result as Template, sources, outputs, effects: effects as Effects, disposed, totals };
}
