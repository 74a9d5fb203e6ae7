// Scans: what the elements up to each one along an axis sum up to, multiply to, or have as their extreme.
import { type DType, dtypeCode, isFloating } from '../dtype';
import { checkOptions } from '../options';
import { handleOf, type Tensor } from '../tensor';
import { call, callMany, operator } from './call';

const op = {
  cumsum: operator('cumsum'),
  cumprod: operator('cumprod'),
  cummax: operator('cummax'),
  cummin: operator('cummin'),
  logcumsumexp: operator('logcumsumexp'),
};

/** Options of {@link cumsum} and {@link cumprod}. */
export interface CumsumOptions {
  /** Dtype that `x` is converted to before it is summed or multiplied. Default that of `x`; int64 for integers and bool. */
  dtype?: DType;
}

function totalDType(name: string, x: Tensor, options: CumsumOptions): number {
  checkOptions(name, options, ['dtype']);
  const { dtype = isFloating(x.dtype) ? x.dtype : 'int64' } = options;
  return dtypeCode(name, dtype);
}

/**
 * Sums of the elements up to and with each one along `axis`, in the shape of `x`. Float32 is summed in float64. The same bits for
 * any number of threads.
 *
 * @throws ArgumentError for an axis that is not there; DTypeError for the dtype bool.
 * @method
 */
export function cumsum(x: Tensor, axis: number, options: CumsumOptions = {}): Tensor {
  const handle = handleOf('cumsum', 'x', x);
  return call(op.cumsum, handle, axis, false, totalDType('cumsum', x, options));
}

/**
 * Products of the elements up to and with each one along `axis`, in the shape of `x`. Float32 is multiplied in float64. Gradients are
 * right at zeros too.
 *
 * @throws ArgumentError for an axis that is not there; DTypeError for the dtype bool.
 * @method
 */
export function cumprod(x: Tensor, axis: number, options: CumsumOptions = {}): Tensor {
  const handle = handleOf('cumprod', 'x', x);
  return call(op.cumprod, handle, axis, totalDType('cumprod', x, options));
}

/**
 * `[values, indices]`: the largest of the elements up to and with each one along `axis`, and where it is (int64), the last of equal
 * ones. NaN is the largest of all that follows it. Gradients flow to the elements at the indices.
 *
 * @throws ArgumentError for an axis that is not there.
 * @method
 */
export function cummax(x: Tensor, axis: number): [values: Tensor, indices: Tensor] {
  return callMany(op.cummax, 2, handleOf('cummax', 'x', x), axis) as [Tensor, Tensor];
}

/**
 * `[values, indices]`: as {@link cummax}, the smallest. NaN is the smallest of all that follows it.
 *
 * @throws ArgumentError for an axis that is not there.
 * @method
 */
export function cummin(x: Tensor, axis: number): [values: Tensor, indices: Tensor] {
  return callMany(op.cummin, 2, handleOf('cummin', 'x', x), axis) as [Tensor, Tensor];
}

/**
 * `log(sum(exp(x)))` of the elements up to and with each one along `axis`, without overflow. Integers become float32.
 *
 * @throws ArgumentError for an axis that is not there.
 * @method
 */
export function logcumsumexp(x: Tensor, axis: number): Tensor {
  return call(op.logcumsumexp, handleOf('logcumsumexp', 'x', x), axis);
}
