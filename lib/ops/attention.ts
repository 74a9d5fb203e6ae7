// Attention: values weighed by how well queries and keys agree.
import { ArgumentError, describe } from '../errors';
import { checkOptions } from '../options';
import { handleOf, type Tensor } from '../tensor';
import { call, operator, optionalHandle } from './call';
import { numberFor, sizeOf } from './check';
import { defaultGenerator, type Generator } from './random';
import { transpose } from './shape';

const op = operator('attention');

/** Options of {@link scaledDotProductAttention}. */
export interface AttentionOptions {
  /**
   * What broadcasts to `[..., heads, queries, keys]`: bools, of which true lets a key take part, or numbers that are added to the
   * scores. A row that sees no key gives zeros.
   */
  mask?: Tensor | null;
  /** Probability that a weight becomes 0; the others are divided by `1 - dropout`. In evaluation too: modules pass 0. Default 0. */
  dropout?: number;
  /** Whether query i sees keys 0 to i only. Not together with a mask. Default false. */
  isCausal?: boolean;
  /** Factor of the scores. Default `1 / sqrt(dim)`. */
  scale?: number;
  /** Whether several heads of the queries may share one of keys and values. Default false. */
  enableGqa?: boolean;
  /** Source of the random numbers of dropout; default: the one that `manualSeed` seeds. */
  generator?: Generator;
}

const names = ['mask', 'dropout', 'isCausal', 'scale', 'enableGqa', 'generator'];

/** Attention as `[..., rows, heads, dim]`, in which heads are merged without a copy; errors name `owner`. @internal */
export function attentionByRows(
  owner: string,
  q: Tensor,
  k: Tensor,
  v: Tensor,
  options: Omit<AttentionOptions, 'generator'> & { generator?: Generator },
): Tensor {
  const { mask, dropout = 0, isCausal = false, scale, enableGqa = false, generator = defaultGenerator } = options;
  const tensors = [handleOf(owner, 'q', q), handleOf(owner, 'k', k), handleOf(owner, 'v', v)];
  if (scale !== undefined) numberFor(owner, 'scale', scale);
  if (!(dropout >= 0 && dropout <= 1)) {
    throw new ArgumentError(`[${owner}] a probability is from 0 to 1, received ${describe(dropout)}`);
  }
  if (mask != null && isCausal) throw new ArgumentError(`[${owner}] takes a mask or isCausal, not both`);
  const handles = [...tensors, optionalHandle(owner, 'mask', mask)];
  const compute = (seed?: bigint, offset?: number) =>
    call(op, ...handles, isCausal, scale ?? null, enableGqa, dropout, seed, offset);
  if (dropout === 0) return compute();
  const blocks = Math.ceil((k.shape.at(-2) ?? 0) / 4); // of a row of weights
  return generator.draw(compute, (out) => sizeOf(out.shape.slice(0, -1)) * blocks);
}

/**
 * `softmax(q k^T scale + mask) v` of queries `[..., heads, queries, dim]`, keys `[..., heads, keys, dim]` and values
 * `[..., heads, keys, valueDim]`: `[..., heads, queries, valueDim]`. What stands before the rows broadcasts. With `enableGqa` the heads of
 * the queries, in their order, share those of keys and values in groups of one size.
 *
 * No matrix of all scores is ever held, forward or backward: memory grows with the rows. Only derivatives of derivatives and gradients of a
 * mask hold one. (Vaswani et al. 2017; Dao et al. 2022; Ainslie et al. 2023 on groups)
 *
 * @throws ShapeError, DTypeError, ArgumentError
 */
export function scaledDotProductAttention(q: Tensor, k: Tensor, v: Tensor, options: AttentionOptions = {}): Tensor {
  checkOptions('scaledDotProductAttention', options, names);
  const out = attentionByRows('scaledDotProductAttention', q, k, v, options);
  return out.rank < 3 ? out : transpose(out, -3, -2);
}
