// Base of the optimizers that are written in operators: what differs is the direction in which a parameter goes.
import { scope } from '../context';
import { sgdStep } from '../ops/optimizer';
import type { Tensor } from '../tensor';
import { type BaseOptions, type Batch, Optimizer, type ParameterState, requireAtLeastZero } from './optimizer';

/** Options that all these optimizers have. */
export interface DirectionOptions extends BaseOptions {
  /** Factor of the L2 penalty, added to the gradient. Default 0. */
  weightDecay: number;
  /** Ascends instead of descending. Default false. */
  maximize: boolean;
}

/** A parameter whose direction is asked for. */
export interface DirectionUpdate {
  /** The parameter. */
  param: Tensor;
  /** Its gradient: negated where the optimizer ascends, with the penalty unless that is decoupled. */
  grad: Tensor;
  /** State tensor of a name, shaped like the parameter. It begins with what `initial` returns, by default 0. */
  state(name: string, initial?: () => number): Tensor;
  /** The number of this step, from 1, made when it is asked for: float64 of shape [], since powers of it come close to 1. */
  readonly step: Tensor;
}

/**
 * Base of optimizers that say in which direction a parameter goes: `p -= lr direction`.
 *
 * ```ts
 * class Signs extends optim.DirectionOptimizer<optim.DirectionOptions> {
 *   protected direction({ grad }: optim.DirectionUpdate) {
 *     return grad.sign();
 *   }
 * }
 * new Signs(model.parameters(), { lr: 0.01, weightDecay: 0, maximize: false });
 * ```
 *
 * State is written by `assign`, which a lost gradient prevents, as it prevents the step itself. The rate is looked
 * up at each run of a compiled step, so schedules cost no new trace.
 */
export abstract class DirectionOptimizer<O extends DirectionOptions> extends Optimizer<O> {
  /** The direction of one parameter; updates its state. */
  protected abstract direction(update: DirectionUpdate, options: O): Tensor;

  /** Factor of the direction. */
  protected rateOf({ lr }: O): number {
    return lr;
  }

  /** Whether weight decay stays out of the gradient: `p -= lr weightDecay p`. */
  protected isDecoupled(_options: O): boolean {
    return false;
  }

  protected override check({ lr, weightDecay }: O): void {
    requireAtLeastZero(this.kind, { lr, weightDecay });
  }

  protected update({ params, grads, states, counts }: Batch, options: O): void {
    const { weightDecay, maximize } = options;
    const decoupled = weightDecay !== 0 && this.isDecoupled(options);
    scope(() => {
      const directions = params.map((param, i) => {
        const penalty = weightDecay === 0 ? undefined : param.detach().mul(weightDecay);
        const raw = maximize ? (grads[i] as Tensor).neg() : (grads[i] as Tensor);
        const direction = this.direction(
          {
            param,
            grad: penalty === undefined || decoupled ? raw : raw.add(penalty),
            state: (name, initial) => this.stateTensor(param, states[i] as ParameterState, name, initial),
            get step() {
              return (counts[i] as Tensor).add(1).to('float64');
            },
          },
          options,
        );
        return decoupled ? direction.add(penalty as Tensor) : direction;
      });
      sgdStep(params, directions, null, counts, { lr: this.rateOf(options) });
    });
  }
}

/** `b = beta b + (1 - beta) x`, a running mean; returns its new value. */
export function decay(mean: Tensor, beta: number, x: Tensor): Tensor {
  const next = mean.mul(beta).add(x.mul(1 - beta));
  mean.assign(next);
  return next;
}

/** x, which is lost where the gradient is: for state that is updated without it. */
export function lostWith(grad: Tensor, x: Tensor): Tensor {
  return x.add(grad.to('bool').to(x.dtype).mul(0)); // by way of bool, since NaN times 0 is not 0
}
