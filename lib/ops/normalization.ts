// Normalisation of samples, each by itself: layer norm, RMS norm, group norm, and responses of neighbouring channels.
import { ShapeError } from '../errors';
import { checkOptions } from '../options';
import { formatShape, handleOf, type Tensor } from '../tensor';
import { call, operator, optionalHandle } from './call';
import { integerFor, integersFor, numberFor } from './check';
import { pad } from './pad';
import { add, div, mul, pow, square } from './pointwise';
import { slice } from './shape';

const op = { layerNorm: operator('layerNorm'), rmsNorm: operator('rmsNorm'), groupNorm: operator('groupNorm') };

/** Options of {@link rmsNorm}. */
export interface RmsNormOptions {
  /** Multiplies the result; of the normalised shape. Default none. */
  weight?: Tensor | null;
  /** Added to the mean of squares. Default null: the spacing of the dtype at 1. */
  eps?: number | null;
}

/** Options of {@link layerNorm}. */
export interface LayerNormOptions {
  /** Multiplies the result; of the normalised shape. Default none. */
  weight?: Tensor | null;
  /** Added last; of the normalised shape. Default none. */
  bias?: Tensor | null;
  /** Added to the variance. Default 1e-5. */
  eps?: number;
}

/** Options of {@link groupNorm}. */
export interface GroupNormOptions {
  /** `[channels]`; multiplies the result. Default none. */
  weight?: Tensor | null;
  /** `[channels]`; added last. Default none. */
  bias?: Tensor | null;
  /** Added to the variance. Default 1e-5. */
  eps?: number;
}

/** Options of {@link localResponseNorm}. */
export interface LocalResponseNormOptions {
  /** Weight of the mean of squares. Default 1e-4. */
  alpha?: number;
  /** Exponent. Default 0.75. */
  beta?: number;
  /** What is added to it. Default 1. */
  k?: number;
}

function shapeFor(name: string, normalizedShape: number | readonly number[]): number[] {
  const list = typeof normalizedShape === 'number' ? [normalizedShape] : normalizedShape;
  return integersFor(name, 'normalizedShape', list, 0);
}

/**
 * `(x - mean) / sqrt(variance + eps) * weight + bias`, with the mean and the biased variance over the last dimensions, those of
 * `normalizedShape`. (Ba, Kiros, Hinton 2016)
 *
 * @throws ShapeError when `x` does not end in `normalizedShape`, or weight or bias is of another shape; DTypeError for integers and for
 * tensors of several dtypes; ArgumentError.
 */
export function layerNorm(
  x: Tensor,
  normalizedShape: number | readonly number[],
  options: LayerNormOptions = {},
): Tensor {
  checkOptions('layerNorm', options, ['weight', 'bias', 'eps']);
  return call(
    op.layerNorm,
    handleOf('layerNorm', 'x', x),
    shapeFor('layerNorm', normalizedShape),
    optionalHandle('layerNorm', 'weight', options.weight),
    optionalHandle('layerNorm', 'bias', options.bias),
    options.eps,
  );
}

/**
 * `x / sqrt(mean(x^2) + eps) * weight`, with the mean over the last dimensions, those of `normalizedShape`. (Zhang, Sennrich 2019)
 *
 * @throws ShapeError when `x` does not end in `normalizedShape`, or the weight is of another shape; DTypeError for integers and for
 * tensors of several dtypes; ArgumentError.
 */
export function rmsNorm(x: Tensor, normalizedShape: number | readonly number[], options: RmsNormOptions = {}): Tensor {
  checkOptions('rmsNorm', options, ['weight', 'eps']);
  return call(
    op.rmsNorm,
    handleOf('rmsNorm', 'x', x),
    shapeFor('rmsNorm', normalizedShape),
    optionalHandle('rmsNorm', 'weight', options.weight),
    options.eps,
  );
}

/**
 * The channels of `[batch, channels, ...]` in `numGroups` groups of neighbours, each normalised over its channels and all further
 * dimensions: `(x - mean) / sqrt(variance + eps) * weight + bias`, with weight and bias by channel. (Wu, He 2018)
 *
 * @throws ArgumentError when `numGroups` does not divide the channels; ShapeError, also where a group has one value in the whole batch;
 * DTypeError for integers and for tensors of several dtypes.
 */
export function groupNorm(x: Tensor, numGroups: number, options: GroupNormOptions = {}): Tensor {
  checkOptions('groupNorm', options, ['weight', 'bias', 'eps']);
  const handle = handleOf('groupNorm', 'x', x);
  integerFor('groupNorm', 'numGroups', numGroups, 1);
  if (x.size === numGroups) {
    throw new ShapeError(`[groupNorm] expected more than 1 value per group, received ${formatShape(x.shape)}`);
  }
  return call(
    op.groupNorm,
    handle,
    numGroups,
    optionalHandle('groupNorm', 'weight', options.weight),
    optionalHandle('groupNorm', 'bias', options.bias),
    options.eps,
  );
}

/**
 * `x / (k + alpha * mean)^beta`, where the mean is that of the squares of `size` neighbouring channels of `[batch, channels, ...]`, with
 * zeros beyond the first and the last. (Krizhevsky, Sutskever, Hinton 2012)
 *
 * @throws ShapeError for less than three dimensions; ArgumentError.
 */
export function localResponseNorm(x: Tensor, size: number, options: LocalResponseNormOptions = {}): Tensor {
  const name = 'localResponseNorm';
  checkOptions(name, options, ['alpha', 'beta', 'k']);
  handleOf(name, 'x', x);
  const { alpha = 1e-4, beta = 0.75, k = 1 } = options;
  for (const [key, value] of Object.entries({ alpha, beta, k })) numberFor(name, key, value);
  integerFor(name, 'size', size, 1);
  if (x.rank < 3) {
    throw new ShapeError(`[${name}] expected [batch, channels, ...] of 3 dimensions or more, received ${x.rank}`);
  }
  const channels = x.shape[1] as number;
  const before = Math.floor(size / 2);
  const around = x.shape.map((_, axis): [number, number] => (axis === 1 ? [before, size - 1 - before] : [0, 0]));
  const squares = pad(square(x), around);
  let sum = slice(squares, 1, 0, channels);
  for (let i = 1; i < size; i++) sum = add(sum, slice(squares, 1, i, i + channels));
  return div(x, pow(add(mul(sum, alpha / size), k), beta));
}
