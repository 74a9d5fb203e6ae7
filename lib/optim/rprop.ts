// Rprop: a step size for each element, that grows while the gradient keeps its sign.
import { ArgumentError } from '../errors';
import { where } from '../ops/pointwise';
import { checkOptions } from '../options';
import type { Tensor } from '../tensor';
import { DirectionOptimizer, type DirectionOptions, type DirectionUpdate } from './direction';
import type { ParameterGroup } from './optimizer';

/** Options of {@link Rprop}. */
export interface RpropOptions extends DirectionOptions {
  /** Factors of a step size when the sign has changed, and when it has not. Default [0.5, 1.2]. */
  etas: [number, number];
  /** The least and the largest step size. Default [1e-6, 50]. */
  stepSizes: [number, number];
}

/**
 * Resilient backpropagation (Riedmiller and Braun 1993), for gradients of all data at once: the step size of an element begins with `lr`,
 * and is multiplied by `etas[1]` while the gradient keeps its sign and by `etas[0]` when it changes; then the element stays where it is for one
 * step. `p -= size sign(g)`.
 *
 * @throws ArgumentError for options out of range: 0 < etas[0] < 1 < etas[1].
 */
export class Rprop extends DirectionOptimizer<RpropOptions> {
  constructor(params: Iterable<Tensor> | Iterable<ParameterGroup<RpropOptions>>, options: Partial<RpropOptions> = {}) {
    checkOptions('Rprop', options, ['lr', 'etas', 'stepSizes', 'maximize']);
    const { lr = 0.01, etas = [0.5, 1.2], stepSizes = [1e-6, 50], maximize = false } = options;
    super(params, { lr, etas, stepSizes, maximize, weightDecay: 0 });
  }

  override get kind(): string {
    return 'Rprop';
  }

  protected override check(options: RpropOptions): void {
    super.check(options);
    const { etas, stepSizes } = options;
    if (!Array.isArray(etas) || !(0 < etas[0] && etas[0] < 1 && 1 < etas[1])) {
      throw new ArgumentError(`[Rprop] expected one eta in (0, 1) and one above 1, received [${String(etas)}]`);
    }
    if (!Array.isArray(stepSizes) || !(0 <= stepSizes[0] && stepSizes[0] <= stepSizes[1])) {
      throw new ArgumentError(`[Rprop] expected a least and a largest step size, received [${String(stepSizes)}]`);
    }
  }

  protected override rateOf(): number {
    return 1;
  }

  protected direction({ grad, state }: DirectionUpdate, options: RpropOptions): Tensor {
    const { etas, stepSizes } = options;
    const [previous, size] = [state('prev'), state('stepSize', () => options.lr)];
    const agreement = previous.mul(grad).sign();
    const next = where(agreement.gt(0), size.mul(etas[1]), where(agreement.lt(0), size.mul(etas[0]), size));
    const bounded = next.clamp(stepSizes[0], stepSizes[1]);
    const kept = where(agreement.lt(0), 0, grad);
    size.assign(bounded);
    previous.assign(kept);
    return kept.sign().mul(bounded);
  }
}
