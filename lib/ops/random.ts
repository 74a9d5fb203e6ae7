// Random tensors. The same seed gives the same numbers, on any number of threads.
import { countOf, withDynamicValues } from '../compile/trace';
import { type Device, defaultDevice } from '../device';
import type { DType } from '../dtype';
import { ArgumentError, describe } from '../errors';
import { checkOptions } from '../options';
import { handleOf, type Tensor } from '../tensor';
import { call, callOn, operator, optionalDType } from './call';

const op = {
  uniform: operator('uniform'),
  normal: operator('normal'),
  bernoulli: operator('bernoulli'),
  randperm: operator('randperm'),
  dropout: operator('dropout'),
};

/** Where a {@link Generator} stands; JSON keeps it. */
export interface GeneratorState {
  /** In decimal digits: it may be beyond 2^53. */
  seed: string;
  /** How many numbers have been drawn. */
  offset: number;
}

/**
 * A source of random numbers: Philox-4x32-10, a function of the seed and of how many numbers have been drawn (Salmon et al.,
 * "Parallel random numbers: as easy as 1, 2, 3", 2011).
 */
export class Generator {
  #seed: bigint;
  #offset = 0;
  readonly #drawn = {
    get: () => this.#offset,
    set: (value: number) => {
      this.#offset = value;
    },
  };

  /** @throws ArgumentError unless the seed is an integer. */
  constructor(seed: number | bigint) {
    this.#seed = toSeed('Generator', seed);
  }

  /** What it was seeded with. */
  get seed(): bigint {
    return this.#seed;
  }

  /** Starts anew from a seed. */
  manualSeed(seed: number | bigint): void {
    this.#seed = toSeed('manualSeed', seed);
    this.#offset = 0;
  }

  /** Where it stands; setting it goes on from there. */
  get state(): GeneratorState {
    return { seed: this.#seed.toString(), offset: this.#offset };
  }
  set state({ seed, offset }: GeneratorState) {
    if (!Number.isSafeInteger(offset) || offset < 0) {
      throw new ArgumentError(`[Generator] expected a count for 'offset', received ${describe(offset)}`);
    }
    this.#seed = toSeed('Generator', BigInt(seed));
    this.#offset = offset;
  }

  /**
   * Makes a tensor from the numbers that come next, and leaves them behind unless that fails. The offset counts Philox blocks
   * of four. @internal
   */
  draw(make: (seed: bigint, offset: number) => Tensor): Tensor {
    const out = withDynamicValues(
      () => ({ seed: { kind: 'seed', read: () => this.#seed }, offset: countOf(this.#drawn) }),
      () => make(this.#seed, this.#offset),
    );
    this.#offset += Math.ceil(out.size / 4);
    return out;
  }
}

function toSeed(op: string, seed: number | bigint): bigint {
  if (typeof seed !== 'bigint' && !Number.isSafeInteger(seed)) {
    throw new ArgumentError(`[${op}] expected an integer for 'seed', received ${describe(seed)}`);
  }
  return BigInt.asUintN(64, BigInt(seed));
}

// V8 seeds Math.random from the system. (node:crypto would cost every program 2 ms of its start.)
const randomWord = () => BigInt(Math.floor(Math.random() * 2 ** 32));

/** The generator that is used where none is given. It starts from a random seed. */
export const defaultGenerator = new Generator((randomWord() << 32n) | randomWord());

/** Seeds {@link defaultGenerator}: initialisation, dropout and shuffling repeat from here. @throws ArgumentError */
export function manualSeed(seed: number | bigint): void {
  defaultGenerator.manualSeed(seed);
}

/** Options of the functions that make random tensors. */
export interface RandomOptions {
  /** Default float32. */
  dtype?: DType;
  /** Default {@link defaultDevice}. The numbers are the same on every device. */
  device?: Device;
  /** Whether operators on the tensor are recorded for gradients. Default false. */
  requiresGrad?: boolean;
  /** Default {@link defaultGenerator}. */
  generator?: Generator;
}

const optionNames = ['dtype', 'device', 'requiresGrad', 'generator'];

function random(
  ref: { id: number; name: string },
  shape: readonly number[],
  options: RandomOptions,
  ...args: (number | undefined)[]
) {
  if (!Array.isArray(shape)) {
    throw new ArgumentError(`[${ref.name}] expected an array of integers for 'shape', received ${describe(shape)}`);
  }
  const dtype = optionalDType(ref.name, options.dtype);
  const generator = options.generator ?? defaultGenerator;
  const out = generator.draw((seed, offset) =>
    callOn(options.device ?? defaultDevice(), ref, shape, ...args, dtype, seed, offset),
  );
  if (options.requiresGrad) out.requiresGrad = true;
  return out;
}

/**
 * Evenly distributed numbers from `low` (included, default 0) to `high` (excluded, default 1).
 *
 * @throws ArgumentError when low lies above high.
 */
export function uniform(
  shape: readonly number[],
  options: RandomOptions & { low?: number; high?: number } = {},
): Tensor {
  checkOptions('uniform', options, [...optionNames, 'low', 'high']);
  return random(op.uniform, shape, options, options.low, options.high);
}

/**
 * Normally distributed numbers, by default of mean 0 and standard deviation 1.
 *
 * @throws DTypeError for integers; ArgumentError for a negative standard deviation.
 */
export function normal(
  shape: readonly number[],
  options: RandomOptions & { mean?: number; std?: number } = {},
): Tensor {
  checkOptions('normal', options, [...optionNames, 'mean', 'std']);
  return random(op.normal, shape, options, options.mean, options.std);
}

function like(name: string, model: Tensor): { dtype: DType; device: Device } {
  handleOf(name, 'like', model);
  return { dtype: model.dtype, device: model.device };
}

/** {@link uniform} numbers of the shape and dtype of another tensor, on its device. @throws as uniform. */
export function uniformLike(model: Tensor, options: RandomOptions & { low?: number; high?: number } = {}): Tensor {
  checkOptions('uniformLike', options, [...optionNames, 'low', 'high']);
  const own = like('uniformLike', model);
  return uniform(model.shape, { ...own, ...options });
}

/** {@link normal} numbers of the shape and dtype of another tensor, on its device. @throws as normal. */
export function normalLike(model: Tensor, options: RandomOptions & { mean?: number; std?: number } = {}): Tensor {
  checkOptions('normalLike', options, [...optionNames, 'mean', 'std']);
  const own = like('normalLike', model);
  return normal(model.shape, { ...own, ...options });
}

/** 1 with the given probability, else 0. @throws ArgumentError for a probability outside [0, 1]. */
export function bernoulli(shape: readonly number[], probability: number, options: RandomOptions = {}): Tensor {
  checkOptions('bernoulli', options, optionNames);
  return random(op.bernoulli, shape, options, probability);
}

/** The numbers 0 to `count - 1` in random order; int64. @throws ArgumentError */
export function randperm(count: number, options: { device?: Device; generator?: Generator } = {}): Tensor {
  checkOptions('randperm', options, ['device', 'generator']);
  const { device = defaultDevice(), generator = defaultGenerator } = options;
  if (!Number.isSafeInteger(count) || count < 0) {
    throw new ArgumentError(`[randperm] expected a count, received ${describe(count)}`);
  }
  return generator.draw((seed, offset) => callOn(device, op.randperm, count, seed, offset));
}

/**
 * Sets elements to 0 with the given probability and divides the others by `1 - probability`, so that the mean stays. Does
 * nothing unless `training`. (Srivastava et al. 2014)
 *
 * @throws ArgumentError for a probability outside [0, 1].
 * @method
 */
export function dropout(
  x: Tensor,
  probability = 0.5,
  options: { training?: boolean; generator?: Generator } = {},
): Tensor {
  checkOptions('dropout', options, ['training', 'generator']);
  const { training = true, generator = defaultGenerator } = options;
  const handle = handleOf('dropout', 'x', x);
  if (!(probability >= 0 && probability <= 1)) {
    throw new ArgumentError(`[dropout] a probability is from 0 to 1, received ${describe(probability)}`);
  }
  if (!training || probability === 0) return x;
  return generator.draw((seed, offset) => call(op.dropout, handle, probability, seed, offset));
}
