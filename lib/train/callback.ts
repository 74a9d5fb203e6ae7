// What can be hooked into a training run.
import type { Module } from '../nn/module';
import type { Optimizer } from '../optim';
import type { Tensor } from '../tensor';
import type { EpochRecord, History } from './history';
import type { Metric } from './metric';

/** The run as callbacks see it. */
export interface Run {
  readonly model: Module;
  readonly optimizer: Pick<Optimizer, 'lr' | 'step' | 'zeroGrad'>;
  readonly history: History;
  /** Those of the trainer, by name. */
  readonly metrics: Readonly<Record<string, Metric>>;
  /** The current epoch, from 1. */
  readonly epoch: number;
  readonly epochs: number;
  /** Ends training after the current epoch. */
  stop(reason: string): void;
}

/** One step of training. */
export interface BatchRecord {
  /** Number of the batch in its epoch, from 1. */
  batch: number;
  samples: number;
  /** The loss, on the device and valid during the call; reading it waits for the step. */
  loss: Tensor;
}

type Maybe = void | Promise<void>;

/** Hooks; each may be left out, and training waits for the promises they return. An error ends training. */
export interface Callback {
  onFitBegin?(run: Run): Maybe;
  onEpochBegin?(run: Run): Maybe;
  onBatchEnd?(batch: BatchRecord, run: Run): Maybe;
  onEpochEnd?(record: EpochRecord, run: Run): Maybe;
  /** After the last epoch; not when training failed or was aborted. */
  onFitEnd?(run: Run): Maybe;
}
