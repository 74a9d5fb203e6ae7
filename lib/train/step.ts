// What is done with one batch in training and in evaluation, whether it is compiled or not.
import { mapTensors } from '../compile/structure';
import { noGrad } from '../context';
import { type Device, defaultDevice } from '../device';
import { isFloating } from '../dtype';
import { ArgumentError } from '../errors';
import type { Module } from '../nn/module';
import { observeIgnored } from '../ops/ignored';
import type { Optimizer } from '../optim';
import { clipGradNorm } from '../optim/clip';
import type { Tensor } from '../tensor';
import type { Batch } from './batches';
import { RunningMean } from './mean';
import { isTraceable, type Metric, type Metrics, type MetricValue } from './metric';

/** A model of one or more inputs. Its output is a tensor, or tensors in arrays and plain objects. */
export type Model<Output = Tensor> = Module & { forward(...inputs: Tensor[]): Output };

/**
 * A function such as `nn.crossEntropy`, or a module such as `new nn.CrossEntropyLoss()`, that gives a scalar for the model's output,
 * as `forward` returns it, and the target.
 */
export type Loss<Output = Tensor> =
  | ((output: Output, target: Tensor) => Tensor)
  | (Module & { forward(output: Output, target: Tensor): Tensor });

/** The parts of a trainer that a step uses. */
export interface StepOptions {
  model: Model<unknown>;
  /** Only for training. */
  optimizer: Pick<Optimizer, 'lr' | 'step' | 'zeroGrad'> | undefined;
  loss: Loss<unknown>;
  metrics: Metrics<unknown>;
  clipGradNorm: number;
}

/** Steps that add up loss and metrics as they go. */
export class Steps {
  /** Where the model is: batches are moved there. */
  readonly device: Device;
  readonly losses: RunningMean;
  readonly #options: StepOptions;
  readonly #inside: [name: string, metric: Metric<MetricValue, unknown>][];
  readonly #outside: Metric<MetricValue, unknown>[];
  #at = '';

  constructor(options: StepOptions) {
    this.#options = options;
    this.device = options.model.parameters()[0]?.device ?? defaultDevice();
    this.losses = new RunningMean(this.device);
    const metrics = Object.entries(options.metrics);
    this.#inside = metrics.filter(([, metric]) => isTraceable(metric));
    this.#outside = Object.values(options.metrics).filter((metric) => !isTraceable(metric));
  }

  /** Which part of a step was under way last, for errors. */
  get at(): string {
    return this.#at;
  }

  /** Whether there are metrics that `observe` updates and the steps do not. */
  get hasObservers(): boolean {
    return this.#outside.length > 0;
  }

  /** Forward, backward and an update. */
  train(batch: Batch): Measured {
    const { model, clipGradNorm: maxNorm } = this.#options;
    const optimizer = this.#options.optimizer as NonNullable<StepOptions['optimizer']>; // `fit` has checked
    const updates = optimizer.constructor.name;
    this.#at = updates;
    optimizer.zeroGrad();
    const measured = this.#forward(batch);
    this.#at = 'backward';
    measured.loss.backward();
    if (maxNorm < Number.POSITIVE_INFINITY) clipGradNorm(model.parameters(), maxNorm);
    this.#at = updates;
    optimizer.step();
    optimizer.zeroGrad(); // what nobody will see need not be stored
    this.#measure(measured, batch);
    return measured;
  }

  /** Forward only. */
  evaluate(batch: Batch): Measured {
    return noGrad(() => {
      const measured = this.#forward(batch);
      this.#measure(measured, batch);
      return measured;
    });
  }

  /** Updates the metrics that are no part of a compiled step, since their code may keep figures in JavaScript. */
  observe({ output, target }: Pick<Measured, 'output' | 'target'>): void {
    if (this.#outside.length === 0) return;
    noGrad(() => {
      const values = detached(output);
      for (const metric of this.#outside) metric.update(values, target);
    });
  }

  /** Starts loss and metrics again. */
  reset(): void {
    this.losses.reset();
    for (const metric of Object.values(this.#options.metrics)) metric.reset();
  }

  /** The tensor on the device of the model. */
  moved(tensor: Tensor): Tensor {
    return tensor.device === this.device ? tensor : tensor.to(this.device);
  }

  #forward(batch: Batch): Measured {
    const { model, loss: criterion } = this.#options;
    if (batch.length < 2) {
      throw new ArgumentError('[Trainer] expected batches of inputs and a target, received one tensor');
    }
    this.#at = model.constructor.name;
    const [target, ...inputs] = [batch.at(-1) as Tensor, ...batch.slice(0, -1)].map((tensor) => this.moved(tensor));
    const output = model.forward(...inputs);
    this.#at = `the loss ${typeof criterion === 'function' ? criterion.name : criterion.constructor.name}`.trim();
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
    if (this.#inside.length === 0) return;
    noGrad(() => {
      const values = detached(output);
      for (const [name, metric] of this.#inside) {
        this.#at = `metric '${name}'`;
        metric.update(values, target);
      }
    });
  }
}

/** What a forward gives to measure. */
export interface Measured {
  /** As `forward` has returned it. */
  output: unknown;
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

const detached = (output: unknown) => mapTensors(output, (tensor) => tensor.detach());
