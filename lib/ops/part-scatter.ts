// Copies in which a part is something else, by PyTorch's names: what `withAt` says in one call.
import { ArgumentError, describe } from '../errors';
import { checkOptions } from '../options';
import { handleOf, isTensor, type Tensor, type TensorLike } from '../tensor';
import { range, type WithAtOptions, withAt } from './at';
import { axisIn } from './check';

/** Everything along the axes before `axis`. */
const before = (axis: number) => new Array<string>(axis).fill(':');

/** A copy of `x` whose entry `index` along `axis` is `src`, which broadcasts to it. @throws IndexError; ShapeError; ArgumentError @method */
export function selectScatter(x: Tensor, src: TensorLike, axis: number, index: number): Tensor {
  handleOf('selectScatter', 'x', x);
  return withAt(x, [...before(axisIn('selectScatter', axis, x.rank)), index], src);
}

/**
 * A copy of `x` whose entries `begin`, `begin + step`, ... before `end` along `axis` are `src`, which broadcasts to them.
 *
 * @throws ShapeError; ArgumentError
 * @method
 */
export function sliceScatter(
  x: Tensor,
  src: TensorLike,
  axis = 0,
  begin: number | null = null,
  end: number | null = null,
  step = 1,
): Tensor {
  handleOf('sliceScatter', 'x', x);
  return withAt(x, [...before(axisIn('sliceScatter', axis, x.rank)), range(begin, end, step)], src);
}

/**
 * A copy of `x` in which the places that `indices` name, one tensor for each of the first axes and null for a whole axis, are `values`.
 *
 * @throws IndexError, when the result is read; ShapeError; ArgumentError
 * @method
 */
export function indexPut(
  x: Tensor,
  indices: readonly (Tensor | null)[],
  values: TensorLike,
  options: WithAtOptions = {},
): Tensor {
  handleOf('indexPut', 'x', x);
  checkOptions('indexPut', options, ['accumulate']);
  if (!Array.isArray(indices) || indices.some((index) => index !== null && !isTensor(index))) {
    throw new ArgumentError(`[indexPut] expected an array of Tensors for 'indices', received ${describe(indices)}`);
  }
  return withAt(
    x,
    indices.map((index: Tensor | null) => index ?? ':'),
    values,
    options,
  );
}
