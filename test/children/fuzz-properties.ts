// The properties that fuzzing checks, by name: an error that a user may see, or a right result; never a crash.
import * as anneal from 'anneal';
import { AnnealError, type DType, data, invoke, io, nn, operators, optim, Tensor, tensor, train } from 'anneal';
import fc from 'fast-check';
import { loadAddon } from '../support/addon';
import {
  anyArguments,
  argumentsFor,
  build,
  dtypes,
  integers,
  junk,
  numbers,
  realize,
  tensorSpecs,
} from './fuzz-inputs';
import { references } from './fuzz-references';

// More than this is not read back: an expanded tensor may have as many elements as one likes.
const READABLE = 1e6;

/** Errors that a user may see. The language throws the last two for arguments that it cannot even convert. */
function isExpected(error: unknown): boolean {
  return error instanceof AnnealError || error instanceof TypeError || error instanceof RangeError;
}

async function expectHandled(body: () => unknown, also: (error: unknown) => boolean = () => false): Promise<void> {
  try {
    await body();
  } catch (error) {
    if (!isExpected(error) && !also(error)) throw error;
  }
}

async function checkReadable(x: Tensor): Promise<void> {
  const size = x.shape.reduce((product, extent) => product * extent, 1);
  if (size > READABLE) return;
  const values = await x.data();
  if (values.length !== size) throw new Error(`${values.length} values in a tensor of ${size}`);
  String(x);
}

// Whatever tensors are in a result, read; iterables and promises of them too.
async function drain(result: unknown, depth = 0): Promise<void> {
  if (result instanceof Tensor) return result.isDisposed ? undefined : checkReadable(result);
  if (depth < 2 && Array.isArray(result)) for (const item of result.slice(0, 10)) await drain(item, depth + 1);
}

async function differentiate(inputs: unknown[], outputs: Tensor[]): Promise<void> {
  const wanted = inputs.flat().filter((x): x is Tensor => x instanceof Tensor && !x.isDisposed && x.requiresGrad);
  const loss = outputs.find((out) => out.dtype.startsWith('float') && out.size <= READABLE && out.requiresGrad)?.sum();
  if (!loss || wanted.length === 0) return;
  const gradients = anneal.grad(loss, wanted, { createGraph: true });
  for (const [i, gradient] of gradients.entries()) {
    if (gradient && gradient.shape.join() !== wanted[i]?.shape.join()) {
      throw new Error(`a gradient of ${gradient.shape} for ${wanted[i]?.shape}`);
    }
    if (gradient) await checkReadable(gradient);
  }
  const second = gradients.find((gradient) => gradient?.requiresGrad);
  if (second) await drain(anneal.grad(second.sum(), wanted));
}

// ---- the operator table, by generated arguments

const operatorCalls = fc
  .constantFrom(...operators)
  .chain((op) => fc.record({ name: fc.constant(op.name), args: argumentsFor(op.params) }));

const callsOperators = fc.asyncProperty(operatorCalls, ({ name, args }) =>
  expectHandled(async () => {
    const inputs = args.map(realize);
    const outputs = invoke(name, inputs, name === 'split' ? 2 : undefined);
    await drain(outputs);
    await differentiate(inputs, outputs);
  }),
);

// ---- functions and methods, by arguments of any kind

// These decide about the process: the fuzzing's own limits stand.
const spared = new Set(['setNumThreads', 'setMemoryLimit', 'synchronize', 'trim']);

const functions = Object.entries(anneal).flatMap(([name, value]): [string, (...args: unknown[]) => unknown][] =>
  typeof value === 'function' && !/^[A-Z]/.test(name) && !spared.has(name)
    ? [[name, value as (...args: unknown[]) => unknown]]
    : [],
);
const methods = Object.getOwnPropertyNames(Tensor.prototype).filter((name) => name !== 'constructor');

const callsFunctions = fc.asyncProperty(fc.constantFrom(...functions), anyArguments, ([, fn], args) =>
  expectHandled(async () => drain(await fn(...args.map(realize)))),
);

const callsMethods = fc.asyncProperty(
  tensorSpecs(),
  fc.array(fc.tuple(fc.constantFrom(...methods), anyArguments), { minLength: 1, maxLength: 3 }),
  async (spec, calls) => {
    const x = build(spec);
    for (const [name, args] of calls) {
      await expectHandled(async () => {
        const member = (x as unknown as Record<string, unknown>)[name];
        const values = args.map(realize);
        if (typeof member === 'function') await drain(await member.apply(x, values));
        else if (values.length > 0) (x as unknown as Record<string, unknown>)[name] = values[0];
      });
    }
    await expectHandled(() => drain(x));
  },
);

type Constructor = new (...args: unknown[]) => unknown;
const classes = [nn, optim, data, train, nn.init].flatMap((space) =>
  Object.entries(space).filter((entry): entry is [string, Constructor] => typeof entry[1] === 'function'),
);

// Functions of these modules are called, classes made.
const makesObjects = fc.asyncProperty(fc.constantFrom(...classes), anyArguments, ([name, Class], args) =>
  // readIdx and mnist take paths, and say so when there is no such file.
  expectHandled(
    async () => {
      const values = args.map(realize);
      const made = /^[A-Z]/.test(name)
        ? new Class(...values)
        : (Class as unknown as (...v: unknown[]) => unknown)(...values);
      await drain(await made);
      if (made instanceof nn.Module && 'forward' in made) {
        await drain((made.forward as (x: unknown) => unknown)(values.find((value) => value instanceof Tensor)));
      }
    },
    (error) => (error as NodeJS.ErrnoException).syscall !== undefined,
  ),
);

// ---- tensors from values

const createsTensors = fc.asyncProperty(
  fc.oneof(
    junk,
    fc.array(fc.array(numbers, { maxLength: 3 }), { maxLength: 3 }).map((value) => () => value),
  ),
  fc.oneof(
    fc.record({ dtype: fc.constantFrom(...dtypes), shape: fc.array(integers, { maxLength: 4 }) }, { requiredKeys: [] }),
    fc.anything(),
  ),
  (make, options) => expectHandled(() => drain(tensor(make() as number[], options as object))),
);

const arrayKinds = [
  Float32Array,
  Float64Array,
  Int8Array,
  Uint8Array,
  Uint8ClampedArray,
  Int16Array,
  Uint16Array,
  Int32Array,
  Uint32Array,
  BigInt64Array,
  BigUint64Array,
] as const;

// Resizable buffers: newer than the library's own target.
type Resizable = ArrayBuffer & { resize?(bytes: number): void; transfer?(): ArrayBuffer };
const ResizableBuffer = ArrayBuffer as unknown as new (bytes: number, options: { maxByteLength: number }) => Resizable;

const takesBuffers = fc.asyncProperty(
  fc.record({
    kind: fc.nat(arrayKinds.length - 1),
    buffer: fc.constantFrom('plain', 'shared', 'resizable', 'grown', 'shrunk', 'detached'),
    offset: fc.nat(3),
    length: fc.nat(40),
    dtype: fc.option(fc.constantFrom<DType>(...dtypes), { nil: undefined }),
  }),
  ({ kind, buffer, offset, length, dtype }) =>
    expectHandled(async () => {
      const Kind = arrayKinds[kind] as Uint8ArrayConstructor;
      const width = Kind.BYTES_PER_ELEMENT;
      const bytes = (offset + length) * width;
      const memory =
        buffer === 'plain' || buffer === 'detached'
          ? new ArrayBuffer(bytes)
          : buffer === 'shared'
            ? (new SharedArrayBuffer(bytes) as unknown as ArrayBuffer)
            : new ResizableBuffer(bytes, { maxByteLength: 2 * bytes + 64 });
      new Uint8Array(memory).forEach((_, i, all) => {
        all[i] = (i * 37) % 251;
      });
      // Without a length, the array follows its buffer.
      const array = buffer === 'grown' ? new Kind(memory, offset * width) : new Kind(memory, offset * width, length);
      if (buffer === 'grown') (memory as Resizable).resize?.(bytes + 3 * width);
      if (buffer === 'shrunk') (memory as Resizable).resize?.(Math.floor(bytes / 2));
      if (buffer === 'detached') structuredClone(memory, { transfer: [memory] });
      const x = tensor(array, { dtype });
      const expected = array.length;
      if (x.size !== expected) throw new Error(`${x.size} elements from ${expected}`);
      const before = tensor(Array.from(array as unknown as number[]), { dtype: x.dtype });
      const [now, copy] = [await x.data(), await before.data()];
      if (String(now) !== String(copy)) throw new Error(`[${now}] from [${copy}]`);
    }),
);

// ---- files: bytes that are almost right

const readsBytes = fc.asyncProperty(
  fc.constantFrom('safetensors', 'idx'),
  fc.array(fc.tuple(fc.nat(400), fc.nat(255)), { maxLength: 4 }),
  fc.option(fc.nat(300)),
  async (kind, edits, cut) => {
    const right =
      kind === 'idx'
        ? Uint8Array.from([0, 0, 8, 2, 0, 0, 0, 2, 0, 0, 0, 3, 1, 2, 3, 4, 5, 6])
        : await io.serialize({ a: tensor([[1, 2]]), b: tensor([3n]), c: tensor([true, false]) });
    const bytes = Uint8Array.from(right).slice(0, cut ?? right.length);
    for (const [at, value] of edits) if (bytes.length > 0) bytes[at % bytes.length] = value;
    await expectHandled(async () => {
      await drain(Object.values(kind === 'idx' ? await data.readIdx(bytes) : await io.deserialize(bytes)));
    });
  },
);

// ---- the addon's functions themselves, by wrong handles and arguments

const raw = loadAddon<Record<string, (...args: unknown[]) => unknown>>();
const live = Array.from({ length: 8 }, (_, i) =>
  build({ dtype: dtypes[i % 6] as DType, shape: [2, 3], values: 'index', view: 'dense', grad: i % 2 === 0 }),
);

const rawValues: fc.Arbitrary<() => unknown> = fc.oneof(
  { weight: 4, arbitrary: fc.nat(live.length - 1).map((i) => () => live[i]?.handle) },
  { weight: 3, arbitrary: integers.map((value) => () => value) },
  fc.array(fc.oneof(fc.nat(30), integers), { maxLength: 6 }).map((value) => () => value),
  fc.constantFrom<() => unknown>(
    () => ({}),
    () => [{}, {}],
    () => new ArrayBuffer(24),
    () => new Float32Array(6),
    () => null,
    () => true,
    () => false,
    () => () => -1,
    () => () => 3,
    () => () => {
      throw new RangeError('thrown');
    },
  ),
  junk,
);

const callsAddon = fc.asyncProperty(
  fc.constantFrom(
    ...Object.keys(raw).filter((name) => !['setThreads', 'setErrorClasses', 'setCollector'].includes(name)),
  ),
  fc.array(rawValues, { maxLength: 9 }),
  (name, args) =>
    expectHandled(
      async () => {
        const values = args.map((make) => make());
        try {
          await raw[name]?.(...values);
        } finally {
          if (name === 'setMemoryLimit') anneal.setMemoryLimit(LIMIT);
          raw.abortTrace?.();
        }
      },
      (error) => error instanceof Error && /Node-API call failed/.test(error.message),
    ),
);

// ---- all

/** What the fuzzing processes may allocate: enough for any sensible call, too little to disturb the machine. */
export const LIMIT = 64 * 2 ** 20;

export const properties = {
  operators: callsOperators,
  functions: callsFunctions,
  methods: callsMethods,
  objects: makesObjects,
  values: createsTensors,
  buffers: takesBuffers,
  bytes: readsBytes,
  addon: callsAddon,
  ...references,
} as unknown as Record<string, fc.IRawProperty<unknown, true>>;
