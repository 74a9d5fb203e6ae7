// An optimizer as a user may write one, whose update depends on the number of the step.
import { optim } from 'anneal';

/** `p -= lr / step * g`. */
export class Decaying extends optim.Optimizer<optim.BaseOptions> {
  protected check() {}
  protected update({ params, grads, step }: optim.Batch, { lr }: optim.BaseOptions) {
    for (const [i, param] of params.entries()) param.assign(param.sub(grads[i].mul(lr / step)));
  }
}
