// A schedule of learning rates in a training run.
import { ArgumentError, describe } from '../errors';
import { LRScheduler, ReduceLROnPlateau } from '../optim/schedulers';
import { checkOptions } from '../options';
import type { BatchRecord, Callback, Run } from './callback';
import { type EpochRecord, monitored } from './history';

/** Options of {@link LearningRateScheduler}. */
export interface LearningRateSchedulerOptions {
  /** When the schedule takes a step: after each epoch or after each batch. Default epoch. */
  per?: 'epoch' | 'batch';
  /** The figure that {@link ReduceLROnPlateau} waits for. Default validation.loss. */
  monitor?: string;
}

/**
 * Takes the steps of a schedule of learning rates.
 *
 * ```ts
 * callbacks: [new train.LearningRateScheduler(new optim.CosineAnnealingLR(optimizer, { tMax: 10 }))];
 * ```
 *
 * @throws ArgumentError for what is no schedule, options out of range, and, when `fit` begins, a schedule of another optimizer.
 */
export class LearningRateScheduler implements Callback {
  /** After each batch, with `per: 'batch'` alone: batches with hooks are run one by one. */
  readonly onBatchEnd?: (batch: BatchRecord, run: Run) => void;
  readonly #scheduler: LRScheduler | ReduceLROnPlateau;
  readonly #monitor: string;

  constructor(scheduler: LRScheduler | ReduceLROnPlateau, options: LearningRateSchedulerOptions = {}) {
    checkOptions('LearningRateScheduler', options, ['per', 'monitor']);
    const { per = 'epoch', monitor = 'validation.loss' } = options;
    if (!(scheduler instanceof LRScheduler || scheduler instanceof ReduceLROnPlateau)) {
      throw new ArgumentError(`[LearningRateScheduler] expected a schedule, received ${describe(scheduler)}`);
    }
    if (per !== 'epoch' && per !== 'batch') {
      throw new ArgumentError(`[LearningRateScheduler] expected epoch or batch for per, received ${describe(per)}`);
    }
    if (scheduler instanceof LRScheduler) {
      if (per === 'batch') this.onBatchEnd = () => scheduler.step();
    } else if (per === 'batch') {
      throw new ArgumentError('[LearningRateScheduler] ReduceLROnPlateau takes a step per epoch, not per batch');
    }
    this.#scheduler = scheduler;
    this.#monitor = monitor;
  }

  /** Checks that the schedule is of the optimizer that is used. */
  onFitBegin(run: Run): void {
    if (run.optimizer !== this.#scheduler.optimizer) {
      throw new ArgumentError('[LearningRateScheduler] the schedule is of another optimizer than that of the trainer');
    }
  }

  /** Takes a step, unless that is done after batches. */
  onEpochEnd(record: EpochRecord): void {
    const scheduler = this.#scheduler;
    if (scheduler instanceof ReduceLROnPlateau) {
      scheduler.step(monitored('LearningRateScheduler', record, this.#monitor));
    } else if (this.onBatchEnd === undefined) {
      scheduler.step();
    }
  }
}
