// Adagrad and Adadelta: gradients divided by the root of the sum, or the running mean, of their squares.
import { withDefaults } from '../options';
import type { Tensor } from '../tensor';
import { DirectionOptimizer, type DirectionOptions, type DirectionUpdate, decay } from './direction';
import { type ParameterGroup, requireAtLeastZero } from './optimizer';

/** Options of {@link Adagrad}. */
export interface AdagradOptions extends DirectionOptions {
  /** The rate of step t is `lr / (1 + (t - 1) lrDecay)`. Default 0. */
  lrDecay: number;
  /** What the sum of squares begins with. Default 0. */
  initialAccumulatorValue: number;
  /** Added to the root. Default 1e-10. */
  eps: number;
}

/**
 * Adagrad (Duchi, Hazan and Singer 2011): `s += g^2`, `p -= lr / (1 + (t - 1) lrDecay) g / (sqrt(s) + eps)`.
 *
 * @throws ArgumentError for options out of range: all numbers are at least 0.
 */
export class Adagrad extends DirectionOptimizer<AdagradOptions> {
  constructor(
    params: Iterable<Tensor> | Iterable<ParameterGroup<AdagradOptions>>,
    options: Partial<AdagradOptions> = {},
  ) {
    const defaults = { lr: 0.01, lrDecay: 0, weightDecay: 0, initialAccumulatorValue: 0, eps: 1e-10, maximize: false };
    super(params, withDefaults('Adagrad', options, defaults));
  }

  override get kind(): string {
    return 'Adagrad';
  }

  protected override check(options: AdagradOptions): void {
    super.check(options);
    const { lrDecay, initialAccumulatorValue, eps } = options;
    requireAtLeastZero(this.kind, { lrDecay, initialAccumulatorValue, eps });
  }

  protected direction({ grad, state, step }: DirectionUpdate, options: AdagradOptions): Tensor {
    const { lrDecay, initialAccumulatorValue, eps } = options;
    const sum = state('sum', () => initialAccumulatorValue);
    const next = sum.add(grad.square());
    sum.assign(next);
    const direction = grad.div(next.sqrt().add(eps));
    return lrDecay === 0 ? direction : direction.div(step.sub(1).mul(lrDecay).add(1).to(grad.dtype));
  }
}

/** Options of {@link Adadelta}. */
export interface AdadeltaOptions extends DirectionOptions {
  /** Decay of the running means of squares. Default 0.9. */
  rho: number;
  /** Added to the means of squares, inside of the roots. Default 1e-6. */
  eps: number;
}

/**
 * Adadelta (Zeiler 2012): `v = rho v + (1 - rho) g^2`, `d = sqrt(u + eps) / sqrt(v + eps) g`, `u = rho u + (1 - rho) d^2`, `p -= lr d`. The
 * default rate is 1.
 *
 * @throws ArgumentError for options out of range: all numbers are at least 0.
 */
export class Adadelta extends DirectionOptimizer<AdadeltaOptions> {
  constructor(
    params: Iterable<Tensor> | Iterable<ParameterGroup<AdadeltaOptions>>,
    options: Partial<AdadeltaOptions> = {},
  ) {
    super(params, withDefaults('Adadelta', options, { lr: 1, rho: 0.9, eps: 1e-6, weightDecay: 0, maximize: false }));
  }

  override get kind(): string {
    return 'Adadelta';
  }

  protected override check(options: AdadeltaOptions): void {
    super.check(options);
    requireAtLeastZero(this.kind, { rho: options.rho, eps: options.eps });
  }

  protected direction({ grad, state }: DirectionUpdate, { rho, eps }: AdadeltaOptions): Tensor {
    const square = decay(state('squareAvg'), rho, grad.square());
    const updates = state('accDelta');
    const direction = updates.add(eps).sqrt().div(square.add(eps).sqrt()).mul(grad);
    decay(updates, rho, direction.square());
    return direction;
  }
}
