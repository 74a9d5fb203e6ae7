// errors COUNT: catches that many errors in a synchronous loop in which tensors become garbage, and prints what is left.
// Node aborts if a garbage collection finds a tensor dead while an exception of the addon is pending (native/binding/errors.h).
// The garbage between the errors has a varying size, for otherwise collections keep step with the errors and never, or always,
// come at the same point of one. A small young generation (--max-semi-space-size=1) makes for many collections.
import { compile, memory, ones, ShapeError } from 'anneal';

const total = Number(process.argv[2]);
Error.stackTraceLimit = Number(process.env.ANNEAL_STACKS ?? 10); // stacks cost more time than all the rest

const x = ones([2]);
const y = ones([3]);
const w = ones([2]);
w.requiresGrad = true;

class HookError extends Error {}
function throws(): never {
  throw new HookError('of a hook');
}

let caught = 0;
let missing = 0;
let wrong = 0;
function attempt(fn: () => unknown, kind: new (message: string) => Error): void {
  try {
    fn();
    missing++;
  } catch (error) {
    caught++;
    if (!(error instanceof kind)) wrong++;
  }
}

const addition = () => x.add(y);
let garbage: unknown;
const rss = process.memoryUsage.rss();
for (let i = 0; caught + missing < total; i++) {
  if (i % 50 === 0) ones([1]);
  if (i % 20_000 === 0) compile(() => w.mul(2))(); // a program is garbage with a finalizer, too
  if (i % 100 === 99) {
    const result = w.mul(2);
    result.registerHook(throws);
    const loss = result.sum();
    attempt(() => loss.backward(), HookError);
  } else {
    attempt(addition, ShapeError);
  }
  garbage = new Array(i % 61);
}
const { liveTensors } = memory();
const grown = (process.memoryUsage.rss() - rss) / 2 ** 20;
console.log(JSON.stringify({ caught, missing, wrong, liveTensors, grown, garbage: Array.isArray(garbage) }));
