// What a dataset is, and the one over tensors.

import { ShapeError } from '../errors';
import { tensor } from '../ops/create';
import { Tensor } from '../tensor';
import { checkArgument, checkIndices, isCount } from './arguments';
import { type Column, type Columnar, columnsOf, readsAs } from './columns';

/**
 * A finite collection of samples with random access. A DataLoader asks for whole batches where `getBatch` exists, and
 * otherwise for samples one by one, which it stacks.
 */
export interface Dataset<Batch = Tensor[], Sample = unknown> {
  /** The number of samples. */
  readonly length: number;
  /** Sample `index`, usually a tuple such as `[features, label]` of tensors, typed arrays or numbers. */
  get(index: number): Sample | Promise<Sample>;
  /** Samples `indices`, in that order, stacked along a new first dimension. */
  getBatch?(indices: readonly number[]): Batch | Promise<Batch>;
}

/** As many tensors as `Columns` has members. */
export type TensorsOf<Columns extends readonly unknown[]> = { [Column in keyof Columns]: Tensor };

/**
 * A dataset over tensors that share their first dimension: sample i is `[tensors[0][i], tensors[1][i], ...]`, and a
 * batch takes its rows with one `indexSelect` a tensor. The tensors are referenced, not copied: they must outlive it.
 *
 * @throws ShapeError when first dimensions differ or a tensor has none
 */
export class TensorDataset<Columns extends readonly Tensor[] = Tensor[]>
  implements Dataset<TensorsOf<Columns>, TensorsOf<Columns>>, Columnar
{
  /** The tensors, as given. */
  readonly tensors: Columns;
  readonly length: number;
  readonly #columns: Column[];

  constructor(...tensors: Columns) {
    checkArgument(tensors.length > 0, 'TensorDataset', 'its arguments', 'one tensor or more', tensors);
    for (const column of tensors)
      checkArgument(column instanceof Tensor, 'TensorDataset', 'its arguments', 'tensors', column);
    this.tensors = tensors;
    this.length = commonLength('TensorDataset', tensors);
    this.#columns = tensors.map((samples) => ({
      load: async () => ({ samples, owned: false }),
      finish: (rows: Tensor) => rows,
    }));
  }

  get(index: number): TensorsOf<Columns> {
    const batch = this.getBatch([index]);
    const sample = batch.map((rows) => rows.squeeze(0));
    for (const rows of batch) rows.dispose();
    return sample as TensorsOf<Columns>;
  }

  /** @internal */
  [columnsOf](): Column[] | undefined {
    return readsAs(this, TensorDataset.prototype, ['get', 'getBatch']) ? this.#columns : undefined;
  }

  getBatch(indices: readonly number[]): TensorsOf<Columns> {
    checkIndices('TensorDataset', indices, this.length);
    const rows = tensor(Int32Array.from(indices), { dtype: 'int32' });
    const batch = this.tensors.map((column) => column.indexSelect(0, rows));
    rows.dispose();
    return batch as TensorsOf<Columns>;
  }
}

/** The first dimension that all columns share. */
export function commonLength(owner: string, columns: readonly { readonly shape: readonly number[] }[]): number {
  const shapes = columns.map(({ shape }) => `[${shape.join(', ')}]`).join(' and ');
  const [first] = columns;
  const length = first?.shape[0];
  if (length === undefined || columns.some(({ shape }) => shape[0] !== length)) {
    throw new ShapeError(`[${owner}] expected the same first dimension, the number of samples, but received ${shapes}`);
  }
  return length;
}

export function isDataset(value: unknown): value is Dataset<never> {
  if (typeof value !== 'object' || value === null) return false;
  const { length, get } = value as { length?: unknown; get?: unknown };
  return isCount(length) && typeof get === 'function';
}

/** The samples of an array, read from it one by one. */
export function samplesIn<Batch, Sample>(samples: ArrayLike<Sample>): Dataset<Batch, Sample> {
  return { length: samples.length, get: (index) => samples[index] as Sample };
}
