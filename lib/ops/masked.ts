// Where a mask holds: filled, written to, picked.
import { ArgumentError, DTypeError, describe, ShapeError } from '../errors';
import { checkOptions } from '../options';
import { formatShape, handleOf, isTensor, type Tensor, type TensorLike } from '../tensor';
import { atAsync } from './at';
import { call, operator } from './call';
import { broadcastOf, integerFor, sizeOf } from './check';
import { full } from './create';
import { take } from './indexing';
import { ge, where } from './pointwise';
import { cumsum } from './scan';
import { cast, expand, reshape } from './shape';

const op = { gather: operator('gather'), positions: operator('positions') };

function checkMask(name: string, mask: Tensor): void {
  handleOf(name, 'mask', mask);
  if (mask.dtype !== 'bool') throw new DTypeError(`[${name}] a mask is of dtype bool, not ${mask.dtype}`);
}

/**
 * `value`, a number or a scalar tensor, where the mask holds, else `x`, in the dtype of `x`; the mask broadcasts.
 *
 * @throws DTypeError unless the mask is bool; ShapeError; ArgumentError for a value of more than one element.
 * @method
 */
export function maskedFill(x: Tensor, mask: Tensor, value: TensorLike): Tensor {
  handleOf('maskedFill', 'x', x);
  checkMask('maskedFill', mask);
  if (isTensor(value) && value.rank > 0) {
    throw new ArgumentError(`[maskedFill] the value is one number, not a tensor of shape ${formatShape(value.shape)}`);
  }
  return inDType(where(mask, value, x), x);
}

function inDType(y: Tensor, x: Tensor): Tensor {
  return y.dtype === x.dtype ? y : cast(y, x.dtype);
}

/**
 * The elements of `source`, in row-major order, one after the other where the mask holds, else `x`; the mask broadcasts to `x`. A source
 * with too few elements rejects the read of the result with IndexError.
 *
 * @throws DTypeError unless the mask is bool and the dtypes are equal; ShapeError.
 * @method
 */
export function maskedScatter(x: Tensor, mask: Tensor, source: Tensor): Tensor {
  handleOf('maskedScatter', 'x', x);
  checkMask('maskedScatter', mask);
  handleOf('maskedScatter', 'source', source);
  if (source.dtype !== x.dtype) {
    throw new DTypeError(`[maskedScatter] a source of dtype ${source.dtype} does not go into ${x.dtype}`);
  }
  const shape = broadcastOf('maskedScatter', [x.shape, mask.shape]);
  const count = shape.reduce((product, extent) => product * extent, 1);
  if (count === 0) return expand(x, shape);
  const held = reshape(expand(mask, shape), [count]);
  // The n-th place that holds gets element n; the others ask for the first, which has to be there, and do not get it.
  const places = cumsum(held, 0).sub(1);
  if (source.size === 0) throw new ShapeError('[maskedScatter] the source is empty');
  const flat = reshape(source, [source.size]);
  const picked = call(
    op.gather,
    handleOf('maskedScatter', 'source', flat),
    0,
    handleOf('maskedScatter', 'index', where(held, places, 0)),
  );
  return where(reshape(held, shape), reshape(picked, shape), x);
}

/**
 * A promise of the elements at which the mask holds, in a vector: its length only the mask's values say. The mask broadcasts against
 * `x`. Gradients flow to `x`. Not within compiled functions: there, {@link where} and {@link maskedFill} keep the shape.
 *
 * @throws DTypeError unless the mask is bool; ShapeError.
 * @method
 */
export async function maskedSelect(x: Tensor, mask: Tensor): Promise<Tensor> {
  handleOf('maskedSelect', 'x', x);
  if (!isTensor(mask)) throw new ArgumentError(`[maskedSelect] expected a mask, received ${describe(mask)}`);
  checkMask('maskedSelect', mask);
  const shape = broadcastOf('maskedSelect', [x.shape, mask.shape]);
  const count = shape.reduce((product, extent) => product * extent, 1);
  return atAsync(reshape(expand(x, shape), [count]), reshape(expand(mask, shape), [count]));
}

/** Options of {@link maskedSelectStatic}. */
export interface MaskedSelectStaticOptions {
  /** What stands behind the elements that were found. Default 0. */
  fillValue?: number;
}

/**
 * The first `size` elements at which the mask holds, in a vector, and `fillValue` where there are fewer: {@link maskedSelect} of a size
 * that is known, also within compiled functions. Gradients flow to `x`.
 *
 * @throws DTypeError unless the mask is bool; ShapeError; ArgumentError.
 * @method
 */
export function maskedSelectStatic(
  x: Tensor,
  mask: Tensor,
  size: number,
  options: MaskedSelectStaticOptions = {},
): Tensor {
  handleOf('maskedSelectStatic', 'x', x);
  checkMask('maskedSelectStatic', mask);
  checkOptions('maskedSelectStatic', options, ['fillValue']);
  integerFor('maskedSelectStatic', 'size', size, 0);
  const { fillValue = 0 } = options;
  const shape = broadcastOf('maskedSelectStatic', [x.shape, mask.shape]);
  const count = sizeOf(shape);
  if (count === 0) return full([size], fillValue, { dtype: x.dtype, device: x.device });
  const places = call(op.positions, handleOf('maskedSelectStatic', 'mask', expand(mask, shape)), size, -1);
  const isFound = ge(places, 0);
  const picked = take(reshape(expand(x, shape), [count]), where(isFound, places, 0));
  return inDType(where(isFound, picked, fillValue), x);
}
