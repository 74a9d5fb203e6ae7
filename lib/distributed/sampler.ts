// The part of a dataset that belongs to a process.
import type { Sampler } from '../data/sampler';
import { ArgumentError } from '../errors';
import { arange } from '../ops/create';
import { indexSelect } from '../ops/indexing';
import { checkOptions } from '../options';
import type { Tensor } from '../tensor';
import * as group from './group';

/** Options of {@link DistributedSampler}. */
export interface DistributedSamplerOptions {
  /** The process whose part it is. Default: this one. */
  rank?: number;
  /** The number of parts. Default: the processes of the group. */
  size?: number;
  /** Leaves out the last samples where they are not enough for all, instead of handing out some of the first ones twice. Default false. */
  dropLast?: boolean;
}

/**
 * Gives each process its part of every epoch: of the epoch's order, process `rank` takes every `size`-th sample from the `rank`-th on. So
 * the batches of all processes together are the batches that one process would have, with a batch size `size` times as large. All parts
 * are equally long.
 *
 * ```ts
 * new data.DataLoader(dataset, { batchSize: 64, shuffle: true, sampler: new distributed.DistributedSampler() });
 * ```
 *
 * @throws ArgumentError for a rank that is not below the size.
 */
export class DistributedSampler implements Sampler {
  readonly #rank: number | undefined;
  readonly #size: number | undefined;
  readonly #dropLast: boolean;

  constructor(options: DistributedSamplerOptions = {}) {
    checkOptions('DistributedSampler', options, ['rank', 'size', 'dropLast']);
    const { rank = group.rank, size = group.size, dropLast = false } = options;
    if (!(Number.isSafeInteger(size) && Number.isSafeInteger(rank) && rank >= 0 && rank < size)) {
      throw new ArgumentError(
        `[DistributedSampler] expected 0 <= rank < size, received rank ${String(rank)} and size ${String(size)}`,
      );
    }
    this.#rank = options.rank;
    this.#size = options.size;
    this.#dropLast = dropLast;
  }

  /** Samples of an epoch that this process gets. */
  count(length: number): number {
    const [, size] = this.#place;
    return this.#dropLast ? Math.floor(length / size) : Math.ceil(length / size);
  }

  /** Those of `order` that this process gets. */
  share(order: Tensor): Tensor {
    const [rank, size] = this.#place;
    const places = arange(this.count(order.size)).mul(size).add(rank).remainder(order.size);
    return indexSelect(order, 0, places);
  }

  // Processes may have been lost since the last epoch.
  get #place(): [rank: number, size: number] {
    group.refresh();
    return [this.#rank ?? group.rank, this.#size ?? group.size];
  }
}
