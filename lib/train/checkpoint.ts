// Checkpoints: the model's state is saved at the end of epochs.
import { promises as fs } from 'node:fs';
import { dirname } from 'node:path';
import { ArgumentError } from '../errors';
import { save } from '../io';
import { checkOptions } from '../options';
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

/** Options of {@link ModelCheckpoint}. */
export interface ModelCheckpointOptions {
  /** Where to save; `{epoch}` in it becomes the number of the epoch. Missing directories are made. */
  path: string;
  /** Figure that decides which epoch is best. Default validation.loss. */
  monitor?: string;
  /** Whether smaller or larger is better; see {@link MonitorMode}. Default auto. */
  mode?: MonitorMode;
  /** Whether only epochs better than all before are saved. Default false: every epoch. */
  saveBestOnly?: boolean;
}

/**
 * Saves the model's state as safetensors after each epoch, or after each that is better than all before. The file is
 * replaced whole, so a crash while saving leaves the last good one.
 *
 * @throws ArgumentError for bad options, and during training when the figure to monitor does not exist.
 */
export class ModelCheckpoint implements Callback {
  /** Best value so far, with `saveBestOnly`. */
  best: number | undefined;
  /** The last file written. */
  lastPath: string | undefined;
  readonly #options: Required<ModelCheckpointOptions>;

  constructor(options: ModelCheckpointOptions) {
    checkOptions('ModelCheckpoint', options ?? null, ['path', 'monitor', 'mode', 'saveBestOnly']);
    const { path, monitor = 'validation.loss', mode = 'auto', saveBestOnly = false } = options;
    if (typeof path !== 'string' || path === '') throw new ArgumentError('[ModelCheckpoint] expected a path');
    checkMonitor('ModelCheckpoint', monitor, mode);
    this.#options = { path, monitor, mode, saveBestOnly };
  }

  /** Forgets what it knows of an earlier `fit`. */
  onFitBegin(run: Run): void {
    if (this.#options.saveBestOnly) checkDirection('ModelCheckpoint', this.#options, run.metrics);
    this.best = undefined;
  }

  /** Saves the epoch, if it is to be saved. */
  async onEpochEnd(record: EpochRecord, run: Run): Promise<void> {
    const { path, monitor, saveBestOnly } = this.#options;
    const metadata: Record<string, string> = { epoch: String(record.epoch), loss: String(record.loss) };
    if (saveBestOnly) {
      const value = monitored('ModelCheckpoint', record, monitor);
      if (!isBetter(value, this.best, directionOf('ModelCheckpoint', this.#options, run.metrics))) return;
      this.best = value;
      metadata[monitor] = String(value);
    }
    const file = path.replaceAll('{epoch}', String(record.epoch));
    await fs.mkdir(dirname(file), { recursive: true });
    await save(file, run.model.stateDict(), metadata);
    this.lastPath = file;
  }
}
