// What can be hooked into a training run.
import type { Module } from '../nn/module';
import type { Optimizer } from '../optim';
import type { Tensor } from '../tensor';
import type { EpochRecord, History } from './history';
import type { Metrics } from './metric';

/** The run as callbacks see it. */
export interface Run<M extends Metrics = Metrics> {
  /** The model that is trained. */
  readonly model: Module;
  /** The optimizer; its learning rate may be set. */
  readonly optimizer: Pick<Optimizer, 'lr' | 'step' | 'zeroGrad'>;
  /** The epochs so far. */
  readonly history: History<M>;
  /** Those of the trainer, by name. */
  readonly metrics: Readonly<M>;
  /** The current epoch, from 1. */
  readonly epoch: number;
  /** How many epochs were asked for. */
  readonly epochs: number;
  /** Ends training after the current epoch. */
  stop(reason: string): void;
}

/** One step of training. */
export interface BatchRecord {
  /** Number of the batch in its epoch, from 1. */
  batch: number;
  /** Samples in the batch. */
  samples: number;
  /** The loss, on the device and valid during the call; reading it waits for the step. */
  loss: Tensor;
}

type Maybe = void | Promise<void>;

/**
 * Hooks; each may be left out, and training waits for the promises they return. An error ends training. `M` are the metrics of
 * the trainers that it is for; by default it is for all.
 */
export interface Callback<M extends Metrics = Metrics> {
  /** Before the first epoch. */
  onFitBegin?(run: Run<M>): Maybe;
  /** Before the first batch of an epoch. */
  onEpochBegin?(run: Run<M>): Maybe;
  /** After each batch, which is then run by itself. */
  onBatchEnd?(batch: BatchRecord, run: Run<M>): Maybe;
  /** After an epoch and its validation. */
  onEpochEnd?(record: EpochRecord<M>, run: Run<M>): Maybe;
  /** After the last epoch; not when training failed or was aborted. */
  onFitEnd?(run: Run<M>): Maybe;
}
