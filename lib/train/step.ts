// What is done with one batch in training and in evaluation, whether it is compiled or not.
import { noGrad } from '../context';
import { isFloating } from '../dtype';
import { ArgumentError } from '../errors';
import type { Module } from '../nn/module';
import { observeIgnored } from '../ops/ignored';
import type { Optimizer } from '../optim';
import { clipGradNorm } from '../optim/clip';
import type { Tensor } from '../tensor';
import type { Batch } from './batches';
import { RunningMean } from './mean';
import type { Metric } from './metric';

/** A model of one or more inputs and one output. */
export type Model = Module & { forward(...inputs: Tensor[]): Tensor };

/** A function such as `nn.crossEntropy`, or a module such as `new nn.CrossEntropyLoss()`, that gives a scalar. */
export type Loss =
  | ((output: Tensor, target: Tensor) => Tensor)
  | (Module & { forward(output: Tensor, target: Tensor): Tensor });

/** The parts of a trainer that a step uses. */
export interface StepOptions {
  model: Model;
  optimizer: Pick<Optimizer, 'lr' | 'step' | 'zeroGrad'>;
  loss: Loss;
  metrics: Record<string, Metric>;
  clipGradNorm: number;
}

/** Steps that add up loss and metrics as they go. */
export class Steps {
  readonly losses = new RunningMean();
  readonly #options: StepOptions;

  constructor(options: StepOptions) {
    this.#options = options;
  }

  /** Forward, backward and an update; returns the loss. */
  train(batch: Batch): Tensor {
    const { model, optimizer, clipGradNorm: maxNorm } = this.#options;
    optimizer.zeroGrad();
    const measured = this.#forward(batch);
    const { loss } = measured;
    loss.backward();
    if (maxNorm < Number.POSITIVE_INFINITY) clipGradNorm(model.parameters(), maxNorm);
    optimizer.step();
    optimizer.zeroGrad(); // what nobody will see need not be stored
    this.#measure(measured, batch);
    return loss;
  }

  /** Forward only. */
  evaluate(batch: Batch): void {
    noGrad(() => {
      this.#measure(this.#forward(batch), batch);
    });
  }

  /** Starts loss and metrics again. */
  reset(): void {
    this.losses.reset();
    for (const metric of Object.values(this.#options.metrics)) metric.reset();
  }

  #forward(batch: Batch): Measured {
    const { model, loss: criterion } = this.#options;
    if (batch.length < 2) {
      throw new ArgumentError('[Trainer] expected batches of inputs and a target, received one tensor');
    }
    const output = model.forward(...batch.slice(0, -1));
    const target = batch.at(-1) as Tensor;
    const means: { labels: Tensor; ignoreIndex: number }[] = [];
    const loss = observeIgnored(
      (labels, ignoreIndex) => means.push({ labels, ignoreIndex }),
      () => (typeof criterion === 'function' ? criterion(output, target) : criterion.forward(output, target)),
    );
    const [mean, ...others] = means;
    // A loss of several means has no one number of targets that count.
    const share = mean === undefined || others.length > 0 ? undefined : shareOf(mean.labels, mean.ignoreIndex);
    return { output, target, loss, share };
  }

  #measure({ loss, output, target, share }: Measured, batch: Batch): void {
    this.losses.add(loss, sampleCount(batch), share);
    const metrics = Object.values(this.#options.metrics);
    if (metrics.length === 0) return;
    noGrad(() => {
      const detached = output.detach();
      for (const metric of metrics) metric.update(detached, target);
    });
  }
}

/** What a forward gives to measure. */
interface Measured {
  output: Tensor;
  target: Tensor;
  loss: Tensor;
  /** The share of the targets that count, where the loss may ignore some. */
  share: Tensor | undefined;
}

// None for probabilities, which all count, nor for no targets at all.
function shareOf(labels: Tensor, ignoreIndex: number): Tensor | undefined {
  if (isFloating(labels.dtype) || labels.size === 0) return undefined;
  return noGrad(() => labels.to('int64').ne(ignoreIndex).to('float64').mean());
}

/** Number of samples in a batch. */
export function sampleCount(batch: Batch): number {
  return batch.at(-1)?.shape[0] ?? 1;
}
