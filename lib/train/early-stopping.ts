// Early stopping: ends training when a figure no longer improves.
import { keep, noGrad } from '../context';
import { ArgumentError } from '../errors';
import { checkOptions } from '../options';
import type { Tensor } from '../tensor';
import type { Callback, Run } from './callback';
import {
  checkDirection,
  checkMonitor,
  directionOf,
  type EpochRecord,
  isBetter,
  type MonitorMode,
  monitored,
} from './history';

/** Options of {@link EarlyStopping}. */
export interface EarlyStoppingOptions {
  /** Name of the figure: `loss`, `validation.loss`, `validation.accuracy`, ... Default validation.loss. */
  monitor?: string;
  /** Epochs without improvement before training ends. Default 3. */
  patience?: number;
  /** Least change that counts as an improvement. Default 0. */
  minDelta?: number;
  /** Whether smaller or larger is better; see {@link MonitorMode}. Default auto. */
  mode?: MonitorMode;
  /** Whether the model gets back the weights of its best epoch at the end of `fit`. Default false. */
  restoreBest?: boolean;
}

/**
 * Ends training when the monitored figure has not improved for `patience` epochs.
 *
 * @throws ArgumentError for options out of range, and during training when there is no such figure.
 */
export class EarlyStopping implements Callback {
  /** Best value so far. */
  best: number | undefined;
  /** Epoch of the best value, from 1. */
  bestEpoch = 0;
  readonly #options: Required<EarlyStoppingOptions>;
  #weights: Record<string, Tensor> | undefined;

  constructor(options: EarlyStoppingOptions = {}) {
    checkOptions('EarlyStopping', options, ['monitor', 'patience', 'minDelta', 'mode', 'restoreBest']);
    const { monitor = 'validation.loss', patience = 3, minDelta = 0, mode = 'auto', restoreBest = false } = options;
    checkMonitor('EarlyStopping', monitor, mode);
    if (!(Number.isSafeInteger(patience) && patience >= 0)) {
      throw new ArgumentError(`[EarlyStopping] expected a count of epochs for patience, received ${String(patience)}`);
    }
    if (!(minDelta >= 0))
      throw new ArgumentError(`[EarlyStopping] expected minDelta >= 0, received ${String(minDelta)}`);
    this.#options = { monitor, patience, minDelta, mode, restoreBest };
  }

  /** Forgets what it knows of an earlier `fit`. */
  onFitBegin(run: Run): void {
    checkDirection('EarlyStopping', this.#options, run.metrics);
    this.best = undefined;
    this.bestEpoch = 0;
    this.#forget();
  }

  /** Compares the epoch with the best one. */
  onEpochEnd(record: EpochRecord, run: Run): void {
    const { monitor, patience, minDelta, restoreBest } = this.#options;
    const value = monitored('EarlyStopping', record, monitor);
    if (isBetter(value, this.best, directionOf('EarlyStopping', this.#options, run.metrics), minDelta)) {
      this.best = value;
      this.bestEpoch = record.epoch;
      if (restoreBest) this.#remember(run);
    } else if (record.epoch - this.bestEpoch >= patience) {
      run.stop(`${monitor} has not improved for ${record.epoch - this.bestEpoch} epochs`);
    }
  }

  /** Gives the model its best weights back, where that is wanted. */
  onFitEnd(run: Run): void {
    if (this.#weights !== undefined) run.model.loadStateDict(this.#weights);
    this.#forget();
  }

  #remember(run: Run): void {
    this.#forget();
    const copies = Object.entries(run.model.stateDict()).map(([name, value]) => [
      name,
      keep(noGrad(() => value.clone())),
    ]);
    this.#weights = Object.fromEntries(copies) as Record<string, Tensor>;
  }

  #forget(): void {
    for (const tensor of Object.values(this.#weights ?? {})) tensor.dispose();
    this.#weights = undefined;
  }
}
