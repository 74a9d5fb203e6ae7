// Loads the engine's binary and gives its functions types. Nothing else in lib requires it.
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { openAddon } from './addon-file';
import { DeviceError, errorClasses } from './errors';
import { alignRows, chooseBinary, howToGetBinary, inspectInstallation, installationRows } from './installation';

/** A parameter of an operator, as the engine's table has it. */
export interface OperatorParam {
  /** As errors name it. */
  name: string;
  /** What it takes, in words: `Tensor or number`. */
  kind: string;
  /** The names that a `choice` is among. */
  choices?: readonly string[];
  /** What it is when it is left out; absent where it must be given. */
  default?: number | boolean | string | null;
}

/** An operator of the engine's table. */
export interface OperatorRecord {
  /** As {@link invoke} takes it. */
  name: string;
  /** What it computes, in a line. */
  doc: string;
  /** In the order of its arguments. */
  params: OperatorParam[];
  /** Number of results; -1 when it depends on the arguments. */
  outputs: number;
  /** Whether it has a gradient. */
  differentiable: boolean;
}

/** A dtype of the engine's table (native/core/dtype.def); its code is its position there. */
export interface DTypeRecord {
  name: string;
  bytes: number;
  floating: boolean;
  /** Whether tensors can have it; the rest is reserved. */
  supported: boolean;
}

/** The functions of the addon (native/binding). Handles are numbers; -1 stands for no tensor. */
export interface Native {
  call(operator: number, out: object | object[] | null, ...args: unknown[]): number | number[] | undefined;
  operators(): OperatorRecord[];
  fromData(out: object, values: ArrayBufferView, dtype: number, shape: readonly number[], device: number): number;
  shape(handle: number): number[];
  dtype(handle: number): number;
  device(handle: number): number;
  read(handle: number): Promise<ArrayBufferView>;
  readSync(handle: number): ArrayBufferView;
  fenceOf(handle: number): Promise<void>;
  dispose(handle: number): void;
  detach(out: object, handle: number): number;
  claim(owner: object, handle: number): void;
  requiresGrad(handle: number): boolean;
  setRequiresGrad(handle: number, value: boolean): void;
  isLeaf(handle: number): boolean;
  grad(out: object, handle: number): number;
  setGrad(handle: number, gradient: number): void;
  backward(outputs: number[], seeds: number[], retainGraph: boolean, createGraph: boolean): void;
  gradients(
    outs: object[],
    outputs: number[],
    inputs: number[],
    seeds: number[],
    retainGraph: boolean,
    createGraph: boolean,
  ): number[];
  addHook(handle: number, hook: (gradient: number) => number): number;
  removeHook(handle: number, id: number): void;
  beginTrace(again: boolean): void;
  abortTrace(): void;
  suspendTrace(suspended: boolean): void;
  traceInput(out: object, like: number, shape: readonly number[]): number;
  traceDynamicValues(from: number): (string | number)[];
  endTrace(owner: object, outputs: number[], inputs: number[]): number;
  programDynamicValues(program: object): BigUint64Array;
  programFits(program: object, inputs: readonly number[]): boolean;
  programExplain(program: object): string;
  programRun(
    program: object,
    outs: object[],
    inputs: number[],
    dynamicValues: BigUint64Array | null,
    gains: BigUint64Array | null,
    iterations: number,
    stepped: number,
    gate: number | null,
  ): number[];
  setErrorClasses(classes: readonly unknown[]): void;
  withProcessLock(fn: () => void): void;
  setCollector(collect: (major: boolean) => void): void;
  setArrayMaker(make: (dtype: number, length: number) => ArrayBufferView): void;
  setThreads(threads: number): void;
  getThreads(): number;
  threadsFrom(): 'affinity' | 'quota' | 'ANNEAL_NUM_THREADS' | 'setNumThreads';
  processors(): [affinity: number, quota: number | null];
  machineMemory(): [limit: number | null, available: number | null];
  memory(device: number): [live: number, cached: number, peak: number, handles: number];
  resetPeak(device: number): void;
  trim(device: number): void;
  setMemoryLimit(bytes: number, device: number): void;
  depth(): number;
  submitted(): number;
  fence(reports: boolean): Promise<void>;
  synchronize(): void;
  onSkipped(listener: () => void): void;
  takeSkipped(all: boolean): [pending: boolean, ...messagesAndUpdates: (string | number)[]];
  dtypes(): DTypeRecord[];
  devices(): string[];
  openFakeDevice(): void;
  openCuda(paths: string[]): CudaReport;
  commOpenTcp(rank: number, size: number, host: string, port: number, timeout: number, token: string): Promise<void>;
  commOpenMpi(library: string, shim: string, timeout: number): Promise<void>;
  commGroup(): [rank: number, size: number, transport: string];
  commTraffic(): [collectives: number, bytes: number, seconds: number, waited: number];
  commName(name: string): number;
  commBarrier(): Promise<void>;
  commFinalize(): Promise<void>;
  commExit(failed: boolean): void;
  isa(): string;
  compiledIsas(): string[];
}

/** What there is of CUDA on this machine. */
export interface CudaReport {
  /** Why there is no GPU to use; null where there is one. */
  problem: string | null;
  /** Whether the library with the GPU kernels is there. */
  found: boolean;
  /** Whether that library computes on the CPU, for tests. */
  emulated: boolean;
  /** The CUDA version of the library: 13000 is 13.0, 0 is none. */
  runtime: number;
  /** The CUDA version of NVIDIA's driver; 0 is none. */
  driver: number;
  /** What the library has code for. */
  architectures: string;
  /** Families of operators that it has no kernels for: these fail on a GPU, and compiled chains (`fused`) run kernel by kernel. */
  missing: string[];
  /** By their numbers: name, compute capability, and bytes of memory. */
  gpus: { name: string; capability: string; memory: number }[];
}

/** What a function of the addon returns when it has failed; `thrown` is then what to throw (native/binding/errors.h). */
interface Failure {
  thrown: unknown;
}

type Addon = { readonly failure: Failure } & {
  readonly [Name in keyof Native]: (...args: Parameters<Native[Name]>) => ReturnType<Native[Name]> | Failure;
};

/** The addon's functions, made to throw where they fail. */
function checked(addon: Addon): Native {
  const { failure } = addon;
  const fail = (): never => {
    const { thrown } = failure;
    failure.thrown = undefined;
    throw thrown;
  };
  const check =
    (fn: (...args: unknown[]) => unknown) =>
    (...args: unknown[]): unknown => {
      const result = fn(...args);
      return result === failure ? fail() : result;
    };
  const functions: Record<string, unknown> = {};
  for (const [name, fn] of Object.entries(addon)) {
    if (typeof fn === 'function') functions[name] = check(fn as (...args: unknown[]) => unknown);
  }
  return functions as unknown as Native;
}

/** The error that there is no engine: what is wrong in a paragraph, and below it what is installed here. */
function cannotLoad(root: string, problem: string, options?: ErrorOptions): DeviceError {
  return new DeviceError(`${problem}\n\n${alignRows(installationRows(inspectInstallation(root)))}`, options);
}

/** The package's folder. */
export const packageRoot = join(__dirname, '..');

function load(): Native {
  const root = packageRoot;
  const platform = `${process.platform}-${process.arch}`;
  const { path } = chooseBinary(root);
  if (path === null) throw cannotLoad(root, `anneal has no binary for ${platform}. ${howToGetBinary(root)}`);
  try {
    // Not by require, which would give a second copy of this package the same functions and state: the copies would take each
    // other's error classes and hooks.
    return checked(openAddon(path) as Addon);
  } catch (cause) {
    throw cannotLoad(root, `anneal's binary ${path} does not load on ${platform}: ${cause}`, { cause });
  }
}

export const native: Native = load();
native.setErrorClasses(errorClasses);

// The engine asks for collections when tensors that nobody holds pile up (native/binding/environment.cc). V8 gives its `gc`
// only to contexts made while the flag is set, which is of the whole process, and off again for the contexts and workers of
// others. Made here and not when first needed: a worker that is terminated while V8 makes one prints a complaint.
// A flag that somebody has set stays set.
let collect: ((options?: { type: 'minor' }) => void) | undefined;
native.withProcessLock(() => {
  const find = () => runInNewContext('typeof gc === "function" ? gc : undefined') as typeof collect;
  collect = find();
  if (collect !== undefined) return;
  setFlagsFromString('--expose-gc');
  collect = find();
  setFlagsFromString('--no-expose-gc');
});

// Without options it collects everything; V8 11.3 (Node 20) takes any options for a minor collection.
native.setCollector((major) => (major ? collect?.() : collect?.({ type: 'minor' })));
