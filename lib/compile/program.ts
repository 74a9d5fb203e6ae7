// A traced function as the engine's program, and its runs.
import { native } from '../native';
import { adopt, handleOf, Tensor } from '../tensor';
import { type Difference, dependencies, differences, inShort } from './differences';
import { type Template, unflattenTensors } from './structure';
import { type Source, type Traced, traceFunction } from './traced';

/** One traced call of a function: the engine's kernels, and what has to hold and to advance when they run. */
export class Program {
  readonly #traced: Traced;
  // Whether the tensors of the result are the program's first outputs, in order.
  readonly #onlyMade: boolean;
  #isFresh = true;
  #runs = 0;
  // The same eight bytes a dynamic value, as the engine reads them and as numbers.
  readonly #bits: BigUint64Array;
  readonly #numbers: Float64Array;
  readonly #gains: BigUint64Array;

  /**
   * Traces `fn` on tensors like `inputs`, put into the places of `template`. Where it throws, random numbers stay drawn and fields
   * stay changed, as without compiling; with `undoes`, it is as if `fn` had not been called.
   *
   * @throws whatever `fn` throws; ArgumentError when it is asynchronous or reads a value.
   */
  constructor(fn: (...args: never[]) => unknown, template: Template, inputs: readonly Tensor[], undoes = false) {
    this.#traced = traceFunction(this, fn, template, inputs, undoes);
    const { trace, totals, sources } = this.#traced;
    this.#onlyMade = sources.every(({ kind }) => kind === 'made');
    const initial = native.programDynamicValues(this);
    this.#bits = initial;
    this.#numbers = new Float64Array(initial.buffer);
    this.#gains = new BigUint64Array(initial.length);
    const totalOf = new Map(totals.map(({ counter, total }) => [counter, total]));
    for (const [i, value] of trace.dynamicValues.entries()) {
      if (value?.kind === 'count') this.#gains[i] = BigInt(totalOf.get(value.counter) ?? 0);
    }
  }

  /** Whether everything is as it was when the function was traced, but for dynamic values and the inputs' elements. */
  fits(inputs: readonly Tensor[]): boolean {
    const { guards, recorder } = this.#traced.trace;
    if (this.#traced.effects.once !== undefined) return false;
    for (const { read, expected } of guards) if (!Object.is(read(), expected)) return false;
    if (!recorder.snapshot.holds()) return false;
    return native.programFits(this, handlesOf(inputs));
  }

  /** Whether it can be repeated: not where it depends on a count that its runs change. */
  get repeats(): boolean {
    return this.#traced.trace.repeats;
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
    const tensor = this.#traced.effects.tensors[i] as Tensor;
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
    const { trace, effects } = this.#traced;
    const { guards, recorder } = trace;
    if (effects.once !== undefined) return [{ name: effects.once }];
    const changed = guards
      .map(({ read, expected, name }) => ({ name, before: expected, now: read() }))
      .filter(({ before, now }) => !Object.is(before, now));
    return [...changed, ...differences(recorder.snapshot)];
  }

  /** What it holds for, in lines. */
  dependencies(): string {
    const { guards, dynamicValues, dynamicNames, recorder } = this.#traced.trace;
    const { unwatched } = recorder.snapshot;
    const looked = new Set(dynamicNames.filter((_, i) => dynamicValues[i] !== undefined));
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
    const { trace, effects, sources, outputs, disposed, totals } = this.#traced;
    const { dynamicValues } = trace;
    const isDynamic = this.#bits.length > 0;
    for (let i = 0; i < dynamicValues.length; i++) {
      const value = dynamicValues[i];
      if (value?.kind === 'number') this.#numbers[i] = value.read();
      else if (value?.kind === 'seed') this.#bits[i] = value.read();
      else if (value?.kind === 'count') this.#bits[i] = BigInt(value.counter.get() + value.from);
    }
    const outs: Tensor[] = [];
    for (let i = 0; i < outputs; i++) outs.push(new Tensor());
    for (let i = 0; i < effects.tensors.length; i++) outs.push(this.#nextWritten(i));
    const made = native.programRun(
      this,
      outs,
      handlesOf(inputs),
      isDynamic ? this.#bits : null,
      isDynamic ? this.#gains : null,
      stack,
      stepped,
      gate === undefined ? null : handleOf('compile', 'gate', gate),
    );
    const times = Math.max(stack, 1);
    this.#runs += times;
    for (const { counter, total } of totals) if (total > 0) counter.set(counter.get() + times * total);
    for (let i = 0; i < outs.length; i++) adopt(outs[i] as Tensor, made[i] as number);
    for (const { holder, key, now, tensor, input } of effects.writes) {
      holder[key] = input >= 0 ? inputs[input] : tensor >= 0 ? outs[outputs + tensor] : now;
    }
    for (const { module, training } of effects.modes) module.training = training;
    for (const input of disposed) inputs[input]?.dispose();
    this.#isFresh = false;
    const tensors = this.#onlyMade ? outs : sources.map((source) => tensorOf(source, outs, inputs));
    return unflattenTensors(this.#traced.result, tensors);
  }
}

function tensorOf(source: Source, made: readonly Tensor[], inputs: readonly Tensor[]): Tensor {
  if (source.kind === 'object') return source.tensor;
  return (source.kind === 'made' ? made[source.output] : inputs[source.input]) as Tensor;
}

// As `handleOf`: to be read right before the call that they are for.
function handlesOf(inputs: readonly Tensor[]): number[] {
  const handles: number[] = [];
  for (let i = 0; i < inputs.length; i++) handles.push(handleOf('compile', INPUTS[i] ?? 'an input', inputs[i]));
  return handles;
}

const INPUTS = Array.from({ length: 16 }, (_, i) => `input ${i}`);
