// Optimizer steps: parameters and their state are updated in place, all parameters of a group in one native call.
import type { Tensor } from '../tensor';
import { callVoid, handlesOf, operator } from './call';

const op = { sgd: operator('sgdStep'), adam: operator('adamStep') };

/** Attributes of {@link sgdStep}. */
export interface SgdStepOptions {
  lr: number;
  /** Default 0. */
  momentum?: number;
  /** Default 0. */
  dampening?: number;
  /** Default 0. */
  weightDecay?: number;
  /** Default false. */
  nesterov?: boolean;
  /** Default false. */
  maximize?: boolean;
  /**
   * By parameter: true sets the momentum buffer to the gradient, as the first step does, instead of updating it. Default: where
   * the count is 0.
   */
  first?: readonly boolean[];
}

/** Attributes of {@link adamStep}. */
export interface AdamStepOptions {
  lr: number;
  /** Default [0.9, 0.999]. */
  betas?: readonly [number, number];
  /** Default 1e-8. */
  eps?: number;
  /** Default 0. */
  weightDecay?: number;
  /** True: weight decay outside of the gradient (AdamW). Default false. */
  decoupled?: boolean;
  /** Default false. */
  maximize?: boolean;
}

/**
 * One step of stochastic gradient descent, in place:
 * `g = (maximize ? -grad : grad) + weightDecay p`; with momentum `b = first ? g : momentum b + (1 - dampening) g` and
 * `g = nesterov ? g + momentum b : b`; `p -= lr g`. All tensors are of one floating-point dtype.
 *
 * @param momentumBuffers null without momentum.
 * @param counts steps that each parameter has taken so far, int64; each becomes one more.
 */
export function sgdStep(
  params: readonly Tensor[],
  grads: readonly Tensor[],
  momentumBuffers: readonly Tensor[] | null,
  counts: readonly Tensor[],
  options: SgdStepOptions,
): void {
  if (params.length === 0) return;
  const { lr, momentum, dampening, weightDecay, nesterov, maximize, first } = options;
  callVoid(
    op.sgd,
    handlesOf('sgdStep', 'params', params),
    handlesOf('sgdStep', 'grads', grads),
    handlesOf('sgdStep', 'momentumBuffers', momentumBuffers ?? []),
    handlesOf('sgdStep', 'counts', counts),
    lr,
    momentum,
    dampening,
    weightDecay,
    nesterov,
    maximize,
    first?.map(Number),
  );
}

/**
 * One step of Adam (Kingma & Ba 2015) or, decoupled, AdamW (Loshchilov & Hutter 2019), in place, with bias correction
 * for step t: `m = beta1 m + (1 - beta1) g`, `v = beta2 v + (1 - beta2) g^2`,
 * `p -= lr / (1 - beta1^t) m / (sqrt(v / (1 - beta2^t)) + eps)`. All tensors are of one floating-point dtype.
 *
 * @param maxExpAvgSqs running maxima of v, used in its place (AMSGrad); null without.
 * @param counts steps that each parameter has taken so far, t - 1, int64; each becomes one more.
 */
export function adamStep(
  params: readonly Tensor[],
  grads: readonly Tensor[],
  expAvgs: readonly Tensor[],
  expAvgSqs: readonly Tensor[],
  maxExpAvgSqs: readonly Tensor[] | null,
  counts: readonly Tensor[],
  options: AdamStepOptions,
): void {
  if (params.length === 0) return;
  const { lr, betas, eps, weightDecay, decoupled, maximize } = options;
  callVoid(
    op.adam,
    handlesOf('adamStep', 'params', params),
    handlesOf('adamStep', 'grads', grads),
    handlesOf('adamStep', 'expAvgs', expAvgs),
    handlesOf('adamStep', 'expAvgSqs', expAvgSqs),
    handlesOf('adamStep', 'maxExpAvgSqs', maxExpAvgSqs ?? []),
    handlesOf('adamStep', 'counts', counts),
    lr,
    betas?.[0],
    betas?.[1],
    eps,
    weightDecay,
    decoupled,
    maximize,
  );
}
