// Scenarios that are played twice, with a function that is compiled and with the same one that is not: what they see must be the same.
import assert from 'node:assert/strict';
import { compile, type Tensor } from 'anneal';

/** Compiles a function, or leaves it as it is. */
export type Way = <Args extends unknown[], Result>(fn: (...args: Args) => Result) => (...args: Args) => Result;

/** A scenario returns all that it has seen. */
export type Scenario = (way: Way) => unknown;

/** The elements of a tensor, or null. */
export function values(x: Tensor | null | undefined): number[] | null {
  return x == null ? null : Array.from(x.dataSync(), Number);
}

/** What `fn` returns, or the name and the code of the error that it throws. */
export function outcome(fn: () => unknown): unknown {
  try {
    return fn();
  } catch (error) {
    return [(error as Error).name, (error as { code?: string }).code];
  }
}

/** Tests with the names and the scenarios of a table. */
export function sameAsEager(scenarios: Record<string, Scenario>): void {
  for (const [name, scenario] of Object.entries(scenarios)) {
    it(name, () => {
      const eager = scenario((fn) => fn);
      assert.deepEqual(scenario(compile), eager);
    });
  }
}
