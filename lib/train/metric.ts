// Metrics: measured batch by batch on the device, read at the end of an epoch.
import { untraced } from '../compile/trace';
import { keep, noGrad, scope } from '../context';
import type { Device } from '../device';
import { ArgumentError, describe } from '../errors';
import { zeros, zerosLike } from '../ops/create';
import { overwrite } from '../ops/overwrite';
import { checkOptions } from '../options';
import { Tensor } from '../tensor';
import { checkDecision, type DecisionOptions, decide } from './decision';

/** What a metric comes to: one number, one per class, or a matrix. */
export type MetricValue = number | number[] | number[][];

/**
 * A measure of how outputs agree with targets, accumulated over batches. Write your own by implementing it: `Metric<number, Heads>` for
 * a model whose `forward` returns `Heads`, such as an object of tensors.
 */
export interface Metric<V extends MetricValue = MetricValue, Output = Tensor> {
  /** Whether smaller or larger values are better: for callbacks in mode auto, which else go by the name. */
  readonly mode?: 'min' | 'max';
  /** Starts again. */
  reset(): void;
  /**
   * Takes in one batch. Called without gradients and inside a scope: `keep` the tensors that have to stay. The Trainer may call it
   * for several batches once their steps have been taken, so it should look at its arguments only, not at the model.
   */
  update(output: Output, target: Tensor): void;
  /** The value over all batches since the last reset. */
  compute(): Promise<V>;
}

/** Metrics by name, as a trainer has them whose model returns `Output`; of any model without it. */
export type Metrics<Output = never> = Record<string, Metric<MetricValue, Output>>;

/** What each of these metrics comes to, by name: a number for `{ accuracy: train.accuracy() }`. */
export type MetricValues<M extends Metrics> = {
  [Name in keyof M]: NonNullable<M[Name]> extends Metric<infer V, never> ? V : never;
};

/** Under this name a metric has that `update` which may become part of a compiled step: it runs there only once. @internal */
export const traceable = Symbol('anneal.traceable');

/** Whether `update` may become part of a compiled step: not one that others have put in its place. */
export function isTraceable(metric: Metric<MetricValue, never>): boolean {
  return (metric as { [traceable]?: unknown })[traceable] === metric.update;
}

/** Options of precision, recall and F1. */
export interface AverageOptions extends DecisionOptions {
  /**
   * binary: of class 1 alone; macro: mean over the classes that occur; weighted: that mean weighted by true samples;
   * micro: all decisions together; none: one value per class. Default binary for two classes, macro for more.
   */
  average?: 'binary' | 'macro' | 'micro' | 'weighted' | 'none';
}

/** Averages that come to one number. */
type SingleAverage = AverageOptions & { average?: Exclude<AverageOptions['average'], 'none'> };

const decisionOptionNames = ['task', 'threshold', 'logits', 'ignoreIndex'];

/** Share of samples whose predicted class is the true one. */
export function accuracy(options: DecisionOptions = {}): Metric<number> {
  checkOptions('accuracy', options, decisionOptionNames);
  return derived('accuracy', options, (matrix) => {
    const total = sum(matrix.flat());
    return total === 0 ? Number.NaN : sum(matrix.map((row, i) => row[i] ?? 0)) / total;
  });
}

/** Samples by true class (rows) and predicted class (columns). */
export function confusionMatrix(options: DecisionOptions = {}): Metric<number[][]> {
  checkOptions('confusionMatrix', options, decisionOptionNames);
  return derived('confusionMatrix', options, (matrix) => matrix);
}

/** True positives over predicted positives, `tp / (tp + fp)`; 0 where nothing was predicted. */
export function precision(options?: SingleAverage): Metric<number>;
export function precision(options: AverageOptions): Metric<number | number[]>;
export function precision(options: AverageOptions = {}): Metric<number | number[]> {
  return averaged('precision', options, ({ tp, fp }) => ratio(tp, tp + fp));
}

/** True positives over true samples, `tp / (tp + fn)`; 0 where there were none. */
export function recall(options?: SingleAverage): Metric<number>;
export function recall(options: AverageOptions): Metric<number | number[]>;
export function recall(options: AverageOptions = {}): Metric<number | number[]> {
  return averaged('recall', options, ({ tp, fn }) => ratio(tp, tp + fn));
}

/** Harmonic mean of precision and recall, `2 tp / (2 tp + fp + fn)`. */
export function f1(options?: SingleAverage): Metric<number>;
export function f1(options: AverageOptions): Metric<number | number[]>;
export function f1(options: AverageOptions = {}): Metric<number | number[]> {
  return averaged('f1', options, ({ tp, fp, fn }) => ratio(2 * tp, 2 * tp + fp + fn));
}

interface Counts {
  tp: number;
  fp: number;
  fn: number;
}

function averaged(name: string, options: AverageOptions, score: (counts: Counts) => number): Metric<number | number[]> {
  checkOptions(name, options, [...decisionOptionNames, 'average']);
  const { average } = options;
  if (average !== undefined && !['binary', 'macro', 'micro', 'weighted', 'none'].includes(average)) {
    throw new ArgumentError(`[${name}] unknown average '${String(average)}'`);
  }
  return derived<number | number[]>(name, options, (matrix) => {
    const counts = matrix.map((row, i) => {
      const tp = row[i] ?? 0;
      return { tp, fp: sum(matrix.map((other) => other[i] ?? 0)) - tp, fn: sum(row) - tp };
    });
    const scores = counts.map(score);
    switch (average ?? (matrix.length === 2 ? 'binary' : 'macro')) {
      case 'none':
        return scores;
      case 'binary':
        if (matrix.length !== 2) throw new ArgumentError(`[${name}] 'binary' is for two classes, not ${matrix.length}`);
        return scores[1] as number;
      case 'micro':
        return score({ tp: total(counts, 'tp'), fp: total(counts, 'fp'), fn: total(counts, 'fn') });
      case 'macro':
        return mean(
          scores,
          counts.map(({ tp, fp, fn }) => (tp + fp + fn > 0 ? 1 : 0)),
        );
      case 'weighted':
        return mean(
          scores,
          counts.map(({ tp, fn }) => tp + fn),
        );
    }
  });
}

// Every metric here is a function of the confusion matrix, int64 [classes * classes], which stays on the device.
function derived<V extends MetricValue>(
  name: string,
  options: DecisionOptions,
  value: (matrix: number[][]) => V,
): Metric<V> {
  checkDecision(name, options);
  // Updated in place, so that a compiled step can do it.
  let counts: Tensor | undefined;
  let classes = 0;
  let updated = false; // by a call, since the last reset
  const cleared = (size: number, device: Device) =>
    untraced(() => keep(zeros([size * size], { dtype: 'int64', device })));
  const metric: Metric<V> = {
    mode: 'max',
    reset() {
      if (counts !== undefined) overwrite(counts, zerosLike(counts));
      updated = false;
    },
    update(output, target) {
      scope(() =>
        noGrad(() => {
          if (!(output instanceof Tensor)) {
            const hint = 'for a model of several outputs write a metric that updates this one with its part';
            throw new ArgumentError(`[${name}] expected a tensor as the output, received ${describe(output)}: ${hint}`);
          }
          const decisions = decide(name, output, target, options);
          if (updated && decisions.classes !== classes) {
            throw new ArgumentError(`[${name}] outputs of ${decisions.classes} classes after some of ${classes}`);
          }
          if (counts === undefined || decisions.classes !== classes || counts.device !== output.device) {
            counts?.dispose();
            classes = decisions.classes;
            counts = cleared(classes, output.device);
          }
          updated = true;
          const { actual, predicted, counted } = decisions;
          // One that does not count adds nothing, to the first cell.
          const cells = actual.mul(classes).add(predicted).mul(counted);
          overwrite(counts, counts.scatterAdd(0, cells, counted));
        }),
      );
    },
    async compute() {
      const cells = counts === undefined ? [] : Array.from(await counts.data(), Number);
      const rows = cells.every((count) => count === 0) ? 0 : classes;
      return value(Array.from({ length: rows }, (_, i) => cells.slice(i * rows, (i + 1) * rows)));
    },
  };
  return Object.assign(metric, { [traceable]: metric.update });
}

function total(counts: readonly Counts[], key: keyof Counts): number {
  return sum(counts.map((entry) => entry[key]));
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

function ratio(part: number, whole: number): number {
  return whole === 0 ? 0 : part / whole;
}

function mean(values: readonly number[], weights: readonly number[]): number {
  return ratio(sum(values.map((value, i) => value * (weights[i] ?? 0))), sum(weights));
}
