// Lengths of vectors, and what is made of them: unit vectors, angles, distances.

import { isFloating } from '../dtype';
import { ArgumentError, DTypeError, ShapeError } from '../errors';
import { checkOptions } from '../options';
import { formatShape, handleOf, type Tensor } from '../tensor';
import { axisIn, broadcastOf, numberFor } from './check';
import { atZeroFlat } from './flat';
import { matmul } from './matmul';
import { abs, add, clamp, div, mul, ne, pow, sqrt, square, sub } from './pointwise';
import { type Axes, max, min, sum } from './reduce';
import { cast, expand, transpose, unsqueeze } from './shape';

function checkFloating(name: string, x: Tensor): void {
  handleOf(name, 'x', x);
  if (!isFloating(x.dtype)) throw new DTypeError(`[${name}] takes floating tensors, not ${x.dtype}`);
}

/**
 * The p-norm over the axes, of all elements where none are given: `sum(|x|^p)^(1/p)`. `p` is 2 by default; 0 counts the elements
 * that are not 0, Infinity gives the largest `|x|`, -Infinity the smallest. The gradient where the norm is 0 is 0. Of a matrix and
 * p = 2 it is the Frobenius norm.
 *
 * @throws DTypeError for integers; ShapeError where there is nothing to choose from; ArgumentError
 * @method norm vectorNorm
 */
export function norm(x: Tensor, p = 2, axes?: Axes, keepDims?: boolean): Tensor {
  checkFloating('norm', x);
  numberFor('norm', 'p', p);
  switch (p) {
    case 0:
      return cast(sum(ne(x, 0), axes, keepDims), x.dtype);
    case 1:
      return sum(abs(x), axes, keepDims);
    case 2:
      return atZeroFlat(sum(square(x), axes, keepDims), sqrt);
    case Number.POSITIVE_INFINITY:
      return max(abs(x), axes, keepDims);
    case Number.NEGATIVE_INFINITY:
      return min(abs(x), axes, keepDims);
    default:
      return atZeroFlat(sum(powers(x, p), axes, keepDims), (total) => pow(total, 1 / p));
  }
}

// |x|^p; below p = 2 it has no derivatives at 0.
function powers(x: Tensor, p: number): Tensor {
  return p > 0 ? atZeroFlat(abs(x), (size) => pow(size, p)) : pow(abs(x), p);
}

export { norm as vectorNorm };

/** Options of {@link normalize}. */
export interface NormalizeOptions {
  /** Which norm. Default 2. */
  p?: number;
  /** Axis of the vectors. Default 1. */
  axis?: number;
  /** What a smaller norm is replaced by. Default 1e-12. */
  eps?: number;
}

/** Vectors divided by their norm: `x / max(norm(x), eps)`. @throws DTypeError, ArgumentError @method */
export function normalize(x: Tensor, options: NormalizeOptions = {}): Tensor {
  checkFloating('normalize', x);
  checkOptions('normalize', options, ['p', 'axis', 'eps']);
  const { p = 2, axis = 1, eps = 1e-12 } = options;
  return div(x, clamp(norm(x, p, axisIn('normalize', axis, x.rank), true), eps));
}

/** Options of {@link cosineSimilarity}. */
export interface CosineSimilarityOptions {
  /** Axis of the vectors. Default 1. */
  axis?: number;
  /** What a smaller norm of either is replaced by. Default 1e-8. */
  eps?: number;
}

/** The cosine of the angle of vectors: `sum(a b) / (max(norm(a), eps) max(norm(b), eps))`, broadcast. @throws DTypeError, ShapeError */
export function cosineSimilarity(a: Tensor, b: Tensor, options: CosineSimilarityOptions = {}): Tensor {
  checkFloating('cosineSimilarity', a);
  checkFloating('cosineSimilarity', b);
  checkOptions('cosineSimilarity', options, ['axis', 'eps']);
  const { axis = 1, eps = 1e-8 } = options;
  const shape = broadcastOf('cosineSimilarity', [a.shape, b.shape]);
  const at = axisIn('cosineSimilarity', axis, shape.length);
  const unit = (x: Tensor) => {
    const full = expand(x, shape);
    return div(full, clamp(norm(full, 2, at, true), eps));
  };
  return sum(mul(unit(a), unit(b)), at);
}

/** Options of {@link pairwiseDistance}. */
export interface PairwiseDistanceOptions {
  /** Which norm. Default 2. */
  p?: number;
  /** Added to the difference. Default 1e-6. */
  eps?: number;
  /** Leaves the last dimension with size 1. Default false. */
  keepDims?: boolean;
}

/** `norm(a - b + eps)` over the last dimension, broadcast. @throws DTypeError, ShapeError */
export function pairwiseDistance(a: Tensor, b: Tensor, options: PairwiseDistanceOptions = {}): Tensor {
  checkFloating('pairwiseDistance', a);
  checkFloating('pairwiseDistance', b);
  checkOptions('pairwiseDistance', options, ['p', 'eps', 'keepDims']);
  const { p = 2, eps = 1e-6, keepDims = false } = options;
  return norm(add(sub(a, b), eps), p, -1, keepDims);
}

// Above this many vectors on either side distances come from a matrix product, as in PyTorch.
const DIRECT = 25;

/**
 * Distances of all pairs of vectors, `[..., m, k] x [..., n, k] -> [..., m, n]`, in the p-norm; the gradient at distance 0 is 0. Of more
 * than 25 vectors on either side, Euclidean distances are computed as `sqrt(|a|^2 + |b|^2 - 2 a b)`, as PyTorch does: faster, and less
 * exact where vectors are close to each other and far from 0.
 *
 * @throws DTypeError, ShapeError, ArgumentError
 */
export function cdist(a: Tensor, b: Tensor, p = 2): Tensor {
  checkFloating('cdist', a);
  checkFloating('cdist', b);
  if (!(numberFor('cdist', 'p', p) >= 0))
    throw new ArgumentError(`[cdist] expected a norm of at least 0, received ${p}`);
  if (a.rank < 2 || b.rank < 2 || a.shape.at(-1) !== b.shape.at(-1)) {
    throw new ShapeError(
      `[cdist] ${formatShape(a.shape)} and ${formatShape(b.shape)} are no two sets of vectors of one length`,
    );
  }
  const most = Math.max(a.shape.at(-2) as number, b.shape.at(-2) as number);
  if (p !== 2 || most <= DIRECT) return norm(sub(unsqueeze(a, -2), unsqueeze(b, -3)), p, -1);
  const squares = add(sum(square(a), -1, true), transpose(sum(square(b), -1, true)));
  return atZeroFlat(clamp(sub(squares, mul(matmul(a, transpose(b)), 2)), 0), sqrt);
}
