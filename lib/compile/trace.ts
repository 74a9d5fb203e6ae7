// What a function that is being traced tells of values that will change from run to run. Outside of a trace these functions do
// nothing, and cost a comparison.
import { native } from '../native';

/** A number that a traced function leaves larger than it found it: steps taken, random numbers drawn. */
export interface Counter {
  get(): number;
  set(value: number): void;
}

/** A value that a kernel takes anew at every run. Each is eight bytes to the engine. */
export type Live =
  | { kind: 'number'; read(): number }
  | { kind: 'seed'; read(): bigint }
  | { kind: 'count'; counter: Counter; from: number };

interface Touched {
  readonly counter: Counter;
  readonly start: number;
}

/** The notes of one trace. */
export class Trace {
  /** What each live value of the program is; undefined: it stays as it was traced. */
  readonly lives: (Live | undefined)[] = [];
  readonly counters: Touched[] = [];
  readonly guards: { read(): unknown; expected: unknown }[] = [];

  start(counter: Counter): number {
    let touched = this.counters.find((other) => other.counter === counter);
    if (touched === undefined) {
      touched = { counter, start: counter.get() };
      this.counters.push(touched);
    }
    return touched.start;
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
  try {
    return fn();
  } finally {
    current = undefined;
  }
}

/** Runs `make`, whose kernels take `lives` in order. For a count, `ahead` is how far beyond the counter the value is. */
export function withLives<T>(lives: () => readonly Live[], make: () => T): T {
  const trace = current;
  if (trace === undefined) return make();
  const notes = lives();
  const before = native.traceLives();
  const result = make();
  const met = native.traceLives() - before;
  while (trace.lives.length < before) trace.lives.push(undefined);
  for (let i = 0; i < met; i++) trace.lives.push(notes.length === met ? notes[i] : undefined);
  return result;
}

/** A live count: `counter` as it stands now, plus `ahead`, relative to where it stands when a run begins. */
export function countOf(counter: Counter, ahead = 0): Live {
  const start = current?.start(counter) ?? counter.get();
  return { kind: 'count', counter, from: counter.get() - start + ahead };
}

/** Notes that the program holds only while `read()` gives what it gives now; returns that. */
export function guard<T>(read: () => T): T {
  const expected = read();
  current?.guards.push({ read, expected });
  return expected;
}

/** Runs `fn` as outside of the trace: its tensors have values, and it computes once and not at every run. */
export function untraced<T>(fn: () => T): T {
  if (current === undefined) return fn();
  const trace = current;
  current = undefined;
  native.suspendTrace(true);
  try {
    return fn();
  } finally {
    native.suspendTrace(false);
    current = trace;
  }
}
