// MultiheadAttention, with the options, the masks and the state of PyTorch's.
import { ArgumentError, DTypeError, ShapeError } from '../errors';
import { attentionByRows } from '../ops/attention';
import { integerFor, probabilityFor } from '../ops/check';
import { arange } from '../ops/create';
import { maskedFill } from '../ops/masked';
import { linear, matmul } from '../ops/matmul';
import { add, eq, ge, logicalNot, mul, where } from '../ops/pointwise';
import { dropout, type Generator, uniform } from '../ops/random';
import { max, mean } from '../ops/reduce';
import { expand, reshape, slice, split, squeeze, transpose, unsqueeze } from '../ops/shape';
import { softmax } from '../ops/softmax';
import { checkOptions } from '../options';
import { type DType, formatShape, type Tensor } from '../tensor';
import { xavierUniform, zeros as zero } from './init';
import { Linear } from './linear';
import { Module } from './module';
import { Parameter } from './parameter';

/** Options of {@link MultiheadAttention}. */
export interface MultiheadAttentionOptions {
  /** Probability that a weight becomes 0 in training mode. Default 0. */
  dropout?: number;
  /** Whether projections have biases. Default true. */
  bias?: boolean;
  /** Features of a key. Default `embedDim`. */
  kdim?: number;
  /** Features of a value. Default `embedDim`. */
  vdim?: number;
  /** Whether sequences are `[batch, time, features]`, and not `[time, batch, features]`. Default false. */
  batchFirst?: boolean;
  /** Default float32. */
  dtype?: DType;
  /** Source of the initial values and of dropout; default: the one that `manualSeed` seeds. */
  generator?: Generator;
}

/** What a call of {@link MultiheadAttention} may be given beside queries, keys and values. */
export interface MultiheadAttentionCall {
  /** `[batch, keys]`, or `[keys]` without a batch: true leaves a key out; numbers are added to its scores. */
  keyPaddingMask?: Tensor | null;
  /**
   * `[queries, keys]` or `[batch * numHeads, queries, keys]`: **true leaves a key out**, as in PyTorch's module and unlike the mask of
   * `scaledDotProductAttention`; numbers are added.
   */
  attnMask?: Tensor | null;
  /** Whether weights are returned too; without them no matrix of all scores is held. Default true, as in PyTorch. */
  needWeights?: boolean;
  /** Whether the weights are the mean over heads. Default true. */
  averageAttnWeights?: boolean;
  /** Whether query i sees keys 0 to i only. With an `attnMask` it is that mask which counts. Default false. */
  isCausal?: boolean;
}

const callNames = ['keyPaddingMask', 'attnMask', 'needWeights', 'averageAttnWeights', 'isCausal'];

/**
 * Attention by several heads: queries, keys and values are projected, each head attends with its part of the features, and what all heads
 * give is projected again. `forward` returns the output and the weights, or null where they are not needed.
 *
 * The state is PyTorch's: `inProjWeight` `[3 embedDim, embedDim]` (or `qProjWeight`, `kProjWeight` and `vProjWeight` where `kdim` or `vdim`
 * differ), `inProjBias` `[3 embedDim]`, `outProj.weight` and `outProj.bias`. A query that sees no key has weights of 0. (Vaswani et al. 2017)
 *
 * @throws ArgumentError unless `numHeads` divides `embedDim`.
 */
export class MultiheadAttention extends Module {
  /** Features of queries and of the output. */
  readonly embedDim: number;
  /** Into how many heads they are divided. */
  readonly numHeads: number;
  /** Features of a key. */
  readonly kdim: number;
  /** Features of a value. */
  readonly vdim: number;
  /** Probability that a weight becomes 0 in training mode. */
  readonly dropout: number;
  /** Whether sequences are `[batch, time, features]`. */
  readonly batchFirst: boolean;
  /** Projections of queries, keys and values, `[3 embedDim, embedDim]`; null where they have different features. */
  inProjWeight: Parameter | null = null;
  /** `[embedDim, embedDim]`, where keys or values have other features. */
  qProjWeight: Parameter | null = null;
  /** `[embedDim, kdim]` */
  kProjWeight: Parameter | null = null;
  /** `[embedDim, vdim]` */
  vProjWeight: Parameter | null = null;
  /** `[3 embedDim]`, or null without biases. */
  inProjBias: Parameter | null;
  /** Projection of what all heads give. */
  outProj: Linear;
  readonly #generator: Generator | undefined;

  constructor(embedDim: number, numHeads: number, options: MultiheadAttentionOptions = {}) {
    super();
    const owner = 'MultiheadAttention';
    checkOptions(owner, options, ['dropout', 'bias', 'kdim', 'vdim', 'batchFirst', 'dtype', 'generator']);
    const {
      dropout: p = 0,
      bias = true,
      kdim = embedDim,
      vdim = embedDim,
      batchFirst = false,
      dtype,
      generator,
    } = options;
    for (const [name, value] of Object.entries({ embedDim, numHeads, kdim, vdim })) integerFor(owner, name, value, 1);
    if (embedDim % numHeads !== 0) {
      throw new ArgumentError(`[${owner}] ${numHeads} heads do not divide ${embedDim} features`);
    }
    probabilityFor(owner, 'dropout', p);
    this.embedDim = embedDim;
    this.numHeads = numHeads;
    this.kdim = kdim;
    this.vdim = vdim;
    this.dropout = p;
    this.batchFirst = batchFirst;
    this.#generator = generator;
    const start = (rows: number, columns: number): Parameter => {
      const weight = new Parameter(uniform([rows, columns], { dtype, generator }));
      xavierUniform(weight, { generator });
      return weight;
    };
    if (kdim === embedDim && vdim === embedDim) {
      this.inProjWeight = start(3 * embedDim, embedDim);
    } else {
      this.qProjWeight = start(embedDim, embedDim);
      this.kProjWeight = start(embedDim, kdim);
      this.vProjWeight = start(embedDim, vdim);
    }
    this.inProjBias = bias ? new Parameter(uniform([3 * embedDim], { dtype, generator })) : null;
    this.outProj = new Linear(embedDim, embedDim, { bias, dtype, generator });
    if (this.inProjBias) zero(this.inProjBias);
    if (this.outProj.bias) zero(this.outProj.bias);
  }

  forward(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    options: MultiheadAttentionCall = {},
  ): [output: Tensor, weights: Tensor | null] {
    const owner = 'MultiheadAttention';
    checkOptions(owner, options, callNames);
    const { needWeights = true, averageAttnWeights = true, isCausal = false } = options;
    const batched = query.rank === 3;
    if (!(batched || query.rank === 2) || key.rank !== query.rank || value.rank !== query.rank) {
      const shapes = [query, key, value].map(({ shape }) => formatShape(shape)).join(', ');
      throw new ShapeError(`[${owner}] takes sequences of three dimensions, or of two without a batch, not ${shapes}`);
    }
    const inside = (x: Tensor): Tensor => (batched ? (this.batchFirst ? x : transpose(x, 0, 1)) : unsqueeze(x, 0));
    const [q, k, v] = this.#project(query, key, value, inside);
    const causal = isCausal && options.attnMask == null;
    const mask = this.#mask(options.keyPaddingMask ?? null, options.attnMask ?? null, batched);
    const p = this.training ? this.dropout : 0;
    const generator = this.#generator;
    let merged: Tensor;
    let weights: Tensor | null = null;
    if (needWeights) {
      weights = weightsOf(q, k, mask, causal);
      if (p > 0) weights = dropout(weights, p, { generator });
      merged = transpose(matmul(weights, v), 1, 2);
      if (averageAttnWeights) weights = mean(weights, 1);
      if (!batched) weights = squeeze(weights, 0);
    } else {
      const combined = mask && causal ? hideFuture(mask, q, k) : mask;
      merged = attentionByRows(owner, q, k, v, {
        mask: combined,
        isCausal: causal && mask === null,
        dropout: p,
        generator,
      });
    }
    const [batch, time] = merged.shape as [number, number];
    const out = this.outProj.forward(reshape(merged, [batch, time, this.embedDim]));
    return [batched ? (this.batchFirst ? out : transpose(out, 0, 1)) : squeeze(out, 0), weights];
  }

  protected override describe(): string {
    return `${this.embedDim}, ${this.numHeads}${this.batchFirst ? ', batchFirst=true' : ''}`;
  }

  // Queries, keys and values of all heads, [batch, heads, time, features]: by as few products as there are inputs.
  #project(query: Tensor, key: Tensor, value: Tensor, inside: (x: Tensor) => Tensor): [Tensor, Tensor, Tensor] {
    const { embedDim, numHeads, inProjWeight, inProjBias } = this;
    const heads = (x: Tensor): Tensor => {
      const [batch, time] = x.shape as [number, number];
      return transpose(reshape(x, [batch, time, numHeads, embedDim / numHeads]), 1, 2);
    };
    const rows = (tensor: Parameter | null, from: number, to: number): Tensor | null =>
      tensor === null ? null : slice(tensor, 0, from * embedDim, to * embedDim);
    const project = (x: Tensor, from: number, to: number): Tensor[] => {
      const whole = to - from === 3;
      const weight = whole ? (inProjWeight as Parameter) : (rows(inProjWeight, from, to) as Tensor);
      const y = linear(inside(x), weight, whole ? inProjBias : rows(inProjBias, from, to));
      return (to - from === 1 ? [y] : split(y, embedDim, -1)).map(heads);
    };
    if (inProjWeight === null) {
      const { qProjWeight, kProjWeight, vProjWeight } = this;
      const each = [query, key, value].map((x, i) => {
        const weight = [qProjWeight, kProjWeight, vProjWeight][i] as Parameter;
        return heads(linear(inside(x), weight, rows(inProjBias, i, i + 1)));
      });
      return each as [Tensor, Tensor, Tensor];
    }
    if (query === key && key === value) return project(query, 0, 3) as [Tensor, Tensor, Tensor];
    if (key === value) return [...project(query, 0, 1), ...project(key, 1, 3)] as [Tensor, Tensor, Tensor];
    return [...project(query, 0, 1), ...project(key, 1, 2), ...project(value, 2, 3)] as [Tensor, Tensor, Tensor];
  }

  // Both masks as one that broadcasts to [batch, heads, queries, keys]: bools of which true takes part, or numbers.
  #mask(keyPaddingMask: Tensor | null, attnMask: Tensor | null, batched: boolean): Tensor | null {
    const owner = 'MultiheadAttention';
    const masks: Tensor[] = [];
    if (attnMask !== null) {
      const { rank, shape } = attnMask;
      if (rank !== 2 && rank !== 3) {
        throw new ShapeError(
          `[${owner}] attnMask is [queries, keys] or [batch * heads, queries, keys], not ${formatShape(shape)}`,
        );
      }
      const [all, ...rest] = shape as [number, ...number[]];
      masks.push(rank === 2 ? attnMask : reshape(attnMask, [all / this.numHeads, this.numHeads, ...rest]));
    }
    if (keyPaddingMask !== null) {
      const { rank, shape } = keyPaddingMask;
      if (rank !== (batched ? 2 : 1)) {
        throw new ShapeError(
          `[${owner}] keyPaddingMask is [batch, keys], or [keys] without a batch, not ${formatShape(shape)}`,
        );
      }
      masks.push(
        reshape(keyPaddingMask, rank === 1 ? [1, 1, 1, ...shape] : [shape[0] as number, 1, 1, shape[1] as number]),
      );
    }
    return combine(owner, masks);
  }
}

// Masks of which true leaves a key out, or of numbers, as one in which true takes part, or of numbers.
function combine(owner: string, masks: readonly Tensor[]): Tensor | null {
  const [first, second] = masks;
  if (first === undefined) return null;
  for (const { dtype } of masks) {
    if (dtype !== 'bool' && !dtype.startsWith('float')) {
      throw new DTypeError(`[${owner}] a mask is bool (true leaves a key out) or floating (added), not ${dtype}`);
    }
  }
  if (second === undefined) return first.dtype === 'bool' ? logicalNot(first) : first;
  const hidden = (mask: Tensor, other: Tensor): Tensor =>
    maskedFill(expand(other, mergedShape(mask, other)), mask, -Infinity);
  if (first.dtype !== 'bool') return second.dtype === 'bool' ? hidden(second, first) : add(first, second);
  if (second.dtype !== 'bool') return hidden(first, second);
  return logicalNot(first).logicalAnd(logicalNot(second));
}

function mergedShape(a: Tensor, b: Tensor): number[] {
  const rank = Math.max(a.rank, b.rank);
  return Array.from({ length: rank }, (_, i) => Math.max(a.shape.at(i - rank) ?? 1, b.shape.at(i - rank) ?? 1));
}

// Bools [queries, keys] that are true where the key comes no later than the query.
function past(q: Tensor, k: Tensor): Tensor {
  const [queries, keys] = [q.shape.at(-2) as number, k.shape.at(-2) as number];
  const { device } = q;
  return ge(reshape(arange(queries, null, 1, { device }), [queries, 1]), arange(keys, null, 1, { device }));
}

function hideFuture(mask: Tensor, q: Tensor, k: Tensor): Tensor {
  const seen = past(q, k);
  return mask.dtype === 'bool' ? mask.logicalAnd(seen) : where(seen, mask, -Infinity);
}

// softmax(q k^T / sqrt(dim) + mask); a row that sees no key has zeros.
function weightsOf(q: Tensor, k: Tensor, mask: Tensor | null, causal: boolean): Tensor {
  const scale = 1 / Math.sqrt(q.shape.at(-1) as number);
  let scores = mul(matmul(q, transpose(k, -2, -1)), scale);
  if (causal) scores = where(past(q, k), scores, -Infinity);
  if (mask === null) return softmax(scores, -1);
  scores = mask.dtype === 'bool' ? where(mask, scores, -Infinity) : add(scores, mask);
  const nothing = eq(max(scores, -1, true), -Infinity);
  return where(nothing, 0, softmax(where(nothing, 0, scores), -1));
}
