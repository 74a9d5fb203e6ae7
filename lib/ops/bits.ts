// Integers as bits: logic, shifts, and common divisors and multiples.
import type { Tensor, TensorLike } from '../tensor';
import { binary, operator, unary } from './call';
import { abs, eq, mul, where } from './pointwise';

const op = {
  and: operator('bitwiseAnd'),
  or: operator('bitwiseOr'),
  xor: operator('bitwiseXor'),
  not: operator('bitwiseNot'),
  left: operator('bitwiseLeftShift'),
  right: operator('bitwiseRightShift'),
  gcd: operator('gcd'),
  truncDivide: operator('truncDivide'),
};

/** The bits that both have, of integers or bool, broadcast. @throws DTypeError for floats; ShapeError @method */
export function bitwiseAnd(a: TensorLike, b: TensorLike): Tensor {
  return binary(op.and, a, b);
}

/** The bits that either has, of integers or bool, broadcast. @throws DTypeError for floats; ShapeError @method */
export function bitwiseOr(a: TensorLike, b: TensorLike): Tensor {
  return binary(op.or, a, b);
}

/** The bits that exactly one has, of integers or bool, broadcast. @throws DTypeError for floats; ShapeError @method */
export function bitwiseXor(a: TensorLike, b: TensorLike): Tensor {
  return binary(op.xor, a, b);
}

/** All bits turned round: `-1 - x` of signed integers, not x of bool. @throws DTypeError for floats @method */
export function bitwiseNot(x: Tensor): Tensor {
  return unary(op.not, x);
}

/** `a * 2^b` of integers, without the bits that leave; 0 for a negative `b`. Broadcast. @throws DTypeError, ShapeError @method */
export function bitwiseLeftShift(a: TensorLike, b: TensorLike): Tensor {
  return binary(op.left, a, b);
}

/**
 * `a / 2^b` of integers, rounded down; all bits are the sign's for a negative `b`. Broadcast.
 *
 * @throws DTypeError, ShapeError
 * @method
 */
export function bitwiseRightShift(a: TensorLike, b: TensorLike): Tensor {
  return binary(op.right, a, b);
}

/** The greatest common divisor of integers, at least 0; `gcd(0, 0)` is 0. Broadcast. @throws DTypeError, ShapeError @method */
export function gcd(a: TensorLike, b: TensorLike): Tensor {
  return binary(op.gcd, a, b);
}

/** The least common multiple of integers, at least 0; 0 where either is. Broadcast. @throws DTypeError, ShapeError @method */
export function lcm(a: TensorLike, b: TensorLike): Tensor {
  const divisor = binary(op.gcd, a, b);
  return abs(mul(binary(op.truncDivide, a, where(eq(divisor, 0), 1, divisor)), b));
}
