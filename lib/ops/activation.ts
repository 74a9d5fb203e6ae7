// Activations, element by element. Integers become float32, except for relu.
import { ArgumentError, describe } from '../errors';
import { handleOf, type Tensor } from '../tensor';
import { call, operator } from './call';

const op = {
  relu: operator('relu'),
  leakyRelu: operator('leakyRelu'),
  elu: operator('elu'),
  sigmoid: operator('sigmoid'),
  tanh: operator('tanh'),
  gelu: operator('gelu'),
  geluTanh: operator('geluTanh'),
  silu: operator('silu'),
  softplus: operator('softplus'),
  softsign: operator('softsign'),
};

/** `max(x, 0)`; the gradient at 0 is 0. @method */
export function relu(x: Tensor): Tensor {
  return call(op.relu, handleOf('relu', 'x', x));
}

/** `x` where `x > 0`, else `slope * x`; the slope is 0.01 by default. @method */
export function leakyRelu(x: Tensor, slope?: number): Tensor {
  return call(op.leakyRelu, handleOf('leakyRelu', 'x', x), slope);
}

/** `x` where `x > 0`, else `alpha * (exp(x) - 1)`; alpha is 1 by default. (Clevert et al. 2015) @method */
export function elu(x: Tensor, alpha?: number): Tensor {
  return call(op.elu, handleOf('elu', 'x', x), alpha);
}

/** `1 / (1 + exp(-x))`. @method */
export function sigmoid(x: Tensor): Tensor {
  return call(op.sigmoid, handleOf('sigmoid', 'x', x));
}

/** Hyperbolic tangent. @method */
export function tanh(x: Tensor): Tensor {
  return call(op.tanh, handleOf('tanh', 'x', x));
}

/** How {@link gelu} is computed: exactly, with erf, or by a formula in tanh. */
export type GeluApproximation = 'none' | 'tanh';

/**
 * `x * Phi(x)` with the normal distribution `Phi`, or with 'tanh' the approximation
 * `0.5 x (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3)))`. (Hendrycks & Gimpel 2016)
 *
 * @method
 */
export function gelu(x: Tensor, approximate: GeluApproximation = 'none'): Tensor {
  if (approximate !== 'none' && approximate !== 'tanh') {
    throw new ArgumentError(`[gelu] expected 'none' or 'tanh' for 'approximate', received ${describe(approximate)}`);
  }
  return call(approximate === 'tanh' ? op.geluTanh : op.gelu, handleOf('gelu', 'x', x));
}

/** `x * sigmoid(x)`, also called swish. @method */
export function silu(x: Tensor): Tensor {
  return call(op.silu, handleOf('silu', 'x', x));
}

/** `log(1 + exp(beta * x)) / beta`, and `x` itself where `beta * x > threshold`; by default beta is 1 and the threshold 20. @method */
export function softplus(x: Tensor, beta?: number, threshold?: number): Tensor {
  return call(op.softplus, handleOf('softplus', 'x', x), beta, threshold);
}

/** `x / (1 + |x|)`; NaN at infinity, as in PyTorch. @method */
export function softsign(x: Tensor): Tensor {
  return call(op.softsign, handleOf('softsign', 'x', x));
}
