// Dropout of whole channels, and the one that keeps mean and variance. As `dropout`, the functions drop unless `training` is false.
import { ArgumentError, describe, ShapeError } from '../errors';
import { checkOptions } from '../options';
import { formatShape, handleOf, type Tensor } from '../tensor';
import { ones } from './create';
import { add, gt, mul, where } from './pointwise';
import { bernoulli, defaultGenerator, dropout, type Generator } from './random';

/** Options of the dropouts. */
export interface DropoutOptions {
  /** Whether something is dropped at all. Default true. */
  training?: boolean;
  /** Source of the choice; default: the one that `manualSeed` seeds. */
  generator?: Generator;
}

function checkProbability(name: string, probability: number): void {
  if (probability >= 0 && probability <= 1) return;
  throw new ArgumentError(`[${name}] a probability is from 0 to 1, received ${describe(probability)}`);
}

/**
 * {@link dropout} of whole channels of `[batch, channels, ...]`: each channel of each sample is set to 0 or divided by
 * `1 - probability` as a whole. (Tompson et al. 2015)
 *
 * @throws ShapeError for fewer than two dimensions; ArgumentError for a probability outside [0, 1].
 */
export function channelDropout(x: Tensor, probability = 0.5, options: DropoutOptions = {}): Tensor {
  handleOf('channelDropout', 'x', x);
  checkOptions('channelDropout', options, ['training', 'generator']);
  checkProbability('channelDropout', probability);
  const { shape, dtype, device } = x;
  if (shape.length < 2)
    throw new ShapeError(`[channelDropout] expected [batch, channels, ...], received ${formatShape(shape)}`);
  if (!(options.training ?? true) || probability === 0) return x;
  const each = ones([...shape.slice(0, 2), ...shape.slice(2).map(() => 1)], { dtype, device });
  return mul(x, dropout(each, probability, options));
}

// The limit of selu far below 0.
const SATURATED = -1.7580993408473766;

/**
 * Dropout for self-normalizing networks: elements become the limit of {@link selu} at the given probability, and all are then scaled and
 * moved so that mean 0 and variance 1 stay. (Klambauer et al. 2017)
 *
 * @throws ArgumentError for a probability outside [0, 1].
 */
export function alphaDropout(x: Tensor, probability = 0.5, options: DropoutOptions = {}): Tensor {
  return saturate('alphaDropout', x, x.shape, probability, options);
}

/** {@link alphaDropout} of whole channels of `[batch, channels, ...]`. @throws ShapeError, ArgumentError */
export function featureAlphaDropout(x: Tensor, probability = 0.5, options: DropoutOptions = {}): Tensor {
  handleOf('featureAlphaDropout', 'x', x);
  const { shape } = x;
  if (shape.length < 2) {
    throw new ShapeError(`[featureAlphaDropout] expected [batch, channels, ...], received ${formatShape(shape)}`);
  }
  const each = [...shape.slice(0, 2), ...shape.slice(2).map(() => 1)];
  return saturate('featureAlphaDropout', x, each, probability, options);
}

function saturate(name: string, x: Tensor, shape: number[], probability: number, options: DropoutOptions): Tensor {
  handleOf(name, 'x', x);
  checkOptions(name, options, ['training', 'generator']);
  checkProbability(name, probability);
  const { training = true, generator = defaultGenerator } = options;
  if (!training || probability === 0) return x;
  if (probability === 1) return mul(x, 0);
  const kept = gt(bernoulli(shape, 1 - probability, { device: x.device, generator }), 0);
  const scale = 1 / Math.sqrt((1 - probability) * (1 + probability * SATURATED ** 2));
  return add(mul(where(kept, x, SATURATED), scale), -SATURATED * probability * scale);
}
