// Losses that are compositions: of distributions, margins, angles and triplets. Shapes must be equal where PyTorch would broadcast.
import { ArgumentError, DTypeError, describe, ShapeError } from '../errors';
import { checkOptions } from '../options';
import { formatShape, handleOf, type Tensor } from '../tensor';
import { softplus } from './activation';
import { choiceFor, numberFor } from './check';
import { zerosLike } from './create';
import { gather, scatter, scatterAdd } from './indexing';
import { huber, type LossOptions, l1, type Reduction } from './loss';
import { xlogy } from './math';
import { pairwiseDistance } from './norm';
import { logSigmoid } from './piecewise';
import {
  add,
  clamp,
  div,
  eq,
  exp,
  gt,
  log,
  logicalAnd,
  logicalNot,
  lt,
  minimum,
  mul,
  ne,
  neg,
  sqrt,
  square,
  sub,
  where,
} from './pointwise';
import { mean, sum } from './reduce';
import { cumsum } from './scan';
import { cast, reshape, unsqueeze } from './shape';

function reduced(name: string, losses: Tensor, reduction: Reduction = 'mean'): Tensor {
  choiceFor(name, 'reduction', reduction, ['mean', 'sum', 'none']);
  return reduction === 'mean' ? mean(losses) : reduction === 'sum' ? sum(losses) : losses;
}

function checkEqual(name: string, tensors: Record<string, Tensor>): void {
  const [[first, shape]] = Object.entries(tensors).map(([param, x]) => {
    handleOf(name, param, x);
    return [param, formatShape(x.shape)];
  }) as [[string, string]];
  for (const [param, x] of Object.entries(tensors)) {
    if (formatShape(x.shape) !== shape) {
      throw new ShapeError(
        `[${name}] ${first} is ${shape} and ${param} ${formatShape(x.shape)}; the shapes must be equal`,
      );
    }
  }
}

/** Options of {@link smoothL1}. */
export interface SmoothL1Options extends LossOptions {
  /** Where the loss turns from quadratic to linear; 0 is {@link l1}. Default 1. */
  beta?: number;
}

/** `e^2 / (2 beta)` where `|e| < beta`, else `|e| - beta / 2`, of `e = input - target`: {@link huber} divided by beta. @throws ShapeError */
export function smoothL1(input: Tensor, target: Tensor, options: SmoothL1Options = {}): Tensor {
  checkOptions('smoothL1', options, ['reduction', 'beta']);
  const { reduction, beta = 1 } = options;
  if (!(numberFor('smoothL1', 'beta', beta) >= 0)) {
    throw new ArgumentError(`[smoothL1] beta is at least 0, received ${describe(beta)}`);
  }
  if (beta === 0) return l1(input, target, { reduction });
  const loss = huber(input, target, { reduction, delta: beta });
  return beta === 1 ? loss : div(loss, beta);
}

/** Options of {@link klDiv}. */
export interface KlDivOptions {
  /** `batchmean` divides the sum by the first dimension: the divergence as it is defined. Default mean, over all elements. */
  reduction?: Reduction | 'batchmean';
  /** Whether the target holds logarithms too. Default false. */
  logTarget?: boolean;
}

/** The Kullback-Leibler divergence, `target * (log(target) - input)`; the input holds log-probabilities. @throws ShapeError */
export function klDiv(input: Tensor, target: Tensor, options: KlDivOptions = {}): Tensor {
  checkOptions('klDiv', options, ['reduction', 'logTarget']);
  checkEqual('klDiv', { input, target });
  const { reduction = 'mean', logTarget = false } = options;
  const losses = logTarget ? mul(exp(target), sub(target, input)) : sub(xlogy(target, target), mul(target, input));
  if (reduction === 'batchmean') return div(sum(losses), input.shape[0] ?? 1);
  return reduced('klDiv', losses, reduction);
}

/** Options of {@link poissonNll}. */
export interface PoissonNllOptions extends LossOptions {
  /** Whether the input is the logarithm of the mean. Default true. */
  logInput?: boolean;
  /** Whether Stirling's approximation of `log(target!)` is added where the target is above 1. Default false. */
  full?: boolean;
  /** Added to the mean before its logarithm. Default 1e-8. */
  eps?: number;
}

/** The negative log-likelihood of counts: `exp(input) - target * input`, or `input - target * log(input + eps)`. @throws ShapeError */
export function poissonNll(input: Tensor, target: Tensor, options: PoissonNllOptions = {}): Tensor {
  checkOptions('poissonNll', options, ['reduction', 'logInput', 'full', 'eps']);
  checkEqual('poissonNll', { input, target });
  const { reduction, logInput = true, full: withStirling = false, eps = 1e-8 } = options;
  let losses = logInput ? sub(exp(input), mul(target, input)) : sub(input, mul(target, log(add(input, eps))));
  if (withStirling) {
    const counts = where(gt(target, 1), target, 1);
    const stirling = add(sub(mul(counts, log(counts)), counts), mul(log(mul(counts, 2 * Math.PI)), 0.5));
    losses = add(losses, where(gt(target, 1), stirling, 0));
  }
  return reduced('poissonNll', losses, reduction);
}

/** Options of {@link gaussianNll}. */
export interface GaussianNllOptions extends LossOptions {
  /** Whether `log(2 pi) / 2` is added. Default false. */
  full?: boolean;
  /** What a smaller variance is replaced by, without a gradient of its own. Default 1e-6. */
  eps?: number;
}

/**
 * The negative log-likelihood of normal distributions: `(log(variance) + (input - target)^2 / variance) / 2`. The variance has the
 * input's shape, or size 1 in the last dimension, or lacks it.
 *
 * @throws ShapeError
 */
export function gaussianNll(input: Tensor, target: Tensor, variance: Tensor, options: GaussianNllOptions = {}): Tensor {
  checkOptions('gaussianNll', options, ['reduction', 'full', 'eps']);
  checkEqual('gaussianNll', { input, target });
  handleOf('gaussianNll', 'variance', variance);
  const { reduction, full: withConstant = false, eps = 1e-6 } = options;
  const own = formatShape(variance.shape);
  const lead = input.shape.slice(0, -1);
  const fits = [input.shape, [...lead, 1], lead].some((shape) => formatShape(shape) === own);
  if (!fits)
    throw new ShapeError(`[gaussianNll] variances of ${own} do not fit an input of ${formatShape(input.shape)}`);
  const wide = variance.rank < input.rank ? unsqueeze(variance, -1) : variance;
  // The bound only moves the value: the gradient goes to the variance as if it were not there.
  const bounded = add(wide, sub(clamp(wide, eps), wide).detach());
  const losses = mul(add(log(bounded), div(square(sub(input, target)), bounded)), 0.5);
  return reduced('gaussianNll', withConstant ? add(losses, 0.5 * Math.log(2 * Math.PI)) : losses, reduction);
}

/** Options of losses with a margin. */
export interface MarginOptions extends LossOptions {
  /** How far apart is enough. */
  margin?: number;
}

const MARGIN = ['reduction', 'margin'];

/** The input where the target is 1, `max(0, margin - input)` where it is -1; the margin is 1 by default. @throws ShapeError */
export function hingeEmbedding(input: Tensor, target: Tensor, options: MarginOptions = {}): Tensor {
  checkOptions('hingeEmbedding', options, MARGIN);
  checkEqual('hingeEmbedding', { input, target });
  const { reduction, margin = 1 } = options;
  const apart = where(ne(target, 1), clamp(sub(margin, input), 0), 0);
  return reduced('hingeEmbedding', add(apart, where(ne(target, -1), input, 0)), reduction);
}

/** `max(0, -target * (a - b) + margin)`: a target of 1 wants a above b, -1 the opposite; the margin is 0 by default. @throws ShapeError */
export function marginRanking(a: Tensor, b: Tensor, target: Tensor, options: MarginOptions = {}): Tensor {
  checkOptions('marginRanking', options, MARGIN);
  checkEqual('marginRanking', { a, b, target });
  const { reduction, margin = 0 } = options;
  return reduced('marginRanking', clamp(add(mul(neg(target), sub(a, b)), margin), 0), reduction);
}

/** `log(1 + exp(-target * input))` of targets 1 and -1. @throws ShapeError */
export function softMargin(input: Tensor, target: Tensor, options: LossOptions = {}): Tensor {
  checkOptions('softMargin', options, ['reduction']);
  checkEqual('softMargin', { input, target });
  return reduced('softMargin', softplus(neg(mul(target, input)), 1, Number.POSITIVE_INFINITY), options.reduction);
}

/** Options of {@link cosineEmbedding}: the margin is 0 by default. */
export function cosineEmbedding(a: Tensor, b: Tensor, target: Tensor, options: MarginOptions = {}): Tensor {
  checkOptions('cosineEmbedding', options, MARGIN);
  checkEqual('cosineEmbedding', { a, b });
  handleOf('cosineEmbedding', 'target', target);
  const { reduction, margin = 0 } = options;
  if (a.rank > 2 || a.rank === 0 || formatShape(target.shape) !== formatShape(a.shape.slice(0, -1))) {
    throw new ShapeError(
      `[cosineEmbedding] vectors of ${formatShape(a.shape)} and targets of ${formatShape(target.shape)} do not fit`,
    );
  }
  const EPS = 1e-12; // PyTorch's, added to the squares of the norms
  const lengths = mul(add(sum(square(a), -1), EPS), add(sum(square(b), -1), EPS));
  const cosine = div(sum(mul(a, b), -1), sqrt(lengths));
  const alike = where(eq(target, 1), sub(1, cosine), 0);
  const unlike = where(eq(target, -1), clamp(sub(cosine, margin), 0), 0);
  return reduced('cosineEmbedding', add(alike, unlike), reduction);
}

/** Options of {@link tripletMargin}. */
export interface TripletMarginOptions extends MarginOptions {
  /** Which norm. Default 2. */
  p?: number;
  /** Added to differences. Default 1e-6. */
  eps?: number;
  /** Takes the distance of positive and negative where it is smaller than that of anchor and negative. Default false. */
  swap?: boolean;
}

/** `max(0, |anchor - positive| - |anchor - negative| + margin)`; the margin is 1 by default. @throws ShapeError */
export function tripletMargin(
  anchor: Tensor,
  positive: Tensor,
  negative: Tensor,
  options: TripletMarginOptions = {},
): Tensor {
  checkOptions('tripletMargin', options, [...MARGIN, 'p', 'eps', 'swap']);
  const { p = 2, eps = 1e-6, ...rest } = options;
  return triplet('tripletMargin', anchor, positive, negative, (a, b) => pairwiseDistance(a, b, { p, eps }), rest);
}

/** Options of {@link tripletMarginWithDistance}. */
export interface TripletDistanceOptions extends MarginOptions {
  /** How far apart pairs are. Default {@link pairwiseDistance}. */
  distance?: (a: Tensor, b: Tensor) => Tensor;
  /** As in {@link tripletMargin}. Default false. */
  swap?: boolean;
}

/** {@link tripletMargin} with another distance. @throws ShapeError */
export function tripletMarginWithDistance(
  anchor: Tensor,
  positive: Tensor,
  negative: Tensor,
  options: TripletDistanceOptions = {},
): Tensor {
  checkOptions('tripletMarginWithDistance', options, [...MARGIN, 'distance', 'swap']);
  const { distance = pairwiseDistance, ...rest } = options;
  return triplet('tripletMarginWithDistance', anchor, positive, negative, (a, b) => distance(a, b), rest);
}

function triplet(
  name: string,
  anchor: Tensor,
  positive: Tensor,
  negative: Tensor,
  distance: (a: Tensor, b: Tensor) => Tensor,
  { reduction, margin = 1, swap = false }: MarginOptions & { swap?: boolean },
): Tensor {
  checkEqual(name, { anchor, positive, negative });
  const near = distance(anchor, positive);
  const far = distance(anchor, negative);
  const apart = swap ? minimum(far, distance(positive, negative)) : far;
  return reduced(name, clamp(add(sub(near, apart), margin), 0), reduction);
}

// ---- margins among classes

/** Rows `[batch, classes]` and their targets, of one row or of several. */
function rowsOf(name: string, input: Tensor, target: Tensor, perClass: boolean): [rows: Tensor, targets: Tensor] {
  handleOf(name, 'input', input);
  handleOf(name, 'target', target);
  const { shape, rank } = input;
  const expected = perClass ? shape : shape.slice(0, -1);
  if (rank < 1 || rank > 2 || formatShape(target.shape) !== formatShape(expected)) {
    throw new ShapeError(
      `[${name}] an input of ${formatShape(shape)} needs targets of ${formatShape(expected)}, not ${formatShape(target.shape)}`,
    );
  }
  if (target.dtype.startsWith('float') || target.dtype === 'bool') {
    throw new DTypeError(`[${name}] targets are class indices of an integer dtype, not ${target.dtype}`);
  }
  const rows = rank === 2 ? input : reshape(input, [1, shape[0] as number]);
  return [rows, reshape(target, perClass ? rows.shape : [rows.shape[0] as number])];
}

/** Options of {@link multiMargin}. */
export interface MultiMarginOptions extends MarginOptions {
  /** Power of the margins, 1 or 2. Default 1. */
  p?: 1 | 2;
  /** Factor of each class, `[classes]`. */
  weight?: Tensor | null;
}

/**
 * Multi-class hinge loss: `sum(max(0, margin - input[target] + input[i])^p) / classes` over the other classes i; the margin is 1 by default.
 *
 * @throws ShapeError, DTypeError, ArgumentError
 */
export function multiMargin(input: Tensor, target: Tensor, options: MultiMarginOptions = {}): Tensor {
  checkOptions('multiMargin', options, [...MARGIN, 'p', 'weight']);
  const { reduction, margin = 1, p = 1, weight } = options;
  if (p !== 1 && p !== 2) throw new ArgumentError(`[multiMargin] p is 1 or 2, received ${describe(p)}`);
  const [rows, targets] = rowsOf('multiMargin', input, target, false);
  const index = unsqueeze(targets, 1);
  const hinges = clamp(add(sub(rows, gather(rows, 1, index)), margin), 0);
  const powers = p === 2 ? square(hinges) : hinges;
  const weighed = weight == null ? powers : mul(powers, unsqueeze(gather(weight, 0, targets), 1));
  const losses = div(sum(scatter(weighed, 1, index, 0), 1), rows.shape[1] as number);
  return reduced('multiMargin', input.rank === 1 ? reshape(losses, []) : losses, reduction);
}

/**
 * Multi-label hinge loss: `sum(max(0, 1 - (input[j] - input[i]))) / classes` over the targets j, which end at the first -1, and the classes
 * i that are no targets.
 *
 * @throws ShapeError, DTypeError
 */
export function multilabelMargin(input: Tensor, target: Tensor, options: LossOptions = {}): Tensor {
  checkOptions('multilabelMargin', options, ['reduction']);
  const [rows, targets] = rowsOf('multilabelMargin', input, target, true);
  const { dtype } = rows;
  const counted = eq(cumsum(lt(targets, 0), 1), 0);
  const index = where(counted, targets, 0);
  const isTarget = gt(scatterAdd(zerosLike(rows), 1, index, cast(counted, dtype)), 0);
  const margins = add(sub(unsqueeze(rows, 1), unsqueeze(gather(rows, 1, index), 2)), 1);
  const counts = logicalAnd(unsqueeze(counted, 2), unsqueeze(logicalNot(isTarget), 1));
  const losses = div(sum(where(counts, clamp(margins, 0), 0), [1, 2]), rows.shape[1] as number);
  return reduced('multilabelMargin', input.rank === 1 ? reshape(losses, []) : losses, options.reduction);
}

/** Options of {@link multilabelSoftMargin}. */
export interface MultilabelSoftMarginOptions extends LossOptions {
  /** Factor of each class, `[classes]`. */
  weight?: Tensor | null;
}

/** The mean over classes, the last dimension, of the binary cross-entropy of logits with targets from 0 to 1. @throws ShapeError */
export function multilabelSoftMargin(input: Tensor, target: Tensor, options: MultilabelSoftMarginOptions = {}): Tensor {
  checkOptions('multilabelSoftMargin', options, ['reduction', 'weight']);
  checkEqual('multilabelSoftMargin', { input, target });
  const { reduction, weight } = options;
  const losses = neg(add(mul(target, logSigmoid(input)), mul(sub(1, target), logSigmoid(neg(input)))));
  return reduced('multilabelSoftMargin', mean(weight == null ? losses : mul(losses, weight), -1), reduction);
}
