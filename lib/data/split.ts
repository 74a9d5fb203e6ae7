// Parts of a dataset: chosen by index, or cut at random.
import { checkOptions } from '../options';
import type { Tensor } from '../tensor';
import { checkArgument, checkIndices, checkSeed, isCount } from './arguments';
import { type Column, type Columnar, columnsOf, isColumnar, readsAs, rowsOf } from './columns';
import { type Dataset, isDataset, samplesIn } from './dataset';
import { permutation } from './permutation';

/**
 * The samples `indices` of another dataset, in that order; an index may appear more than once.
 * @throws IndexError for an index outside the dataset
 */
export class Subset<Batch, Sample> implements Dataset<Batch, Sample>, Columnar {
  /** The dataset that the samples are of. */
  readonly dataset: Dataset<Batch, Sample>;
  /** Which of its samples, in order. */
  readonly indices: readonly number[];
  /** Present when the dataset has it. */
  readonly getBatch?: (indices: readonly number[]) => Batch | Promise<Batch>;
  readonly #ownGetBatch: unknown;

  constructor(dataset: Dataset<Batch, Sample>, indices: ArrayLike<number>) {
    checkDataset('Subset', dataset);
    checkIndices('Subset', indices, dataset.length);
    this.dataset = dataset;
    this.indices = Array.from(indices);
    if (dataset.getBatch)
      this.getBatch = (chosen) => dataset.getBatch?.(this.#translate(chosen)) as Batch | Promise<Batch>;
    this.#ownGetBatch = this.getBatch;
  }

  get length(): number {
    return this.indices.length;
  }

  get(index: number): Sample | Promise<Sample> {
    return this.dataset.get(this.#translate([index])[0]);
  }

  /** @internal */
  [columnsOf](): Column[] | undefined {
    const isOwn = readsAs(this, Subset.prototype, ['get']) && this.getBatch === this.#ownGetBatch;
    return isOwn && isColumnar(this.dataset) ? this.dataset[columnsOf]() : undefined;
  }

  /** @internal */
  [rowsOf](): readonly number[] {
    const rows = isColumnar(this.dataset) ? this.dataset[rowsOf]?.() : undefined;
    return rows === undefined ? this.indices : this.indices.map((index) => rows[index] as number);
  }

  #translate(chosen: readonly number[]): number[] {
    checkIndices('Subset', chosen, this.length);
    return chosen.map((index) => this.indices[index]);
  }
}

/** Options of {@link randomSplit}. */
export interface SplitOptions {
  /** The same seed gives the same parts; without one, the default generator decides (see `manualSeed`). */
  seed?: number;
}

/** Options of {@link trainValidationSplit}. */
export interface ValidationSplitOptions extends SplitOptions {
  /** Share of the validation part, between 0 and 1, or its number of samples. */
  validation: number;
  /** False takes the last samples instead of random ones, as for time series. */
  shuffle?: boolean;
}

/**
 * Cuts a dataset, or an array of samples, at random into parts without common samples.
 * @param parts numbers of samples that add up to the dataset's length, or shares that add up to 1 (each rounded down;
 * what is left goes to the first parts, one each)
 * @throws ArgumentError when they add up to neither
 */
export async function randomSplit<Batch = Tensor[], Sample = unknown>(
  source: Dataset<Batch, Sample> | readonly Sample[],
  parts: readonly number[],
  options: SplitOptions = {},
): Promise<Subset<Batch, Sample>[]> {
  checkOptions('randomSplit', options, ['seed']);
  const { seed } = options;
  const dataset = datasetOf('randomSplit', source);
  checkSeed('randomSplit', seed);
  const counts = countsOf(parts, dataset.length);
  const order = Array.from(await permutation(dataset.length, seed), Number);
  let end = 0;
  return counts.map((count) => {
    end += count;
    return new Subset(dataset, order.slice(end - count, end));
  });
}

/**
 * Cuts a dataset, or an array of samples, into a training and a validation part, each with one sample or more.
 * @returns `[training, validation]`
 */
export async function trainValidationSplit<Batch = Tensor[], Sample = unknown>(
  source: Dataset<Batch, Sample> | readonly Sample[],
  options: ValidationSplitOptions,
): Promise<[training: Subset<Batch, Sample>, validation: Subset<Batch, Sample>]> {
  const owner = 'trainValidationSplit';
  checkOptions(owner, options ?? null, ['validation', 'seed', 'shuffle']);
  const { validation, seed, shuffle = true } = options;
  const dataset = datasetOf(owner, source);
  checkSeed(owner, seed);
  const { length } = dataset;
  checkArgument(length >= 2, owner, 'dataset.length', '2 or more', length);
  const isShare = typeof validation === 'number' && validation > 0 && validation < 1;
  const rule = `a share between 0 and 1 or a number of samples from 1 to ${length - 1}`;
  checkArgument(
    isShare || (isCount(validation) && validation > 0 && validation < length),
    owner,
    'validation',
    rule,
    validation,
  );
  const count = isShare ? Math.min(Math.max(Math.round(length * validation), 1), length - 1) : validation;
  const order = shuffle
    ? Array.from(await permutation(length, seed), Number)
    : Array.from({ length }, (_, index) => index);
  const cut = length - count;
  return [new Subset(dataset, order.slice(0, cut)), new Subset(dataset, order.slice(cut))];
}

function countsOf(parts: readonly number[], length: number): number[] {
  const sum = parts.reduce((total, part) => total + part, 0);
  if (parts.every(isCount) && sum === length) return [...parts];
  const areShares = parts.every((part) => part >= 0) && Math.abs(sum - 1) < 1e-9;
  checkArgument(
    areShares,
    'randomSplit',
    'parts',
    `sample counts that add up to ${length} or shares that add up to 1`,
    parts,
  );
  const counts = parts.map((share) => Math.floor(share * length));
  let rest = length - counts.reduce((total, count) => total + count, 0);
  for (let i = 0; rest > 0; i = (i + 1) % counts.length, rest--) counts[i] = counts[i] + 1;
  return counts;
}

function datasetOf<Batch, Sample>(
  owner: string,
  source: Dataset<Batch, Sample> | readonly Sample[],
): Dataset<Batch, Sample> {
  if (Array.isArray(source)) return samplesIn<Batch, Sample>(source);
  const rule = 'a dataset (length and get) or an array of samples';
  checkArgument(isDataset(source), owner, 'dataset', rule, source);
  return source as Dataset<Batch, Sample>;
}

function checkDataset(owner: string, dataset: unknown): void {
  checkArgument(isDataset(dataset), owner, 'dataset', 'an object with length and get(index)', dataset);
}
