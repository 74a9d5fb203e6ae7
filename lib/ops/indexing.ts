// Picking by index. Indices are of an integer dtype; one outside its dimension rejects the read of the result with IndexError.
import { handleOf, type Tensor } from '../tensor';
import { call, operator } from './call';

const op = {
  indexSelect: operator('indexSelect'),
  gather: operator('gather'),
  scatterAdd: operator('scatterAdd'),
  oneHot: operator('oneHot'),
};

/** The entries along `axis` that the vector `index` names. @throws ShapeError, DTypeError @method */
export function indexSelect(x: Tensor, axis: number, index: Tensor): Tensor {
  return call(op.indexSelect, handleOf('indexSelect', 'x', x), axis, handleOf('indexSelect', 'index', index));
}

/** `out[i][j] = x[index[i][j]][j]` for axis 0, alike for others; of the index's shape. @throws ShapeError, DTypeError @method */
export function gather(x: Tensor, axis: number, index: Tensor): Tensor {
  return call(op.gather, handleOf('gather', 'x', x), axis, handleOf('gather', 'index', index));
}

/**
 * A copy of `base` with `out[index[i][j]][j] += src[i][j]` for axis 0, alike for others. The index may be smaller than `src`, of which
 * the rest is left out, and off the axis than `base`. For bool, `+=` is "or".
 *
 * @throws ShapeError where the index is larger; DTypeError
 * @method
 */
export function scatterAdd(base: Tensor, axis: number, index: Tensor, src: Tensor): Tensor {
  return call(
    op.scatterAdd,
    handleOf('scatterAdd', 'base', base),
    axis,
    handleOf('scatterAdd', 'index', index),
    handleOf('scatterAdd', 'src', src),
  );
}

/** A last dimension of `classes` entries: 1 at the index, 0 elsewhere; int64. @throws ArgumentError, DTypeError @method */
export function oneHot(index: Tensor, classes: number): Tensor {
  return call(op.oneHot, handleOf('oneHot', 'index', index), classes);
}
