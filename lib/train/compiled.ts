// A pass through data that the engine holds: rows are gathered and steps run inside one program, many batches at a time, and
// JavaScript only looks in between.
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Program } from '../compile/program';
import { type Found, Programs } from '../compile/programs';
import { tensorsIn } from '../compile/structure';
import { keep, noGrad, scope } from '../context';
import type { Column } from '../data/columns';
import type { EpochRows } from '../data/loader';
import { type Device, defaultDevice } from '../device';
import { messageOf } from '../kinds';
import { native } from '../native';
import { indexSelect } from '../ops/indexing';
import { reshape, slice } from '../ops/shape';
import type { Tensor } from '../tensor';
import { AbortGate, type Batch } from './batches';
import { ChunkSize } from './chunk';
import type { RunningMean } from './mean';

// What the results of a chunk may take, by those of the chunk before.
const MOST_BYTES = 1 << 26;

/** Samples of the columns that a training run uses, loaded once. */
export class LoadedColumns {
  readonly #loaded = new Map<Column, { samples: Tensor; owned: boolean }>();

  /** Loads columns to a device, or loads them again: arrays may have been written to. */
  async load(columns: readonly Column[], device: Device): Promise<void> {
    for (const column of columns) {
      const before = this.#loaded.get(column);
      const reused = before?.owned && before.samples.device === defaultDevice() ? before.samples : undefined;
      if (reused === undefined && before?.owned) before.samples.dispose();
      const loaded = await column.load(reused);
      if (loaded.samples.device === device) {
        this.#loaded.set(column, loaded);
        continue;
      }
      this.#loaded.set(column, { samples: keep(noGrad(() => loaded.samples.to(device))), owned: true });
      if (loaded.owned) loaded.samples.dispose();
    }
  }

  /** The rows `indices` of all columns: a batch. */
  gather(columns: readonly Column[], indices: Tensor): Batch {
    return noGrad(() =>
      columns.map((column) => {
        const { samples } = this.#loaded.get(column) as { samples: Tensor };
        return column.finish(indexSelect(samples, 0, indices));
      }),
    );
  }

  dispose(): void {
    for (const { samples, owned } of this.#loaded.values()) if (owned) samples.dispose();
    this.#loaded.clear();
  }
}

/** What a step shows of a batch; for a chunk of several batches each tensor has a leading dimension of their number. */
export interface Shown {
  loss?: Tensor;
  /** A tensor, or tensors in arrays and plain objects. */
  output?: unknown;
  target?: Tensor;
}

/** After each chunk of batches: how many, and how many samples. */
export type OnChunk = (batches: number, samples: number, shown: Shown) => Promise<void> | void;

/** Says why a step could not be traced; nothing has been done for its batch. */
export class NotTraced extends Error {
  readonly reason: unknown;

  constructor(reason: unknown) {
    super(messageOf(reason));
    this.reason = reason;
  }
}

/** Steps on batches of columns, compiled. */
export class CompiledSteps {
  readonly #programs: Programs;
  readonly #losses: RunningMean;

  /** `step` gets a batch, adds to `losses`, and returns what `onChunk` is to see of it. */
  constructor(columns: readonly Column[], loaded: LoadedColumns, losses: RunningMean, step: (batch: Batch) => Shown) {
    this.#losses = losses;
    this.#programs = new Programs((indices: Tensor) => step(loaded.gather(columns, indices)), 4, true);
  }

  /** Traces the step anew for what comes next. */
  forget(): void {
    this.#programs.clear();
  }

  /**
   * Runs an epoch. At most `most` batches go by between two calls of `onChunk`. No batch is run after one that failed.
   *
   * @throws the failure of a batch; the reason of a signal; NotTraced, after which `rows` can be taken up where they stand.
   */
  async run(rows: EpochRows, most: number, signal: AbortSignal | undefined, onChunk: OnChunk): Promise<void> {
    const { end, batchSize } = rows;
    const { device } = this.#losses.sum;
    const order = noGrad(() => rows.order.to(device));
    const gate = new AbortGate(signal);
    const chunk = new ChunkSize();
    let fitting = Number.POSITIVE_INFINITY;
    let ahead: Promise<void> = Promise.resolve();
    let begun = performance.now();
    let first = true;
    try {
      while (rows.position < end) {
        signal?.throwIfAborted();
        rows.signal?.throwIfAborted();
        const left = end - rows.position;
        const batches = Math.max(1, Math.min(chunk.batches, most, fitting, Math.floor(left / batchSize)));
        const { run, shown } = this.#submit(order, rows.position, batches, Math.min(left, batchSize));
        fitting = Math.floor((MOST_BYTES * run) / Math.max(1, bytesOf(shown)));
        const samples = Math.min(left, run * batchSize);
        rows.advance(samples);
        const done = this.#losses.fence();
        done.catch(() => {}); // awaited below, unless something else ends the run first
        await onChunk(run, samples, shown);
        for (const tensor of tensorsIn(shown)) tensor.dispose();
        const submitted = native.submitted();
        await gate.race(ahead);
        await nextTurn();
        const now = performance.now();
        if (!first) chunk.ran(run, now - begun, now, native.submitted() !== submitted);
        first = false;
        begun = now;
        ahead = done;
      }
      await gate.race(ahead);
      rows.finish();
    } finally {
      gate.close();
      order.dispose();
    }
  }

  // Runs so many batches, or one where the program cannot be repeated.
  #submit(order: Tensor, position: number, batches: number, size: number): { run: number; shown: Shown } {
    return scope(() => {
      const first = slice(order, 0, position, position + size);
      const program = this.#programFor(first);
      const { sum } = this.#losses;
      if (batches === 1 || !program.repeats) return { run: 1, shown: program.run([first], sum) as Shown };
      const all = reshape(slice(order, 0, position, position + batches * size), [batches, size]);
      return { run: batches, shown: program.repeat([all], batches, 1, sum) as Shown };
    });
  }

  #programFor(indices: Tensor): Program {
    let found: Found | undefined;
    try {
      found = this.#programs.find([indices]);
    } catch (error) {
      throw new NotTraced(error);
    }
    if (found === undefined) throw new NotTraced(this.#programs.reason);
    return found.program;
  }
}

function bytesOf(shown: Shown): number {
  // 8: the largest element.
  return tensorsIn(shown).reduce((sum, tensor) => sum + 8 * tensor.size, 0);
}
