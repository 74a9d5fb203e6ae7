// Relatives of Adam: Adamax, NAdam and RAdam.
import { maximum, pow, where } from '../ops/pointwise';
import { withDefaults } from '../options';
import type { Tensor } from '../tensor';
import { DirectionOptimizer, type DirectionOptions, type DirectionUpdate, decay, lostWith } from './direction';
import { type ParameterGroup, requireAtLeastZero, requireBetas } from './optimizer';

/** Options of {@link Adamax}. */
export interface AdamaxOptions extends DirectionOptions {
  /** Decay of the running mean of the gradient, and of its largest size. Default [0.9, 0.999]. */
  betas: [number, number];
  /** Added to the size of the gradient. Default 1e-8. */
  eps: number;
}

abstract class AdamRelative<O extends AdamaxOptions> extends DirectionOptimizer<O> {
  protected override check(options: O): void {
    super.check(options);
    requireAtLeastZero(this.kind, { eps: options.eps });
    requireBetas(this.kind, options.betas);
  }
}

/**
 * Adamax (Kingma and Ba 2015, section 7.1): `m = b1 m + (1 - b1) g`, `u = max(b2 u, |g| + eps)`, `p -= lr / (1 - b1^t) m / u`.
 *
 * @throws ArgumentError for options out of range: lr, eps and weightDecay are at least 0, betas in [0, 1).
 */
export class Adamax extends AdamRelative<AdamaxOptions> {
  constructor(
    params: Iterable<Tensor> | Iterable<ParameterGroup<AdamaxOptions>>,
    options: Partial<AdamaxOptions> = {},
  ) {
    const defaults: AdamaxOptions = { lr: 0.002, betas: [0.9, 0.999], eps: 1e-8, weightDecay: 0, maximize: false };
    super(params, withDefaults('Adamax', options, defaults));
  }

  override get kind(): string {
    return 'Adamax';
  }

  protected direction({ grad, state, step }: DirectionUpdate, { betas, eps }: AdamaxOptions): Tensor {
    const mean = decay(state('expAvg'), betas[0], grad);
    const largest = state('expInf');
    const next = maximum(largest.mul(betas[1]), grad.abs().add(eps));
    largest.assign(next);
    return mean.div(biasOf(betas[0], step).to(grad.dtype)).div(next);
  }
}

/** Options of {@link NAdam}. */
export interface NAdamOptions extends AdamaxOptions {
  /** How fast the momentum grows to the first of `betas`. Default 0.004. */
  momentumDecay: number;
  /** Whether weight decay shrinks the parameter directly instead of adding to the gradient. Default false. */
  decoupledWeightDecay: boolean;
}

/**
 * NAdam (Dozat 2016): Adam that looks ahead by one step of momentum. `mu_t = b1 (1 - 0.96^(t momentumDecay) / 2)`, and with the bias-free `v` and
 * `P_t = mu_1 ... mu_t`: `p -= lr ((1 - mu_t) / (1 - P_t) g + mu_(t+1) / (1 - P_(t+1)) m) / (sqrt(v) + eps)`.
 *
 * @throws ArgumentError for options out of range: numbers are at least 0, betas in [0, 1).
 */
export class NAdam extends AdamRelative<NAdamOptions> {
  constructor(params: Iterable<Tensor> | Iterable<ParameterGroup<NAdamOptions>>, options: Partial<NAdamOptions> = {}) {
    const defaults: NAdamOptions = {
      lr: 0.002,
      betas: [0.9, 0.999],
      eps: 1e-8,
      weightDecay: 0,
      momentumDecay: 4e-3,
      decoupledWeightDecay: false,
      maximize: false,
    };
    super(params, withDefaults('NAdam', options, defaults));
  }

  override get kind(): string {
    return 'NAdam';
  }

  protected override check(options: NAdamOptions): void {
    super.check(options);
    requireAtLeastZero(this.kind, { momentumDecay: options.momentumDecay });
  }

  protected override isDecoupled({ decoupledWeightDecay }: NAdamOptions): boolean {
    return decoupledWeightDecay;
  }

  protected direction({ grad, state, step }: DirectionUpdate, { betas, eps, momentumDecay }: NAdamOptions): Tensor {
    const [beta1, beta2] = betas;
    const momentumOf = (t: Tensor) =>
      pow(0.96, t.mul(momentumDecay))
        .mul(-0.5 * beta1)
        .add(beta1);
    const momentum = momentumOf(step).to(grad.dtype);
    const following = momentumOf(step.add(1)).to(grad.dtype);
    // The product so far is the same for all elements, and shaped like the parameter as every state is.
    const products = state('muProduct', () => 1);
    const product = lostWith(grad, products.mul(momentum));
    products.assign(product);
    const mean = decay(state('expAvg'), beta1, grad);
    const square = decay(state('expAvgSq'), beta2, grad.square());
    const root = square.div(biasOf(beta2, step).to(grad.dtype)).sqrt().add(eps);
    const own = grad.mul(momentum.neg().add(1)).div(product.neg().add(1));
    const ahead = mean.mul(following).div(product.mul(following).neg().add(1));
    return own.add(ahead).div(root);
  }
}

/** Options of {@link RAdam}. */
export interface RAdamOptions extends AdamaxOptions {
  /** Whether weight decay shrinks the parameter directly instead of adding to the gradient. Default false. */
  decoupledWeightDecay: boolean;
}

/**
 * RAdam (Liu et al. 2020): Adam that leaves out the division by `sqrt(v)` while that is known from few steps, and weakens it after that.
 * With `r = 2 / (1 - b2) - 1` and `r_t = r - 2 t b2^t / (1 - b2^t)`: `p -= lr m`, and where `r_t > 5`
 * `p -= lr m sqrt((r_t - 4) (r_t - 2) r / ((r - 4) (r - 2) r_t)) / (sqrt(v) + eps)`, `m` and `v` without bias.
 *
 * @throws ArgumentError for options out of range: lr, eps and weightDecay are at least 0, betas in [0, 1).
 */
export class RAdam extends AdamRelative<RAdamOptions> {
  constructor(params: Iterable<Tensor> | Iterable<ParameterGroup<RAdamOptions>>, options: Partial<RAdamOptions> = {}) {
    const defaults: RAdamOptions = {
      lr: 1e-3,
      betas: [0.9, 0.999],
      eps: 1e-8,
      weightDecay: 0,
      decoupledWeightDecay: false,
      maximize: false,
    };
    super(params, withDefaults('RAdam', options, defaults));
  }

  override get kind(): string {
    return 'RAdam';
  }

  protected override isDecoupled({ decoupledWeightDecay }: RAdamOptions): boolean {
    return decoupledWeightDecay;
  }

  protected direction({ grad, state, step }: DirectionUpdate, { betas, eps }: RAdamOptions): Tensor {
    const [beta1, beta2] = betas;
    const mean = decay(state('expAvg'), beta1, grad).div(biasOf(beta1, step).to(grad.dtype));
    const square = decay(state('expAvgSq'), beta2, grad.square());
    const whole = 2 / (1 - beta2) - 1;
    const bias = biasOf(beta2, step);
    const length = step.mul(2).mul(bias.neg().add(1)).div(bias).neg().add(whole);
    const share = length
      .sub(4)
      .mul(length.sub(2))
      .mul(whole)
      .div(length.mul((whole - 4) * (whole - 2)));
    // Where the length is too small the root would be of a negative number: its place is taken, and its value is not used.
    const factor = maximum(share, 0).mul(bias).sqrt().to(grad.dtype);
    return where(length.gt(5), mean.mul(factor).div(square.sqrt().add(eps)), mean);
  }
}

/** `1 - beta^t`, by which a running mean is too small. */
function biasOf(beta: number, step: Tensor): Tensor {
  return pow(beta, step).neg().add(1);
}
