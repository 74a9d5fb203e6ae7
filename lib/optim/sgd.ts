// Stochastic gradient descent, with momentum, Nesterov momentum and weight decay.
import { guard } from '../compile/trace';
import { ArgumentError } from '../errors';
import { sgdStep } from '../ops/optimizer';
import { withDefaults } from '../options';
import type { Tensor } from '../tensor';
import { type DynamicOptions, learningRate } from './dynamic';
import { type BaseOptions, type Batch, Optimizer, type ParameterGroup, requireAtLeastZero } from './optimizer';

/** Options of {@link SGD}. */
export interface SGDOptions extends BaseOptions {
  /** Share of the last update that is kept. Default 0. */
  momentum: number;
  /** Share of the gradient that does not enter the momentum. Default 0. */
  dampening: number;
  /** Factor of the L2 penalty, added to the gradient. Default 0. */
  weightDecay: number;
  /** Looks ahead by one step of momentum. Default false. */
  nesterov: boolean;
  /** Ascends instead of descending. Default false. */
  maximize: boolean;
}

// Without momentum there are no buffers: another step.
const dynamic: DynamicOptions<SGDOptions> = {
  ...learningRate,
  momentum: {
    values: { momentum: ({ momentum }) => momentum },
    isSameStep: (now, before) => typeof now === 'number' && (now === 0) === (before === 0),
  },
};

/**
 * Stochastic gradient descent: `p -= lr g`, with momentum as PyTorch defines it (Sutskever et al. 2013): `b = momentum b
 * + (1 - dampening) g` (the first b is g), `p -= lr b`, or with Nesterov `p -= lr (g + momentum b)`.
 *
 * ```ts
 * const optimizer = new optim.SGD(model.parameters(), { lr: 0.01, momentum: 0.9 });
 * ```
 *
 * @throws ArgumentError for options out of range: lr, momentum and weightDecay are at least 0; nesterov needs a
 * momentum and no dampening.
 */
export class SGD extends Optimizer<SGDOptions> {
  constructor(params: Iterable<Tensor> | Iterable<ParameterGroup<SGDOptions>>, options: Partial<SGDOptions> = {}) {
    const defaults = { lr: 1e-3, momentum: 0, dampening: 0, weightDecay: 0, nesterov: false, maximize: false };
    super(params, withDefaults('SGD', options, defaults));
  }

  override get kind(): string {
    return 'SGD';
  }

  protected check({ lr, momentum, dampening, weightDecay, nesterov }: SGDOptions): void {
    requireAtLeastZero(this.kind, { lr, momentum, weightDecay });
    if (!Number.isFinite(dampening)) throw new ArgumentError(`[SGD] expected a number for dampening`);
    if (nesterov && (momentum === 0 || dampening !== 0)) {
      throw new ArgumentError('[SGD] nesterov needs a momentum above 0 and a dampening of 0');
    }
  }

  protected override get dynamicOptions(): DynamicOptions<SGDOptions> {
    return dynamic;
  }

  protected update({ params, grads, states, counts }: Batch, options: SGDOptions): void {
    const { lr, momentum, dampening, weightDecay, nesterov, maximize } = options;
    // The kernel knows the first step of a parameter by its count; this is for a momentum that is set later. Without dampening, a
    // buffer of zeros comes to the same, and a compiled step need not tell.
    const first = states.map(
      (state) => dampening !== 0 && guard('the first step of SGD', () => !state.tensors.has('momentumBuffer')),
    );
    const buffers =
      momentum === 0 ? null : states.map((state, i) => this.stateTensor(params[i] as Tensor, state, 'momentumBuffer'));
    sgdStep(params, grads, buffers, counts, { lr, momentum, dampening, weightDecay, nesterov, maximize, first });
  }
}
