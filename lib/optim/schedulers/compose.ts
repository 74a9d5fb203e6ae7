// Schedules made of schedules.
import { ArgumentError, describe } from '../../errors';
import { checkOptions } from '../../options';
import { LRScheduler, requireCount } from './scheduler';

/** Throws an ArgumentError for anything but schedules of one optimizer. */
function requireSchedulers(caller: string, schedulers: readonly LRScheduler[]): LRScheduler {
  if (!Array.isArray(schedulers)) {
    throw new ArgumentError(`[${caller}] expected a list of schedules, received ${describe(schedulers)}`);
  }
  const [first] = schedulers;
  if (first === undefined) throw new ArgumentError(`[${caller}] expected at least one schedule`);
  for (const [i, scheduler] of schedulers.entries()) {
    if (!(scheduler instanceof LRScheduler)) {
      throw new ArgumentError(
        `[${caller}] item ${i} is no schedule whose rate depends on the count of steps alone but ${describe(scheduler)}`,
      );
    }
    if (scheduler.optimizer !== first.optimizer) {
      throw new ArgumentError(`[${caller}] item ${i} is a schedule of another optimizer than item 0`);
    }
  }
  return first;
}

/**
 * One schedule after another: the schedule `i + 1` begins, from its step 0, when `milestones[i]` steps have been taken. Call `step()`
 * of this one alone.
 *
 * ```ts
 * const warmUp = new optim.LinearLR(optimizer, { startFactor: 0.01, totalIters: 100 });
 * const decay = new optim.CosineAnnealingLR(optimizer, { tMax: 900 });
 * const scheduler = new optim.SequentialLR([warmUp, decay], { milestones: [100] });
 * ```
 *
 * @throws ArgumentError where the schedules are not of one optimizer, and where milestones do not rise or are not one fewer.
 */
export class SequentialLR extends LRScheduler {
  readonly #schedulers: readonly LRScheduler[];
  readonly #milestones: readonly number[];

  constructor(schedulers: readonly LRScheduler[], options: { milestones: readonly number[] }) {
    checkOptions('SequentialLR', options ?? null, ['milestones']);
    const { optimizer } = requireSchedulers('SequentialLR', schedulers);
    const { milestones } = options;
    if (!Array.isArray(milestones) || milestones.length !== schedulers.length - 1) {
      throw new ArgumentError(
        `[SequentialLR] expected ${schedulers.length - 1} milestones for ${schedulers.length} schedules, received ${describe(milestones)}`,
      );
    }
    for (const [i, milestone] of milestones.entries()) {
      requireCount('SequentialLR', 'milestones', milestone, i === 0 ? 0 : milestones[i - 1]);
    }
    super(optimizer, 'SequentialLR');
    this.#schedulers = [...schedulers];
    this.#milestones = [...milestones];
    this.begin();
  }

  rateAt(count: number, initial: number, group = 0): number {
    const i = this.#milestones.filter((milestone) => milestone <= count).length;
    const scheduler = this.#schedulers[i] as LRScheduler;
    return scheduler.rateAt(count - (i === 0 ? 0 : (this.#milestones[i - 1] as number)), initial, group);
  }
}

/**
 * Schedules at the same time: each takes for the first rate what the one before makes of it, so factors are multiplied. Call `step()`
 * of this one alone.
 *
 * @throws ArgumentError where the schedules are not of one optimizer.
 */
export class ChainedScheduler extends LRScheduler {
  readonly #schedulers: readonly LRScheduler[];

  constructor(schedulers: readonly LRScheduler[]) {
    super(requireSchedulers('ChainedScheduler', schedulers).optimizer, 'ChainedScheduler');
    this.#schedulers = [...schedulers];
    this.begin();
  }

  rateAt(count: number, initial: number, group = 0): number {
    return this.#schedulers.reduce((rate, scheduler) => scheduler.rateAt(count, rate, group), initial);
  }
}
