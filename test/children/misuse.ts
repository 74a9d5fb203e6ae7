// Calls of the addon that are wrong one by one; prints what each came to: its error, or that it ran.
import { loadWithAddon } from './addon';

const { addon, anneal } = loadWithAddon();
const results: Record<string, string> = {};

function attempt(what: string, name: string, ...args: unknown[]): void {
  const result = addon[name]?.(...args);
  const { message, code } = (addon.failure.thrown ?? {}) as { message: string; code?: string };
  // What it says of memory depends on the machine.
  results[what] = result === addon.failure ? (code === 'ERR_OUT_OF_MEMORY' ? code : message) : 'ran';
}

let depth = 0;
attempt('a lock within a lock', 'withProcessLock', () => addon.withProcessLock?.(() => depth++));
if (depth !== 1) results['a lock within a lock'] = 'did not run';
attempt('a second collector', 'setCollector', () => {});
attempt('a second maker of arrays', 'setArrayMaker', () => new Float32Array(0));

// Programs that give back what they are given, and twice that.
const given = anneal.ones([2 ** 20]);
function trace(owner: object, end: (input: unknown, doubled: unknown) => void): void {
  addon.beginTrace?.(false);
  const input = addon.traceInput?.({}, given.handle, [2 ** 20]);
  const operators = addon.operators?.() as { name: string }[];
  const add = operators.findIndex(({ name }) => name === 'add');
  end(input, addon.call?.(add, owner, input, 0, input, 0));
  addon.abortTrace?.();
}
const same = {};
const doubled = {};
const held = {};
trace(held, (input) => addon.endTrace?.(same, [input], [given.handle]));
attempt('the end of a trace without one', 'endTrace', {}, [], []);
trace(held, (input) => attempt('a second program for an object', 'endTrace', same, [input], [given.handle]));
trace(held, (_, result) => addon.endTrace?.(doubled, [result], [given.handle]));
const run = (program: object, iterations: number) => [program, [{}], [given.handle], null, null, iterations, 0, null];
attempt('more iterations than end', 'programRun', ...run(same, Number.MAX_SAFE_INTEGER));
attempt('more results than fit', 'programRun', ...run(doubled, 2 ** 24));
trace(held, () => attempt('a program within a trace', 'programRun', ...run(doubled, 0)));

const leaf = new anneal.nn.Parameter(anneal.ones([1]));
attempt('a hook that is no function', 'addHook', leaf.handle, {});
attempt('error classes that are none', 'setErrorClasses', [Error]);

// None of it has an effect on what follows.
if (anneal.ones([2]).add(1).sum().itemSync() !== 4) results.afterwards = 'wrong values';
console.log(JSON.stringify(results));
