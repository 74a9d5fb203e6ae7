// What a training run reports, and looking up a figure in it by name.
import { ArgumentError } from '../errors';
import type { MetricValue } from './metric';

/** Loss and metrics over one pass through some data. */
export interface Evaluation {
  /** Mean over samples. */
  loss: number;
  metrics: Record<string, MetricValue>;
  samples: number;
  seconds: number;
}

/** One epoch of training; `seconds` does not count validation. Metrics are those of outputs made while training. */
export interface EpochRecord extends Evaluation {
  /** From 1. */
  epoch: number;
  samplesPerSecond: number;
  learningRate: number;
  validation?: Evaluation;
}

/** What `fit` returns. */
export interface History {
  epochs: EpochRecord[];
  /** Why training ended before the last epoch, if it did. */
  stopReason?: string;
}

/** Whether smaller or larger is better; auto: smaller for names that end in `loss`. */
export type MonitorMode = 'auto' | 'min' | 'max';

/**
 * A figure of an epoch by name: `loss`, `accuracy`, `validation.loss`, `validation.accuracy`.
 *
 * @throws ArgumentError that lists the names there are.
 */
export function monitored(caller: string, record: EpochRecord, name: string): number {
  const figures = new Map<string, MetricValue>();
  const collect = (prefix: string, part: Evaluation): void => {
    figures.set(`${prefix}loss`, part.loss);
    for (const [metric, value] of Object.entries(part.metrics)) figures.set(prefix + metric, value);
  };
  collect('', record);
  if (record.validation !== undefined) collect('validation.', record.validation);
  const value = figures.get(name);
  if (typeof value === 'number') return value;
  const names = [...figures].filter(([, figure]) => typeof figure === 'number').map(([key]) => key);
  throw new ArgumentError(`[${caller}] there is no number '${name}' to monitor; there are ${names.join(', ')}`);
}

/** True when `value` is better than `best` by more than `minDelta`; NaN never is. */
export function isBetter(
  value: number,
  best: number | undefined,
  name: string,
  mode: MonitorMode,
  minDelta = 0,
): boolean {
  if (Number.isNaN(value)) return false;
  if (best === undefined) return true;
  const smaller = mode === 'min' || (mode === 'auto' && name.endsWith('loss'));
  return smaller ? value < best - minDelta : value > best + minDelta;
}

/** Checks options that callbacks share. */
export function checkMonitor(caller: string, monitor: unknown, mode: unknown): void {
  if (typeof monitor !== 'string') throw new ArgumentError(`[${caller}] expected a name for monitor`);
  if (mode !== 'auto' && mode !== 'min' && mode !== 'max') {
    throw new ArgumentError(`[${caller}] expected auto, min or max for mode, received ${String(mode)}`);
  }
}
