// RMSprop: the gradient divided by the root of its running mean square.
import { withDefaults } from '../options';
import type { Tensor } from '../tensor';
import { DirectionOptimizer, type DirectionOptions, type DirectionUpdate, decay } from './direction';
import { type ParameterGroup, requireAtLeastZero } from './optimizer';

/** Options of {@link RMSprop}. */
export interface RMSpropOptions extends DirectionOptions {
  /** Decay of the running mean of squares. Default 0.99. */
  alpha: number;
  /** Added to the root. Default 1e-8. */
  eps: number;
  /** Share of the last update that is kept. Default 0. */
  momentum: number;
  /** Whether the square of the running mean is taken off the mean of squares. Default false. */
  centered: boolean;
}

/**
 * RMSprop (Tieleman and Hinton 2012; centered: Graves 2013): `v = alpha v + (1 - alpha) g^2`, centered `v - m^2` with the running mean `m`
 * of the gradient in its place; `u = g / (sqrt(v) + eps)`; with momentum `b = momentum b + u` for `u`; `p -= lr u`. TensorFlow has
 * `eps` inside of the root.
 *
 * @throws ArgumentError for options out of range: all numbers are at least 0.
 */
export class RMSprop extends DirectionOptimizer<RMSpropOptions> {
  constructor(
    params: Iterable<Tensor> | Iterable<ParameterGroup<RMSpropOptions>>,
    options: Partial<RMSpropOptions> = {},
  ) {
    const defaults = {
      lr: 0.01,
      alpha: 0.99,
      eps: 1e-8,
      weightDecay: 0,
      momentum: 0,
      centered: false,
      maximize: false,
    };
    super(params, withDefaults('RMSprop', options, defaults));
  }

  override get kind(): string {
    return 'RMSprop';
  }

  protected override check(options: RMSpropOptions): void {
    super.check(options);
    const { alpha, eps, momentum } = options;
    requireAtLeastZero(this.kind, { alpha, eps, momentum });
  }

  protected direction({ grad, state }: DirectionUpdate, { alpha, eps, momentum, centered }: RMSpropOptions): Tensor {
    let square = decay(state('squareAvg'), alpha, grad.square());
    if (centered) square = square.sub(decay(state('gradAvg'), alpha, grad).square());
    const direction = grad.div(square.sqrt().add(eps));
    if (momentum === 0) return direction;
    const buffer = state('momentumBuffer');
    const next = buffer.mul(momentum).add(direction);
    buffer.assign(next);
    return next;
  }
}
