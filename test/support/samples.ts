// The samples of operators (test/samples/<operator>.json) and of functions that are compositions of them
// (test/samples/functions/<function>.json), and how a sample becomes tensors. fixtures/make_operators.py reads the same files and makes
// the same numbers.
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as anneal from 'anneal';
import { type Device, type DType, grad, invoke, noGrad, type Tensor, tensor } from 'anneal';
import { counterValues } from './counter';

/** An input: numbers from `low` to `high`, or the `values` given, in memory of the `layout` asked for. */
export interface InputSpec {
  shape: number[];
  dtype?: DType;
  low?: number;
  high?: number;
  values?: (number | string)[];
  /** Where it is made: the default device if not said. */
  device?: Device;
  layout?: 'transposed' | 'sliced' | 'offset' | 'expanded';
}

/** Operators without samples, since the processes of a group call them together: test/distributed.test.ts. */
export const operatorsOfGroups: readonly string[] = ['allReduceStart', 'allReduceWait', 'broadcastFrom', 'allGather'];

/** What random results must look like; mean and deviation within what their number allows. */
export interface Expectation {
  from?: number;
  below?: number;
  values?: number[];
  mean?: number;
  std?: number;
  permutation?: number;
}

/** An argument: `$i` is input i; `inf` and `-inf` are numbers; other strings name dtypes, or what an operator chooses
 * from. Functions have objects of options too. */
export type Argument = number | boolean | string | null | Argument[] | { [name: string]: Argument };

/** How exactly an operator computes; close.ts says what each class allows. */
export type ToleranceClass = 'exact' | 'element' | 'sum';

export interface Tolerance {
  class: ToleranceClass;
  /** Why results may be off by that much. */
  because: string;
  /** What gradients may be off by, relative to the largest element or to 1, where that is more than sums are allowed. */
  gradient?: { within: number; because: string };
}

export interface SampleEntry {
  args: Argument[];
  inputs: InputSpec[];
  /** One sample for each of these lists of dtypes of the inputs. */
  dtypes?: DType[][];
  /** Inputs to differentiate by. */
  grad?: number[];
  /** False at a kink, where finite differences say nothing. */
  smooth?: boolean;
  /** False when PyTorch's results are not among the fixtures. */
  reference?: boolean;
  /** Number of results of an operator that leaves it open. */
  outputs?: number;
  /** Inputs that the operator writes to: they are its results. */
  inPlace?: number[];
  expect?: Expectation;
  /** Where this sample is less exact, or more, than the others of its file. */
  tolerance?: Tolerance;
  note?: string;
}

interface File {
  /** Of all samples that PyTorch's results are compared with. */
  tolerance?: Tolerance;
  samples: SampleEntry[];
}

export interface Sample extends SampleEntry {
  op: string;
  /** Whether `op` is a function of the package, and not an operator of the table. */
  isFunction: boolean;
  /** What the fixtures call it: a digest of everything that its results depend on. */
  key: string;
}

const FOLDER = join(__dirname, '..', 'samples');
const FUNCTIONS = join(FOLDER, 'functions');
const SPECIAL: Record<string, number> = { inf: Infinity, '-inf': -Infinity, nan: Number.NaN };
const COTANGENT = 1000;

/** A value written the same way by the readers of both languages: numbers by their bits, members in order. */
function canonical(value: unknown): string {
  if (typeof value === 'number') {
    const bits = Buffer.alloc(8);
    bits.writeDoubleBE(value);
    return bits.toString('hex');
  }
  if (Array.isArray(value)) return `[${value.map(canonical)}]`;
  if (value === null || typeof value !== 'object') return JSON.stringify(value);
  const members = Object.entries(value).filter(([, member]) => member !== undefined);
  return `{${members.map(([name, member]) => `${name}:${canonical(member)}`).sort()}}`;
}

/** What the fixtures call a sample: a digest of everything that its results depend on. */
export function keyOf({ args, inputs, grad, inPlace, outputs }: SampleEntry): string {
  const text = canonical({ args, inputs, grad, inPlace, outputs });
  return createHash('sha256').update(text).digest('hex').slice(0, 16);
}

function readSamples(folder: string, op: string): Sample[] {
  const file = JSON.parse(readFileSync(join(folder, `${op}.json`), 'utf8')) as File;
  const isFunction = folder === FUNCTIONS;
  return file.samples.flatMap((entry) =>
    (entry.dtypes ?? [[]]).map((dtypes) => {
      const inputs = entry.inputs.map((spec, i) => ({ ...spec, dtype: dtypes[i] ?? spec.dtype }));
      return { tolerance: file.tolerance, ...entry, op, isFunction, inputs, key: keyOf({ ...entry, inputs }) };
    }),
  );
}

function samplesIn(folder: string): ReadonlyMap<string, readonly Sample[]> {
  const names = readdirSync(folder)
    .filter((file) => file.endsWith('.json'))
    .map((file) => file.slice(0, -'.json'.length))
    .sort();
  return new Map(names.map((op) => [op, readSamples(folder, op)]));
}

/** Samples by operator. */
export const samplesByOperator = samplesIn(FOLDER);

/** Samples by function. */
export const samplesByFunction = samplesIn(FUNCTIONS);

/** All samples of operators. */
export const samples: readonly Sample[] = [...samplesByOperator.values()].flat();

/** A sample in words, for messages. */
export function describeSample({ key, args, inputs, note }: Sample): string {
  const given = inputs.map(({ dtype = 'float32', shape, layout = '' }) => `${dtype} [${shape}] ${layout}`.trim());
  return `${key}: (${JSON.stringify(args).slice(1, -1)}) of ${given.join(', ')}${note ? ` (${note})` : ''}`;
}

export const isFloating = (dtype: DType): boolean => dtype === 'float32' || dtype === 'float64';

function makeDense(
  seed: number,
  shape: number[],
  dtype: DType,
  { low = -2, high = 2, values, device }: Partial<InputSpec>,
): Tensor {
  if (values) {
    const numbers = values.map((value) => (typeof value === 'string' ? (SPECIAL[value] as number) : value));
    return tensor(Float64Array.from(numbers), { dtype, shape, device });
  }
  const count = shape.reduce((product, extent) => product * extent, 1);
  if (dtype === 'bool') {
    return tensor(
      counterValues(seed, count, 0, 1).map((u) => (u < 0.5 ? 1 : 0)),
      { dtype, shape, device },
    );
  }
  const numbers = counterValues(seed, count, low, high);
  return tensor(isFloating(dtype) ? numbers : numbers.map(Math.floor), { dtype, shape, device });
}

/** The tensor of a description, outside any graph. `double` makes a floating one float64. */
export function makeInput(seed: number, spec: InputSpec, double = false): Tensor {
  const own = spec.dtype ?? 'float32';
  const dtype = double && isFloating(own) ? 'float64' : own;
  const shape = [...spec.shape];
  const last = shape.length - 1;
  return noGrad(() => {
    switch (spec.layout) {
      case 'transposed':
        [shape[last], shape[last - 1]] = [shape[last - 1] as number, shape[last] as number];
        return makeDense(seed, shape, dtype, spec).transpose();
      case 'sliced':
        shape[last] = 2 * (shape[last] as number) + 1;
        return makeDense(seed, shape, dtype, spec).slice(-1, 1, undefined, 2);
      case 'offset':
        shape[0] = (shape[0] as number) + 1;
        return makeDense(seed, shape, dtype, spec).slice(0, 1);
      case 'expanded':
        return makeDense(seed, [1, ...shape.slice(1)], dtype, spec).expand(shape);
      default:
        return makeDense(seed, shape, dtype, spec);
    }
  });
}

/** The inputs of a sample; those it differentiates by require a gradient. */
export function makeInputs({ inputs, grad: by = [], inPlace = [] }: Sample, double = false): Tensor[] {
  return inputs.map((spec, i) => {
    const made = makeInput(i + 1, spec, double);
    if (by.includes(i)) made.requiresGrad = true;
    // What is written to must be dense, except where the sample says otherwise.
    return inPlace.includes(i) && !spec.layout ? made.clone() : made;
  });
}

/** The results that can have a gradient: the first ones, before those that are places. */
export function floatingOf(outputs: readonly Tensor[]): Tensor[] {
  return outputs.filter(({ dtype }) => isFloating(dtype));
}

/** A tensor of numbers from -1 to 1, of the shape and dtype of another, and where that is. */
export function makeAlike(seed: number, { shape, dtype, device }: Tensor): Tensor {
  return makeInput(seed, { shape, dtype, device, low: -1, high: 1 });
}

/** What the gradient starts from: one tensor per floating result. */
export function makeCotangents(outputs: readonly Tensor[]): Tensor[] {
  return floatingOf(outputs).map((output, j) => makeAlike(COTANGENT + j, output));
}

function fillIn(argument: Argument, inputs: readonly Tensor[], double: boolean): unknown {
  if (Array.isArray(argument)) return argument.map((item) => fillIn(item, inputs, double));
  if (typeof argument === 'object' && argument !== null) {
    return Object.fromEntries(Object.entries(argument).map(([name, item]) => [name, fillIn(item, inputs, double)]));
  }
  if (typeof argument !== 'string') return argument;
  if (argument.startsWith('$')) return inputs[Number(argument.slice(1))];
  return SPECIAL[argument] ?? (double && argument === 'float32' ? 'float64' : argument);
}

type AnyFunction = (...args: unknown[]) => Tensor | Tensor[];

/** Applies the operator, or the function: its results, or the inputs it has written to. */
export function runSample(sample: Sample, inputs: readonly Tensor[], double = false): Tensor[] {
  const args = sample.args.map((argument) => fillIn(argument, inputs, double));
  if (sample.isFunction) {
    const result = (anneal as unknown as Record<string, AnyFunction>)[sample.op]?.(...args) ?? [];
    return Array.isArray(result) ? result : [result];
  }
  const outputs = invoke(sample.op, args, sample.outputs);
  return sample.inPlace ? sample.inPlace.map((i) => inputs[i] as Tensor) : outputs;
}

/** Gradients by the inputs of `sample.grad`, in that order. */
export function gradSample({ grad: by = [] }: Sample, inputs: readonly Tensor[], outputs: readonly Tensor[]): Tensor[] {
  const sources = by.map((i) => inputs[i] as Tensor);
  const found = grad(floatingOf(outputs), sources, { gradOutputs: makeCotangents(outputs), allowUnused: true });
  return found.map((gradient, i) => gradient ?? (sources[i] as Tensor).mul(0).detach());
}
