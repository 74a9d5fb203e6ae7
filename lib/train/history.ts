// What a training run reports, and looking up a figure in it by name.
import { ArgumentError } from '../errors';
import type { Metrics, MetricValue, MetricValues } from './metric';

/** Loss and metrics over one pass through some data. `M` are the metrics of the trainer. */
export interface Evaluation<M extends Metrics = Metrics> {
  /** Mean over samples. */
  loss: number;
  /** Values of the metrics, by name. */
  metrics: MetricValues<M>;
  /** Samples that were seen. */
  samples: number;
  /** How long it took. */
  seconds: number;
}

/** One epoch of training; `seconds` does not count validation. Metrics are those of outputs made while training. */
export interface EpochRecord<M extends Metrics = Metrics> extends Evaluation<M> {
  /** From 1. */
  epoch: number;
  /** Samples per second of training. */
  samplesPerSecond: number;
  /** At the end of the epoch, of the first group. */
  learningRate: number;
  /** Loss and metrics over the validation data, if there are any. */
  validation?: Evaluation<M>;
}

/** What `fit` returns. */
export interface History<M extends Metrics = Metrics> {
  /** One record per epoch. */
  epochs: EpochRecord<M>[];
  /** Why training ended before the last epoch, if it did. */
  stopReason?: string;
}

/**
 * Whether smaller or larger is better. auto: as the metric says ({@link Metric.mode}), smaller for losses and for names of errors
 * (`mae`, `perplexity`), larger for names of scores (`accuracy`, `auc`).
 */
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
export function isBetter(value: number, best: number | undefined, mode: 'min' | 'max', minDelta = 0): boolean {
  if (Number.isNaN(value)) return false;
  if (best === undefined) return true;
  return mode === 'min' ? value < best - minDelta : value > best + minDelta;
}

/** The options of a callback that watches a figure. */
interface Monitored {
  monitor: string;
  mode: MonitorMode;
}

const SMALLER = new Set(
  'loss error err mae mse rmse mape smape msle rmsle nll bce perplexity ppl wer cer eer fid deviance divergence distance cost'.split(
    ' ',
  ),
);
const LARGER = new Set(
  'accuracy acc top1 top5 precision recall sensitivity specificity f1 fbeta auc auroc auprc score r2 iou miou dice jaccard bleu rouge map ndcg mrr kappa mcc correlation pearson spearman similarity psnr ssim reward'.split(
    ' ',
  ),
);

/**
 * Whether smaller or larger values of a figure are better.
 *
 * @throws ArgumentError in mode auto where neither the metric nor its name tells
 */
export function directionOf(caller: string, { monitor, mode }: Monitored, metrics: Readonly<Metrics>): 'min' | 'max' {
  if (mode !== 'auto') return mode;
  const name = nameOf(monitor);
  if (name === 'loss') return 'min';
  const told = Object.hasOwn(metrics, name) ? metrics[name]?.mode : undefined;
  if (told !== undefined) return told;
  const words = name
    .replace(/([a-z])([A-Z])/g, '$1 $2')
    .toLowerCase()
    .split(/[^a-z0-9]+/);
  if (words.some((word) => SMALLER.has(word))) return 'min';
  if (words.some((word) => LARGER.has(word))) return 'max';
  throw new ArgumentError(
    `[${caller}] nothing tells whether smaller or larger is better for '${monitor}': set mode to 'min' or 'max', here or in the metric`,
  );
}

/** As {@link directionOf}, at the beginning of a run: a figure that is not there yet is told when it is read. */
export function checkDirection(caller: string, monitored: Monitored, metrics: Readonly<Metrics>): void {
  if (Object.hasOwn(metrics, nameOf(monitored.monitor))) directionOf(caller, monitored, metrics);
}

function nameOf(monitor: string): string {
  return monitor.replace(/^validation\./, '');
}

/** Checks options that callbacks share. */
export function checkMonitor(caller: string, monitor: unknown, mode: unknown): void {
  if (typeof monitor !== 'string') throw new ArgumentError(`[${caller}] expected a name for monitor`);
  if (mode !== 'auto' && mode !== 'min' && mode !== 'max') {
    throw new ArgumentError(`[${caller}] expected auto, min or max for mode, received ${String(mode)}`);
  }
}
