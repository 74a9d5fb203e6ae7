// Matrix products.
import { handleOf, type Tensor } from '../tensor';
import { call, operator, optionalHandle } from './call';

const op = { matmul: operator('matmul'), linear: operator('linear') };

/**
 * Matrix product of the last two dimensions, `[..., m, k] x [..., k, n] -> [..., m, n]`; leading dimensions broadcast. A vector is
 * a row on the left and a column on the right, and that dimension is then left out of the result.
 *
 * @throws ShapeError when the inner dimensions differ; DTypeError for bool and uint8.
 * @method
 */
export function matmul(a: Tensor, b: Tensor): Tensor {
  return call(op.matmul, handleOf('matmul', 'a', a), handleOf('matmul', 'b', b));
}

/**
 * `x weight^T + bias`: `[..., in] x [out, in] -> [..., out]`.
 *
 * @throws ShapeError when the sizes do not fit.
 */
export function linear(x: Tensor, weight: Tensor, bias?: Tensor | null): Tensor {
  return call(
    op.linear,
    handleOf('linear', 'x', x),
    handleOf('linear', 'weight', weight),
    optionalHandle('linear', 'bias', bias),
  );
}
