// Adam and AdamW.
import { adamStep } from '../ops/optimizer';
import { checkOptions } from '../options';
import type { Tensor } from '../tensor';
import { type DynamicOptions, learningRate } from './dynamic';
import {
  type BaseOptions,
  type Batch,
  Optimizer,
  type ParameterGroup,
  requireAtLeastZero,
  requireBetas,
} from './optimizer';

/** Options of {@link Adam} and {@link AdamW}. */
export interface AdamOptions extends BaseOptions {
  /** Decay of the running mean of the gradient and of its square. Default [0.9, 0.999]. */
  betas: [number, number];
  /** Added to the denominator. Default 1e-8. */
  eps: number;
  /** Adam: factor of the L2 penalty, default 0. AdamW: share of the parameter that decays a unit of lr, default 0.01. */
  weightDecay: number;
  /** Divides by the largest running mean of squares so far (Reddi et al. 2018). Default false. */
  amsgrad: boolean;
  /** Ascends instead of descending. Default false. */
  maximize: boolean;
}

const dynamic: DynamicOptions<AdamOptions> = {
  ...learningRate,
  betas: { values: { beta1: ({ betas }) => betas[0], beta2: ({ betas }) => betas[1] } },
};

const optionNames = ['lr', 'betas', 'eps', 'weightDecay', 'amsgrad', 'maximize'];

/**
 * Adam (Kingma & Ba 2015); weight decay is an L2 penalty in the gradient.
 *
 * ```ts
 * const optimizer = new optim.Adam(model.parameters(), { lr: 1e-3 });
 * ```
 *
 * @throws ArgumentError for options out of range: lr, eps and weightDecay are at least 0, betas in [0, 1).
 */
export class Adam extends Optimizer<AdamOptions> {
  constructor(params: Iterable<Tensor> | Iterable<ParameterGroup<AdamOptions>>, options: Partial<AdamOptions> = {}) {
    checkOptions('Adam', options, optionNames);
    const { lr = 1e-3, betas = [0.9, 0.999], eps = 1e-8, weightDecay = 0, amsgrad = false, maximize = false } = options;
    super(params, { lr, betas, eps, weightDecay, amsgrad, maximize });
  }

  override get kind(): string {
    return 'Adam';
  }

  /** Whether weight decay stays out of the gradient. */
  protected get decoupled(): boolean {
    return false;
  }

  protected check({ lr, betas, eps, weightDecay }: AdamOptions): void {
    requireAtLeastZero(this.kind, { lr, eps, weightDecay });
    requireBetas(this.kind, betas);
  }

  protected override get dynamicOptions(): DynamicOptions<AdamOptions> {
    return dynamic;
  }

  protected update({ params, grads, states, counts }: Batch, options: AdamOptions): void {
    const { lr, betas, eps, weightDecay, amsgrad, maximize } = options;
    const state = (name: string): Tensor[] =>
      states.map((entry, i) => this.stateTensor(params[i] as Tensor, entry, name));
    adamStep(params, grads, state('expAvg'), state('expAvgSq'), amsgrad ? state('maxExpAvgSq') : null, counts, {
      lr,
      betas,
      eps,
      weightDecay,
      decoupled: this.decoupled,
      maximize,
    });
  }
}

/**
 * AdamW (Loshchilov & Hutter 2019): Adam whose weight decay shrinks the parameter directly, `p -= lr weightDecay p`.
 *
 * @throws ArgumentError as {@link Adam}.
 */
export class AdamW extends Adam {
  constructor(params: Iterable<Tensor> | Iterable<ParameterGroup<AdamOptions>>, options: Partial<AdamOptions> = {}) {
    checkOptions('AdamW', options, optionNames);
    super(params, { ...options, weightDecay: options.weightDecay ?? 0.01 });
  }

  override get kind(): string {
    return 'AdamW';
  }

  protected override get decoupled(): boolean {
    return true;
  }
}
