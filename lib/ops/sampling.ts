// Random numbers made of uniform ones: other distributions, and draws from given probabilities.
import { ArgumentError, describe } from '../errors';
import { checkOptions } from '../options';
import { handleOf, type Tensor } from '../tensor';
import { axisIn, numberFor } from './check';
import { arange } from './create';
import { add, clamp, div, eq, log, lt, mul, neg, sub } from './pointwise';
import { type Generator, type RandomOptions, uniform, uniformLike } from './random';
import { argmax } from './reduce';
import { cast, reshape } from './shape';
import { softmax } from './softmax';
import { erfinv } from './special';

const optionNames = ['dtype', 'device', 'requiresGrad', 'generator'];

// Half a step of uniform numbers: what 0 stands for, so that its logarithm is finite.
const leastOf = (dtype: string | undefined) => (dtype === 'float64' ? 2 ** -54 : 2 ** -25);

/** Options of {@link exponential}. */
export interface ExponentialOptions extends RandomOptions {
  /** One over the mean, above 0. Default 1. */
  rate?: number;
}

/** Exponentially distributed numbers above 0, of density `rate * exp(-rate x)`. @throws ArgumentError for a rate of 0 or less. */
export function exponential(shape: readonly number[], options: ExponentialOptions = {}): Tensor {
  checkOptions('exponential', options, [...optionNames, 'rate']);
  const { rate = 1, requiresGrad = false, ...rest } = options;
  if (!(numberFor('exponential', 'rate', rate) > 0)) {
    throw new ArgumentError(`[exponential] expected a number above 0 for 'rate', received ${rate}`);
  }
  const out = div(log(uniform(shape, { ...rest, low: leastOf(rest.dtype) })), -rate).detach();
  out.requiresGrad = requiresGrad;
  return out;
}

/** Options of {@link truncatedNormal}. */
export interface TruncatedNormalOptions extends RandomOptions {
  /** Of the distribution before it is cut. Default 0. */
  mean?: number;
  /** Of the distribution before it is cut. Default 1. */
  std?: number;
  /** The least number, itself and not in standard deviations. Default -2. */
  a?: number;
  /** The largest number. Default 2. */
  b?: number;
}

/** The share of the normal distribution below x, to the precision of float64. */
function normalShare(x: number): number {
  // The error function by its series, which converges for all x that matter here; beyond it is 0 or 1.
  const z = x / Math.SQRT2;
  if (Math.abs(z) > 6) return z < 0 ? 0 : 1;
  let term = z;
  let total = z;
  for (let n = 1; Math.abs(term) > 1e-18 * Math.abs(total); n++) {
    term *= (2 * z * z) / (2 * n + 1);
    total += term;
  }
  return 0.5 + (Math.exp(-z * z) * total) / Math.sqrt(Math.PI);
}

/**
 * Normally distributed numbers, those outside `[a, b]` left out, by the inverse of the distribution function.
 *
 * @throws ArgumentError unless a < b, std > 0 and the interval holds some of the distribution; DTypeError for integers.
 */
export function truncatedNormal(shape: readonly number[], options: TruncatedNormalOptions = {}): Tensor {
  checkOptions('truncatedNormal', options, [...optionNames, 'mean', 'std', 'a', 'b']);
  const { mean = 0, std = 1, a = -2, b = 2, requiresGrad = false, ...rest } = options;
  const [low, high] = [normalShare((a - mean) / std), normalShare((b - mean) / std)];
  if (!(std > 0 && a < b && low < high)) {
    throw new ArgumentError(`[truncatedNormal] no part of normal(${mean}, ${std}) lies from ${a} to ${b}`);
  }
  const share = uniform(shape, { ...rest, low: 2 * low - 1, high: 2 * high - 1 });
  const out = clamp(add(mul(erfinv(share), std * Math.SQRT2), mean), a, b).detach();
  out.requiresGrad = requiresGrad;
  return out;
}

/** 1 with the probability that each element says, else 0; of its shape and dtype. The result has no gradient. @method */
export function bernoulliLike(probabilities: Tensor, options: { generator?: Generator } = {}): Tensor {
  handleOf('bernoulliLike', 'probabilities', probabilities);
  checkOptions('bernoulliLike', options, ['generator']);
  return cast(lt(uniformLike(probabilities, options), probabilities), probabilities.dtype);
}

/** Numbers of Gumbel's distribution, -log(-log(u)), of a model's shape. */
function gumbelLike(model: Tensor, generator: Generator | undefined): Tensor {
  const u = uniformLike(model, { low: leastOf(model.dtype), generator });
  return neg(log(neg(log(u)))).detach();
}

/** Options of {@link gumbelSoftmax}. */
export interface GumbelSoftmaxOptions {
  /** Temperature, above 0: near 0 results are near one-hot vectors. Default 1. */
  tau?: number;
  /** Whether results are one-hot vectors, whose gradients are those of the soft ones. Default false. */
  hard?: boolean;
  /** Along which the probabilities lie. Default -1. */
  axis?: number;
  /** Default: the one that `manualSeed` seeds. */
  generator?: Generator;
}

/**
 * A draw from the distribution that `logits` describe along an axis, as a vector that can be differentiated:
 * `softmax((logits + gumbel) / tau)`. (Jang et al. 2017; Maddison et al. 2017)
 *
 * @throws ArgumentError
 * @method
 */
export function gumbelSoftmax(logits: Tensor, options: GumbelSoftmaxOptions = {}): Tensor {
  handleOf('gumbelSoftmax', 'logits', logits);
  checkOptions('gumbelSoftmax', options, ['tau', 'hard', 'axis', 'generator']);
  const { tau = 1, hard = false, axis = -1, generator } = options;
  const at = axisIn('gumbelSoftmax', axis, logits.rank);
  if (!(tau > 0))
    throw new ArgumentError(`[gumbelSoftmax] expected a number above 0 for 'tau', received ${describe(tau)}`);
  const soft = softmax(div(add(logits, gumbelLike(logits, generator)), tau), at);
  if (!hard) return soft;
  const fixed = soft.detach();
  const chosen = cast(eq(positionsAlong(logits, at), argmax(fixed, at, true)), logits.dtype);
  // The value of the one-hot vector, and the gradient of the soft one.
  return add(sub(chosen, fixed), soft);
}

/** 0, 1, ... along an axis of a tensor's shape, and 1 elsewhere. */
function positionsAlong(x: Tensor, axis: number): Tensor {
  const shape = x.shape.map((extent, i) => (i === axis ? extent : 1));
  return reshape(arange(0, x.shape[axis] as number, 1, { device: x.device }), shape);
}
