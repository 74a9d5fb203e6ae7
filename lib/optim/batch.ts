// What an optimizer updates in one call, and how its steps are counted.
import { guard, tracing, untraced } from '../compile/trace';
import { scope } from '../context';
import { ArgumentError } from '../errors';
import type { Tensor } from '../tensor';
import type { ParameterState } from './state';

/** Parameters of one group that have a gradient, of one dtype and on one device: what one native call updates. */
export interface Batch {
  /** What is updated. */
  readonly params: Tensor[];
  /** Their gradients, in the same order. */
  readonly grads: Tensor[];
  /** What is remembered of them, in the same order. */
  readonly states: ParameterState[];
  /**
   * The counts of `states`. An update that asks for them counts the step itself, as `sgdStep` and `adamStep` do with those that they
   * are given; else it is counted afterwards.
   */
  readonly counts: Tensor[];
  /**
   * Number of this step for these parameters, from 1. Waits for the engine to get there; in a compiled step, at every run.
   *
   * @throws ArgumentError when the parameters have taken different numbers of steps: `counts` tells of each.
   */
  readonly step: number;
}

/** A {@link Batch} while it is put together. @internal */
export class ParameterBatch implements Batch {
  readonly params: Tensor[] = [];
  readonly grads: Tensor[] = [];
  readonly states: ParameterState[] = [];
  /** Whether the update counts the step itself. */
  countsItself = false;
  readonly #kind: string;

  constructor(kind: string) {
    this.#kind = kind;
  }

  get counts(): Tensor[] {
    this.countsItself = true;
    return this.states.map((state) => state.count);
  }

  get step(): number {
    const { states } = this;
    const read = () => {
      const [first, ...others] = untraced(() => states.map(({ count }) => Number(count.itemSync()) + 1));
      if (others.some((step) => step !== first)) {
        throw new ArgumentError(`[${this.#kind}] parameters have taken different numbers of steps: use batch.counts`);
      }
      return first as number;
    };
    tracing()?.once();
    return guard(`the number of ${this.#kind}'s step`, read);
  }
}

// One step more for each parameter, unless a failed kernel took its gradient.
export function count({ grads, states }: Batch): void {
  scope(() => {
    for (const [i, { count }] of states.entries()) {
      const some = (grads[i] as Tensor).detach().reshape([-1]).slice(0, 0, 1);
      const none = some.to('bool').to('int64').mul(0).sum();
      count.assign(count.add(none.add(1)));
    }
  });
}
