// Base of the schedules of learning rates: a count of steps, and for each count the rate of each group.
import { ArgumentError, describe } from '../../errors';
import { warnOnce } from '../../warn';
import { type BaseOptions, type Group, type Optimizer, requireAtLeastZero, requireOptimizer } from '../optimizer';

/** What `scheduler.stateDict()` returns; it can be written as JSON. */
export interface SchedulerState {
  /** Name of the schedule. */
  kind: string;
  /** Steps taken. */
  count: number;
  /** Learning rates that the groups began with. */
  initialRates: number[];
}

// What groups began with, for all schedules of an optimizer: the first of them may already have changed the rate when the second is made.
const initialRates = new WeakMap<Group<BaseOptions>, number>();

/** The learning rate that a group had before the first schedule. */
function initialRateOf(group: Group<BaseOptions>): number {
  let rate = initialRates.get(group);
  if (rate === undefined) {
    rate = group.lr;
    initialRates.set(group, rate);
  }
  return rate;
}

/**
 * Base of the schedules of learning rates. A schedule is a function of the number of steps taken and of the rate that a group began
 * with (`rateAt`); `step()` takes one step, usually at the end of each epoch, and sets the rates of all groups. A rate that is set by
 * hand in between lasts until the next step.
 *
 * ```ts
 * const scheduler = new optim.StepLR(optimizer, { stepSize: 30 });
 * for (let epoch = 0; epoch < 90; epoch++) {
 *   // ... all batches: zeroGrad, backward, optimizer.step
 *   scheduler.step();
 * }
 * ```
 *
 * A schedule of your own extends this class and defines `rateAt`. Its constructor ends with `this.begin()`, which sets the rates of
 * step 0.
 */
export abstract class LRScheduler {
  /** The optimizer whose learning rates are set. */
  readonly optimizer: Optimizer;
  /** Name of the schedule, also in saved states. */
  readonly kind: string;
  #count = 0;

  /**
   * @param kind by default the name of the class.
   * @throws ArgumentError for what is no optimizer.
   */
  constructor(optimizer: Optimizer, kind: string = new.target.name) {
    requireOptimizer(kind, optimizer);
    this.optimizer = optimizer;
    this.kind = kind;
    for (const group of optimizer.paramGroups) initialRateOf(group);
  }

  /** Steps taken so far. */
  get count(): number {
    return this.#count;
  }

  /**
   * The learning rate after `count` steps.
   *
   * @param count steps taken, 0 or more.
   * @param initial the rate that the group began with.
   * @param group number of the group.
   */
  abstract rateAt(count: number, initial: number, group: number): number;

  /** Called for each group when rates are set, for schedules of other options. */
  protected adjust(_group: Group<BaseOptions>, _number: number, _count: number): void {}

  /**
   * Takes a step, and sets the rates of all groups. It comes after `optimizer.step()`; where no step of the optimizer came before,
   * that is warned of, since the first rate was never used then.
   *
   * @param count goes to this number of steps instead of the next, which may lie between two: `epoch + batch / batches`.
   * @throws ArgumentError for a count below 0, and a rate that is not a number of at least 0. Nothing is changed then.
   */
  step(count: number = this.#count + 1): void {
    if (!(Number.isFinite(count) && count >= 0)) {
      throw new ArgumentError(`[${this.kind}.step] expected a count of steps, received ${describe(count)}`);
    }
    if (this.#count === 0 && !this.optimizer.hasStepped) {
      warnOnce(
        'ANNEAL_SCHEDULER_BEFORE_OPTIMIZER',
        `[${this.kind}] step() came before the optimizer's first step: call optimizer.step() before it, or the first learning rate is left out`,
      );
    }
    this.#go(count);
  }

  /** Sets the rates of step 0; the last thing that a constructor does. */
  protected begin(): void {
    this.#go(0);
  }

  /** Steps taken and the rates that groups began with: with the optimizer's state, all that training needs to go on. */
  stateDict(): SchedulerState {
    return { kind: this.kind, count: this.#count, initialRates: this.optimizer.paramGroups.map(initialRateOf) };
  }

  /**
   * Takes over a state made by `stateDict` of a schedule of the same kind, and sets the rates.
   *
   * @throws ArgumentError that says what does not fit. Nothing is changed then.
   */
  loadStateDict(state: SchedulerState): void {
    const groups = this.optimizer.paramGroups;
    const refuse = (reason: string): never => {
      throw new ArgumentError(`[${this.kind}.loadStateDict] ${reason}`);
    };
    if (typeof state !== 'object' || state === null || !Array.isArray(state.initialRates)) {
      refuse(`expected a state, received ${describe(state)}`);
    }
    if (state.kind !== this.kind) refuse(`the state is of ${String(state.kind)}`);
    if (!(Number.isFinite(state.count) && state.count >= 0)) refuse(`the state has no count of steps`);
    if (state.initialRates.length !== groups.length) {
      refuse(`the state has ${state.initialRates.length} groups, the optimizer ${groups.length}`);
    }
    for (const rate of state.initialRates) requireAtLeastZero(`${this.kind}.loadStateDict`, { initialRates: rate });
    this.#go(state.count, state.initialRates);
  }

  #go(count: number, initial = this.optimizer.paramGroups.map(initialRateOf)): void {
    const groups = this.optimizer.paramGroups;
    const rates = groups.map((_, i) => this.rateAt(count, initial[i] as number, i));
    for (const lr of rates) requireAtLeastZero(this.kind, { lr });
    for (const [i, group] of groups.entries()) {
      initialRates.set(group, initial[i] as number);
      group.lr = rates[i] as number;
      this.adjust(group, i, count);
    }
    this.#count = count;
  }
}

/** Throws an ArgumentError for a value that is not a number, or below `low`. */
export function requireNumber(caller: string, name: string, value: unknown, low = Number.NEGATIVE_INFINITY): void {
  if (!(typeof value === 'number' && Number.isFinite(value) && value >= low)) {
    const expected = low === Number.NEGATIVE_INFINITY ? 'a number' : `a number of at least ${low}`;
    throw new ArgumentError(`[${caller}] expected ${expected} for ${name}, received ${describe(value)}`);
  }
}

/** Throws an ArgumentError for a value that is no whole number of at least `low`. */
export function requireCount(caller: string, name: string, value: unknown, low = 1): void {
  if (!(Number.isSafeInteger(value) && (value as number) >= low)) {
    throw new ArgumentError(
      `[${caller}] expected a whole number of at least ${low} for ${name}, received ${describe(value)}`,
    );
  }
}

/**
 * An option for all groups, or a list with one value for each.
 *
 * @throws ArgumentError for a list of another length.
 */
export function perGroup<T>(caller: string, name: string, value: T | readonly T[], groups: number): readonly T[] {
  if (!Array.isArray(value)) return new Array<T>(groups).fill(value as T);
  if (value.length !== groups) {
    throw new ArgumentError(`[${caller}] ${name} has ${value.length} values, the optimizer ${groups} groups`);
  }
  return [...value];
}

/** What a list of {@link perGroup} has for a group; one that was added later goes with the last. */
export function ofGroup<T>(list: readonly T[], group: number): T {
  return list[Math.min(group, list.length - 1)] as T;
}
