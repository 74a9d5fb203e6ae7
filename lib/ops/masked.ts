// Where a mask holds: filled, written to, picked.
import { ArgumentError, DTypeError, describe, ShapeError } from '../errors';
import { formatShape, handleOf, isTensor, type Tensor, type TensorLike } from '../tensor';
import { atAsync } from './at';
import { call, operator } from './call';
import { broadcastOf } from './check';
import { tensor } from './create';
import { where } from './pointwise';
import { cumsum } from './scan';
import { cast, expand, reshape } from './shape';

const op = { gather: operator('gather') };

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

/** What {@link unique} finds. */
export interface Unique {
  /** The different values, in ascending order. */
  values: Tensor;
  /** Where in `values` each element is, in the shape of the elements; int64. */
  inverse: Tensor;
  /** How often each value occurs; int64. */
  counts: Tensor;
}

/** A promise of the different values of `x`, with their counts; each NaN is different from all others. Without gradients. @method */
export async function unique(x: Tensor): Promise<Unique> {
  handleOf('unique', 'x', x);
  const { shape, device } = x;
  const data = await x.data();
  const order = Array.from(data.keys()).sort((i, j) => {
    const [a, b] = [data[i] as number, data[j] as number];
    // NaN behind all numbers.
    return a < b ? -1 : a > b ? 1 : Number(Number.isNaN(a)) - Number(Number.isNaN(b)) || i - j;
  });
  const inverse = new BigInt64Array(data.length);
  const firsts: number[] = [];
  const counts: bigint[] = [];
  for (const [k, i] of order.entries()) {
    if (k === 0 || data[i] !== data[order[k - 1] as number]) {
      firsts.push(i);
      counts.push(0n);
    }
    inverse[i] = BigInt(firsts.length - 1);
    counts[firsts.length - 1] = (counts[firsts.length - 1] as bigint) + 1n;
  }
  const index = tensor(BigInt64Array.from(firsts, BigInt), { device });
  return {
    values: reshape(x, [data.length]).detach().indexSelect(0, index),
    inverse: tensor(inverse, { shape, device }),
    counts: tensor(BigInt64Array.from(counts), { device }),
  };
}
