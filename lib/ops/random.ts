// Random tensors. The same seed gives the same numbers, on any number of threads.
import { countOf, withDynamicValues } from '../compile/trace';
import { type Device, defaultDevice } from '../device';
import type { DType } from '../dtype';
import { ArgumentError, describe } from '../errors';
import { checkOptions } from '../options';
import { handleOf, type Tensor } from '../tensor';
import { call, callOn, operator, optionalDType } from './call';
import { integerFor } from './check';

const op = {
  uniform: operator('uniform'),
  normal: operator('normal'),
  randint: operator('randint'),
  bernoulli: operator('bernoulli'),
  randperm: operator('randperm'),
  dropout: operator('dropout'),
  multinomial: operator('multinomial'),
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
   * of four: enough for an element each, unless `blocks` says how many. @internal
   */
  draw(make: (seed: bigint, offset: number) => Tensor, blocks = (out: Tensor) => Math.ceil(out.size / 4)): Tensor {
    const out = withDynamicValues(
      () => ({ seed: { kind: 'seed', read: () => this.#seed }, offset: countOf(this.#drawn) }),
      () => make(this.#seed, this.#offset),
    );
    this.#offset += blocks(out);
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

/** {@link uniform} numbers from 0 to 1, by PyTorch's name. @throws as uniform. */
export function rand(shape: readonly number[], options: RandomOptions = {}): Tensor {
  checkOptions('rand', options, optionNames);
  return uniform(shape, options);
}

/** {@link normal} numbers of mean 0 and standard deviation 1, by PyTorch's name. @throws as normal. */
export function randn(shape: readonly number[], options: RandomOptions = {}): Tensor {
  checkOptions('randn', options, optionNames);
  return normal(shape, options);
}

/** {@link rand} of the shape and dtype of another tensor, on its device. @throws as uniform. */
export function randLike(model: Tensor, options: RandomOptions = {}): Tensor {
  checkOptions('randLike', options, optionNames);
  return uniform(model.shape, { ...like('randLike', model), ...options });
}

/** {@link randn} of the shape and dtype of another tensor, on its device. @throws as normal. */
export function randnLike(model: Tensor, options: RandomOptions = {}): Tensor {
  checkOptions('randnLike', options, optionNames);
  return normal(model.shape, { ...like('randnLike', model), ...options });
}

/**
 * Whole numbers from `low` (included) to `high` (excluded), each as often as any other; int64 unless another dtype is asked for.
 *
 * @throws ArgumentError when low is not below high, or the dtype has not all of the numbers; DTypeError for bool.
 */
export function randint(low: number, high: number, shape: readonly number[], options: RandomOptions = {}): Tensor {
  checkOptions('randint', options, optionNames);
  return random(op.randint, shape, options, integerFor('randint', 'low', low), integerFor('randint', 'high', high));
}

/** {@link randint} of the shape and dtype of another tensor, on its device. @throws as randint. */
export function randintLike(model: Tensor, low: number, high: number, options: RandomOptions = {}): Tensor {
  checkOptions('randintLike', options, optionNames);
  return randint(low, high, model.shape, { ...like('randintLike', model), ...options });
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

/** Options of {@link multinomial}. */
export interface MultinomialOptions {
  /** Whether a place may be drawn several times. Default false. */
  replacement?: boolean;
  /** Default {@link defaultGenerator}. */
  generator?: Generator;
}

/**
 * `count` places (int64) drawn from each row of `[classes]` or `[rows, classes]`, as likely as the weights there say, which need not add
 * up to 1. Without replacement each place is drawn at most once, one after the other. The same seed draws the same places.
 *
 * @throws ArgumentError where there are fewer classes than `count`; DTypeError for integers; ShapeError. Weights that are negative,
 * infinite or NaN, and rows with too few that are not 0, reject the read of the result with ArgumentError.
 * @method
 */
export function multinomial(weights: Tensor, count: number, options: MultinomialOptions = {}): Tensor {
  checkOptions('multinomial', options, ['replacement', 'generator']);
  const { replacement = false, generator = defaultGenerator } = options;
  const handle = handleOf('multinomial', 'weights', weights);
  return generator.draw(
    (seed, offset) => call(op.multinomial, handle, count, replacement, seed, offset),
    replacement ? undefined : () => Math.ceil(weights.size / 4),
  );
}
