// Activations that are compositions: made of pieces, of other activations, or of halves. Compiled functions fuse them.

import { ArgumentError, ShapeError } from '../errors';
import { checkOptions } from '../options';
import { formatShape, handleOf, type Tensor } from '../tensor';
import { elu, sigmoid, softplus, tanh } from './activation';
import { axisIn, numberFor } from './check';
import { add, div, ge, gt, le, logicalAnd, lt, mul, neg, sub, where } from './pointwise';
import { defaultGenerator, type Generator, uniformLike } from './random';
import { reshape, slice } from './shape';
import { softmax } from './softmax';

/** `min(max(x, low), high)`, by default -1 and 1; unlike {@link clamp} without a gradient at the bounds themselves. @throws ArgumentError @method */
export function hardtanh(x: Tensor, low = -1, high = 1): Tensor {
  handleOf('hardtanh', 'x', x);
  if (!(numberFor('hardtanh', 'low', low) <= numberFor('hardtanh', 'high', high))) {
    throw new ArgumentError(`[hardtanh] low ${low} lies above high ${high}`);
  }
  return where(le(x, low), low, where(ge(x, high), high, x));
}

/** `min(max(x, 0), 6)`. @method */
export function relu6(x: Tensor): Tensor {
  return hardtanh(x, 0, 6);
}

/** `min(max(x + 3, 0), 6) / 6`. @method */
export function hardsigmoid(x: Tensor): Tensor {
  return div(relu6(add(x, 3)), 6);
}

/** `x * hardsigmoid(x)`. (Howard et al. 2019) @method */
export function hardswish(x: Tensor): Tensor {
  return div(mul(x, relu6(add(x, 3))), 6);
}

// Of Klambauer et al. 2017, in which mean 0 and variance 1 are a fixed point.
const SELU_SCALE = 1.0507009873554805;
const SELU_ALPHA = 1.6732632423543772;

/** `scale * x` where `x > 0`, else `scale * alpha * (exp(x) - 1)`, with the constants of self-normalizing networks. @method */
export function selu(x: Tensor): Tensor {
  return mul(elu(x, SELU_ALPHA), SELU_SCALE);
}

/** `x` where `x > 0`, else `alpha * (exp(x / alpha) - 1)`; alpha is 1 by default. @throws ArgumentError for alpha 0. @method */
export function celu(x: Tensor, alpha = 1): Tensor {
  if (numberFor('celu', 'alpha', alpha) === 0) throw new ArgumentError('[celu] alpha must not be 0');
  return alpha === 1 ? elu(x) : mul(elu(div(x, alpha)), alpha);
}

/** `log(sigmoid(x))`, without its loss of precision. @method */
export function logSigmoid(x: Tensor): Tensor {
  return neg(softplus(neg(x), 1, Number.POSITIVE_INFINITY));
}

/** `x * tanh(log(1 + exp(x)))`. (Misra 2019) @method */
export function mish(x: Tensor): Tensor {
  return mul(x, tanh(softplus(x, 1, Number.POSITIVE_INFINITY)));
}

/** `x` moved by `lambda` (default 0.5) towards 0, and 0 where it would pass it. @throws ArgumentError for a negative lambda. @method */
export function softshrink(x: Tensor, lambda = 0.5): Tensor {
  if (numberFor('softshrink', 'lambda', lambda) < 0) {
    throw new ArgumentError(`[softshrink] lambda is at least 0, received ${lambda}`);
  }
  return where(gt(x, lambda), sub(x, lambda), where(lt(x, -lambda), add(x, lambda), mul(x, 0)));
}

/** `x`, and 0 from `-lambda` to `lambda` (default 0.5). @method */
export function hardshrink(x: Tensor, lambda = 0.5): Tensor {
  numberFor('hardshrink', 'lambda', lambda);
  return where(logicalAnd(ge(x, -lambda), le(x, lambda)), 0, x);
}

/** `x - tanh(x)`. @method */
export function tanhshrink(x: Tensor): Tensor {
  return sub(x, tanh(x));
}

/** `x` where it is above `bound`, else `value`. @method */
export function threshold(x: Tensor, bound: number, value: number): Tensor {
  numberFor('threshold', 'bound', bound);
  return where(le(x, bound), numberFor('threshold', 'value', value), x);
}

/**
 * `x` where `x > 0`, else `weight * x`: a leaky ReLU whose slope is learned, one for all (`[1]`), or one for each channel of
 * `[batch, channels, ...]`. (He et al. 2015)
 *
 * @throws ShapeError
 * @method
 */
export function prelu(x: Tensor, weight: Tensor): Tensor {
  handleOf('prelu', 'x', x);
  handleOf('prelu', 'weight', weight);
  const channels = x.rank < 2 ? 1 : (x.shape[1] as number);
  if (weight.rank > 1 || (weight.size !== 1 && weight.size !== channels)) {
    throw new ShapeError(`[prelu] slopes of shape ${formatShape(weight.shape)} do not fit ${formatShape(x.shape)}`);
  }
  const slopes =
    weight.size === 1 ? reshape(weight, []) : reshape(weight, [channels, ...new Array<number>(x.rank - 2).fill(1)]);
  return where(gt(x, 0), x, mul(x, slopes));
}

/** Options of {@link rrelu}. */
export interface RreluOptions {
  /** Least slope. Default 1 / 8. */
  lower?: number;
  /** Largest slope. Default 1 / 3. */
  upper?: number;
  /** Whether slopes are random; else their mean is used. Default false. */
  training?: boolean;
  /** Source of the slopes; default: the one that `manualSeed` seeds. */
  generator?: Generator;
}

/** A leaky ReLU whose slopes are random while training, evenly from `lower` to `upper`. @throws ArgumentError @method */
export function rrelu(x: Tensor, options: RreluOptions = {}): Tensor {
  handleOf('rrelu', 'x', x);
  checkOptions('rrelu', options, ['lower', 'upper', 'training', 'generator']);
  const { lower = 1 / 8, upper = 1 / 3, training = false, generator = defaultGenerator } = options;
  if (!(lower <= upper)) throw new ArgumentError(`[rrelu] lower ${lower} lies above upper ${upper}`);
  if (!training) return where(ge(x, 0), x, mul(x, (lower + upper) / 2));
  const slopes = uniformLike(x, { low: lower, high: upper, generator });
  return where(gt(x, 0), x, mul(x, slopes));
}

/** The first half along `axis` times the sigmoid of the second. (Dauphin et al. 2017) @throws ShapeError for an odd extent. @method */
export function glu(x: Tensor, axis = -1): Tensor {
  handleOf('glu', 'x', x);
  const at = axisIn('glu', axis, x.rank);
  const extent = x.shape[at] as number;
  if (extent % 2 !== 0) throw new ShapeError(`[glu] axis ${at} of ${formatShape(x.shape)} has no two halves`);
  return mul(slice(x, at, 0, extent / 2), sigmoid(slice(x, at, extent / 2)));
}

/** `exp(-x) / sum(exp(-x))` along `axis` (default -1). @method */
export function softmin(x: Tensor, axis?: number): Tensor {
  return softmax(neg(x), axis);
}
