// Normalisation by the statistics of channels, of a batch or of each sample, and the running statistics that stand in for them.
import { ArgumentError, ShapeError } from '../errors';
import { checkOptions } from '../options';
import { formatShape, handleOf, type Tensor } from '../tensor';
import { call, callMany, callVoid, operator, optionalHandle } from './call';
import { sizeOf } from './check';
import { groupNorm } from './normalization';
import { mean as meanOver } from './reduce';
import { expand, reshape } from './shape';

const op = {
  batchNorm: operator('batchNorm'),
  inference: operator('batchNormInference'),
  update: operator('updateStatistics'),
};

interface RunningOptions {
  /** `[channels]`; the mean that stands in for that of the batch. Updated in place where that is used. Default none. */
  runningMean?: Tensor | null;
  /** `[channels]`; the same for the variance, which is kept unbiased. Default none. */
  runningVar?: Tensor | null;
  /** `[channels]`; multiplies the result. Default none. */
  weight?: Tensor | null;
  /** `[channels]`; added last. Default none. */
  bias?: Tensor | null;
  /**
   * Weight of the new statistics in the running ones: `running = (1 - momentum) running + momentum new`. Null makes them the average of
   * all batches, for which `numBatchesTracked` is needed. Default 0.1.
   */
  momentum?: number | null;
  /** An int64 scalar that counts the updates, in place. Default none. */
  numBatchesTracked?: Tensor | null;
  /** Added to the variance. Default 1e-5. */
  eps?: number;
}

/** Options of {@link batchNorm}. */
export interface BatchNormOptions extends RunningOptions {
  /** Whether the statistics are those of the batch, and the running ones are updated. Default false. */
  training?: boolean;
}

/** Options of {@link instanceNorm}. */
export interface InstanceNormOptions extends RunningOptions {
  /** Whether the statistics are those of the samples, and the running ones, if given, are updated. Default true. */
  useInputStats?: boolean;
}

const RUNNING = ['runningMean', 'runningVar', 'weight', 'bias', 'momentum', 'numBatchesTracked', 'eps'];

function checkRunning(name: string, { runningMean, runningVar }: RunningOptions, needed: boolean): void {
  if ((runningMean == null) !== (runningVar == null)) {
    throw new ArgumentError(`[${name}] runningMean and runningVar are given both or neither`);
  }
  if (needed && runningMean == null) {
    throw new ArgumentError(
      `[${name}] runningMean and runningVar are needed where the input's statistics are not used`,
    );
  }
}

function withRunning(name: string, x: Tensor, options: RunningOptions): Tensor {
  return call(
    op.inference,
    handleOf(name, 'x', x),
    handleOf(name, 'runningMean', options.runningMean),
    handleOf(name, 'runningVar', options.runningVar),
    optionalHandle(name, 'weight', options.weight),
    optionalHandle(name, 'bias', options.bias),
    options.eps,
  );
}

// Moves the running statistics towards a mean and a biased variance of `count` values.
function update(name: string, options: RunningOptions, mean: Tensor, variance: Tensor, count: number): void {
  const { momentum = 0.1 } = options;
  callVoid(
    op.update,
    handleOf(name, 'runningMean', options.runningMean),
    handleOf(name, 'runningVar', options.runningVar),
    optionalHandle(name, 'numBatchesTracked', options.numBatchesTracked),
    handleOf(name, 'mean', mean),
    handleOf(name, 'variance', variance),
    momentum,
    count,
  );
}

// y, mean and biased variance.
function withOwn(
  x: Tensor,
  weight: Tensor | null | undefined,
  bias: Tensor | null | undefined,
  eps?: number,
): Tensor[] {
  const name = 'batchNorm';
  return callMany(
    op.batchNorm,
    3,
    handleOf(name, 'x', x),
    optionalHandle(name, 'weight', weight),
    optionalHandle(name, 'bias', bias),
    eps,
  );
}

/**
 * `(x - mean) / sqrt(variance + eps) * weight + bias` by channel of `[batch, channels, ...]`. In training mean and biased variance are
 * those of the batch, over all other dimensions; else `runningMean` and `runningVar`. (Ioffe, Szegedy 2015)
 *
 * @throws ShapeError, also where a channel has one value in training; ArgumentError without running statistics outside of training;
 * DTypeError for integers and for tensors of several dtypes.
 */
export function batchNorm(x: Tensor, options: BatchNormOptions = {}): Tensor {
  const name = 'batchNorm';
  checkOptions(name, options, [...RUNNING, 'training']);
  handleOf(name, 'x', x);
  const { training = false, weight, bias, eps } = options;
  checkRunning(name, options, !training);
  if (!training) return withRunning(name, x, options);
  const channels = x.shape[1] ?? 0;
  if (x.size > 0 && x.size === channels) {
    throw new ShapeError(
      `[${name}] expected more than 1 value per channel when training, received ${formatShape(x.shape)}`,
    );
  }
  const [y, mean, variance] = withOwn(x, weight, bias, eps) as [Tensor, Tensor, Tensor];
  if (options.runningMean != null && x.size > 0) update(name, options, mean, variance, x.size / channels);
  return y;
}

/**
 * As {@link batchNorm}, but by channel of each sample of `[batch, channels, ...]`: over the dimensions behind the channels. Running
 * statistics, where given, are averages over the samples. (Ulyanov, Vedaldi, Lempitsky 2016)
 *
 * @throws ShapeError, also where a channel of a sample has one value; ArgumentError without running statistics when `useInputStats` is
 * false; DTypeError for integers and for tensors of several dtypes.
 */
export function instanceNorm(x: Tensor, options: InstanceNormOptions = {}): Tensor {
  const name = 'instanceNorm';
  checkOptions(name, options, [...RUNNING, 'useInputStats']);
  handleOf(name, 'x', x);
  const { useInputStats = true, weight, bias, eps } = options;
  checkRunning(name, options, !useInputStats);
  if (!useInputStats) return withRunning(name, x, options);
  if (x.rank < 2) throw new ShapeError(`[${name}] expected [batch, channels, ...], received ${formatShape(x.shape)}`);
  const [batch, channels, ...rest] = x.shape as [number, number, ...number[]];
  const count = sizeOf(rest);
  if (count === 1) {
    throw new ShapeError(`[${name}] expected more than 1 value per channel, received ${formatShape(x.shape)}`);
  }
  if (options.runningMean == null) return channels === 0 ? x : groupNorm(x, channels, { weight, bias, eps });
  // Every channel of every sample is a channel of one large sample.
  const each = (t: Tensor | null | undefined) => t && reshape(expand(t, [batch, channels]), [batch * channels]);
  const joined = reshape(x, [1, batch * channels, ...rest]);
  const [y, means, variances] = withOwn(joined, each(weight), each(bias), eps) as [Tensor, Tensor, Tensor];
  const overSamples = (t: Tensor) => meanOver(reshape(t, [batch, channels]), 0);
  if (x.size > 0) update(name, options, overSamples(means), overSamples(variances), count);
  return reshape(y, x.shape);
}
