// Arithmetic of several operators: interpolation, fused products, logarithms of sums, closeness.
import { isFloating } from '../dtype';
import { checkOptions } from '../options';
import { handleOf, isTensor, type Tensor, type TensorLike } from '../tensor';
import { softplus } from './activation';
import {
  abs,
  add,
  div,
  eq,
  le,
  log,
  logicalAnd,
  logicalNot,
  logicalOr,
  lt,
  maximum,
  mul,
  ne,
  neg,
  sub,
  where,
} from './pointwise';
import { sum } from './reduce';
import { cast } from './shape';

/**
 * `a + weight (b - a)`, broadcast; where the weight is at least 0.5 computed as `b - (1 - weight)(b - a)`, so that it is `b` at 1.
 *
 * @throws ShapeError
 * @method
 */
export function lerp(a: Tensor, b: Tensor, weight: TensorLike): Tensor {
  handleOf('lerp', 'a', a);
  handleOf('lerp', 'b', b);
  const difference = sub(b, a);
  const fromStart = () => add(a, mul(difference, weight));
  const fromEnd = () => sub(b, mul(difference, sub(1, weight as Tensor)));
  if (typeof weight === 'number') {
    return Math.abs(weight) < 0.5 ? fromStart() : sub(b, mul(difference, 1 - weight));
  }
  return where(lt(abs(weight), 0.5), fromStart(), fromEnd());
}

/** Options of {@link addcmul} and {@link addcdiv}. */
export interface AddcOptions {
  /** Factor of the product, or of the quotient. Default 1. */
  value?: number;
}

/** `x + value * a * b`, broadcast. @throws ShapeError @method */
export function addcmul(x: Tensor, a: Tensor, b: Tensor, options: AddcOptions = {}): Tensor {
  checkOptions('addcmul', options, ['value']);
  const { value = 1 } = options;
  const product = mul(a, b);
  return add(x, value === 1 ? product : mul(product, value));
}

/** `x + value * a / b`, broadcast. @throws ShapeError @method */
export function addcdiv(x: Tensor, a: Tensor, b: Tensor, options: AddcOptions = {}): Tensor {
  checkOptions('addcdiv', options, ['value']);
  const { value = 1 } = options;
  const quotient = div(value === 1 ? a : mul(a, value), b);
  return add(x, quotient);
}

/** `log(exp(a) + exp(b))`, without overflow; broadcast. @throws ShapeError @method */
export function logaddexp(a: Tensor, b: Tensor): Tensor {
  handleOf('logaddexp', 'a', a);
  handleOf('logaddexp', 'b', b);
  // Equal infinities have no difference.
  const apart = where(eq(a, b), 0, sub(a, b));
  return add(maximum(a, b), softplus(neg(abs(apart))));
}

/** `x * log(y)`, and 0 where x is 0, unless y is NaN; broadcast. @throws ShapeError @method */
export function xlogy(x: TensorLike, y: TensorLike): Tensor {
  const [a, b] = isTensor(x) ? [x, y] : [cast(add(mul(y as Tensor, 0), 1), floatingOf(y as Tensor)).mul(x), y];
  return xlogyOf(a as Tensor, b);
}

function floatingOf(x: Tensor): 'float64' | 'float32' {
  return x.dtype === 'float64' ? 'float64' : 'float32';
}

function xlogyOf(x: Tensor, y: TensorLike): Tensor {
  if (typeof y === 'number') return mul(x, Math.log(y));
  // Where log(y) is not finite the product with 0 would be NaN.
  const empty = logicalAnd(eq(x, 0), logicalOr(le(y, 0), eq(y, Number.POSITIVE_INFINITY)));
  return where(empty, 0, mul(x, log(where(empty, 1, y))));
}

/** Options of {@link nanToNum}. */
export interface NanToNumOptions {
  /** What NaN becomes. Default 0. */
  nan?: number;
  /** What Infinity becomes. Default the largest number of the dtype. */
  posinf?: number;
  /** What -Infinity becomes. Default the lowest number of the dtype. */
  neginf?: number;
}

const LARGEST = { float32: 3.4028234663852886e38, float64: Number.MAX_VALUE };

/** NaN and infinities replaced by numbers; their gradient is 0. Integers stay as they are. @method */
export function nanToNum(x: Tensor, options: NanToNumOptions = {}): Tensor {
  handleOf('nanToNum', 'x', x);
  checkOptions('nanToNum', options, ['nan', 'posinf', 'neginf']);
  const { dtype } = x;
  if (dtype !== 'float32' && dtype !== 'float64') return x.clone();
  const { nan = 0, posinf = LARGEST[dtype], neginf = -LARGEST[dtype] } = options;
  const high = where(eq(x, Number.POSITIVE_INFINITY), posinf, x);
  const low = where(eq(x, Number.NEGATIVE_INFINITY), neginf, high);
  return where(ne(x, x), nan, low);
}

/** Options of {@link isclose} and {@link allclose}. */
export interface CloseOptions {
  /** Difference allowed, relative to `b`. Default 1e-5. */
  rtol?: number;
  /** Difference allowed besides. Default 1e-8. */
  atol?: number;
  /** Whether NaN equals NaN. Default false. */
  equalNan?: boolean;
}

/** Whether `|a - b| <= atol + rtol |b|`, element by element, broadcast; infinities are close to themselves only. @throws ShapeError @method */
export function isclose(a: Tensor, b: Tensor, options: CloseOptions = {}): Tensor {
  handleOf('isclose', 'a', a);
  handleOf('isclose', 'b', b);
  checkOptions('isclose', options, ['rtol', 'atol', 'equalNan']);
  const { rtol = 1e-5, atol = 1e-8, equalNan = false } = options;
  const [x, y] = [a, b].map((t) => (isFloating(t.dtype) ? t : cast(t, 'float64'))) as [Tensor, Tensor];
  const difference = abs(sub(x, y));
  const near = logicalAnd(lt(difference, Number.POSITIVE_INFINITY), le(difference, add(mul(abs(y), rtol), atol)));
  const close = logicalOr(eq(x, y), near);
  return equalNan ? logicalOr(close, logicalAnd(ne(x, x), ne(y, y))) : close;
}

async function holdsEverywhere(condition: Tensor): Promise<boolean> {
  return (await sum(logicalNot(condition)).item()) === 0;
}

/** A promise of whether all elements are close, as {@link isclose} has it. @throws ShapeError @method */
export async function allclose(a: Tensor, b: Tensor, options: CloseOptions = {}): Promise<boolean> {
  return holdsEverywhere(isclose(a, b, options));
}

/** A promise of whether the shapes and all elements are equal; NaN equals nothing. @method */
export async function equal(a: Tensor, b: Tensor): Promise<boolean> {
  handleOf('equal', 'a', a);
  handleOf('equal', 'b', b);
  return String(a.shape) === String(b.shape) && holdsEverywhere(eq(a, b));
}
