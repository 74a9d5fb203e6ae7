// Batches of samples for a training loop: in order or shuffled, from a dataset or from a stream of samples.

import { scope } from '../context';
import { isPromiseLike } from '../kinds';
import { arange, tensor } from '../ops/create';
import { indexSelect } from '../ops/indexing';
import { checkOptions } from '../options';
import type { Tensor } from '../tensor';
import { checkArgument, checkSeed, isCount } from './arguments';
import { collateSamples } from './collate';
import { type Column, columnsOf, isColumnar, rowsOf } from './columns';
import { type Dataset, isDataset, samplesIn } from './dataset';
import { Pace } from './pace';
import { drawSeed, epochSeed, randomOrder, readAll } from './permutation';
import type { Sampler } from './sampler';
import { orAborted, samplesOf } from './samples';

/** What a DataLoader reads: samples by index, or one after the other. An array counts as a dataset of its members. */
export type Source<Batch, Sample> = Dataset<Batch, Sample> | Iterable<Sample> | AsyncIterable<Sample>;

/** Options of a {@link DataLoader}. */
export interface DataLoaderOptions<Batch = Tensor[], Sample = unknown> {
  /** Samples a batch; 1 when left out. */
  batchSize?: number;
  /** A new random order every epoch. Needs a dataset. */
  shuffle?: boolean;
  /** Decides the orders; without one, the first epoch draws it from the default generator (see `manualSeed`). */
  seed?: number;
  /**
   * Chooses, from each epoch's order, the samples that are handed out, such as a `distributed.DistributedSampler`. Needs a dataset. The
   * seed is then 0 when left out, so that all processes shuffle alike.
   */
  sampler?: Sampler;
  /** Leaves out a last batch with fewer samples. */
  dropLast?: boolean;
  /** Makes a batch from samples, in place of stacking them; `getBatch` of the dataset is then not used. */
  collate?: (samples: Sample[]) => Batch | Promise<Batch>;
  /** Ends the iteration with the signal's reason. */
  signal?: AbortSignal;
}

/** Where a loader stands; plain JSON. */
export interface DataLoaderState {
  /** The seed of the orders; null before one was drawn, and without shuffling. */
  seed: number | null;
  /** The epoch in progress or, between epochs, the next one. */
  epoch: number;
  /** How many samples of the epoch were handed out. */
  position: number;
}

/**
 * Iterates over batches, once per `for await`, which is one epoch. Batches come from the dataset's `getBatch`, or from
 * stacking its samples: a tuple of tensors such as `[images, labels]`. Iterating leaves the event loop free, and
 * waits when the device has too much work queued.
 *
 * ```ts
 * const loader = new DataLoader(new TensorDataset(images, labels), { batchSize: 64, shuffle: true, seed: 1 });
 * for await (const [images, labels] of loader) { ... }
 * ```
 *
 * The same seed gives the same orders, another one each epoch. `state()` saved after a batch and given to `setState` of
 * a loader over the same data continues with the batch after it, and with the same orders.
 *
 * @throws ArgumentError for wrong options
 */
export class DataLoader<Batch = Tensor[], Sample = unknown> implements AsyncIterable<Batch> {
  /** Samples per batch; the last one of an epoch may have fewer. */
  readonly batchSize: number;
  readonly #dataset: Dataset<Batch, Sample> | undefined;
  readonly #stream: Iterable<Sample> | AsyncIterable<Sample> | undefined;
  readonly #shuffle: boolean;
  readonly #sampler: Sampler | undefined;
  readonly #dropLast: boolean;
  readonly #collate: DataLoaderOptions<Batch, Sample>['collate'];
  readonly #signal: AbortSignal | undefined;
  #seed: number | undefined;
  #cursor: Cursor = { epoch: 0, position: 0 };
  // Whether the next iteration takes the cursor up where it stands, rather than begin the epoch after it.
  #continues = true;

  constructor(source: Source<Batch, Sample>, options: DataLoaderOptions<Batch, Sample> = {}) {
    checkOptions('DataLoader', options, ['batchSize', 'shuffle', 'seed', 'sampler', 'dropLast', 'collate', 'signal']);
    const { batchSize = 1, shuffle = false, sampler, dropLast = false, collate, signal } = options;
    const { seed = sampler === undefined ? undefined : 0 } = options;
    const check = (valid: boolean, name: string, rule: string, value: unknown) =>
      checkArgument(valid, 'DataLoader', name, rule, value);
    check(isCount(batchSize) && batchSize > 0, 'batchSize', 'a positive integer', batchSize);
    check(typeof shuffle === 'boolean', 'shuffle', 'a boolean', shuffle);
    check(typeof dropLast === 'boolean', 'dropLast', 'a boolean', dropLast);
    check(collate === undefined || typeof collate === 'function', 'collate', 'a function', collate);
    check(signal === undefined || typeof signal.throwIfAborted === 'function', 'signal', 'an AbortSignal', signal);
    check(sampler === undefined || typeof sampler.share === 'function', 'sampler', 'a sampler', sampler);
    checkSeed('DataLoader', seed);
    if (isDataset(source)) this.#dataset = source as Dataset<Batch, Sample>;
    else if (isArrayLike<Sample>(source)) this.#dataset = samplesIn(source);
    else if (isIterable<Sample>(source)) this.#stream = source;
    const rule = 'a dataset (length and get), an array or an iterable of samples';
    check(this.#dataset !== undefined || this.#stream !== undefined, 'source', rule, source);
    check(!(shuffle && this.#stream), 'shuffle', 'false, since the order of an iterable is its own,', shuffle);
    check(!(sampler && this.#stream), 'sampler', 'undefined for an iterable, which has an order of its own,', sampler);
    this.batchSize = batchSize;
    this.#sampler = sampler;
    this.#shuffle = shuffle;
    this.#dropLast = dropLast;
    this.#collate = collate;
    this.#signal = signal;
    this.#seed = seed;
  }

  /** Batches an epoch; NaN for an iterable, which does not tell. */
  get length(): number {
    if (!this.#dataset) return Number.NaN;
    const batches = this.#count(this.#dataset.length) / this.batchSize;
    return this.#dropLast ? Math.floor(batches) : Math.ceil(batches);
  }

  /**
   * Where the iteration that began last stands: after the batch handed out last. An epoch cut short by `break` can be
   * taken up with `setState(state())`; otherwise the next iteration begins the next epoch.
   */
  state(): DataLoaderState {
    return { seed: this.#seed ?? null, ...this.#cursor };
  }

  /**
   * Makes the next iteration continue from a state. An epoch whose last batch was handed out has no batches left. A
   * stream of samples is read and dropped up to the position.
   * @throws ArgumentError for a state that is malformed or beyond the dataset
   */
  setState(state: DataLoaderState): void {
    const { seed = null, epoch, position } = state ?? {};
    const valid = (seed === null || isCount(seed)) && isCount(epoch) && isCount(position);
    checkArgument(valid, 'DataLoader', 'state', '{ seed, epoch, position }', state);
    const limit = this.#dataset ? this.#count(this.#dataset.length) : Number.POSITIVE_INFINITY;
    checkArgument(
      position <= limit,
      'DataLoader',
      'state.position',
      `at most ${limit}, the samples of an epoch,`,
      position,
    );
    this.#seed = seed ?? undefined;
    this.#cursor = { epoch, position };
    this.#continues = true;
  }

  /** One epoch, or the rest of one. */
  [Symbol.asyncIterator](): AsyncGenerator<Batch, void, undefined> {
    return this.#dataset ? this.#indexed(this.#dataset) : this.#streamed(this.#stream as AsyncIterable<Sample>);
  }

  /**
   * One epoch, or the rest of one, as rows of columns to be gathered by the engine; undefined where the batches are not rows of
   * columns in the order of the dataset. @internal
   */
  async rows(): Promise<EpochRows | undefined> {
    const dataset: unknown = this.#dataset;
    if (this.#collate || !isColumnar(dataset)) return undefined;
    const columns = dataset[columnsOf]();
    if (columns === undefined) return undefined;
    const cursor = this.#begin();
    const length = this.#count(dataset.length);
    const order = await this.#order(dataset.length, cursor, dataset[rowsOf]?.());
    return {
      columns,
      order,
      end: this.#dropLast ? length - (length % this.batchSize) : length,
      batchSize: this.batchSize,
      signal: this.#signal,
      get position() {
        return cursor.position;
      },
      advance: (samples) => {
        cursor.position += samples;
      },
      finish: () => this.#finish(cursor),
      giveUp: () => {
        if (this.#cursor === cursor) this.#continues = true;
      },
    };
  }

  // The seed of an epoch's order; draws that of all orders if there is none yet.
  async #epochSeed(cursor: Cursor): Promise<bigint> {
    const drawn = this.#seed ?? (await drawSeed());
    // Another iteration may have drawn one meanwhile.
    this.#seed ??= drawn;
    return epochSeed(this.#seed, cursor.epoch);
  }

  // How many samples of the dataset an epoch has.
  #count(length: number): number {
    return this.#sampler?.count(length) ?? length;
  }

  // The samples of an epoch in their order: numbers of rows, where `rows` tells which those of the dataset are.
  async #order(length: number, cursor: Cursor, rows?: readonly number[]): Promise<Tensor> {
    const sampler = this.#sampler;
    const seed = this.#shuffle || sampler !== undefined ? await this.#epochSeed(cursor) : undefined;
    const order = rowOrder(length, this.#shuffle ? seed : undefined, rows);
    if (sampler === undefined) return order;
    try {
      return scope(() => sampler.share(order, seed as bigint));
    } finally {
      order.dispose();
    }
  }

  #begin(): Cursor {
    const { epoch, position } = this.#cursor;
    this.#cursor = this.#continues ? { epoch, position } : { epoch: epoch + 1, position: 0 };
    this.#continues = false;
    return this.#cursor;
  }

  #finish(cursor: Cursor): void {
    // Unless another iteration has begun meanwhile.
    if (this.#cursor !== cursor) return;
    this.#cursor = { epoch: cursor.epoch + 1, position: 0 };
    this.#continues = true;
  }

  async *#indexed(dataset: Dataset<Batch, Sample>): AsyncGenerator<Batch, void, undefined> {
    const cursor = this.#begin();
    const length = this.#count(dataset.length);
    const pace = new Pace();
    let order: ArrayLike<number | bigint> | undefined;
    if (this.#shuffle || this.#sampler) order = await readAll(await this.#order(dataset.length, cursor));
    while (cursor.position < length) {
      const { position } = cursor;
      const count = Math.min(this.batchSize, length - position);
      if (count < this.batchSize && this.#dropLast) break;
      await pace.step();
      this.#signal?.throwIfAborted();
      const indices = Array.from({ length: count }, (_, i) => (order ? Number(order[position + i]) : position + i));
      const batch = await this.#fetch(dataset, indices, pace);
      cursor.position += count;
      yield batch;
    }
    this.#finish(cursor);
  }

  async #fetch(dataset: Dataset<Batch, Sample>, indices: number[], pace: Pace): Promise<Batch> {
    if (dataset.getBatch && !this.#collate) return orAborted(dataset.getBatch(indices), this.#signal);
    const samples: (Sample | Promise<Sample>)[] = [];
    for (const index of indices) {
      const sample = dataset.get(index);
      // A sample that fails while others are still asked for is reported below, not as an unhandled rejection.
      if (isPromiseLike(sample)) sample.then(undefined, () => {});
      samples.push(sample);
      await pace.step();
    }
    return this.#toBatch(await orAborted(Promise.all(samples), this.#signal));
  }

  async *#streamed(stream: Iterable<Sample> | AsyncIterable<Sample>): AsyncGenerator<Batch, void, undefined> {
    const cursor = this.#begin();
    const pace = new Pace();
    let skip = cursor.position;
    let samples: Sample[] = [];
    for await (const sample of samplesOf(stream, this.#signal)) {
      await pace.step();
      if (skip > 0) {
        skip--;
        continue;
      }
      samples.push(sample);
      if (samples.length < this.batchSize) continue;
      const batch = await this.#toBatch(samples);
      cursor.position += samples.length;
      samples = [];
      yield batch;
    }
    if (samples.length > 0 && !this.#dropLast) {
      const batch = await this.#toBatch(samples);
      cursor.position += samples.length;
      yield batch;
    }
    this.#finish(cursor);
  }

  async #toBatch(samples: Sample[]): Promise<Batch> {
    // Without collate, Batch is inferred as Tensor[] unless the caller insists on another type.
    return this.#collate ? this.#collate(samples) : (collateSamples(samples) as Batch);
  }
}

/** The batches of an epoch as rows of columns: batch by batch the next `batchSize` entries of `order`, up to `end`. @internal */
export interface EpochRows {
  columns: Column[];
  /** Indices of samples, int64; the caller disposes it. */
  order: Tensor;
  end: number;
  batchSize: number;
  signal: AbortSignal | undefined;
  /** Samples handed out so far. */
  readonly position: number;
  /** Notes that so many more are handed out. */
  advance(samples: number): void;
  /** Notes the end of the epoch. */
  finish(): void;
  /** Lets the next iteration go on from here. */
  giveUp(): void;
}

// Indices of rows, int64: those of `rows`, or all, in the random order of `seed` where there is one.
function rowOrder(length: number, seed: bigint | undefined, rows: readonly number[] | undefined): Tensor {
  if (rows === undefined) return seed === undefined ? arange(length) : randomOrder(length, seed);
  const chosen = tensor(BigInt64Array.from(rows, BigInt));
  if (seed === undefined) return chosen;
  const order = randomOrder(length, seed);
  const shuffled = indexSelect(chosen, 0, order);
  order.dispose();
  chosen.dispose();
  return shuffled;
}

interface Cursor {
  epoch: number;
  position: number;
}

function isArrayLike<Sample>(source: unknown): source is ArrayLike<Sample> {
  return Array.isArray(source) || (ArrayBuffer.isView(source) && 'length' in source);
}

function isIterable<Sample>(source: unknown): source is Iterable<Sample> | AsyncIterable<Sample> {
  if (typeof source !== 'object' || source === null) return false;
  return Symbol.asyncIterator in source || Symbol.iterator in source;
}
