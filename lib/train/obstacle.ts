// What stands in the way of compiling the steps of a trainer, as far as it can be told before one is traced.
import { Adam, AdamW, Optimizer, SGD } from '../optim';
import type { StepOptions } from './step';

/** Why the steps are not compiled: whose fault it is, and what it is. */
export interface Obstacle {
  who: string;
  reason: string;
}

const ours: readonly unknown[] = [SGD, Adam, AdamW, Optimizer];

// A private field in the source of a class, unless it is called: a method.
const PRIVATE =
  /\.(#[\p{ID_Start}$_][\p{ID_Continue}$]*)(?![\p{ID_Continue}$]|\s*\()|\b__(?:classPrivateField|private)/u;

/** Public fields of an optimizer are compared at every call; a number in a private one may change unseen. */
export function obstacleOf({ optimizer }: StepOptions): Obstacle | undefined {
  if (optimizer === undefined) return undefined;
  const who = optimizer.constructor?.name || 'the optimizer';
  if (!(optimizer instanceof Optimizer)) return { who, reason: 'it does not extend optim.Optimizer' };
  let type: unknown = optimizer.constructor;
  while (typeof type === 'function' && !ours.includes(type)) {
    const found = PRIVATE.exec(Function.prototype.toString.call(type));
    if (found !== null) {
      return { who, reason: `changes of its private field ${found[1] ?? ''} cannot be seen: make the field public` };
    }
    type = Object.getPrototypeOf(type);
  }
  return undefined;
}
