// From the outputs of a classifier to decisions: which class was predicted and which is true, one of each per sample.
import { isFloating } from '../dtype';
import { ArgumentError, describe, ShapeError } from '../errors';
import type { Tensor } from '../tensor';

/** How outputs are read. */
export interface DecisionOptions {
  /**
   * binary: each output is decided alone, by threshold; multiclass: the largest output along the last axis wins. Default:
   * multiclass when the last of two or more axes is longer than 1, binary otherwise.
   */
  task?: 'binary' | 'multiclass';
  /** Binary: a probability above it means class 1. Default 0.5. */
  threshold?: number;
  /** Binary: whether the outputs are logits (as `binaryCrossEntropyWithLogits` takes) and not probabilities. Default false. */
  logits?: boolean;
  /** Samples with this target do not count, as in `nn.crossEntropy`. Default -100. */
  ignoreIndex?: number;
}

/** Class indices, int64 `[samples]`. */
export interface Decisions {
  predicted: Tensor;
  actual: Tensor;
  /** 1 where the sample counts, 0 elsewhere. */
  counted: Tensor;
  classes: number;
}

/**
 * Binary: `output` and `target` (0 or 1) of equal shape up to trailing axes of 1. Multiclass: `output`
 * `[samples..., classes]`; `target` holds class indices `[samples...]`, or probabilities or one-hot rows shaped as
 * `output`.
 */
export function decide(metric: string, output: Tensor, target: Tensor, options: DecisionOptions): Decisions {
  const classes = output.shape.at(-1) ?? 1;
  const { ignoreIndex = -100 } = options;
  // uint8 and bool cannot hold a negative index, and would compare with what it wraps to.
  const countedOf = (labels: Tensor): Tensor =>
    labels
      .to(isFloating(labels.dtype) ? 'float64' : 'int64')
      .ne(ignoreIndex)
      .to('int64');
  const task = options.task ?? (output.shape.length > 1 && classes > 1 ? 'multiclass' : 'binary');
  if (task === 'multiclass') {
    const samples = output.shape.slice(0, -1);
    const oneHot = sameShape(output.shape, target.shape);
    if (!oneHot && !sameShape(trimmed(samples), trimmed(target.shape))) throw mismatch(metric, output, target);
    const actual = (oneHot ? target.argmax(-1) : target.to('int64')).reshape([-1]);
    return { predicted: output.argmax(-1).reshape([-1]), actual, counted: countedOf(actual), classes };
  }
  if (!sameShape(trimmed(output.shape), trimmed(target.shape))) throw mismatch(metric, output, target);
  const { threshold = 0.5, logits = false } = options;
  const limit = logits ? Math.log(threshold / (1 - threshold)) : threshold;
  const decisions = (x: Tensor, above: number): Tensor => x.to('float32').gt(above).to('int64').reshape([-1]);
  const counted = countedOf(target.reshape([-1]));
  return { predicted: decisions(output, limit), actual: decisions(target, 0.5), counted, classes: 2 };
}

/** Checks options once, where the metric is made. */
export function checkDecision(metric: string, { task, threshold = 0.5, ignoreIndex = -100 }: DecisionOptions): void {
  if (!Number.isSafeInteger(ignoreIndex)) {
    throw new ArgumentError(`[${metric}] expected an integer for ignoreIndex, received ${describe(ignoreIndex)}`);
  }
  if (task !== undefined && task !== 'binary' && task !== 'multiclass') {
    throw new ArgumentError(`[${metric}] expected binary or multiclass for task, received ${String(task)}`);
  }
  if (!(threshold >= 0 && threshold <= 1)) {
    throw new ArgumentError(`[${metric}] expected a threshold in [0, 1], received ${String(threshold)}`);
  }
}

function trimmed(shape: readonly number[]): readonly number[] {
  return shape.length > 1 && shape.at(-1) === 1 ? shape.slice(0, -1) : shape;
}

function sameShape(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((extent, axis) => extent === b[axis]);
}

function mismatch(metric: string, output: Tensor, target: Tensor): ShapeError {
  return new ShapeError(
    `[${metric}] a target [${target.shape.join(', ')}] does not fit outputs [${output.shape.join(', ')}]`,
  );
}
