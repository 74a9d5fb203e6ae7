// What kind of number each element is: NaN, infinite, finite, negative. Integers and bool are finite.
import { isFloating } from '../dtype';
import { handleOf, type Tensor } from '../tensor';
import { binary, operator } from './call';
import { abs, eq, lt, ne } from './pointwise';

const copysign = operator('copysign');

/** Whether each element is NaN, as bool. @method */
export function isnan(x: Tensor): Tensor {
  handleOf('isnan', 'x', x);
  return ne(x, x);
}

/** Whether each element is Infinity or -Infinity, as bool. @method */
export function isinf(x: Tensor): Tensor {
  handleOf('isinf', 'x', x);
  return isFloating(x.dtype) ? eq(abs(x), Number.POSITIVE_INFINITY) : ne(x, x);
}

/** Whether each element is neither infinite nor NaN, as bool. @method */
export function isfinite(x: Tensor): Tensor {
  handleOf('isfinite', 'x', x);
  return isFloating(x.dtype) ? lt(abs(x), Number.POSITIVE_INFINITY) : eq(x, x);
}

/** Whether each element is Infinity, as bool. @method */
export function isposinf(x: Tensor): Tensor {
  handleOf('isposinf', 'x', x);
  return isFloating(x.dtype) ? eq(x, Number.POSITIVE_INFINITY) : ne(x, x);
}

/** Whether each element is -Infinity, as bool. @method */
export function isneginf(x: Tensor): Tensor {
  handleOf('isneginf', 'x', x);
  return isFloating(x.dtype) ? eq(x, Number.NEGATIVE_INFINITY) : ne(x, x);
}

/** Whether each element has the sign of negative numbers, as bool; -0 has it too. @method */
export function signbit(x: Tensor): Tensor {
  handleOf('signbit', 'x', x);
  return lt(isFloating(x.dtype) ? binary(copysign, 1, x) : x, 0);
}
