// A pass through data that the engine holds: rows are gathered and steps run inside one program, many batches at a time, and
// JavaScript only looks in between.
import { setImmediate as nextTurn } from 'node:timers/promises';
import { Programs } from '../compile/programs';
import { noGrad, scope } from '../context';
import type { Column } from '../data/columns';
import type { EpochRows } from '../data/loader';
import { native } from '../native';
import { indexSelect } from '../ops/indexing';
import { reshape, slice } from '../ops/shape';
import type { Tensor } from '../tensor';
import { AbortGate, type Batch } from './batches';
import { ChunkSize } from './chunk';
import type { RunningMean } from './mean';

/** Samples of the columns that a training run uses, loaded once. */
export class LoadedColumns {
  readonly #loaded = new Map<Column, { samples: Tensor; owned: boolean }>();

  async load(columns: readonly Column[]): Promise<void> {
    for (const column of columns) if (!this.#loaded.has(column)) this.#loaded.set(column, await column.load());
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

/** After each chunk of batches: how many, how many samples, and the losses `[batches]` where the step returns them. */
export type OnChunk = (batches: number, samples: number, losses: Tensor | undefined) => Promise<void> | void;

/** Steps on batches of columns, compiled. */
export class CompiledSteps {
  readonly #programs: Programs;
  readonly #losses: RunningMean;

  /** `step` gets a batch, adds to `losses`, and returns what `onChunk` shall see of it. */
  constructor(
    columns: readonly Column[],
    loaded: LoadedColumns,
    losses: RunningMean,
    step: (batch: Batch) => Tensor | undefined,
  ) {
    this.#losses = losses;
    this.#programs = new Programs((indices: Tensor) => step(loaded.gather(columns, indices)) ?? null, 4);
  }

  /**
   * Runs an epoch. At most `most` batches go by between two calls of `onChunk`. No batch is run after one that failed.
   *
   * @throws the failure of a batch; the reason of a signal; before the first step, whatever stands in the way of compiling it.
   */
  async run(rows: EpochRows, most: number, signal: AbortSignal | undefined, onChunk: OnChunk): Promise<void> {
    const { order, end, batchSize } = rows;
    const gate = new AbortGate(signal);
    const chunk = new ChunkSize();
    let ahead: Promise<void> = Promise.resolve();
    let begun = performance.now();
    let first = true;
    try {
      while (rows.position < end) {
        signal?.throwIfAborted();
        rows.signal?.throwIfAborted();
        const left = end - rows.position;
        const batches = Math.max(1, Math.min(chunk.batches, most, Math.floor(left / batchSize)));
        const { run, result } = this.#submit(order, rows.position, batches, Math.min(left, batchSize));
        const samples = Math.min(left, run * batchSize);
        rows.advance(samples);
        const done = this.#losses.fence();
        done.catch(() => {}); // awaited below, unless something else ends the run first
        await onChunk(run, samples, result);
        result?.dispose();
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
    }
  }

  // Runs so many batches, or one where the program cannot be repeated.
  #submit(order: Tensor, position: number, batches: number, size: number): { run: number; result?: Tensor } {
    return scope(() => {
      const first = slice(order, 0, position, position + size);
      const { program } = this.#programs.find([first]);
      const { sum } = this.#losses;
      if (batches === 1 || !program.repeats)
        return { run: 1, result: (program.run([first], sum) as Tensor | null) ?? undefined };
      const all = reshape(slice(order, 0, position, position + batches * size), [batches, size]);
      return { run: batches, result: (program.repeat([all], batches, 1, sum) as Tensor | null) ?? undefined };
    });
  }
}
