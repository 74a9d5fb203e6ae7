// The tangent, inverse trigonometric functions, hyperbolic functions and their inverses; degrees. Integers become float32.
import type { Tensor, TensorLike } from '../tensor';
import { binary, operator, unary } from './call';
import { div, eq, mul, sin, where } from './pointwise';

const op = {
  tan: operator('tan'),
  asin: operator('asin'),
  acos: operator('acos'),
  atan: operator('atan'),
  atan2: operator('atan2'),
  sinh: operator('sinh'),
  cosh: operator('cosh'),
  asinh: operator('asinh'),
  acosh: operator('acosh'),
  atanh: operator('atanh'),
};

/** Tangent of radians. @method */
export function tan(x: Tensor): Tensor {
  return unary(op.tan, x);
}

/** The angle from `-pi / 2` to `pi / 2` that has the sine x; NaN outside [-1, 1]. @method */
export function asin(x: Tensor): Tensor {
  return unary(op.asin, x);
}

/** The angle from 0 to pi that has the cosine x; NaN outside [-1, 1]. @method */
export function acos(x: Tensor): Tensor {
  return unary(op.acos, x);
}

/** The angle from `-pi / 2` to `pi / 2` that has the tangent x. @method */
export function atan(x: Tensor): Tensor {
  return unary(op.atan, x);
}

/** The angle from -pi to pi of the point (x, y), broadcast; signs of zeros count. @throws ShapeError @method */
export function atan2(y: TensorLike, x: TensorLike): Tensor {
  return binary(op.atan2, y, x);
}

/** Hyperbolic sine, `(exp(x) - exp(-x)) / 2`. @method */
export function sinh(x: Tensor): Tensor {
  return unary(op.sinh, x);
}

/** Hyperbolic cosine, `(exp(x) + exp(-x)) / 2`. @method */
export function cosh(x: Tensor): Tensor {
  return unary(op.cosh, x);
}

/** Inverse of {@link sinh}, `log(x + sqrt(x^2 + 1))`. @method */
export function asinh(x: Tensor): Tensor {
  return unary(op.asinh, x);
}

/** Inverse of {@link cosh}, `log(x + sqrt(x^2 - 1))`; NaN below 1. @method */
export function acosh(x: Tensor): Tensor {
  return unary(op.acosh, x);
}

/** Inverse of the hyperbolic tangent, `log((1 + x) / (1 - x)) / 2`; NaN outside [-1, 1]. @method */
export function atanh(x: Tensor): Tensor {
  return unary(op.atanh, x);
}

/** Degrees as radians, `x * pi / 180`. @method */
export function deg2rad(x: Tensor): Tensor {
  return mul(x, Math.PI / 180);
}

/** Radians as degrees, `x * 180 / pi`. @method */
export function rad2deg(x: Tensor): Tensor {
  return mul(x, 180 / Math.PI);
}

/** `sin(pi x) / (pi x)`, and 1 at 0. @method */
export function sinc(x: Tensor): Tensor {
  const zero = eq(x, 0);
  const angle = where(zero, 1, mul(x, Math.PI));
  return where(zero, 1, div(sin(angle), angle));
}
