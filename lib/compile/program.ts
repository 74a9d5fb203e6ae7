// A traced function as the engine's program, and its runs.
import { scope } from '../context';
import { ArgumentError, AutogradError } from '../errors';
import { isPromiseLike } from '../kinds';
import { native } from '../native';
import { adopt, handleOf, Tensor } from '../tensor';
import { type Difference, dependencies, differences, inShort } from './differences';
import type { Effects } from './recorder';
import { putTogether, type Template, takeResultApart } from './structure';
import { type Counter, Trace, withTrace } from './trace';

/** The error for a function that returns a promise. */
export function asynchronous(): ArgumentError {
  return new ArgumentError('[compile] the function is asynchronous: compile the part of it that computes');
}

/** The error for a function that stores gradients in its arguments. */
export function backwardReachedArgument(): AutogradError {
  return new AutogradError(
    '[compile] backward() reached an argument of the function; use grad() for gradients by arguments',
  );
}

/** One traced call of a function: the engine's kernels, and what has to hold and to advance when they run. */
export class Program {
  readonly #trace: Trace;
  readonly #totals: { counter: Counter; total: number }[];
  readonly #result: Template;
  readonly #outputs: number;
  readonly #effects: Effects;
  #isFresh = true;
  #runs = 0;
  // The same eight bytes a live value, as the engine reads them and as numbers.
  readonly #bits: BigUint64Array;
  readonly #numbers: Float64Array;
  readonly #gains: BigUint64Array;

  /**
   * Traces `fn` on tensors like `inputs`, put into the places of `template`.
   *
   * @throws whatever `fn` throws; ArgumentError when it is asynchronous or reads a value.
   */
  constructor(fn: (...args: never[]) => unknown, template: Template, inputs: readonly Tensor[]) {
    this.#trace = new Trace();
    const { recorder } = this.#trace;
    let result: Template | undefined;
    let effects: Effects | undefined;
    let outputs = 0;
    native.beginTrace();
    try {
      scope(() => {
        const stand = inputs.map((input) => {
          const out = new Tensor();
          recorder.input(out);
          return adopt(
            out,
            native.traceInput(out, handleOf('compile', 'input', input), input.shape, input.requiresGrad),
          );
        });
        const value = withTrace(this.#trace, () => fn(...(putTogether(template, stand) as never[])));
        if (isPromiseLike(value)) {
          Promise.resolve(value).catch(() => {}); // what it rejects with later is a consequence of having been traced
          throw asynchronous();
        }
        const tensors: Tensor[] = [];
        result = takeResultApart(value, tensors);
        outputs = tensors.length;
        if (stand.some((tensor) => tensor.requiresGrad && tensor.grad !== null)) {
          throw backwardReachedArgument();
        }
        effects = recorder.settle();
        tensors.push(...effects.tensors);
        const steady = native.endTrace(
          this,
          tensors.map((tensor) => handleOf('compile', 'result', tensor)),
        );
        if (!steady || Object.values(effects).some((list) => list.length > 0)) this.#trace.repeats = false;
      });
    } finally {
      native.abortTrace();
      recorder.seal();
      this.#totals = Array.from(this.#trace.starts, ([counter, start]) => {
        const total = counter.get() - start;
        counter.set(start);
        return { counter, total };
      });
    }
    this.#result = result as Template;
    this.#outputs = outputs;
    this.#effects = effects as Effects;
    const initial = native.programLives(this);
    this.#bits = initial;
    this.#numbers = new Float64Array(initial.buffer);
    this.#gains = new BigUint64Array(initial.length);
    const totals = new Map(this.#totals.map(({ counter, total }) => [counter, total]));
    for (const [i, live] of this.#trace.lives.entries()) {
      if (live?.kind === 'count') this.#gains[i] = BigInt(totals.get(live.counter) ?? 0);
    }
  }

  /** Whether everything is as it was when the function was traced, but for live values and the inputs' elements. */
  fits(inputs: readonly Tensor[]): boolean {
    for (const { read, expected } of this.#trace.guards) if (!Object.is(read(), expected)) return false;
    if (!this.#trace.recorder.snapshot.holds()) return false;
    return native.programFits(this, handlesOf(inputs));
  }

  /** Whether it can be repeated: not where it depends on a count that its runs change. */
  get repeats(): boolean {
    return this.#trace.repeats;
  }

  /** Runs it once, unless a failed kernel took the scalar `gate`: then its results are lost, too. */
  run(inputs: readonly Tensor[], gate?: Tensor): unknown {
    return this.#run(inputs, 0, 0, gate);
  }

  /**
   * Runs it `iterations` times in a row. Inputs whose bit of `stepped` is set have a leading dimension of that size and are
   * read part by part; each tensor of the result has one, too. Iterations that find the scalar `gate` lost are left out.
   */
  repeat(inputs: readonly Tensor[], iterations: number, stepped: number, gate?: Tensor): unknown {
    return this.#run(inputs, iterations, stepped, gate);
  }

  // The object for a tensor that the function puts into a field. At the first run that is the object which it has put there.
  #nextWritten(i: number): Tensor {
    const tensor = this.#effects.tensors[i] as Tensor;
    if (!this.#isFresh) return new Tensor();
    tensor.dispose(); // as far as it stood for a tensor of the trace
    return tensor;
  }

  /** How often it ran. */
  get runs(): number {
    return this.#runs;
  }

  /** What is not as it was when the function was traced; empty where that is nothing that has a name. */
  differences(): Difference[] {
    const { guards, recorder } = this.#trace;
    const changed = guards
      .map(({ read, expected, name }) => ({ name, before: expected, now: read() }))
      .filter(({ before, now }) => !Object.is(before, now));
    return [...changed, ...differences(recorder.snapshot)];
  }

  /** What it holds for, in lines. */
  dependencies(): string {
    const { guards, lives, liveNames, recorder } = this.#trace;
    const { unwatched } = recorder.snapshot;
    const looked = new Set(liveNames.filter((_, i) => lives[i] !== undefined));
    const lines = ['depends on', ...dependencies(recorder.snapshot).map((line) => `  ${line}`)];
    for (const { name, expected } of guards) lines.push(`  ${name}: ${inShort(expected)}`);
    if (looked.size > 0) lines.push(`looks up at every run: ${[...looked].join(', ')}`);
    lines.push(
      'does not watch: variables in closures, private #fields, static fields, globals, Math.random(), the date',
    );
    for (const name of unwatched) lines.push(`does not watch: ${name}`);
    lines.push(`ran ${this.#runs} times`);
    return lines.map((line) => `  ${line}`).join('\n');
  }

  explain(): string {
    return native.programExplain(this);
  }

  // `stack`: how many iterations, for stacked results; 0 for one run without.
  #run(inputs: readonly Tensor[], stack: number, stepped: number, gate: Tensor | undefined): unknown {
    const { lives } = this.#trace;
    const isLive = this.#bits.length > 0;
    for (let i = 0; i < lives.length; i++) {
      const live = lives[i];
      if (live?.kind === 'number') this.#numbers[i] = live.read();
      else if (live?.kind === 'seed') this.#bits[i] = live.read();
      else if (live?.kind === 'count') this.#bits[i] = BigInt(live.counter.get() + live.from);
    }
    const outs: Tensor[] = [];
    for (let i = 0; i < this.#outputs; i++) outs.push(new Tensor());
    const { tensors: written, writes, modes } = this.#effects;
    for (let i = 0; i < written.length; i++) outs.push(this.#nextWritten(i));
    const made = native.programRun(
      this,
      outs,
      handlesOf(inputs),
      isLive ? this.#bits : null,
      isLive ? this.#gains : null,
      stack,
      stepped,
      gate === undefined ? null : handleOf('compile', 'gate', gate),
    );
    const times = Math.max(stack, 1);
    this.#runs += times;
    for (const { counter, total } of this.#totals) if (total > 0) counter.set(counter.get() + times * total);
    for (let i = 0; i < outs.length; i++) adopt(outs[i] as Tensor, made[i] as number);
    for (const { holder, key, tensor } of writes) holder[key] = outs[this.#outputs + tensor];
    for (const { module, training } of modes) module.training = training;
    this.#isFresh = false;
    return putTogether(this.#result, outs);
  }
}

// As `handleOf`: to be read right before the call that they are for.
function handlesOf(inputs: readonly Tensor[]): number[] {
  const handles: number[] = [];
  for (let i = 0; i < inputs.length; i++) handles.push(handleOf('compile', INPUTS[i] ?? 'an input', inputs[i]));
  return handles;
}

const INPUTS = Array.from({ length: 16 }, (_, i) => `input ${i}`);
