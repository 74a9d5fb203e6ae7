// Where batches come from, and the walk through them that leaves the event loop free and can be aborted.
import { setImmediate as nextTurn } from 'node:timers/promises';
import { DataLoader, type Dataset, type Sampler, TensorDataset } from '../data';
import { engineReady } from '../engine';
import { ArgumentError, describe } from '../errors';
import { isPromiseLike } from '../kinds';
import { Tensor } from '../tensor';

/** Tensors with a common first dimension: the inputs of the model and, last, the target. */
export type Batch = readonly Tensor[];

/**
 * What can be trained on: tensors (`[x, y]`), a dataset, a DataLoader, or any other iterable or async iterable of batches
 * that can be walked once per epoch.
 */
export type Data = Batch | Dataset<Batch> | AsyncIterable<Batch> | Iterable<Batch>;

/** How tensors and datasets are cut into batches. */
export interface BatchOptions {
  /** Samples a batch. Default 32. */
  batchSize?: number;
  /** Whether samples are drawn in a new random order each epoch. */
  shuffle?: boolean;
  /** Seed of the order. */
  seed?: number;
}

/** Batches of one pass. `count` is unknown for a plain iterable. */
export interface BatchSource {
  batches: AsyncIterable<Batch> | Iterable<Batch>;
  count: number | undefined;
  /** The loader behind them, if there is one: its batches may be such as the engine gathers by itself. */
  loader?: DataLoader<Batch>;
}

// The event loop gets a turn at least this often, so that timers and sockets wait no longer than a few milliseconds.
const TURN_MS = 2;

/** @throws ArgumentError for anything else than {@link Data}, or for options that the data cannot follow. */
export function openData(caller: string, data: Data, options: BatchOptions & { sampler?: Sampler }): BatchSource {
  const dataset = asDataset(data);
  if (dataset !== undefined) {
    const { batchSize = 32, shuffle = false, seed, sampler } = options;
    const loader = new DataLoader(dataset, {
      batchSize,
      shuffle,
      ...(seed === undefined ? {} : { seed }),
      ...(sampler === undefined ? {} : { sampler }),
    });
    return { batches: loader, count: loader.length, loader };
  }
  const given = Object.entries(options).find(([, value]) => value !== undefined);
  if (given !== undefined) {
    throw new ArgumentError(
      `[${caller}] ${given[0]} is for tensors and datasets, but the data already comes in batches`,
    );
  }
  if (!isIterable(data)) {
    const hint = data instanceof Tensor ? ': put inputs and targets into one list, [inputs, targets]' : '';
    throw new ArgumentError(
      `[${caller}] expected tensors, a dataset or batches to iterate, received ${describe(data)}${hint}`,
    );
  }
  const length: unknown = (data as { length?: unknown }).length;
  const count = typeof length === 'number' && Number.isFinite(length) ? length : undefined;
  return { batches: data, count, ...(data instanceof DataLoader ? { loader: data as DataLoader<Batch> } : {}) };
}

/**
 * Calls `step` with each batch. Waits while the engine has enough to do, gives way to the event loop every few
 * milliseconds, and rejects with the reason of `signal` before the next step once that is aborted.
 *
 * @returns the number of batches.
 */
export async function eachBatch(
  caller: string,
  { batches }: BatchSource,
  signal: AbortSignal | undefined,
  step: (batch: Batch) => Promise<void> | void,
): Promise<number> {
  const gate = new AbortGate(signal);
  const iterator = iterate(batches);
  let count = 0;
  let finished = false;
  let lastTurn = performance.now();
  try {
    for (;;) {
      signal?.throwIfAborted();
      const next = iterator.next();
      const result = isPromiseLike(next) ? await gate.race(next) : next;
      if (result.done === true) break;
      checkBatch(caller, result.value);
      await step(result.value);
      count++;
      const ready = engineReady();
      if (ready !== undefined) await gate.race(ready);
      if (performance.now() - lastTurn > TURN_MS) {
        await nextTurn();
        lastTurn = performance.now();
      }
    }
    finished = true;
    return count;
  } finally {
    gate.close();
    // Not awaited: an iterator that hangs must not hold up an abort.
    if (!finished) Promise.resolve(iterator.return?.()).catch(() => {});
  }
}

// Promise.race with one long-lived promise would collect a reaction a step; this holds only the current one.
export class AbortGate {
  readonly #signal: AbortSignal | undefined;
  #reject: ((reason: unknown) => void) | undefined;
  readonly #abort = (): void => this.#reject?.(this.#signal?.reason);

  constructor(signal: AbortSignal | undefined) {
    this.#signal = signal;
    signal?.addEventListener('abort', this.#abort, { once: true });
  }

  race<T>(promise: PromiseLike<T>): Promise<T> {
    if (this.#signal === undefined) return Promise.resolve(promise);
    return new Promise<T>((resolve, reject) => {
      this.#reject = reject;
      if (this.#signal?.aborted) this.#abort(); // by what gave the promise: no event will tell
      promise.then(resolve, reject);
    });
  }

  close(): void {
    this.#signal?.removeEventListener('abort', this.#abort);
  }
}

/** True for data that comes in batches of its own: batch size and order are not ours to choose. */
export function isBatched(data: Data): boolean {
  return asDataset(data) === undefined;
}

function asDataset(data: Data): Dataset<Batch> | undefined {
  if (Array.isArray(data) && data.length > 0 && data.every((item) => item instanceof Tensor)) {
    return new TensorDataset(...(data as Tensor[]));
  }
  if (typeof data !== 'object' || data === null || Array.isArray(data) || Symbol.asyncIterator in data)
    return undefined;
  return 'get' in data && typeof data.get === 'function' && typeof data.length === 'number' ? data : undefined;
}

function isIterable(data: unknown): data is AsyncIterable<Batch> | Iterable<Batch> {
  return typeof data === 'object' && data !== null && (Symbol.asyncIterator in data || Symbol.iterator in data);
}

function iterate(batches: AsyncIterable<Batch> | Iterable<Batch>): AsyncIterator<Batch> | Iterator<Batch> {
  return Symbol.asyncIterator in batches ? batches[Symbol.asyncIterator]() : batches[Symbol.iterator]();
}

function checkBatch(caller: string, batch: unknown): void {
  if (Array.isArray(batch) && batch.length > 0 && batch.every((item) => item instanceof Tensor)) return;
  const other = Array.isArray(batch) ? batch.find((item) => !(item instanceof Tensor)) : batch;
  const received = Array.isArray(batch)
    ? batch.length === 0
      ? 'an empty list'
      : `a list with ${describe(other)}`
    : describe(batch);
  const hint = ArrayBuffer.isView(other)
    ? ': make tensors of typed arrays, or a data.ArrayDataset'
    : batch instanceof Tensor
      ? ': a batch is a list, [inputs, targets]'
      : '';
  throw new ArgumentError(`[${caller}] expected every batch to be a list of tensors, received ${received}${hint}`);
}
