// Passes through data: compiled where the engine can gather the batches and the step can be traced, batch by batch elsewhere.
import { compile } from '../compile/compile';
import { mapTensors } from '../compile/structure';
import { scope } from '../context';
import type { Column } from '../data/columns';
import type { EpochRows } from '../data/loader';
import { messageOf } from '../kinds';
import { contiguous, slice, squeeze } from '../ops/shape';
import type { Tensor } from '../tensor';
import { type Batch, type BatchSource, eachBatch } from './batches';
import { CompiledSteps, LoadedColumns, NotTraced, type OnChunk, type Shown } from './compiled';
import type { RunningMean } from './mean';
import { type Obstacle, obstacleOf } from './obstacle';
import { type Measured, type StepOptions, Steps, sampleCount } from './step';

const WATCH_MS = 20;

/** What the passes of one call of a trainer share. */
export class Pass {
  readonly steps: Steps;
  readonly #loaded = new LoadedColumns();
  readonly #compiled = new Map<string, Map<Column, CompiledSteps>>();
  readonly #options: StepOptions & { compile: boolean };
  readonly #tell: (obstacle: Obstacle) => void;
  #compiles: boolean;
  // Told once a batch has gone well without compiling: else its error says more.
  #obstacle: Obstacle | undefined;

  constructor(options: StepOptions & { compile: boolean }, tell: (obstacle: Obstacle) => void) {
    this.#options = options;
    this.#tell = tell;
    this.steps = new Steps(options);
    this.#compiles = options.compile;
  }

  /** One epoch of training. `onChunk` sees the losses, batch by batch, if `watched`. */
  async train(
    caller: string,
    source: BatchSource,
    signal: AbortSignal | undefined,
    watched: boolean,
    onChunk: OnChunk,
  ): Promise<void> {
    const step = (batch: Batch): Shown => {
      const measured = this.steps.train(batch);
      return { ...(watched ? { loss: measured.loss.detach() } : {}), ...this.#observed(measured) };
    };
    const counted: OnChunk = (batches, samples, shown) => {
      this.steps.losses.count(samples);
      this.#observe(batches, shown);
      return onChunk(batches, samples, shown);
    };
    if (await this.#runCompiled('train', source, watched ? 1 : Number.POSITIVE_INFINITY, signal, step, counted)) return;
    const watch = new LossWatch(this.steps.losses);
    await eachBatch(caller, source, signal, async (batch) => {
      watch.check();
      const loss = scope(() => {
        const measured = this.steps.train(batch);
        this.steps.observe(measured);
        return watched ? measured.loss.detach() : undefined;
      });
      this.#tellObstacle();
      const samples = sampleCount(batch);
      this.steps.losses.count(samples);
      await onChunk(1, samples, loss === undefined ? {} : { loss });
      loss?.dispose();
    });
  }

  /** One pass without updates. */
  async evaluate(caller: string, source: BatchSource, signal: AbortSignal | undefined): Promise<void> {
    const step = (batch: Batch) => this.#observed(this.steps.evaluate(batch));
    const counted: OnChunk = (batches, samples, shown) => {
      this.steps.losses.count(samples);
      this.#observe(batches, shown);
    };
    if (await this.#runCompiled('evaluate', source, Number.POSITIVE_INFINITY, signal, step, counted)) return;
    await eachBatch(caller, source, signal, (batch) => {
      scope(() => this.steps.observe(this.steps.evaluate(batch)));
      this.#tellObstacle();
      this.steps.losses.count(sampleCount(batch));
    });
  }

  /** Traces steps anew: code of the caller's has run, which may have changed what no program sees, such as variables. */
  forget(): void {
    for (const ofKind of this.#compiled.values()) for (const steps of ofKind.values()) steps.forget();
  }

  /** The model's forward, compiled where that is possible: weights are then laid out once for all batches. */
  forward(): (...inputs: Tensor[]) => unknown {
    const { model } = this.#options;
    const forward = (...inputs: Tensor[]) => model.forward(...inputs);
    if (!this.#options.compile) return forward;
    let way: (...inputs: Tensor[]) => unknown = compile(forward);
    return (...inputs) => {
      if (way === forward) return forward(...inputs);
      try {
        return way(...inputs);
      } catch (error) {
        way = forward; // if the data are at fault, the model itself will say it better
        const output = forward(...inputs);
        this.#tell({ who: model.constructor.name, reason: messageOf(error) });
        return output;
      }
    };
  }

  dispose(): void {
    this.steps.losses.dispose();
    this.#loaded.dispose();
  }

  // What a compiled step returns for metrics that are no part of it. A copy of the output, which might be a parameter's memory.
  #observed({ output, target }: Measured): Shown {
    return this.steps.hasObservers ? { output: mapTensors(output, (x) => contiguous(x.detach())), target } : {};
  }

  #observe(batches: number, { output, target }: Shown): void {
    if (output === undefined || target === undefined) return;
    for (let i = 0; i < batches; i++) {
      const part = (stack: Tensor) => (batches === 1 ? stack : squeeze(slice(stack, 0, i, i + 1), 0));
      scope(() => this.steps.observe({ output: mapTensors(output, part), target: part(target) }));
    }
  }

  #tellObstacle(): void {
    if (this.#obstacle === undefined) return;
    this.#tell(this.#obstacle);
    this.#obstacle = undefined;
  }

  // False where the rest of the pass has to be done batch by batch.
  async #runCompiled(
    kind: string,
    { loader }: BatchSource,
    most: number,
    signal: AbortSignal | undefined,
    step: (batch: Batch) => Shown,
    onChunk: OnChunk,
  ): Promise<boolean> {
    if (!this.#compiles || loader === undefined) return false;
    const rows = await loader.rows();
    if (rows === undefined) return false;
    let begun = false;
    const giveUp = (obstacle: Obstacle) => {
      this.#compiles = false;
      this.#obstacle = obstacle;
      rows.giveUp();
      if (!begun) this.steps.reset();
      return false;
    };
    try {
      const obstacle = obstacleOf(this.#options);
      if (obstacle !== undefined) return giveUp(obstacle);
      try {
        await this.#loaded.load(rows.columns, this.steps.device);
      } catch (error) {
        return giveUp({ who: 'the data', reason: messageOf(error) });
      }
      await this.#stepsFor(kind, rows, step).run(rows, most, signal, (...chunk) => {
        begun = true;
        return onChunk(...chunk);
      });
      return true;
    } catch (error) {
      if (!(error instanceof NotTraced) || signal?.aborted || rows.signal?.aborted) throw error;
      return giveUp({ who: this.steps.at, reason: error.message });
    } finally {
      rows.order.dispose();
    }
  }

  #stepsFor(kind: string, { columns }: EpochRows, step: (batch: Batch) => Shown): CompiledSteps {
    const [first] = columns as [Column];
    const ofKind = this.#compiled.get(kind) ?? new Map<Column, CompiledSteps>();
    this.#compiled.set(kind, ofKind);
    let steps = ofKind.get(first);
    if (steps === undefined) {
      steps = new CompiledSteps(columns, this.#loaded, this.steps.losses, step);
      ofKind.set(first, steps);
    }
    return steps;
  }
}

// Asks every now and then whether a failed kernel took the loss of a batch, so that this is not told at the end of the epoch only.
class LossWatch {
  readonly #losses: RunningMean;
  #asked = performance.now();
  #failed = false;
  #failure: unknown;

  constructor(losses: RunningMean) {
    this.#losses = losses;
  }

  check(): void {
    if (this.#failed) throw this.#failure;
    const now = performance.now();
    if (now - this.#asked < WATCH_MS) return;
    this.#asked = now;
    this.#losses.fence().catch((error: unknown) => {
      this.#failed = true;
      this.#failure = error;
    });
  }
}
