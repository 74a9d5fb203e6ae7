// Quantiles: values between which a part of the elements lies, from the sorted elements.
import { isFloating } from '../dtype';
import { ArgumentError, DTypeError, describe, ShapeError } from '../errors';
import { checkOptions } from '../options';
import { formatShape, handleOf, isTensor, type Tensor } from '../tensor';
import { moveaxis } from './arrange';
import { axisIn, choiceFor } from './check';
import { tensor } from './create';
import { gather } from './indexing';
import { lerp } from './math';
import { add, clamp, eq, gt, logicalAnd, logicalOr, mul, ne, sub, where } from './pointwise';
import { sum } from './reduce';
import { cast, reshape, slice } from './shape';
import { sort } from './sort';

/** How {@link quantile} chooses between two neighbours of the sorted elements. */
export type Interpolation = 'linear' | 'lower' | 'higher' | 'midpoint' | 'nearest';

/** Options of {@link quantile} and {@link nanquantile}. */
export interface QuantileOptions {
  /** Default `'linear'`: on the line between the two. */
  interpolation?: Interpolation;
}

/**
 * The value below which a part `q`, from 0 to 1, of the elements along `axis` lies, or of all elements. Several parts, in an array or a
 * vector, give a first dimension of as many results. NaN if there is one.
 *
 * @throws ArgumentError; DTypeError for integers; ShapeError when there is nothing to choose from.
 * @method
 */
export function quantile(
  x: Tensor,
  q: number | readonly number[] | Tensor,
  axis?: number | null,
  keepDims = false,
  options: QuantileOptions = {},
): Tensor {
  return quantiles('quantile', x, q, axis, keepDims, options);
}

/** {@link quantile} of the elements that are not NaN; NaN where there are none. @throws as quantile. @method */
export function nanquantile(
  x: Tensor,
  q: number | readonly number[] | Tensor,
  axis?: number | null,
  keepDims = false,
  options: QuantileOptions = {},
): Tensor {
  return quantiles('nanquantile', x, q, axis, keepDims, options);
}

function partsOf(name: string, q: number | readonly number[] | Tensor, x: Tensor): Tensor {
  if (isTensor(q)) {
    if (q.rank > 1) throw new ShapeError(`[${name}] q is a number or a vector, not ${formatShape(q.shape)}`);
    if (q.dtype !== x.dtype) throw new DTypeError(`[${name}] q of ${q.dtype} does not fit ${x.dtype}`);
    return reshape(q, [q.size]);
  }
  const list = typeof q === 'number' ? [q] : q;
  if (!Array.isArray(list) || !list.every((part) => typeof part === 'number' && part >= 0 && part <= 1)) {
    throw new ArgumentError(`[${name}] expected parts from 0 to 1 for 'q', received ${describe(q)}`);
  }
  return tensor(Float64Array.from(list), { dtype: x.dtype, device: x.device });
}

function quantiles(
  name: 'quantile' | 'nanquantile',
  x: Tensor,
  q: number | readonly number[] | Tensor,
  axis: number | null | undefined,
  keepDims: boolean,
  options: QuantileOptions,
): Tensor {
  handleOf(name, 'x', x);
  checkOptions(name, options, ['interpolation']);
  const { interpolation = 'linear' } = options;
  choiceFor(name, 'interpolation', interpolation, ['linear', 'lower', 'higher', 'midpoint', 'nearest']);
  if (!isFloating(x.dtype)) throw new DTypeError(`[${name}] takes floating tensors, not ${x.dtype}`);
  const parts = partsOf(name, q, x);
  const flat = axis == null || x.rank === 0;
  const at = flat ? 0 : axisIn(name, axis, x.rank);
  const rows = flat ? reshape(x, [x.size]) : moveaxis(x, at, -1);
  const extent = rows.shape.at(-1) as number;
  if (extent === 0)
    throw new ShapeError(`[${name}] nothing to choose from along axis ${at} of ${formatShape(x.shape)}`);
  const [sorted] = sort(rows);
  const found = choose(sorted, ranksOf(name, sorted, parts, extent), interpolation);

  // [..., parts] to [parts, ...], with the axis again where it is kept.
  const single = typeof q === 'number' || (isTensor(q) && q.rank === 0);
  const shape = x.shape
    .map((size, i) => (flat || i === at ? 1 : size))
    .filter((_, i) => keepDims || !(flat || i === at));
  const first = moveaxis(found, -1, 0);
  return reshape(first, single ? shape : [parts.size, ...shape]);
}

// [..., parts]: places between those of the sorted elements, where NaN is last.
function ranksOf(name: string, sorted: Tensor, parts: Tensor, extent: number): Tensor {
  if (name === 'nanquantile') {
    const counts = cast(sum(eq(sorted, sorted), -1, true), sorted.dtype);
    return clamp(mul(parts, sub(counts, 1)), 0);
  }
  const last = slice(sorted, -1, extent - 1);
  return where(ne(last, last), extent - 1, mul(parts, extent - 1));
}

function choose(sorted: Tensor, ranks: Tensor, interpolation: Interpolation): Tensor {
  const below = cast(ranks, 'int64');
  const rest = sub(ranks, cast(below, ranks.dtype));
  const at = (places: Tensor) => gather(sorted, -1, places);
  const next = (higher: Tensor) => add(below, cast(higher, 'int64'));
  switch (interpolation) {
    case 'lower':
      return at(below);
    case 'higher':
      return at(next(gt(rest, 0)));
    case 'nearest': {
      // Halves go to the even place.
      const isOdd = ne(sub(below, mul(cast(mul(cast(below, 'float64'), 0.5), 'int64'), 2)), 0);
      return at(next(logicalOr(gt(rest, 0.5), logicalAnd(eq(rest, 0.5), isOdd))));
    }
    default:
      return lerp(at(below), at(next(gt(rest, 0))), interpolation === 'midpoint' ? 0.5 : rest);
  }
}
