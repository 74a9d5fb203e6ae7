// Layers that normalise each sample by itself: LayerNorm, RMSNorm, GroupNorm, LocalResponseNorm.
import { ArgumentError } from '../errors';
import { integerFor, integersFor } from '../ops/check';
import { ones, zeros } from '../ops/create';
import { groupNorm, type LocalResponseNormOptions, layerNorm, localResponseNorm, rmsNorm } from '../ops/normalization';
import { checkOptions } from '../options';
import type { DType, Tensor } from '../tensor';
import { Module } from './module';
import { Parameter } from './parameter';

/** Options of {@link LayerNorm}. */
export interface LayerNormLayerOptions {
  /** Added to the variance. Default 1e-5. */
  eps?: number;
  /** Whether there are weight and bias. Default true. */
  elementwiseAffine?: boolean;
  /** Whether there is a bias beside the weight. Default true. */
  bias?: boolean;
  /** Default float32. */
  dtype?: DType;
}

/** Options of {@link RMSNorm}. */
export interface RMSNormLayerOptions {
  /** Added to the mean of squares. Default null: the spacing of the dtype at 1. */
  eps?: number | null;
  /** Whether there is a weight. Default true. */
  elementwiseAffine?: boolean;
  /** Default float32. */
  dtype?: DType;
}

/** Options of {@link GroupNorm}. */
export interface GroupNormLayerOptions {
  /** Added to the variance. Default 1e-5. */
  eps?: number;
  /** Whether there are weight and bias. Default true. */
  affine?: boolean;
  /** Default float32. */
  dtype?: DType;
}

function normalizedShapeOf(owner: string, shape: number | readonly number[]): number[] {
  const list = integersFor(owner, 'normalizedShape', typeof shape === 'number' ? [shape] : shape, 1);
  if (list.length === 0) throw new ArgumentError(`[${owner}] normalizedShape has at least one dimension`);
  return list;
}

/**
 * `(x - mean) / sqrt(variance + eps) * weight + bias` over the last dimensions, in training and inference alike; see `layerNorm`. The
 * weight starts with ones, the bias with zeros.
 *
 * @throws ArgumentError for a shape that is not of positive integers.
 */
export class LayerNorm extends Module {
  /** The last dimensions of the input. */
  readonly normalizedShape: readonly number[];
  /** Added to the variance. */
  readonly eps: number;
  /** Of the normalised shape, or null without one. */
  weight: Parameter | null;
  /** Of the normalised shape, or null without one. */
  bias: Parameter | null;

  constructor(normalizedShape: number | readonly number[], options: LayerNormLayerOptions = {}) {
    super();
    checkOptions('LayerNorm', options, ['eps', 'elementwiseAffine', 'bias', 'dtype']);
    const { eps = 1e-5, elementwiseAffine = true, bias = true, dtype } = options;
    this.normalizedShape = normalizedShapeOf('LayerNorm', normalizedShape);
    this.eps = eps;
    this.weight = elementwiseAffine ? new Parameter(ones(this.normalizedShape, { dtype })) : null;
    this.bias = elementwiseAffine && bias ? new Parameter(zeros(this.normalizedShape, { dtype })) : null;
  }

  forward(x: Tensor): Tensor {
    const { weight, bias, eps } = this;
    return layerNorm(x, this.normalizedShape, { weight, bias, eps });
  }

  protected override describe(): string {
    return `[${this.normalizedShape.join(', ')}], eps=${this.eps}, elementwiseAffine=${this.weight !== null}`;
  }
}

/**
 * `x / sqrt(mean(x^2) + eps) * weight` over the last dimensions; see `rmsNorm`. The weight starts with ones.
 *
 * @throws ArgumentError for a shape that is not of positive integers.
 */
export class RMSNorm extends Module {
  /** The last dimensions of the input. */
  readonly normalizedShape: readonly number[];
  /** Added to the mean of squares; null is the spacing of the dtype at 1. */
  readonly eps: number | null;
  /** Of the normalised shape, or null without one. */
  weight: Parameter | null;

  constructor(normalizedShape: number | readonly number[], options: RMSNormLayerOptions = {}) {
    super();
    checkOptions('RMSNorm', options, ['eps', 'elementwiseAffine', 'dtype']);
    const { eps = null, elementwiseAffine = true, dtype } = options;
    this.normalizedShape = normalizedShapeOf('RMSNorm', normalizedShape);
    this.eps = eps;
    this.weight = elementwiseAffine ? new Parameter(ones(this.normalizedShape, { dtype })) : null;
  }

  forward(x: Tensor): Tensor {
    const { weight, eps } = this;
    return rmsNorm(x, this.normalizedShape, { weight, eps });
  }

  protected override describe(): string {
    return `[${this.normalizedShape.join(', ')}], eps=${this.eps}, elementwiseAffine=${this.weight !== null}`;
  }
}

/**
 * Normalises groups of channels of `[batch, channels, ...]`, each sample by itself; see `groupNorm`. The weight starts with ones, the
 * bias with zeros.
 *
 * @throws ArgumentError when a size is not a positive integer, or the groups do not divide the channels.
 */
export class GroupNorm extends Module {
  /** Number of groups. */
  readonly numGroups: number;
  /** Number of channels. */
  readonly numChannels: number;
  /** Added to the variance. */
  readonly eps: number;
  /** `[numChannels]`, or null without one. */
  weight: Parameter | null;
  /** `[numChannels]`, or null without one. */
  bias: Parameter | null;

  constructor(numGroups: number, numChannels: number, options: GroupNormLayerOptions = {}) {
    super();
    checkOptions('GroupNorm', options, ['eps', 'affine', 'dtype']);
    const { eps = 1e-5, affine = true, dtype } = options;
    this.numGroups = integerFor('GroupNorm', 'numGroups', numGroups, 1);
    this.numChannels = integerFor('GroupNorm', 'numChannels', numChannels, 1);
    if (numChannels % numGroups !== 0) {
      throw new ArgumentError(`[GroupNorm] ${numGroups} groups do not divide ${numChannels} channels`);
    }
    this.eps = eps;
    this.weight = affine ? new Parameter(ones([numChannels], { dtype })) : null;
    this.bias = affine ? new Parameter(zeros([numChannels], { dtype })) : null;
  }

  forward(x: Tensor): Tensor {
    const { weight, bias, eps } = this;
    return groupNorm(x, this.numGroups, { weight, bias, eps });
  }

  protected override describe(): string {
    return `${this.numGroups}, ${this.numChannels}, eps=${this.eps}, affine=${this.weight !== null}`;
  }
}

/**
 * `x / (k + alpha * mean)^beta` with the mean of the squares of neighbouring channels; see `localResponseNorm`.
 *
 * @throws ArgumentError when the size is not a positive integer.
 */
export class LocalResponseNorm extends Module {
  /** Number of neighbouring channels. */
  readonly size: number;
  /** Weight of the mean of squares. */
  readonly alpha: number;
  /** Exponent. */
  readonly beta: number;
  /** What is added. */
  readonly k: number;

  constructor(size: number, options: LocalResponseNormOptions = {}) {
    super();
    checkOptions('LocalResponseNorm', options, ['alpha', 'beta', 'k']);
    const { alpha = 1e-4, beta = 0.75, k = 1 } = options;
    this.size = integerFor('LocalResponseNorm', 'size', size, 1);
    this.alpha = alpha;
    this.beta = beta;
    this.k = k;
  }

  forward(x: Tensor): Tensor {
    const { alpha, beta, k } = this;
    return localResponseNorm(x, this.size, { alpha, beta, k });
  }

  protected override describe(): string {
    return `${this.size}, alpha=${this.alpha}, beta=${this.beta}, k=${this.k}`;
  }
}
