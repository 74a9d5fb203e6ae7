// What both styles of training get and give.
import type { optim } from 'anneal';
import type { Digits } from './digits';
import type { Classifier } from './model';

export interface Task {
  model: Classifier;
  optimizer: optim.SGD | optim.Adam;
  training: Digits;
  test: Digits;
  epochs: number;
  batchSize: number;
  seed: number;
}

export interface Epoch {
  /** Mean over the samples. */
  loss: number;
  seconds: number;
  samplesPerSecond: number;
}

export interface Outcome {
  epochs: Epoch[];
  /** Share of the test digits that are recognised, from 0 to 1. */
  accuracy: number;
}

/** A test batch is only read, so it may be large. */
export const testBatchSize = 1000;

export function printEpoch(number: number, count: number, loss: number): void {
  console.log(`Epoch [${number}/${count}], Loss: ${loss.toFixed(4)}`);
}
