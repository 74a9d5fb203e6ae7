// Whole numbers and remainders: rounding, division to whole quotients, and what is left.
import { isFloating } from '../dtype';
import { DTypeError } from '../errors';
import { handleOf, type Tensor, type TensorLike } from '../tensor';
import { binary, operator, unary } from './call';
import { integerFor } from './check';
import { div, mul, sub } from './pointwise';

const op = {
  floor: operator('floor'),
  ceil: operator('ceil'),
  round: operator('round'),
  trunc: operator('trunc'),
  floorDivide: operator('floorDivide'),
  remainder: operator('remainder'),
  fmod: operator('fmod'),
};

/** The largest whole number that is at most x; integers stay as they are. The gradient is 0. @throws DTypeError (bool) @method */
export function floor(x: Tensor): Tensor {
  return unary(op.floor, x);
}

/** The least whole number that is at least x; integers stay as they are. The gradient is 0. @throws DTypeError (bool) @method */
export function ceil(x: Tensor): Tensor {
  return unary(op.ceil, x);
}

/**
 * The nearest whole number, and of two equally near ones the even one: 2.5 becomes 2. With `decimals` the nearest multiple of
 * `10^-decimals`, computed as `round(x * 10^decimals) / 10^decimals`. The gradient is 0.
 *
 * @param decimals digits after the point, or before it where negative. Default 0.
 * @throws DTypeError for bool, and for integers with decimals; ArgumentError for decimals that are no integer.
 * @method
 */
export function round(x: Tensor, decimals = 0): Tensor {
  handleOf('round', 'x', x);
  if (integerFor('round', 'decimals', decimals) === 0) return unary(op.round, x);
  if (!isFloating(x.dtype)) throw new DTypeError(`[round] decimals are of floating tensors, not ${x.dtype}`);
  const power = 10 ** Math.abs(decimals);
  return decimals > 0 ? div(unary(op.round, mul(x, power)), power) : mul(unary(op.round, div(x, power)), power);
}

/** x without the digits after the point; integers stay as they are. The gradient is 0. @throws DTypeError (bool) @method */
export function trunc(x: Tensor): Tensor {
  return unary(op.trunc, x);
}

/** What {@link trunc} leaves out, `x - trunc(x)`, with the sign of x. @throws DTypeError (bool) @method */
export function frac(x: Tensor): Tensor {
  return sub(x, unary(op.trunc, x));
}

/**
 * `a / b` rounded down, broadcast; of integers an integer. The gradient is 0.
 *
 * @throws ShapeError, DTypeError (bool); ArgumentError for an integer divided by 0, when the result is read.
 * @method
 */
export function floorDivide(a: TensorLike, b: TensorLike): Tensor {
  return binary(op.floorDivide, a, b);
}

/**
 * What {@link floorDivide} leaves, `a - b * floor(a / b)`, broadcast: it has the sign of `b`, as in Python.
 *
 * @throws ShapeError, DTypeError (bool); ArgumentError for an integer divided by 0, when the result is read.
 * @method
 */
export function remainder(a: TensorLike, b: TensorLike): Tensor {
  return binary(op.remainder, a, b);
}

/**
 * `a - b * trunc(a / b)`, broadcast: it has the sign of `a`, as `%` of JavaScript.
 *
 * @throws ShapeError, DTypeError (bool); ArgumentError for an integer divided by 0, when the result is read.
 * @method
 */
export function fmod(a: TensorLike, b: TensorLike): Tensor {
  return binary(op.fmod, a, b);
}
