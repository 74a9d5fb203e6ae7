// What fuzzing feeds the library: descriptions of tensors, arguments of every kind that an operator takes, and things that are
// no arguments at all. Descriptions and not tensors, so that a failing input can be printed and shrunk.

import { type DType, type OperatorParam, type Tensor, tensor } from 'anneal';
import fc from 'fast-check';

export const dtypes: DType[] = ['float32', 'float64', 'int32', 'int64', 'uint8', 'bool'];

export interface TensorSpec {
  dtype: DType;
  shape: number[];
  values: 'small' | 'special' | 'index';
  view: 'dense' | 'transposed' | 'sliced' | 'expanded';
  grad: boolean;
}

const special = [Number.NaN, Infinity, -Infinity, 0, -0, 1e38, -1e-40, 2 ** 31, 1, -1, 255, 0.5];

/** Makes the tensor that is described, or one as near to it as its dtype allows. */
export function build(spec: TensorSpec): Tensor {
  const { shape, dtype, view } = spec;
  const last = shape.length - 1;
  const stored =
    view === 'transposed'
      ? [...shape].reverse()
      : view === 'sliced'
        ? shape.map((extent) => extent + 2)
        : view === 'expanded' && last >= 0
          ? [...shape.slice(0, last), 1]
          : shape;
  const count = stored.reduce((product, extent) => product * extent, 1);
  const pick = {
    small: (i: number) => ((i * 7919) % 23) / 4 - 2.5,
    special: (i: number) => special[(i * 5) % special.length] as number,
    index: (i: number) => (i * 3) % 4,
  }[spec.values];
  // Converted, since `tensor` refuses numbers that do not fit an integer dtype.
  let x = tensor(
    Float64Array.from({ length: count }, (_, i) => pick(i)),
    { shape: stored },
  ).to(dtype);
  if (view === 'transposed') x = x.permute(shape.map((_, axis) => last - axis));
  if (view === 'sliced') for (const axis of shape.keys()) x = x.slice(axis, 1, (shape[axis] as number) + 1);
  if (view === 'expanded') x = x.expand(shape);
  if (!spec.grad || !dtype.startsWith('float')) return x;
  x = x.detach();
  x.requiresGrad = true;
  return x;
}

const extent = fc.oneof({ weight: 8, arbitrary: fc.integer({ min: 1, max: 5 }) }, fc.constantFrom(0, 1, 17, 33));
export const shapes = fc.array(extent, { maxLength: 4 });

export function tensorSpecs(shape: fc.Arbitrary<number[]> = shapes): fc.Arbitrary<TensorSpec> {
  return fc.record({
    dtype: fc.oneof({ weight: 3, arbitrary: fc.constant<DType>('float32') }, fc.constantFrom(...dtypes)),
    shape,
    values: fc.constantFrom('small', 'special', 'index'),
    view: fc.constantFrom('dense', 'dense', 'transposed', 'sliced', 'expanded'),
    grad: fc.boolean(),
  });
}

export const integers = fc.oneof(
  { weight: 12, arbitrary: fc.integer({ min: -3, max: 4 }) },
  fc.constantFrom(-(2 ** 53), 2 ** 53 - 1, 2 ** 31, -(2 ** 31) - 1, 1e15, 1e6, 0.5, Number.NaN, Infinity),
  fc.bigInt(),
);
export const numbers = fc.oneof(fc.integer({ min: -3, max: 3 }), fc.double(), fc.constantFrom(0.5, 1e-45, 2 ** 53));
const lists = fc.oneof(
  { weight: 6, arbitrary: fc.array(fc.integer({ min: -2, max: 4 }), { maxLength: 4 }) },
  fc.array(integers, { maxLength: 10 }),
);

/** Arrays that are not what they seem. */
const strangeArrays = fc.constantFrom<() => unknown>(
  () => new Proxy([1, 2], {}),
  () => Object.assign([1, 2], { length: 5 }),
  () => new Array(2 ** 32 - 1),
  () => new Array(200_000).fill(0),
  () => Object.defineProperty([1, 2], 0, { get: () => 3 }),
  () => ({ length: 2, 0: 1, 1: 1 }),
  () => new Float32Array(3),
  () => [[1, 2], [3]],
  () => {
    const loop: unknown[] = [];
    loop.push(loop);
    return loop;
  },
);

/** Anything but what is asked for. A function makes the value, so that it can be printed. */
export const junk: fc.Arbitrary<() => unknown> = fc.oneof(
  { weight: 3, arbitrary: fc.anything({ withBigInt: true, withTypedArray: true }).map((value) => () => value) },
  strangeArrays,
  fc.constantFrom<() => unknown>(
    () => Symbol('s'),
    () => () => 1,
    () => new Proxy({}, { get: () => 1 }),
    () => Object.create(null),
    () => 10n ** 30n,
    () => new Date(),
    () => Promise.resolve(1),
  ),
);

/** An argument: a tensor to be built, several of them, a value, or a maker of junk. */
export type Argument =
  | { tensor: TensorSpec }
  | { tensors: TensorSpec[] }
  | { value: unknown }
  | { make: () => unknown };

export function realize(argument: Argument): unknown {
  if ('tensor' in argument) return build(argument.tensor);
  if ('tensors' in argument) return argument.tensors.map(build);
  return 'make' in argument ? argument.make() : argument.value;
}

// Mostly of one shape, or such as broadcasts to it, so that many calls come through.
function related(base: number[]): fc.Arbitrary<TensorSpec> {
  const ones = base.map((size, i) => (i % 2 ? size : 1));
  return tensorSpecs(
    fc.oneof(
      { weight: 5, arbitrary: fc.constant(base) },
      fc.constantFrom(base.slice(1), ones, base.slice(0, -1), [...base].reverse()),
      shapes,
    ),
  );
}

function plausible({ kind, choices = [] }: Omit<OperatorParam, 'name'>, base: number[]): fc.Arbitrary<Argument> {
  const specs = related(base);
  const one = specs.map((spec): Argument => ({ tensor: spec }));
  const value = (arbitrary: fc.Arbitrary<unknown>) => arbitrary.map((v): Argument => ({ value: v }));
  switch (kind) {
    case 'Tensor':
      return one;
    case 'Tensor or null':
      return fc.oneof(one, value(fc.constant(null)));
    case 'Tensor or number':
      return fc.oneof(one, value(numbers));
    case 'array of Tensors':
      return fc.array(specs, { maxLength: 5 }).map((tensors): Argument => ({ tensors }));
    case 'boolean':
      return value(fc.boolean());
    case 'integer':
      return value(integers);
    case 'integer or null':
      return value(fc.option(integers));
    case 'number':
      return value(numbers);
    case 'number or null':
      return value(fc.option(numbers));
    case 'choice':
      return value(fc.constantFrom(...choices));
    case 'device':
      return value(fc.constant('cpu'));
    case 'array of integers':
      return value(fc.oneof({ weight: 2, arbitrary: lists }, fc.constant(base)));
    case 'array of integers or null':
      return value(fc.option(lists));
    case 'dtype':
      return value(fc.constantFrom(...dtypes));
    default:
      throw new Error(`no arguments for '${kind}'`);
  }
}

/** Arguments for parameters of an operator, a few of them wrong in kind. */
export function argumentsFor(params: readonly OperatorParam[]): fc.Arbitrary<Argument[]> {
  return shapes.chain((base) =>
    fc.tuple(
      ...params.map((param) =>
        fc.oneof(
          { weight: 19, arbitrary: plausible(param, base) },
          { weight: param.default === undefined ? 0 : 2, arbitrary: fc.constant<Argument>({ value: undefined }) },
          junk.map((make): Argument => ({ make })),
        ),
      ),
    ),
  );
}

/** Arguments for a function of which nothing is known. */
export const anyArguments: fc.Arbitrary<Argument[]> = shapes.chain((base) =>
  fc.array(
    fc.oneof(
      { weight: 4, arbitrary: related(base).map((spec): Argument => ({ tensor: spec })) },
      ...['integer', 'number', 'boolean', 'dtype', 'array of integers', 'array of Tensors'].map((kind) =>
        plausible({ kind }, base),
      ),
      junk.map((make): Argument => ({ make })),
    ),
    { maxLength: 4 },
  ),
);
