// Arithmetic, comparisons and logic, element by element, with broadcasting.
import { checkOptions } from '../options';
import { handleOf, type Tensor, type TensorLike } from '../tensor';
import { binary, call, operand, operator, unary } from './call';
import { choiceFor } from './check';

const op = {
  add: operator('add'),
  sub: operator('sub'),
  mul: operator('mul'),
  div: operator('div'),
  floorDivide: operator('floorDivide'),
  truncDivide: operator('truncDivide'),
  pow: operator('pow'),
  maximum: operator('maximum'),
  minimum: operator('minimum'),
  neg: operator('neg'),
  abs: operator('abs'),
  sign: operator('sign'),
  square: operator('square'),
  clamp: operator('clamp'),
  clampMin: operator('clampMin'),
  clampMax: operator('clampMax'),
  clampBetween: operator('clampBetween'),
  exp: operator('exp'),
  log: operator('log'),
  sqrt: operator('sqrt'),
  rsqrt: operator('rsqrt'),
  sin: operator('sin'),
  cos: operator('cos'),
  erf: operator('erf'),
  where: operator('where'),
  eq: operator('eq'),
  ne: operator('ne'),
  lt: operator('lt'),
  le: operator('le'),
  gt: operator('gt'),
  ge: operator('ge'),
  logicalAnd: operator('logicalAnd'),
  logicalOr: operator('logicalOr'),
  logicalXor: operator('logicalXor'),
  logicalNot: operator('logicalNot'),
};

/** `a + b`, broadcast; dtypes are promoted as in PyTorch. @throws ShapeError when the shapes do not broadcast. @method */
export function add(a: TensorLike, b: TensorLike): Tensor {
  return binary(op.add, a, b);
}

/** `a - b`, broadcast. @throws ShapeError, DTypeError (bool) @method */
export function sub(a: TensorLike, b: TensorLike): Tensor {
  return binary(op.sub, a, b);
}

/** `a * b`, broadcast. @throws ShapeError @method */
export function mul(a: TensorLike, b: TensorLike): Tensor {
  return binary(op.mul, a, b);
}

/** Options of {@link div}. */
export interface DivOptions {
  /** Whether the quotient is rounded, `'floor'` down or `'trunc'` towards 0; of integers it is then an integer. Default null. */
  roundingMode?: 'floor' | 'trunc' | null;
}

/**
 * `a / b`, broadcast; integers are divided as float32, unless the quotient is rounded.
 *
 * @throws ShapeError, ArgumentError; of rounded quotients also DTypeError (bool), and ArgumentError for an integer divided by 0 when
 * the result is read.
 * @method
 */
export function div(a: TensorLike, b: TensorLike, options?: DivOptions): Tensor {
  if (options === undefined) return binary(op.div, a, b);
  checkOptions('div', options, ['roundingMode']);
  const { roundingMode = null } = options;
  if (roundingMode === null) return binary(op.div, a, b);
  const isFloor = choiceFor('div', 'roundingMode', roundingMode, ['floor', 'trunc']) === 'floor';
  return binary(isFloor ? op.floorDivide : op.truncDivide, a, b);
}

/** `a ^ b`, broadcast. @throws ShapeError; ArgumentError for an integer tensor to a negative number. @method */
export function pow(a: TensorLike, b: TensorLike): Tensor {
  return binary(op.pow, a, b);
}

/** The larger of `a` and `b`; NaN where either is NaN. Ties share the gradient. @throws ShapeError @method */
export function maximum(a: TensorLike, b: TensorLike): Tensor {
  return binary(op.maximum, a, b);
}

/** The smaller of `a` and `b`; NaN where either is NaN. Ties share the gradient. @throws ShapeError @method */
export function minimum(a: TensorLike, b: TensorLike): Tensor {
  return binary(op.minimum, a, b);
}

/** `-x`. @throws DTypeError (bool) @method */
export function neg(x: Tensor): Tensor {
  return unary(op.neg, x);
}

/** `|x|`; the gradient at 0 is 0. @throws DTypeError (bool) @method */
export function abs(x: Tensor): Tensor {
  return unary(op.abs, x);
}

/** -1, 0 or 1. @throws DTypeError (bool) @method */
export function sign(x: Tensor): Tensor {
  return unary(op.sign, x);
}

/** `x * x`. @throws DTypeError (bool) @method */
export function square(x: Tensor): Tensor {
  return unary(op.square, x);
}

/**
 * `min(max(x, low), high)`, with numbers or tensors, broadcast, as bounds; one left out or null does not bind. NaN where x or a bound
 * is NaN.
 *
 * The gradient is that of x from low to high inclusive, else that of the bound that stands for x. Of equal bounds the lower one gets
 * none, of crossed ones the upper one all, as in PyTorch.
 *
 * @throws ShapeError when the shapes do not broadcast.
 * @method
 */
export function clamp(x: Tensor, low?: TensorLike | null, high?: TensorLike | null): Tensor {
  const handle = handleOf('clamp', 'x', x);
  const isNumber = (bound: TensorLike | null | undefined) => bound == null || typeof bound === 'number';
  if (isNumber(low) && isNumber(high)) return call(op.clamp, handle, 0, low, high);
  if (high == null) return call(op.clampMin, handle, 0, ...operand('clamp', 'low', low as TensorLike));
  if (low == null) return call(op.clampMax, handle, 0, ...operand('clamp', 'high', high));
  return call(op.clampBetween, handle, 0, ...operand('clamp', 'low', low), ...operand('clamp', 'high', high));
}

/** `e ^ x`; integers become float32. @method */
export function exp(x: Tensor): Tensor {
  return unary(op.exp, x);
}

/** Natural logarithm; integers become float32. @method */
export function log(x: Tensor): Tensor {
  return unary(op.log, x);
}

/** Square root; integers become float32. @method */
export function sqrt(x: Tensor): Tensor {
  return unary(op.sqrt, x);
}

/** `1 / sqrt(x)`; integers become float32. @method */
export function rsqrt(x: Tensor): Tensor {
  return unary(op.rsqrt, x);
}

/** Sine of radians. @method */
export function sin(x: Tensor): Tensor {
  return unary(op.sin, x);
}

/** Cosine of radians. @method */
export function cos(x: Tensor): Tensor {
  return unary(op.cos, x);
}

/** Error function, `2 / sqrt(pi)` times the integral of `exp(-t^2)` from 0 to x. @method */
export function erf(x: Tensor): Tensor {
  return unary(op.erf, x);
}

/** `a` where the condition (bool) holds, else `b`; all broadcast. @throws DTypeError, ShapeError */
export function where(condition: Tensor, a: TensorLike, b: TensorLike): Tensor {
  const handle = handleOf('where', 'condition', condition);
  return call(op.where, handle, ...operand('where', 'a', a), ...operand('where', 'b', b));
}

/** `a = b` as bool, broadcast. @method */
export function eq(a: TensorLike, b: TensorLike): Tensor {
  return binary(op.eq, a, b);
}

/** `a != b` as bool, broadcast. @method */
export function ne(a: TensorLike, b: TensorLike): Tensor {
  return binary(op.ne, a, b);
}

/** `a < b` as bool, broadcast. @method */
export function lt(a: TensorLike, b: TensorLike): Tensor {
  return binary(op.lt, a, b);
}

/** `a <= b` as bool, broadcast. @method */
export function le(a: TensorLike, b: TensorLike): Tensor {
  return binary(op.le, a, b);
}

/** `a > b` as bool, broadcast. @method */
export function gt(a: TensorLike, b: TensorLike): Tensor {
  return binary(op.gt, a, b);
}

/** `a >= b` as bool, broadcast. @method */
export function ge(a: TensorLike, b: TensorLike): Tensor {
  return binary(op.ge, a, b);
}

/** Whether both are other than 0, as bool, broadcast. @method */
export function logicalAnd(a: TensorLike, b: TensorLike): Tensor {
  return binary(op.logicalAnd, a, b);
}

/** Whether either is other than 0, as bool, broadcast. @method */
export function logicalOr(a: TensorLike, b: TensorLike): Tensor {
  return binary(op.logicalOr, a, b);
}

/** Whether exactly one is other than 0, as bool, broadcast. @method */
export function logicalXor(a: TensorLike, b: TensorLike): Tensor {
  return binary(op.logicalXor, a, b);
}

/** Whether x is 0, as bool. @method */
export function logicalNot(x: Tensor): Tensor {
  return unary(op.logicalNot, x);
}
