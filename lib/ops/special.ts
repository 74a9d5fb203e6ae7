// Exponentials and logarithms to other bases, error functions, the gamma function's logarithm, and what is composed of them. Integers
// become float32.
import { handleOf, isTensor, type Tensor, type TensorLike } from '../tensor';
import { binary, call, operand, operator, unary } from './call';
import { isnan } from './classify';
import {
  abs,
  add,
  clamp,
  div,
  eq,
  ge,
  gt,
  le,
  log,
  logicalAnd,
  logicalOr,
  maximum,
  mul,
  neg,
  pow,
  sub,
  where,
} from './pointwise';
import { cast } from './shape';

const op = {
  exp2: operator('exp2'),
  expm1: operator('expm1'),
  log1p: operator('log1p'),
  log2: operator('log2'),
  log10: operator('log10'),
  erfc: operator('erfc'),
  erfinv: operator('erfinv'),
  lgamma: operator('lgamma'),
  polygamma: operator('polygamma'),
  hypot: operator('hypot'),
  copysign: operator('copysign'),
};

/** `2 ^ x`, exact for whole x. @method */
export function exp2(x: Tensor): Tensor {
  return unary(op.exp2, x);
}

/** `exp(x) - 1`, exact near 0. @method */
export function expm1(x: Tensor): Tensor {
  return unary(op.expm1, x);
}

/** `log(1 + x)`, exact near 0. @method */
export function log1p(x: Tensor): Tensor {
  return unary(op.log1p, x);
}

/** Logarithm to base 2, exact for powers of 2. @method */
export function log2(x: Tensor): Tensor {
  return unary(op.log2, x);
}

/** Logarithm to base 10. @method */
export function log10(x: Tensor): Tensor {
  return unary(op.log10, x);
}

/** `1 - erf(x)`, exact where `erf(x)` is near 1. @method */
export function erfc(x: Tensor): Tensor {
  return unary(op.erfc, x);
}

/** The inverse of the error function; infinite at -1 and 1, NaN outside. @method */
export function erfinv(x: Tensor): Tensor {
  return unary(op.erfinv, x);
}

/** `log(|gamma(x)|)`. @method */
export function lgamma(x: Tensor): Tensor {
  return unary(op.lgamma, x);
}

/** The derivative of {@link lgamma}. @method */
export function digamma(x: Tensor): Tensor {
  return polygammaOf('digamma', x, 0);
}

/** The derivative of order `n` of {@link digamma}, n from 0 to 32. @throws ArgumentError for other n. @method */
export function polygamma(x: Tensor, n: number): Tensor {
  return polygammaOf('polygamma', x, n);
}

function polygammaOf(name: string, x: Tensor, n: number): Tensor {
  handleOf(name, 'x', x);
  return call(op.polygamma, ...operand(name, 'x', x), n);
}

/** `sqrt(a^2 + b^2)` without overflow on the way, broadcast. @throws ShapeError @method */
export function hypot(a: TensorLike, b: TensorLike): Tensor {
  return binary(op.hypot, a, b);
}

/** The magnitude of `a` with the sign of `b`, also of -0, broadcast. @throws ShapeError @method */
export function copysign(a: TensorLike, b: TensorLike): Tensor {
  return binary(op.copysign, a, b);
}

/** `1 / x`. @method */
export function reciprocal(x: Tensor): Tensor {
  return div(1, x);
}

/** `x * 2^exponent`, broadcast. @throws ShapeError @method */
export function ldexp(x: Tensor, exponent: Tensor): Tensor {
  handleOf('ldexp', 'x', x);
  return mul(x, exp2(exponent));
}

/** `a ^ b` in float64, broadcast. @throws ShapeError @method */
export function floatPower(a: TensorLike, b: TensorLike): Tensor {
  const [base, exponent] = [a, b].map((t) => (isTensor(t) ? cast(t, 'float64') : t)) as [TensorLike, TensorLike];
  return pow(base, exponent);
}

/**
 * `log(x / (1 - x))`, the inverse of the sigmoid; infinite at 0 and 1, NaN outside.
 *
 * @param eps where given, x is first cut off at `eps` and `1 - eps`.
 * @method
 */
export function logit(x: Tensor, eps?: number | null): Tensor {
  const inside = eps == null ? x : clamp(x, eps, 1 - eps);
  return log(div(inside, sub(1, inside)));
}

/** `log2(2^a + 2^b)`, without overflow; broadcast. @throws ShapeError @method */
export function logaddexp2(a: Tensor, b: Tensor): Tensor {
  handleOf('logaddexp2', 'a', a);
  handleOf('logaddexp2', 'b', b);
  // Equal infinities have no difference.
  const apart = where(eq(a, b), 0, sub(a, b));
  return add(maximum(a, b), mul(log1p(exp2(neg(abs(apart)))), Math.LOG2E));
}

/** `x * log1p(y)`, and 0 where x is 0, unless y is NaN; broadcast. @throws ShapeError @method */
export function xlog1py(x: Tensor, y: Tensor): Tensor {
  handleOf('xlog1py', 'x', x);
  handleOf('xlog1py', 'y', y);
  // Where log1p(y) is not finite the product with 0 would be NaN.
  const empty = logicalAnd(eq(x, 0), logicalOr(le(y, -1), eq(y, Number.POSITIVE_INFINITY)));
  return where(empty, 0, mul(x, log1p(where(empty, 0, y))));
}

/** The larger of `a` and `b`, and the other where one is NaN; of equal ones `a` has the gradient. Broadcast. @throws ShapeError @method */
export function fmax(a: Tensor, b: Tensor): Tensor {
  handleOf('fmax', 'a', a);
  handleOf('fmax', 'b', b);
  return where(logicalOr(ge(a, b), isnan(b)), a, b);
}

/** The smaller of `a` and `b`, and the other where one is NaN; of equal ones `a` has the gradient. Broadcast. @throws ShapeError @method */
export function fmin(a: Tensor, b: Tensor): Tensor {
  handleOf('fmin', 'a', a);
  handleOf('fmin', 'b', b);
  return where(logicalOr(le(a, b), isnan(b)), a, b);
}

/** 0 where `x < 0`, 1 where `x > 0`, and `values` where x is 0; broadcast. NaN gives 0. @throws ShapeError @method */
export function heaviside(x: Tensor, values: TensorLike): Tensor {
  handleOf('heaviside', 'x', x);
  return where(eq(x, 0), values, cast(gt(x, 0), x.dtype));
}
