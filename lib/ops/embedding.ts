// Rows of a table by number, and sums of them.
import { ArgumentError, describe, ShapeError } from '../errors';
import { checkOptions } from '../options';
import { formatShape, handleOf, type Tensor } from '../tensor';
import { call, operator } from './call';
import { choiceFor } from './check';
import { ones, zeros } from './create';
import { scatterAdd, scatterReduce } from './indexing';
import { clamp, div, eq, logicalNot, mul, where } from './pointwise';
import { all, max, sum } from './reduce';
import { cumsum } from './scan';
import { cast, expand, reshape, slice, unsqueeze } from './shape';

const op = { embedding: operator('embedding'), indexSelectBackward: operator('indexSelectBackward') };

/** Options of {@link embedding}. */
export interface EmbeddingOptions {
  /** A row that has no gradient; negative numbers count from the end. What the row holds is still looked up. */
  paddingIdx?: number | null;
}

function paddingOf(name: string, weight: Tensor, paddingIdx: number | null | undefined): number | undefined {
  handleOf(name, 'weight', weight);
  if (weight.rank !== 2)
    throw new ShapeError(`[${name}] the weight is [entries, size], not ${formatShape(weight.shape)}`);
  if (paddingIdx == null) return undefined;
  const entries = weight.shape[0] as number;
  if (!Number.isInteger(paddingIdx) || paddingIdx < -entries || paddingIdx >= entries) {
    throw new ArgumentError(`[${name}] paddingIdx ${describe(paddingIdx)} is no row of ${entries}`);
  }
  return paddingIdx < 0 ? paddingIdx + entries : paddingIdx;
}

/**
 * The rows of `weight`, `[entries, size]`, that `index`, of any shape and an integer dtype, names: `[...index, size]`. An index outside the
 * table rejects the read of the result with IndexError.
 *
 * @throws ShapeError, DTypeError, ArgumentError
 */
export function embedding(index: Tensor, weight: Tensor, options: EmbeddingOptions = {}): Tensor {
  checkOptions('embedding', options, ['paddingIdx']);
  const padding = paddingOf('embedding', weight, options.paddingIdx);
  return call(op.embedding, handleOf('embedding', 'index', index), handleOf('embedding', 'weight', weight), padding);
}

/** How {@link embeddingBag} joins the rows of a bag. */
export type BagMode = 'mean' | 'sum' | 'max';

/** Options of {@link embeddingBag}. */
export interface EmbeddingBagOptions extends EmbeddingOptions {
  /** Default mean. */
  mode?: BagMode;
  /** Where each bag begins among the indices, a vector; needed for a vector of indices. */
  offsets?: Tensor | null;
  /** Factor of each row, in the shape of the index; for the mode `sum`. */
  perSampleWeights?: Tensor | null;
  /** Whether the last offset is the end of the last bag. Default false. */
  includeLastOffset?: boolean;
}

/**
 * Means, sums or maxima of the rows of `weight` that bags of indices name: the rows of an index of two dimensions, or the parts of a vector
 * between `offsets`. Rows with the index `paddingIdx` do not count; an empty bag gives 0. Ties of `max` share the gradient.
 *
 * @throws ShapeError, DTypeError, ArgumentError
 */
export function embeddingBag(index: Tensor, weight: Tensor, options: EmbeddingBagOptions = {}): Tensor {
  const name = 'embeddingBag';
  checkOptions(name, options, ['paddingIdx', 'mode', 'offsets', 'perSampleWeights', 'includeLastOffset']);
  const { offsets, perSampleWeights, includeLastOffset = false } = options;
  const mode = choiceFor(name, 'mode', options.mode ?? 'mean', ['mean', 'sum', 'max']);
  handleOf(name, 'index', index);
  const padding = paddingOf(name, weight, options.paddingIdx);
  if (perSampleWeights != null) {
    handleOf(name, 'perSampleWeights', perSampleWeights);
    if (mode !== 'sum') throw new ArgumentError(`[${name}] perSampleWeights are for the mode 'sum', not '${mode}'`);
    if (formatShape(perSampleWeights.shape) !== formatShape(index.shape)) {
      throw new ShapeError(
        `[${name}] perSampleWeights of ${formatShape(perSampleWeights.shape)} do not fit ${formatShape(index.shape)}`,
      );
    }
  }
  if (index.rank !== (offsets == null ? 2 : 1)) {
    throw new ShapeError(
      `[${name}] expected indices [bags, length], or a vector and offsets, received ${formatShape(index.shape)} ${offsets == null ? 'without' : 'and'} offsets`,
    );
  }
  if (offsets != null) handleOf(name, 'offsets', offsets);
  const bags: Bags = offsets == null ? rowsOf(index) : segmentsOf(index, offsets, includeLastOffset);
  const flat = reshape(index, [index.size]);
  const rows = embedding(flat, weight, { paddingIdx: padding });
  const counts = padding === undefined ? null : logicalNot(eq(flat, padding));
  const factor = perSampleWeights == null ? null : reshape(perSampleWeights, [index.size, 1]);
  const counted = counts === null ? null : unsqueeze(counts, 1);
  if (mode === 'max') return bags.max(rows, counted);
  const weighed = factor === null ? rows : mul(rows, factor);
  const total = bags.sum(counted === null ? weighed : where(counted, weighed, 0));
  if (mode === 'sum') return total;
  const one = counted === null ? ones([index.size, 1], { device: index.device }) : cast(counted, 'float32');
  return div(total, cast(clamp(bags.sum(one), 1), total.dtype));
}

/** How rows, one for each index, are joined to one for each bag. */
interface Bags {
  sum(rows: Tensor): Tensor;
  max(rows: Tensor, counted: Tensor | null): Tensor;
}

function rowsOf(index: Tensor): Bags {
  const [bags, length] = index.shape as [number, number];
  const apart = (rows: Tensor) => reshape(rows, [bags, length, rows.shape[1] as number]);
  return {
    sum: (rows) => sum(apart(rows), 1),
    max: (rows, counted) => {
      if (length === 0) return zeros([bags, rows.shape[1] as number], { dtype: rows.dtype, device: rows.device });
      if (counted === null) return max(apart(rows), 1);
      const none = all(logicalNot(apart(counted)), 1);
      return where(none, 0, max(apart(where(counted, rows, Number.NEGATIVE_INFINITY)), 1));
    },
  };
}

function segmentsOf(index: Tensor, offsets: Tensor, includeLastOffset: boolean): Bags {
  if (offsets.rank !== 1 || (includeLastOffset && offsets.size === 0)) {
    throw new ShapeError(`[embeddingBag] offsets are a vector, not ${formatShape(offsets.shape)}`);
  }
  const { device } = index;
  const begins = includeLastOffset ? slice(offsets, 0, 0, -1) : offsets;
  const bags = begins.size;
  const n = index.size;
  // The bag of each index: how many have begun.
  const marks = scatterAdd(
    zeros([n + 1], { dtype: 'int64', device }),
    0,
    begins,
    ones([bags], { dtype: 'int64', device }),
  );
  const bagOf = slice(cumsum(marks, 0), 0, 0, n).sub(1);
  const sums = (rows: Tensor) =>
    call(
      op.indexSelectBackward,
      handleOf('embeddingBag', 'rows', rows),
      0,
      handleOf('embeddingBag', 'bags', bagOf),
      bags,
    );
  return {
    sum: sums,
    max: (rows, counted) => {
      const size = rows.shape[1] as number;
      const base = zeros([bags, size], { dtype: rows.dtype, device });
      const spread = expand(reshape(bagOf, [n, 1]), [n, size]);
      if (counted === null) return scatterReduce(base, 0, spread, rows, 'max', { includeSelf: false });
      const shown = where(counted, rows, Number.NEGATIVE_INFINITY);
      const most = scatterReduce(base, 0, spread, shown, 'max', { includeSelf: false });
      return where(eq(most, Number.NEGATIVE_INFINITY), 0, most);
    },
  };
}
