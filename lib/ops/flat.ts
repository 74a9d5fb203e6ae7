// Roots and powers at 0, where they have no derivative.
import type { Tensor } from '../tensor';
import { eq, where } from './pointwise';

/** f of x, where f has no derivative at 0: there the value is 0, and so is the gradient. */
export function atZeroFlat(x: Tensor, f: (x: Tensor) => Tensor): Tensor {
  const zero = eq(x, 0);
  return where(zero, 0, f(where(zero, 1, x)));
}
