// hostile SEED CALLS: calls the addon's functions with whatever may be wrong: counts, types, values, arrays that are detached
// or resized, getters and functions that call back. Prints how many calls succeeded and failed; what matters is that it gets there.
// ANNEAL_TELL=1 prints each call before it is made.
import { writeSync } from 'node:fs';
import { inspect } from 'node:util';
import type { Tensor } from 'anneal';
import { type Fn, loadWithAddon } from './addon';

const { addon, anneal } = loadWithAddon();
const { nn, ones, tensor, zeros } = anneal;
const names = Object.keys(addon).filter((name) => typeof addon[name] === 'function');

let state = Number(process.argv[2]) >>> 0 || 1;
/** A whole number below `limit`: mulberry32. */
function random(limit: number): number {
  state = (state + 0x6d2b79f5) >>> 0;
  let t = Math.imul(state ^ (state >>> 15), state | 1);
  t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
  return Math.floor((((t ^ (t >>> 14)) >>> 0) / 2 ** 32) * limit);
}
const pick = <T>(values: readonly T[]): T => values[random(values.length)] as T;
const chance = (percent: number): boolean => random(100) < percent;

// ---- values

const live: { handle: number }[] = [];
function refill(): void {
  while (live.length < 24) {
    const shape = pick([[], [0], [1], [3], [2, 3], [3, 2, 2], [16]]);
    const made: Tensor = pick([
      () => ones(shape),
      () => zeros(shape, { dtype: 'int64' }),
      () => zeros(shape, { dtype: 'bool' }),
      () => ones(shape, { dtype: 'float64', requiresGrad: true }).mul(2),
      () => new nn.Parameter(ones(shape)),
      () => tensor([[1, 2, 3]]).transpose(0, 1),
    ])();
    live.push(made);
  }
}

interface Program {
  owner: object;
  given: { handle: number };
  outputs: number;
}
const programs: Program[] = [];
const program = (): unknown => (chance(95) ? pick(programs)?.owner : pick(live));
const numbers = [
  0,
  -0,
  1,
  -1,
  2,
  3,
  7,
  0.5,
  -2.5,
  Number.NaN,
  Number.POSITIVE_INFINITY,
  Number.NEGATIVE_INFINITY,
  127,
  255,
  256,
  65535,
  65536,
  65537,
  2 ** 31 - 1,
  2 ** 31,
  -(2 ** 31) - 1,
  2 ** 32 - 1,
  2 ** 32,
  2 ** 52,
  2 ** 53,
  -(2 ** 53),
  2 ** 63,
  -(2 ** 63),
  2 ** 64,
  1e308,
  5e-324,
];
const bigints = [0n, 1n, -1n, 2n ** 53n, 2n ** 63n - 1n, 2n ** 63n, -(2n ** 63n), 2n ** 64n, 2n ** 200n];

const detached = (array: ArrayBufferView): ArrayBufferView => {
  structuredClone(array, { transfer: [array.buffer as ArrayBuffer] });
  return array;
};
const arrays: (() => ArrayBufferView)[] = [
  () => new Float32Array(random(20)),
  () => new Float64Array(6),
  () => new Int32Array(3),
  () => new BigInt64Array(6),
  () => new BigUint64Array(random(4)),
  () => new Uint8Array(6),
  () => new Uint8ClampedArray(1),
  () => new Int16Array(3),
  () => detached(new Float32Array(6)),
  () => new Float32Array(new SharedArrayBuffer(24)),
  () => {
    const buffer = new (ArrayBuffer as new (bytes: number, options: object) => ArrayBuffer)(24, {
      maxByteLength: 4096,
    });
    const array = new Float32Array(buffer);
    (buffer as ArrayBuffer & { resize?(bytes: number): void }).resize?.(pick([0, 8, 24, 4096]));
    return array;
  },
  () => new DataView(new ArrayBuffer(8)),
  () => new Float32Array(new ArrayBuffer(64), 16, 3),
];

/** Something that happens in the middle of a call. */
function disturb(): void {
  if (depth < 3) invoke(pick(names));
}
const functions: Fn[] = [
  () => undefined,
  () => -1,
  (handle) => handle,
  () => {
    throw new Error('thrown in a call');
  },
  () => {
    disturb();
    return pick(numbers);
  },
  () => pick(live).handle,
];

const objects: (() => unknown)[] = [
  () => ({}),
  () => Object.freeze({}),
  () => [],
  () => new Array(3),
  () => new Array(2 ** 32 - 1),
  () => pick(live),
  () => program() ?? {},
  () => Promise.resolve(1),
  () => new Date(0),
  () => new Proxy([1, 2], { get: () => pick(functions)() }),
  () =>
    Object.defineProperty([1, 2, 3], 1, {
      get() {
        disturb();
        return 1;
      },
    }),
  () => Object.defineProperty({}, 'length', { value: 5 }),
  () => new ArrayBuffer(8),
  () => addon,
];

const shapes = [
  [],
  [0],
  [1],
  [6],
  [2, 3],
  [3, 2, 1],
  [2 ** 20, 2 ** 20],
  [2 ** 53],
  [-1],
  [0.5],
  new Array(40).fill(1),
  [2 ** 26],
];

function value(): unknown {
  switch (random(12)) {
    case 0:
      return undefined;
    case 1:
      return null;
    case 2:
      return chance(50);
    case 3:
      return pick(bigints);
    case 4:
      return pick(['', 'cpu', '1', 'x'.repeat(5000), '\ud800']);
    case 5:
      return Symbol('s');
    case 6:
      return pick(functions);
    case 7:
      return pick(arrays)();
    case 8:
      return pick(objects)();
    case 9:
      return Array.from({ length: random(5) }, () => (chance(70) ? handle() : pick(numbers)));
    case 10:
      return pick(shapes);
    default:
      return pick(numbers);
  }
}

const handle = (): unknown => (chance(85) ? pick(live).handle : pick(numbers));
const handles = (): unknown => Array.from({ length: 1 + random(3) }, handle);
const holders = (count: number): unknown => Array.from({ length: count }, () => ({}));
const flag = (): unknown => chance(50);
const words = (): unknown => (chance(90) ? null : new BigUint64Array(random(4)));

// Arguments of the right kinds, of which some are then replaced.
const signatures: Record<string, () => unknown[]> = {
  call: () => {
    const id = random(operators.length);
    const op = operators[id] as (typeof operators)[number];
    const args = op.params.flatMap(({ kind }) => {
      if (kind.startsWith('Tensor or number')) return [handle(), pick(numbers)];
      if (kind.startsWith('array of Tensor')) return [handles()];
      if (kind.startsWith('Tensor')) return [handle()];
      if (kind.startsWith('array') || kind.includes('integers')) return [pick(shapes)];
      if (kind.startsWith('dtype')) return [random(10)];
      return [kind.startsWith('bool') ? flag() : pick(numbers)];
    });
    const out = op.outputs === 1 && chance(50) ? {} : holders(op.outputs < 0 ? random(4) : op.outputs);
    return [chance(80) ? id : id | 65536, out, ...args];
  },
  fromData: () => [{}, pick(arrays)(), random(9), pick(shapes), chance(90) ? 0 : pick(numbers)],
  detach: () => [{}, handle()],
  claim: () => [{}, handle()],
  setRequiresGrad: () => [handle(), flag()],
  grad: () => [{}, handle()],
  setGrad: () => [handle(), handle()],
  backward: () => [handles(), handles(), flag(), flag()],
  gradients: () => [holders(3), handles(), handles(), handles(), flag(), flag()],
  addHook: () => [handle(), pick(functions)],
  removeHook: () => [handle(), random(3)],
  traceInput: () => [{}, handle(), pick(shapes)],
  endTrace: () => [chance(80) ? {} : program(), handles(), handles()],
  programDynamicValues: () => [program()],
  programExplain: () => [program()],
  programFits: () => [program(), handles()],
  programRun: () => {
    const { owner, given, outputs } = pick(programs);
    const inputs = chance(70) ? [given.handle] : handles();
    const iterations = chance(50) ? 0 : pick(numbers);
    return [
      owner,
      holders(outputs),
      inputs,
      words(),
      words(),
      iterations,
      chance(50) ? 0 : pick(numbers),
      chance(80) ? null : handle(),
    ];
  },
};

// ---- calls

const operators = addon.operators?.() as {
  name: string;
  params: { kind: string }[];
  outputs: number;
}[];
const exp = operators.findIndex(({ name }) => name === 'exp');
// Those with most to go wrong.
const often = ['call', 'call', 'call', 'programRun', 'fromData', 'backward', 'gradients', 'read', 'addHook'];
let depth = 0;
let succeeded = 0;
let failed = 0;

function invoke(name: string): void {
  let args = (signatures[name] ?? (() => Array.from({ length: random(5) }, () => (chance(50) ? handle() : value()))))();
  for (let i = 0; i < args.length; i++) if (chance(5)) args[i] = value();
  if (chance(5)) args = args.slice(0, random(args.length + 1));
  if (chance(3)) args.push(...Array.from({ length: 30 }, value));
  // What would not come back, or would keep the machine busy, by being right.
  if (name === 'setThreads' && typeof args[0] === 'number' && args[0] > 8) return;
  if (process.env.ANNEAL_TELL)
    writeSync(2, `${'  '.repeat(depth)}${name}(${args.map((a) => describe(a)).join(', ')})\n`);
  depth++;
  try {
    const result = (addon[name] as Fn)(...args);
    if (result === addon.failure) {
      failed++;
      if (process.env.ANNEAL_TELL) writeSync(2, `  -> ${addon.failure.thrown}\n`);
      addon.failure.thrown = undefined;
    } else {
      succeeded++;
      if (result instanceof Promise) result.catch(() => {});
    }
  } finally {
    depth--;
  }
  if (name === 'setMemoryLimit') addon.setMemoryLimit?.(LIMIT, 0);
}

function describe(argument: unknown): string {
  if (typeof argument === 'function') return 'function';
  try {
    return inspect(argument, {
      depth: 1,
      maxArrayLength: 6,
      maxStringLength: 20,
      getters: false,
      compact: true,
      breakLength: Infinity,
    });
  } catch {
    return 'object';
  }
}

const LIMIT = 64 << 20;

async function main(): Promise<void> {
  const calls = Number(process.argv[3]);
  addon.setMemoryLimit?.(LIMIT, 0);
  for (let i = 0; i < calls; i++) {
    if (i % 10 === 0) {
      addon.abortTrace?.();
      live.splice(0, random(8));
      refill();
    }
    // Programs need a trace that ends well: what is called at random seldom gets so far.
    if (i % 100 === 0) {
      const owner = {};
      const out = {};
      const shape = pick([[3], [2, 2], [0]]);
      const given = ones(shape);
      addon.beginTrace?.(flag());
      const input = addon.traceInput?.(out, given.handle, shape);
      const made = {};
      const result = addon.call?.(exp, made, input, 0);
      const outputs = pick([[input], [result], [result, input], []]);
      if (typeof result === 'number' && addon.endTrace?.(owner, outputs, [given.handle]) !== addon.failure) {
        programs.push({ owner, given, outputs: outputs.length });
      }
      addon.abortTrace?.();
      if (programs.length > 20) programs.shift();
    }
    invoke(chance(40) ? pick(names) : pick(often));
    if (i % 200 === 0) await new Promise(setImmediate);
  }
  addon.abortTrace?.();
  addon.setMemoryLimit?.(0, 0);
  const right =
    ones([2, 2])
      .matmul(ones([2, 2]))
      .sum()
      .itemSync() === 8;
  console.log(JSON.stringify({ succeeded, failed, right }));
}

main();
