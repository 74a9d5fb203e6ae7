// Losses. Shapes must be equal where PyTorch would broadcast: a loss that broadcasts silently trains to the wrong answer.
import { checkOptions } from '../options';
import { handleOf, type Tensor } from '../tensor';
import { call, type OperatorRef, operator, optionalHandle } from './call';
import { noteIgnored } from './ignored';

const op = {
  crossEntropy: operator('crossEntropy'),
  nll: operator('nll'),
  mse: operator('mse'),
  l1: operator('l1'),
  huber: operator('huber'),
  binaryCrossEntropy: operator('binaryCrossEntropy'),
  binaryCrossEntropyWithLogits: operator('binaryCrossEntropyWithLogits'),
};

/** What becomes of the losses of the elements (or rows): their mean, their sum, or themselves. */
export type Reduction = 'mean' | 'sum' | 'none';

/** Options of all losses. */
export interface LossOptions {
  /** Default mean. */
  reduction?: Reduction;
}

/** Options of {@link nll}. */
export interface NllOptions extends LossOptions {
  /** Weight of each class, `[classes]`; the mean divides by the weights of the targets. */
  weight?: Tensor | null;
  /** Rows with this target count for nothing. Default -100. */
  ignoreIndex?: number;
}

/** Options of {@link crossEntropy}. */
export interface CrossEntropyOptions extends NllOptions {
  /** Share of the target that is spread evenly over the classes, from 0 (the default) to 1. */
  labelSmoothing?: number;
}

/** Options of {@link huber}. */
export interface HuberOptions extends LossOptions {
  /** Where the loss turns from quadratic to linear; above 0. Default 1. */
  delta?: number;
}

/** Options of {@link binaryCrossEntropy}. */
export interface BinaryCrossEntropyOptions extends LossOptions {
  /** Factor of each element's loss; broadcasts. */
  weight?: Tensor | null;
}

/** Options of {@link binaryCrossEntropyWithLogits}. */
export interface BinaryCrossEntropyWithLogitsOptions extends BinaryCrossEntropyOptions {
  /** Factor of the loss of positive targets; broadcasts. */
  posWeight?: Tensor | null;
}

function between(ref: OperatorRef, input: Tensor, target: Tensor): [number, number] {
  return [handleOf(ref.name, 'input', input), handleOf(ref.name, 'target', target)];
}

/**
 * Cross-entropy of logits: `-sum(q * log(softmax(input)))` over the classes.
 *
 * @param input logits, `[classes]` or `[batch, classes, ...]`.
 * @param target class indices (an integer dtype), of the input's shape without the classes; or class probabilities, of the
 * input's shape, whose mean is `-mean(sum(target * log p))` over rows.
 * @throws ShapeError; DTypeError; ArgumentError for labelSmoothing outside [0, 1]. An index outside the classes rejects the read
 * of the loss with IndexError.
 */
export function crossEntropy(input: Tensor, target: Tensor, options: CrossEntropyOptions = {}): Tensor {
  checkOptions('crossEntropy', options, ['weight', 'reduction', 'ignoreIndex', 'labelSmoothing']);
  const { weight, reduction, ignoreIndex, labelSmoothing } = options;
  noteIgnored(op.crossEntropy, target, options);
  return call(
    op.crossEntropy,
    ...between(op.crossEntropy, input, target),
    optionalHandle('crossEntropy', 'weight', weight),
    reduction,
    ignoreIndex,
    labelSmoothing,
  );
}

/**
 * Negative log-likelihood, `-weight[target] * input[target]`, of log-probabilities.
 *
 * @param input log-probabilities, `[classes]` or `[batch, classes, ...]`.
 * @param target class indices, of the input's shape without the classes.
 */
export function nll(input: Tensor, target: Tensor, options: NllOptions = {}): Tensor {
  checkOptions('nll', options, ['weight', 'reduction', 'ignoreIndex']);
  const { weight, reduction, ignoreIndex } = options;
  noteIgnored(op.nll, target, options);
  return call(
    op.nll,
    ...between(op.nll, input, target),
    optionalHandle('nll', 'weight', weight),
    reduction,
    ignoreIndex,
  );
}

/** Mean squared error, `(input - target)^2`. @throws ShapeError unless the shapes are equal. */
export function mse(input: Tensor, target: Tensor, options: LossOptions = {}): Tensor {
  checkOptions('mse', options, ['reduction']);
  const { reduction } = options;
  return call(op.mse, ...between(op.mse, input, target), reduction);
}

/** Mean absolute error, `|input - target|`. @throws ShapeError unless the shapes are equal. */
export function l1(input: Tensor, target: Tensor, options: LossOptions = {}): Tensor {
  checkOptions('l1', options, ['reduction']);
  const { reduction } = options;
  return call(op.l1, ...between(op.l1, input, target), reduction);
}

/**
 * Huber loss of `e = input - target`: `e^2 / 2` where `|e| <= delta`, else `delta * (|e| - delta / 2)`.
 *
 * @throws ShapeError unless the shapes are equal; ArgumentError unless delta is positive.
 */
export function huber(input: Tensor, target: Tensor, options: HuberOptions = {}): Tensor {
  checkOptions('huber', options, ['reduction', 'delta']);
  const { reduction, delta } = options;
  return call(op.huber, ...between(op.huber, input, target), reduction, delta);
}

/**
 * Binary cross-entropy of probabilities, `-(t log y + (1 - t) log(1 - y))`, with logarithms cut off at -100.
 *
 * @throws ShapeError unless the shapes are equal. Reading the result rejects with an ArgumentError where an input or a target lies
 * outside [0, 1].
 */
export function binaryCrossEntropy(input: Tensor, target: Tensor, options: BinaryCrossEntropyOptions = {}): Tensor {
  checkOptions('binaryCrossEntropy', options, ['weight', 'reduction']);
  const { weight, reduction } = options;
  return call(
    op.binaryCrossEntropy,
    ...between(op.binaryCrossEntropy, input, target),
    optionalHandle('binaryCrossEntropy', 'weight', weight),
    reduction,
  );
}

/**
 * Binary cross-entropy of `sigmoid(input)`, computed as `max(x, 0) - x t + log(1 + exp(-|x|))`.
 *
 * @throws ShapeError unless the shapes are equal.
 */
export function binaryCrossEntropyWithLogits(
  input: Tensor,
  target: Tensor,
  options: BinaryCrossEntropyWithLogitsOptions = {},
): Tensor {
  checkOptions('binaryCrossEntropyWithLogits', options, ['weight', 'posWeight', 'reduction']);
  const { weight, posWeight, reduction } = options;
  return call(
    op.binaryCrossEntropyWithLogits,
    ...between(op.binaryCrossEntropyWithLogits, input, target),
    optionalHandle('binaryCrossEntropyWithLogits', 'weight', weight),
    optionalHandle('binaryCrossEntropyWithLogits', 'posWeight', posWeight),
    reduction,
  );
}
