// Cumulative sums.
import { type DType, dtypeCode, isFloating } from '../dtype';
import { checkOptions } from '../options';
import { handleOf, type Tensor } from '../tensor';
import { call, operator } from './call';

const op = { cumsum: operator('cumsum') };

/** Options of {@link cumsum}. */
export interface CumsumOptions {
  /** Dtype that `x` is converted to before it is summed. Default that of `x`; int64 for integers and bool. */
  dtype?: DType;
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
  checkOptions('cumsum', options, ['dtype']);
  const { dtype = isFloating(x.dtype) ? x.dtype : 'int64' } = options;
  return call(op.cumsum, handle, axis, false, dtypeCode('cumsum', dtype));
}
