// Layers that normalise channels and keep running statistics: BatchNorm and InstanceNorm in one to three dimensions.
import { noGrad } from '../context';
import { ShapeError } from '../errors';
import { batchNorm, instanceNorm } from '../ops/batch-norm';
import { integerFor } from '../ops/check';
import { ones, zeros } from '../ops/create';
import { squeeze, unsqueeze } from '../ops/shape';
import { checkOptions } from '../options';
import { type DType, formatShape, type Tensor } from '../tensor';
import { Module } from './module';
import { Parameter } from './parameter';

/** Options of the layers `BatchNorm` and `InstanceNorm`. */
export interface ChannelNormOptions {
  /** Added to the variance. Default 1e-5. */
  eps?: number;
  /**
   * Weight of the statistics of a batch in the running ones, which keep the rest of theirs; null makes them the average of all batches.
   * Default 0.1.
   */
  momentum?: number | null;
  /** Whether there are weight and bias. Default true; false for InstanceNorm. */
  affine?: boolean;
  /**
   * Whether running statistics are kept in training, and used in inference; without them inference uses the statistics of its input.
   * Default true; false for InstanceNorm.
   */
  trackRunningStats?: boolean;
  /** Default float32. */
  dtype?: DType;
}

abstract class ChannelNorm extends Module {
  /** Number of channels. */
  readonly numFeatures: number;
  /** Added to the variance. */
  readonly eps: number;
  /** Weight of the statistics of a batch in the running ones; null makes them the average of all batches. */
  readonly momentum: number | null;
  /** `[numFeatures]`, ones at first; null without. */
  weight: Parameter | null;
  /** `[numFeatures]`, zeros at first; null without. */
  bias: Parameter | null;
  /** Buffer `[numFeatures]`, zeros at first; null without running statistics. */
  readonly runningMean: Tensor | null;
  /** Buffer `[numFeatures]` of unbiased variances, ones at first; null without running statistics. */
  readonly runningVar: Tensor | null;
  /** Buffer that counts the batches, an int64 scalar; null without running statistics. */
  readonly numBatchesTracked: Tensor | null;

  /** Numbers of dimensions of a batch. */
  protected abstract readonly ranks: readonly number[];

  constructor(owner: string, numFeatures: number, options: ChannelNormOptions, byDefault: boolean) {
    super();
    checkOptions(owner, options, ['eps', 'momentum', 'affine', 'trackRunningStats', 'dtype']);
    const { eps = 1e-5, momentum = 0.1, affine = byDefault, trackRunningStats = byDefault, dtype } = options;
    this.numFeatures = integerFor(owner, 'numFeatures', numFeatures, 1);
    this.eps = eps;
    this.momentum = momentum;
    this.weight = affine ? new Parameter(ones([numFeatures], { dtype })) : null;
    this.bias = affine ? new Parameter(zeros([numFeatures], { dtype })) : null;
    const buffer = (name: string, value: () => Tensor): Tensor | null => {
      return trackRunningStats ? this.registerBuffer(name, noGrad(value)) : null;
    };
    this.runningMean = buffer('runningMean', () => zeros([numFeatures], { dtype }));
    this.runningVar = buffer('runningVar', () => ones([numFeatures], { dtype }));
    this.numBatchesTracked = buffer('numBatchesTracked', () => zeros([], { dtype: 'int64' }));
  }

  /** Running statistics and their count as they were at first. */
  resetRunningStats(): void {
    noGrad(() => {
      this.runningMean?.assign(zeros([this.numFeatures]));
      this.runningVar?.assign(ones([this.numFeatures]));
      this.numBatchesTracked?.assign(zeros([], { dtype: 'int64' }));
    });
  }

  /** Whether `x` is a batch of the right number of dimensions and channels, or an error. */
  protected checkBatch(x: Tensor): void {
    const { ranks, numFeatures } = this;
    const owner = this.constructor.name;
    if (!ranks.includes(x.rank)) {
      throw new ShapeError(`[${owner}] expected ${ranks.join(' or ')} dimensions, received ${formatShape(x.shape)}`);
    }
    if (x.shape[1] !== numFeatures) {
      throw new ShapeError(`[${owner}] expected ${numFeatures} channels, received ${formatShape(x.shape)}`);
    }
  }

  protected override describe(): string {
    const { numFeatures, eps, momentum, weight, runningMean } = this;
    const flags = `affine=${weight !== null}, trackRunningStats=${runningMean !== null}`;
    return `${numFeatures}, eps=${eps}, momentum=${momentum}, ${flags}`;
  }
}

abstract class BatchNorm extends ChannelNorm {
  forward(x: Tensor): Tensor {
    this.checkBatch(x);
    const { runningMean, runningVar, numBatchesTracked, weight, bias, momentum, eps } = this;
    const training = this.training || runningMean === null;
    return batchNorm(x, { runningMean, runningVar, numBatchesTracked, weight, bias, training, momentum, eps });
  }
}

/**
 * Batch normalisation of `[batch, channels]` or `[batch, channels, length]`: by the statistics of the batch in training, which the running
 * ones follow, and by the running ones in inference. See `batchNorm`. (Ioffe, Szegedy 2015)
 *
 * @throws ArgumentError when the number of channels is not a positive integer.
 */
export class BatchNorm1d extends BatchNorm {
  protected readonly ranks = [2, 3];

  constructor(numFeatures: number, options: ChannelNormOptions = {}) {
    super('BatchNorm1d', numFeatures, options, true);
  }
}

/** {@link BatchNorm1d} of `[batch, channels, height, width]`. @throws ArgumentError */
export class BatchNorm2d extends BatchNorm {
  protected readonly ranks = [4];

  constructor(numFeatures: number, options: ChannelNormOptions = {}) {
    super('BatchNorm2d', numFeatures, options, true);
  }
}

/** {@link BatchNorm1d} of `[batch, channels, depth, height, width]`. @throws ArgumentError */
export class BatchNorm3d extends BatchNorm {
  protected readonly ranks = [5];

  constructor(numFeatures: number, options: ChannelNormOptions = {}) {
    super('BatchNorm3d', numFeatures, options, true);
  }
}

abstract class InstanceNorm extends ChannelNorm {
  forward(x: Tensor): Tensor {
    const single = x.rank === (this.ranks[0] as number) - 1;
    const batch = single ? unsqueeze(x, 0) : x;
    this.checkBatch(batch);
    const { runningMean, runningVar, numBatchesTracked, weight, bias, momentum, eps } = this;
    const useInputStats = this.training || runningMean === null;
    // As in PyTorch batches are counted only where the count matters.
    const running = {
      runningMean,
      runningVar,
      numBatchesTracked: momentum === null ? numBatchesTracked : null,
      momentum,
    };
    const y = instanceNorm(batch, { ...running, weight, bias, useInputStats, eps });
    return single ? squeeze(y, 0) : y;
  }
}

/**
 * Normalises each channel of each sample of `[batch, channels, length]`, or of one sample `[channels, length]`. See `instanceNorm`.
 * (Ulyanov, Vedaldi, Lempitsky 2016)
 *
 * @throws ArgumentError when the number of channels is not a positive integer.
 */
export class InstanceNorm1d extends InstanceNorm {
  protected readonly ranks = [3];

  constructor(numFeatures: number, options: ChannelNormOptions = {}) {
    super('InstanceNorm1d', numFeatures, options, false);
  }
}

/** {@link InstanceNorm1d} of `[batch, channels, height, width]`, or of one sample. @throws ArgumentError */
export class InstanceNorm2d extends InstanceNorm {
  protected readonly ranks = [4];

  constructor(numFeatures: number, options: ChannelNormOptions = {}) {
    super('InstanceNorm2d', numFeatures, options, false);
  }
}

/** {@link InstanceNorm1d} of `[batch, channels, depth, height, width]`, or of one sample. @throws ArgumentError */
export class InstanceNorm3d extends InstanceNorm {
  protected readonly ranks = [5];

  constructor(numFeatures: number, options: ChannelNormOptions = {}) {
    super('InstanceNorm3d', numFeatures, options, false);
  }
}
