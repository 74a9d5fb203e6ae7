// Passes through data: compiled where the engine can gather the batches and the step can be traced, batch by batch elsewhere.
import { compile } from '../compile/compile';
import { scope } from '../context';
import type { Column } from '../data/columns';
import type { EpochRows } from '../data/loader';
import { Adam, AdamW, SGD } from '../optim';
import type { Tensor } from '../tensor';
import { type Batch, type BatchSource, eachBatch } from './batches';
import { CompiledSteps, LoadedColumns, type OnChunk } from './compiled';
import type { RunningMean } from './mean';
import { traceable } from './metric';
import { type StepOptions, Steps, sampleCount } from './step';

const WATCH_MS = 20;

/** What the passes of one call of a trainer share. */
export class Pass {
  readonly steps: Steps;
  readonly #loaded = new LoadedColumns();
  readonly #compiled = new Map<string, Map<Column, CompiledSteps>>();
  readonly #options: StepOptions & { compile: boolean };
  #compiles: boolean;

  constructor(options: StepOptions & { compile: boolean }) {
    this.#options = options;
    this.steps = new Steps(options);
    this.#compiles = options.compile && canTrace(options);
  }

  /** One epoch of training. `onChunk` sees the losses, batch by batch, if `watched`. */
  async train(
    caller: string,
    source: BatchSource,
    signal: AbortSignal | undefined,
    watched: boolean,
    onChunk: OnChunk,
  ): Promise<void> {
    const step = (batch: Batch) => {
      const loss = this.steps.train(batch);
      return watched ? loss.detach() : undefined;
    };
    const counted: OnChunk = (batches, samples, losses) => {
      this.steps.losses.count(samples);
      return onChunk(batches, samples, losses);
    };
    if (await this.#runCompiled('train', source, watched ? 1 : Number.POSITIVE_INFINITY, signal, step, counted)) return;
    const watch = new LossWatch(this.steps.losses);
    await eachBatch(caller, source, signal, async (batch) => {
      watch.check();
      const loss = scope(() => step(batch));
      await counted(1, sampleCount(batch), loss);
      loss?.dispose();
    });
  }

  /** One pass without updates. */
  async evaluate(caller: string, source: BatchSource, signal: AbortSignal | undefined): Promise<void> {
    const step = (batch: Batch) => this.steps.evaluate(batch) as undefined;
    const counted: OnChunk = (_, samples) => this.steps.losses.count(samples);
    if (await this.#runCompiled('evaluate', source, Number.POSITIVE_INFINITY, signal, step, counted)) return;
    await eachBatch(caller, source, signal, (batch) => {
      scope(() => step(batch));
      this.steps.losses.count(sampleCount(batch));
    });
  }

  /** The model's forward, compiled where that is possible: weights are then laid out once for all batches. */
  forward(): (...inputs: Tensor[]) => Tensor {
    const { model } = this.#options;
    const forward = (...inputs: Tensor[]) => model.forward(...inputs);
    if (!this.#options.compile) return forward;
    let way = compile(forward) as (...inputs: Tensor[]) => Tensor;
    return (...inputs) => {
      try {
        return way(...inputs);
      } catch (error) {
        if (way === forward) throw error;
        way = forward; // whatever it was, the model itself will say it better
        return forward(...inputs);
      }
    };
  }

  dispose(): void {
    this.steps.losses.dispose();
    this.#loaded.dispose();
  }

  // False where it has to be done batch by batch: nothing has happened then.
  async #runCompiled(
    kind: string,
    { loader }: BatchSource,
    most: number,
    signal: AbortSignal | undefined,
    step: (batch: Batch) => Tensor | undefined,
    onChunk: OnChunk,
  ): Promise<boolean> {
    if (!this.#compiles || loader === undefined) return false;
    const rows = await loader.rows();
    if (rows === undefined) return false;
    let begun = false;
    try {
      await this.#loaded.load(rows.columns);
      await this.#stepsFor(kind, rows, step).run(rows, most, signal, (...chunk) => {
        begun = true;
        return onChunk(...chunk);
      });
      return true;
    } catch (error) {
      if (begun || signal?.aborted || rows.signal?.aborted) throw error;
      // Whatever it was, a step that is not compiled will say it better.
      this.#compiles = false;
      rows.giveUp();
      this.steps.reset();
      return false;
    } finally {
      rows.order.dispose();
    }
  }

  #stepsFor(kind: string, { columns }: EpochRows, step: (batch: Batch) => Tensor | undefined): CompiledSteps {
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

// Optimizers and metrics of others may keep figures in JavaScript, which a compiled step would not reach.
function canTrace({ optimizer, metrics }: StepOptions): boolean {
  const known: unknown[] = [SGD, Adam, AdamW];
  return known.includes(optimizer.constructor) && Object.values(metrics).every((metric) => traceable in metric);
}
