// What a function that is being traced tells of values that will change from run to run. Outside of a trace these functions do
// nothing, and cost a comparison.
import { native } from '../native';
import { setNotes } from './notes';
import { Recorder } from './recorder';

/** A number that a traced function leaves larger than it found it: steps taken, random numbers drawn. */
export interface Counter {
  get(): number;
  set(value: number): void;
}

/** A value that a kernel takes anew at every run. Each is eight bytes to the engine. */
export type DynamicValue =
  | { kind: 'number'; read(): number }
  | { kind: 'seed'; read(): bigint }
  | { kind: 'count'; counter: Counter; from: number };

/** The notes of one trace. */
export class Trace {
  /** What each dynamic value of the program is; undefined: it stays as it was traced. */
  readonly dynamicValues: (DynamicValue | undefined)[] = [];
  /** What kernels call them. */
  readonly dynamicNames: string[] = [];
  /** The counters that the function has met, and where each stood. */
  readonly starts = new Map<Counter, number>();
  readonly guards: { read(): unknown; expected: unknown; name: string }[] = [];
  readonly recorder = new Recorder();
  /** Whether the program can run several iterations in a row. */
  repeats = true;
  /** What the function has changed, by name, if a run does not. */
  changed: string | undefined;
  #notes: Readonly<Record<string, DynamicValue>> = {};

  start(counter: Counter): number {
    let start = this.starts.get(counter);
    if (start === undefined) {
      start = counter.get();
      this.starts.set(counter, start);
    }
    return start;
  }

  /** The function has changed something that a run does not change: the program is good for one run. */
  changes(name: string): void {
    this.changed ??= name;
  }

  /** The program holds for one iteration only. */
  once(): void {
    this.repeats = false;
  }

  withDynamicValues<T>(notes: Readonly<Record<string, DynamicValue>>, make: () => T): T {
    const outer = this.#notes;
    this.#noteDynamicValues();
    this.#notes = notes;
    const result = make();
    this.#noteDynamicValues();
    this.#notes = outer;
    return result;
  }

  // Of those that kernels have met since the last time.
  #noteDynamicValues(): void {
    const met = native.traceDynamicValues(this.dynamicValues.length);
    for (let i = 0; i < met.length; i += 2) {
      const source = this.#notes[met[i] as string];
      this.dynamicNames.push(met[i] as string);
      this.dynamicValues.push(source !== undefined && this.#isNow(source, met[i + 1] as number) ? source : undefined);
    }
  }

  // A kernel may have been given a value that was computed from the dynamic one.
  #isNow(source: DynamicValue, value: number): boolean {
    if (source.kind === 'number') return Object.is(source.read(), value);
    return source.kind === 'seed' || this.start(source.counter) + source.from === value;
  }
}

let current: Trace | undefined;

/** The trace under way. */
export function tracing(): Trace | undefined {
  return current;
}

/** Runs `fn` while `trace` takes notes. */
export function withTrace<T>(trace: Trace, fn: () => T): T {
  current = trace;
  setNotes(trace.recorder);
  try {
    return fn();
  } finally {
    current = undefined;
    setNotes(undefined);
  }
}

/**
 * Runs `make`, whose kernels take values of these names anew at every run, if they are what they are given now. Calls within it
 * note their own.
 */
export function withDynamicValues<T>(dynamicValues: () => Readonly<Record<string, DynamicValue>>, make: () => T): T {
  return current === undefined ? make() : current.withDynamicValues(dynamicValues(), make);
}

/** A dynamic count: `counter` as it stands now, plus `ahead`, relative to where it stands when a run begins. */
export function countOf(counter: Counter, ahead = 0): DynamicValue {
  const start = current?.start(counter) ?? counter.get();
  return { kind: 'count', counter, from: counter.get() - start + ahead };
}

/** Notes that the program holds only while `read()`, called `name`, gives what it gives now; returns that. */
export function guard<T>(name: string, read: () => T): T {
  const expected = read();
  current?.guards.push({ read, expected, name });
  return expected;
}

/** Runs `fn` as outside of the trace: its tensors have values, and it computes once and not at every run. */
export function untraced<T>(fn: () => T): T {
  if (current === undefined) return fn();
  const trace = current;
  current = undefined;
  setNotes(undefined);
  native.suspendTrace(true);
  try {
    return fn();
  } finally {
    native.suspendTrace(false);
    current = trace;
    setNotes(trace.recorder);
  }
}
