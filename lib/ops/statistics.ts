// What samples are like: counts, spreads, covariances, histograms, differences of neighbours.
import { isFloating } from '../dtype';
import { ArgumentError, DTypeError, ShapeError } from '../errors';
import { checkOptions } from '../options';
import { formatShape, handleOf, type Tensor } from '../tensor';
import { axisIn, integerFor } from './check';
import { full, zeros } from './create';
import { diagonal } from './diagonal';
import { scatterAdd } from './indexing';
import { matmul } from './matmul';
import { add, clamp, div, eq, ge, le, logicalAnd, logicalXor, minimum, mul, ne, sqrt, sub, where } from './pointwise';
import { type Axes, max, mean, min, type SpreadOptions, std, sum, variance } from './reduce';
import { cast, concat, reshape, slice, transpose, unsqueeze } from './shape';

/** How many elements are not 0 over the axes; int64. @throws ArgumentError @method */
export function countNonzero(x: Tensor, axes?: Axes, keepDims?: boolean): Tensor {
  return sum(ne(x, 0), axes, keepDims);
}

/** {@link variance} and {@link mean} over the axes. @throws ArgumentError @method */
export function varMean(x: Tensor, axes?: Axes, keepDims?: boolean, options: SpreadOptions = {}): [Tensor, Tensor] {
  checkOptions('varMean', options, ['correction']);
  return [variance(x, axes, keepDims, options), mean(x, axes, keepDims)];
}

/** {@link std} and {@link mean} over the axes. @throws ArgumentError @method */
export function stdMean(x: Tensor, axes?: Axes, keepDims?: boolean, options: SpreadOptions = {}): [Tensor, Tensor] {
  checkOptions('stdMean', options, ['correction']);
  return [std(x, axes, keepDims, options), mean(x, axes, keepDims)];
}

/** Sum of what is not NaN over the axes. @throws ArgumentError @method */
export function nansum(x: Tensor, axes?: Axes, keepDims?: boolean): Tensor {
  return sum(where(ne(x, x), 0, x), axes, keepDims);
}

/** Mean of what is not NaN over the axes; NaN where there is nothing else. @throws DTypeError for integers; ArgumentError @method */
export function nanmean(x: Tensor, axes?: Axes, keepDims?: boolean): Tensor {
  handleOf('nanmean', 'x', x);
  if (!isFloating(x.dtype)) throw new DTypeError(`[nanmean] takes floating tensors, not ${x.dtype}`);
  return div(nansum(x, axes, keepDims), sum(eq(x, x), axes, keepDims));
}

/** Options of {@link diff}. */
export interface DiffOptions {
  /** How often differences are taken. Default 1. */
  n?: number;
  /** Default the last. */
  axis?: number;
  /** Joined to the front before differences are taken. */
  prepend?: Tensor | null;
  /** Joined to the end. */
  append?: Tensor | null;
}

/** Differences of neighbours along an axis, `x[i + 1] - x[i]`; of bool, whether they differ. @throws ArgumentError, ShapeError @method */
export function diff(x: Tensor, options: DiffOptions = {}): Tensor {
  handleOf('diff', 'x', x);
  checkOptions('diff', options, ['n', 'axis', 'prepend', 'append']);
  const { n = 1, axis = -1, prepend, append } = options;
  integerFor('diff', 'n', n, 0);
  const at = axisIn('diff', axis, x.rank);
  const parts = [prepend, x, append].filter((part): part is Tensor => part != null);
  let y = parts.length > 1 ? concat(parts, at) : reshape(x, x.shape);
  for (let i = 0; i < n && (y.shape[at] as number) > 0; i++) {
    const [ahead, behind] = [slice(y, at, 1), slice(y, at, 0, -1)];
    y = y.dtype === 'bool' ? logicalXor(ahead, behind) : sub(ahead, behind);
  }
  return y;
}

/** Options of {@link cov}. */
export interface CovOptions {
  /** Subtracted from the count that is divided by: 1 (the default) for a sample, 0 for a population. */
  correction?: number;
  /** How often each observation counts: a vector of an integer dtype. */
  fweights?: Tensor | null;
  /** How much each observation counts: a vector. */
  aweights?: Tensor | null;
}

/**
 * Covariances of variables, the rows of `[variables, observations]`: `[variables, variables]`; of one variable its variance.
 *
 * @throws ShapeError
 * @method
 */
export function cov(x: Tensor, options: CovOptions = {}): Tensor {
  handleOf('cov', 'x', x);
  checkOptions('cov', options, ['correction', 'fweights', 'aweights']);
  const { correction = 1, fweights, aweights } = options;
  if (x.rank > 2) throw new ShapeError(`[cov] expected [variables, observations], received ${formatShape(x.shape)}`);
  const rows = x.rank === 2 ? x : reshape(x, [1, x.size]);
  const data = isFloating(rows.dtype) ? rows : cast(rows, 'float32');
  const count = data.shape[1] as number;
  for (const [name, weights] of Object.entries({ fweights, aweights })) {
    if (weights == null) continue;
    handleOf('cov', name, weights);
    if (String(weights.shape) !== String([count])) {
      throw new ShapeError(`[cov] expected ${name} for ${count} observations, received ${formatShape(weights.shape)}`);
    }
  }
  const weights = fweights && aweights ? mul(fweights, aweights) : (fweights ?? aweights ?? null);
  if (weights === null) {
    const centred = sub(data, mean(data, 1, true));
    const products = div(matmul(centred, transpose(centred)), Math.max(count - correction, 0));
    return shaped(products);
  }
  const total = sum(cast(weights, data.dtype));
  const centred = sub(data, div(sum(mul(data, weights), 1, true), total));
  // Of observations that count in parts, the correction is the weighted mean of their parts. (NumPy's and PyTorch's definition)
  const correctionOf = aweights ? div(sum(mul(cast(weights, data.dtype), aweights)), total) : full([], 1);
  const divisor = clamp(sub(total, mul(correctionOf, correction)), 0);
  return shaped(div(matmul(mul(centred, weights), transpose(centred)), divisor));
}

const shaped = (products: Tensor): Tensor => (products.size === 1 ? reshape(products, []) : products);

/** Correlations of variables, the rows of `[variables, observations]`, from -1 to 1. @throws ShapeError @method */
export function corrcoef(x: Tensor): Tensor {
  const covariances = cov(x);
  if (covariances.rank === 0) return div(covariances, covariances);
  const deviations = sqrt(diagonal(covariances));
  return clamp(div(div(covariances, unsqueeze(deviations, 1)), unsqueeze(deviations, 0)), -1, 1);
}

/** Options of {@link histc}. */
export interface HistcOptions {
  /** How many intervals of one width there are. Default 100. */
  bins?: number;
  /** Lower end of the first. With `max` equal to it (as by default), the least and the largest element are the ends. */
  min?: number;
  /** Upper end of the last. Default 0. */
  max?: number;
}

/** How many elements lie in each interval, in the dtype of `x`; others are left out. @throws DTypeError; ArgumentError @method */
export function histc(x: Tensor, options: HistcOptions = {}): Tensor {
  handleOf('histc', 'x', x);
  checkOptions('histc', options, ['bins', 'min', 'max']);
  const { bins = 100, min: low = 0, max: high = 0 } = options;
  integerFor('histc', 'bins', bins, 1);
  const { dtype, device } = x;
  if (!isFloating(dtype))
    throw new DTypeError(`[histc] takes floating tensors, not ${dtype}; bincount counts integers`);
  if (!(low <= high)) throw new ArgumentError(`[histc] expected min <= max, received ${low} and ${high}`);
  const counts = zeros([bins], { dtype, device });
  if (x.size === 0) return counts;
  const values = reshape(x, [x.size]).detach();
  let [from, to] = [full([], low, { dtype, device }), full([], high, { dtype, device })];
  if (low === high) {
    [from, to] = [min(values), max(values)];
    const same = eq(from, to);
    [from, to] = [where(same, sub(from, 1), from), where(same, add(to, 1), to)];
  }
  const inside = logicalAnd(ge(values, from), le(values, to));
  const place = cast(mul(div(sub(values, from), sub(to, from)), bins), 'int64');
  const index = where(inside, minimum(place, bins - 1), 0);
  return scatterAdd(counts, 0, index, cast(inside, dtype));
}

/** Options of {@link bincountStatic}. */
export interface BincountOptions {
  /** Counted in place of 1 for each element. */
  weights?: Tensor | null;
}

/**
 * How often each of the numbers 0 to `length - 1` occurs among the elements, a vector of an integer dtype; int64, or with weights
 * their sums. A number outside rejects the read of the result with IndexError.
 *
 * @throws DTypeError, ShapeError, ArgumentError
 * @method
 */
export function bincountStatic(x: Tensor, length: number, options: BincountOptions = {}): Tensor {
  handleOf('bincount', 'x', x);
  checkOptions('bincount', options, ['weights']);
  integerFor('bincount', 'length', length, 0);
  if (x.rank !== 1) throw new ShapeError(`[bincount] expected a vector, received ${formatShape(x.shape)}`);
  const { weights } = options;
  const { device } = x;
  if (weights == null)
    return scatterAdd(zeros([length], { dtype: 'int64', device }), 0, x, full(x.shape, 1, { dtype: 'int64', device }));
  return scatterAdd(
    zeros([length], { dtype: isFloating(weights.dtype) ? weights.dtype : 'float64', device }),
    0,
    x,
    weights,
  );
}

/**
 * As {@link bincountStatic}, up to the largest number among the elements, or to `minLength`: a promise, since the length depends on
 * the values.
 *
 * @throws DTypeError, ShapeError, ArgumentError
 * @method
 */
export async function bincount(x: Tensor, options: BincountOptions & { minLength?: number } = {}): Promise<Tensor> {
  handleOf('bincount', 'x', x);
  checkOptions('bincount', options, ['weights', 'minLength']);
  const { minLength = 0, weights } = options;
  integerFor('bincount', 'minLength', minLength, 0);
  const length = x.size === 0 ? 0 : (await max(x).item()) + 1;
  return bincountStatic(x, Math.max(length, minLength), { weights });
}
