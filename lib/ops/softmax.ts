// Softmax and its relatives. Integers become float32.
import { handleOf, type Tensor } from '../tensor';
import { axesOf, call, operator } from './call';
import type { Axes } from './reduce';

const op = { softmax: operator('softmax'), logSoftmax: operator('logSoftmax'), logSumExp: operator('logSumExp') };

/**
 * `exp(x) / sum(exp(x))` along `axis` (default -1), computed from `x - max(x)`.
 *
 * @throws ArgumentError for an axis that is not there.
 * @method
 */
export function softmax(x: Tensor, axis?: number): Tensor {
  return call(op.softmax, handleOf('softmax', 'x', x), axis);
}

/** `x - logSumExp(x)` along `axis` (default -1): the logarithm of {@link softmax}, without its loss of precision. @method */
export function logSoftmax(x: Tensor, axis?: number): Tensor {
  return call(op.logSoftmax, handleOf('logSoftmax', 'x', x), axis);
}

/** `log(sum(exp(x)))` over the axes, computed from `x - max(x)`. @method */
export function logSumExp(x: Tensor, axes?: Axes, keepDims?: boolean): Tensor {
  return call(op.logSumExp, handleOf('logSumExp', 'x', x), axesOf(axes), keepDims);
}
