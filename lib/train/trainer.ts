// Trainer: fit, evaluate and predict.
import type { NotInferred } from '../compatible';
import { noGrad, scope } from '../context';
import { allReduce } from '../distributed/collectives';
import { DistributedDataParallel } from '../distributed/data-parallel';
import { rank, refresh } from '../distributed/group';
import { DistributedSampler } from '../distributed/sampler';
import { ArgumentError, describe } from '../errors';
import { rememberModes } from '../nn/mode';
import { Module } from '../nn/module';
import { tensor } from '../ops/create';
import type { Optimizer } from '../optim';
import { checkOptions } from '../options';
import { Tensor } from '../tensor';
import { warn } from '../warn';
import { type BatchOptions, type BatchSource, type Data, eachBatch, isBatched, openData } from './batches';
import type { Callback, Run } from './callback';
import { ModelCheckpoint } from './checkpoint';
import { EarlyStopping } from './early-stopping';
import type { EpochRecord, Evaluation, History } from './history';
import type { Metrics, MetricValues } from './metric';
import { type NanLoss, NanWatch } from './nan';
import { Outputs } from './outputs';
import { Pass } from './pass';
import { Progress } from './progress';
import type { Loss, Model, StepOptions } from './step';

export type { Loss, Model } from './step';

/** What a {@link Trainer} is made of. */
export interface TrainerOptions<M extends Metrics = Metrics, Output = Tensor> {
  /** What is trained. Its `forward` returns a tensor, or tensors in arrays and plain objects. */
  model: Model<Output>;
  /** Each step ends with its `zeroGrad`: callbacks see no gradients. Only `fit` needs one. */
  optimizer?: Pick<Optimizer, 'lr' | 'step' | 'zeroGrad'>;
  /** What training makes small. It gets what `forward` has returned. */
  loss: Loss<NotInferred<Output>>;
  /** Measured in training, validation and evaluation, by name. They get what `forward` has returned. */
  metrics?: M & Metrics<NotInferred<Output>>;
  /** Called in this order. */
  callbacks?: Callback<NotInferred<M>>[];
  /** Limit of the gradients' norm, as one vector, before each step; see `optim.clipGradNorm`. Default: no limit. */
  clipGradNorm?: number;
  /** Progress bars when standard error is a terminal. Default true. */
  progress?: boolean;
  /**
   * Whether the processes of the group (`distributed.init`) train the model together. `fit` then gives each its part of tensors and
   * datasets, and `batchSize` is that of each process; batches of your own must differ by process. Gradients are averaged. Loss and
   * metrics of training are means over the processes; validation and `evaluate` run on all data in every process. Process 0 alone shows
   * progress and saves checkpoints. Default false.
   */
  distributed?: boolean;
  /**
   * Whether steps on tensors and array datasets are compiled: `forward` and the loss then run in JavaScript only while they are
   * traced, once for each shape of batch, and once more in each epoch where `fit` has callbacks of yours, which may change
   * variables that they use. What changes within an epoch is seen as `compile` says. Steps that cannot be compiled run as they are,
   * and a warning says why, once for each trainer. Default true.
   */
  compile?: boolean;
}

/** Options of `fit`. `shuffle` is true by default. */
export interface FitOptions<M extends Metrics = Metrics> extends BatchOptions {
  /** Passes through the data. Default 1. */
  epochs?: number;
  /** Data to evaluate after each epoch. */
  validation?: Data;
  /** Ends training within a step; `fit` then rejects with the signal's reason. */
  signal?: AbortSignal;
  /** In addition to those of the trainer. */
  callbacks?: Callback<M>[];
  /** What to do when the loss becomes NaN. Default warn. */
  nanLoss?: NanLoss;
}

/** Options of `evaluate` and `predict`. */
export interface EvaluateOptions {
  /** Samples a batch, for tensors and datasets. Default 32. */
  batchSize?: number;
  /** Ends the call within a batch; it then rejects with the signal's reason. */
  signal?: AbortSignal;
}

const trainerOptionNames = [
  'model',
  'optimizer',
  'loss',
  'metrics',
  'callbacks',
  'clipGradNorm',
  'progress',
  'distributed',
  'compile',
];
const evaluateOptionNames = ['batchSize', 'signal'];
const fitOptionNames = [...evaluateOptionNames, 'epochs', 'validation', 'callbacks', 'shuffle', 'seed', 'nanLoss'];

/**
 * Trains a model and keeps the event loop free while it does.
 *
 * ```ts
 * const trainer = new train.Trainer({ model, optimizer, loss: nn.crossEntropy, metrics: { accuracy: train.accuracy() } });
 * const history = await trainer.fit(trainingSet, { epochs: 10, batchSize: 64, validation: testSet });
 * ```
 *
 * Batches are tuples of tensors: all but the last go to `model.forward`, the last is the target. What `forward` returns, a tensor or
 * arrays and plain objects of tensors, goes to the loss and to the metrics as it is. Without an optimizer there are `evaluate` and
 * `predict`.
 *
 * The type of `metrics` gives results and callbacks theirs: `history.epochs[0].metrics.accuracy` is a number here, and a name that
 * is none of the metrics does not compile.
 */
export class Trainer<M extends Metrics = Metrics, Output = Tensor> {
  readonly #options: Required<Omit<TrainerOptions<M, Output>, 'model' | 'loss' | 'optimizer'>> & StepOptions;
  // The model as steps use it.
  readonly #stepped: Model<unknown>;
  #running = false;
  #told = false;

  constructor(options: TrainerOptions<M, Output>) {
    checkOptions('Trainer', options ?? null, trainerOptionNames);
    const { model, optimizer, loss, metrics = {} as M, callbacks = [], progress = true, compile = true } = options;
    const { clipGradNorm: maxNorm = Number.POSITIVE_INFINITY, distributed = false } = options;
    if (!(model instanceof Module)) {
      throw new ArgumentError(`[Trainer] expected a module for model, received ${describe(model)}`);
    }
    if (optimizer !== undefined && typeof optimizer?.step !== 'function') {
      throw new ArgumentError(`[Trainer] expected an optimizer, received ${describe(optimizer)}`);
    }
    if (!(maxNorm > 0)) {
      throw new ArgumentError(`[Trainer] expected a positive number for clipGradNorm, received ${String(maxNorm)}`);
    }
    if (typeof loss !== 'function' && !(loss instanceof Module)) {
      throw new ArgumentError(`[Trainer] expected a function or a module for loss, received ${describe(loss)}`);
    }
    for (const [name, metric] of Object.entries(metrics)) {
      if (typeof metric?.update !== 'function') {
        throw new ArgumentError(`[Trainer] expected a metric such as train.accuracy() for '${name}'`);
      }
    }
    this.#options = {
      model,
      optimizer,
      loss: loss as Loss<unknown>,
      metrics,
      callbacks,
      clipGradNorm: maxNorm,
      progress,
      distributed,
      compile,
    };
    this.#stepped = distributed ? parallel(model) : model;
  }

  /**
   * Trains for a number of epochs. The model is in training mode meanwhile and has its former mode afterwards; it stays
   * usable, with the weights reached so far, when training is aborted or fails.
   *
   * @returns loss, metrics, validation and speed of each epoch.
   * @throws the reason of `signal`; ArgumentError for options out of range, data without batches, or a trainer without an optimizer.
   */
  async fit(data: Data, options: FitOptions<M> = {}): Promise<History<M>> {
    if (options instanceof Tensor) {
      throw new ArgumentError('[fit] expected inputs and targets as one list: fit([inputs, targets], options)');
    }
    checkOptions('fit', options, fitOptionNames);
    const { optimizer } = this.#options;
    if (optimizer === undefined) {
      throw new ArgumentError('[fit] this trainer has no optimizer: new Trainer({ model, optimizer, loss })');
    }
    const { epochs = 1, validation, signal, callbacks = [], batchSize, shuffle, seed, nanLoss = 'warn' } = options;
    if (!(Number.isSafeInteger(epochs) && epochs > 0)) {
      throw new ArgumentError(`[fit] expected a positive integer for epochs, received ${String(epochs)}`);
    }
    const given = isBatched(data);
    const source = openData('fit', data, {
      batchSize,
      shuffle: shuffle ?? (given ? undefined : true),
      seed,
      sampler: this.#options.distributed && !given ? new DistributedSampler() : undefined,
    });
    const validationSource = validation === undefined ? undefined : openValidation(validation, batchSize);
    return this.#exclusively('fit', async (pass) => {
      const history: History<M> = { epochs: [] };
      const hooks = [...this.#options.callbacks, ...callbacks];
      let stopped = false;
      let epoch = 0;
      const run: Run<M> = {
        model: this.#options.model,
        optimizer,
        history,
        metrics: this.#options.metrics,
        epochs,
        get epoch() {
          return epoch;
        },
        stop(reason) {
          stopped = true;
          history.stopReason ??= reason;
        },
      };
      const nan = new NanWatch(nanLoss, pass.steps.losses, run.stop);
      for (const hook of hooks) await hook.onFitBegin?.(run);
      while (epoch < epochs && !stopped) {
        epoch++;
        if (this.#options.distributed) refresh();
        for (const hook of hooks) await hook.onEpochBegin?.(run);
        if (epoch > 1 && !hooks.every(isOurs)) pass.forget();
        const record = await this.#trainEpoch(pass, source, run, hooks, nan, signal);
        if (validationSource !== undefined)
          record.validation = await this.#evaluate(pass, 'fit', validationSource, signal);
        history.epochs.push(record);
        for (const hook of hooks) {
          if (this.#leads || !(hook instanceof ModelCheckpoint)) await hook.onEpochEnd?.(record, run);
        }
      }
      for (const hook of hooks) await hook.onFitEnd?.(run);
      return history;
    });
  }

  /** Mean loss and metrics over `data`, in inference mode and without gradients. */
  async evaluate(data: Data, options: EvaluateOptions = {}): Promise<Evaluation<M>> {
    if (options instanceof Tensor) {
      throw new ArgumentError(
        '[evaluate] expected inputs and targets as one list: evaluate([inputs, targets], options)',
      );
    }
    checkOptions('evaluate', options, evaluateOptionNames);
    const { batchSize, signal } = options;
    const source = openData('evaluate', data, { batchSize });
    return this.#exclusively('evaluate', (pass) => this.#evaluate(pass, 'evaluate', source, signal));
  }

  /**
   * The model's outputs for `data`, joined along the first axis, in inference mode and without gradients. `data` is a
   * tensor of inputs or anything that `evaluate` takes, whose targets are not used. Where `forward` returns arrays or plain objects of
   * tensors, so does this: each tensor is joined with those in its place.
   *
   * @throws the reason of `signal`; ArgumentError for data without batches, or outputs that are not of one structure of tensors.
   */
  async predict(data: Tensor | Data, options: EvaluateOptions = {}): Promise<Output> {
    checkOptions('predict', options, evaluateOptionNames);
    const { batchSize, signal } = options;
    const source = openData('predict', data instanceof Tensor ? [data] : data, { batchSize });
    return this.#exclusively('predict', async (pass) => {
      this.#options.model.eval();
      const forward = pass.forward();
      const outputs = new Outputs();
      await eachBatch('predict', source, signal, (batch) => {
        const inputs = batch.length > 1 ? batch.slice(0, -1) : batch;
        outputs.add(scope(() => noGrad(() => forward(...inputs.map((input) => pass.steps.moved(input))))));
      });
      return outputs.joined() as Output;
    });
  }

  async #trainEpoch(
    pass: Pass,
    source: BatchSource,
    run: Run<M>,
    hooks: Callback<M>[],
    nan: NanWatch,
    signal?: AbortSignal,
  ): Promise<EpochRecord<M>> {
    const { model, metrics, progress } = this.#options;
    const batchHooks = hooks.filter((hook) => hook.onBatchEnd !== undefined);
    const bar = await Progress.start(progress && this.#leads, `Epoch ${run.epoch}/${run.epochs}`, source.count);
    const { losses } = pass.steps;
    const start = performance.now();
    let batches = 0;
    try {
      model.train();
      pass.steps.reset();
      await nan.during((look) =>
        pass.train('fit', source, signal, batchHooks.length > 0, async (count, samples, { loss }) => {
          batches += count;
          bar.advance(losses, count);
          if (loss !== undefined) {
            for (const hook of batchHooks) await hook.onBatchEnd?.({ batch: batches, samples, loss }, run);
          }
          look();
        }),
      );
      if (batches === 0) throw emptyEpoch(run.epoch);
      const loss = await this.#mean(await losses.read(), 'loss');
      const seconds = (performance.now() - start) / 1000;
      bar.stop(loss);
      nan.judge(run.epoch, loss);
      return {
        epoch: run.epoch,
        loss,
        metrics: await this.#means(await computed(metrics)),
        samples: losses.weight,
        seconds,
        samplesPerSecond: losses.weight / seconds,
        learningRate: run.optimizer.lr,
      };
    } finally {
      bar.stop();
    }
  }

  async #evaluate(pass: Pass, caller: string, source: BatchSource, signal?: AbortSignal): Promise<Evaluation<M>> {
    const { model, metrics } = this.#options;
    const { losses } = pass.steps;
    const start = performance.now();
    model.eval();
    pass.steps.reset();
    await pass.evaluate(caller, source, signal);
    if (losses.weight === 0) throw new ArgumentError(`[${caller}] the data to evaluate has no samples`);
    const loss = await losses.read();
    const samples = losses.weight;
    return { loss, metrics: await computed(metrics), samples, seconds: (performance.now() - start) / 1000 };
  }

  // Whether this process shows progress and saves checkpoints.
  get #leads(): boolean {
    return !this.#options.distributed || rank === 0;
  }

  // Of what the processes have measured, each on its part.
  async #mean(value: number, name: string): Promise<number> {
    if (!this.#options.distributed) return value;
    const own = tensor(value, { dtype: 'float64' });
    const mean = allReduce(own, 'mean', { name });
    try {
      return await mean.item();
    } finally {
      own.dispose();
      mean.dispose();
    }
  }

  async #means(values: MetricValues<M>): Promise<MetricValues<M>> {
    const means: MetricValues<Metrics> = {};
    for (const [name, value] of Object.entries(values)) {
      means[name] = typeof value === 'number' ? await this.#mean(value, name) : value;
    }
    return means as MetricValues<M>;
  }

  // Modes and metrics belong to one call at a time.
  async #exclusively<T>(caller: string, body: (pass: Pass) => Promise<T>): Promise<T> {
    if (this.#running) throw new ArgumentError(`[${caller}] this trainer is busy: await its former call`);
    this.#running = true;
    const restoreModes = rememberModes(this.#options.model);
    const pass = new Pass({ ...this.#options, model: this.#stepped }, ({ who, reason }) => {
      if (!this.#told) warn('ANNEAL_NOT_COMPILED', `[Trainer] steps are not compiled: ${who}: ${reason}`);
      this.#told = true;
    });
    try {
      return await body(pass);
    } finally {
      pass.dispose();
      restoreModes();
      this.#running = false;
    }
  }
}

const parallels = new WeakMap<Model<unknown>, Model<unknown>>();

// One for each model, since it puts hooks on the parameters.
function parallel(model: Model<unknown>): Model<unknown> {
  if (model instanceof DistributedDataParallel) return model;
  const known = parallels.get(model) ?? (new DistributedDataParallel(model) as Model<unknown>);
  parallels.set(model, known);
  return known;
}

// Those of this package change nothing that a step uses.
function isOurs<M extends Metrics>(callback: Callback<M>): boolean {
  return callback.constructor === EarlyStopping || callback.constructor === ModelCheckpoint;
}

function openValidation(data: Data, batchSize: number | undefined): BatchSource {
  return openData('fit', data, isBatched(data) ? {} : { batchSize });
}

async function computed<M extends Metrics>(metrics: M): Promise<MetricValues<M>> {
  const values: MetricValues<Metrics> = {};
  for (const [name, metric] of Object.entries(metrics)) values[name] = await metric.compute();
  return values as MetricValues<M>;
}

function emptyEpoch(epoch: number): ArgumentError {
  const hint = epoch > 1 ? '; a generator can be walked only once, a DataLoader every epoch' : '';
  return new ArgumentError(`[fit] the data gave no batches in epoch ${epoch}${hint}`);
}
