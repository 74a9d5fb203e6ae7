// A dataset over typed arrays that stay as they are, such as the bytes of images: only the rows of a batch are
// converted, on the engine.

import { isFloating } from '../dtype';
import { ArgumentError, DTypeError, ShapeError } from '../errors';
import { tensor } from '../ops/create';
import type { DType, Tensor, TypedArray } from '../tensor';
import { checkArgument, checkIndices, isCount } from './arguments';
import { type Column, type Columnar, columnsOf, loadInPieces, readsAs } from './columns';
import { commonLength, type Dataset, type TensorsOf } from './dataset';

/** Typed arrays that a column may hold; int8, int16 and uint16 elements arrive as int32. */
export type ColumnData = TypedArray | Uint8ClampedArray | Int8Array | Int16Array | Uint16Array;

/** One column of an {@link ArrayDataset}: the array of `readIdx` or `mnist`, and how its rows become tensors. */
export interface ArrayColumn {
  /** Row-major elements; kept by reference. The Trainer reads them at the beginning of each epoch. */
  data: ColumnData;
  /** Shape of the whole array, samples first; [data.length] when left out. */
  shape?: readonly number[];
  /** Factor for every element, such as 1 / 255; the batch is then floating point. */
  scale?: number;
  /** dtype of batches: that of the array when left out, or float32 with `scale`. */
  dtype?: DType;
}

interface Storage {
  dtype: DType;
  /** `length` elements of the array's own kind, from byte `at` on. */
  view: (buffer: ArrayBufferLike, at: number, length: number) => TypedArray;
}

// By name: an array of another realm (a test runner's, say) is no instance of this realm's classes.
const STORAGE: ReadonlyMap<string, Storage> = new Map([
  ['Uint8Array', { dtype: 'uint8', view: (buffer, at, length) => new Uint8Array(buffer, at, length) }],
  ['Uint8ClampedArray', { dtype: 'uint8', view: (buffer, at, length) => new Uint8Array(buffer, at, length) }],
  ['Int8Array', { dtype: 'int32', view: (buffer, at, length) => Int32Array.from(new Int8Array(buffer, at, length)) }],
  ['Int16Array', { dtype: 'int32', view: (buffer, at, length) => Int32Array.from(new Int16Array(buffer, at, length)) }],
  [
    'Uint16Array',
    { dtype: 'int32', view: (buffer, at, length) => Int32Array.from(new Uint16Array(buffer, at, length)) },
  ],
  ['Int32Array', { dtype: 'int32', view: (buffer, at, length) => new Int32Array(buffer, at, length) }],
  ['BigInt64Array', { dtype: 'int64', view: (buffer, at, length) => new BigInt64Array(buffer, at, length) }],
  ['Float32Array', { dtype: 'float32', view: (buffer, at, length) => new Float32Array(buffer, at, length) }],
  ['Float64Array', { dtype: 'float64', view: (buffer, at, length) => new Float64Array(buffer, at, length) }],
]);

/**
 * A dataset over typed arrays. Sample i is a tuple with row i of each column; a batch of n rows has shape
 * [n, ...shape.slice(1)]. Memory stays that of the arrays: MNIST as bytes takes 47 MB, as float32 it would take 188.
 *
 * @throws ShapeError when a shape does not fit its array or first dimensions differ; ArgumentError for other misuse
 */
export class ArrayDataset<Columns extends readonly ArrayColumn[] = ArrayColumn[]>
  implements Dataset<TensorsOf<Columns>, TensorsOf<Columns>>, Columnar
{
  readonly length: number;
  readonly #columns: ArrayRows[];

  constructor(...columns: Columns) {
    checkArgument(columns.length > 0, 'ArrayDataset', 'its arguments', 'one column or more', columns);
    this.#columns = columns.map((column) => new ArrayRows(column));
    this.length = commonLength('ArrayDataset', this.#columns);
  }

  get(index: number): TensorsOf<Columns> {
    checkIndices('ArrayDataset', [index], this.length);
    return this.#columns.map((column) => column.rows([index], column.shape.slice(1))) as unknown as TensorsOf<Columns>;
  }

  /** @internal */
  [columnsOf](): Column[] | undefined {
    return readsAs(this, ArrayDataset.prototype, ['get', 'getBatch']) ? this.#columns : undefined;
  }

  getBatch(indices: readonly number[]): TensorsOf<Columns> {
    checkIndices('ArrayDataset', indices, this.length);
    const batch = this.#columns.map((column) => column.rows(indices, [indices.length, ...column.shape.slice(1)]));
    return batch as unknown as TensorsOf<Columns>;
  }
}

class ArrayRows implements Column {
  readonly shape: readonly number[];
  readonly #data: ColumnData;
  readonly #storage: Storage;
  readonly #dtype: DType;
  readonly #scale: number | undefined;
  readonly #rowBytes: number;
  readonly #bytes: Uint8Array;
  // The rows of a batch; kept for the next one, since `tensor` copies.
  #rows = new Uint8Array(0);

  constructor({ data, shape = [data?.length], scale, dtype }: ArrayColumn) {
    const isArray = ArrayBuffer.isView(data) && 'length' in data;
    checkArgument(isArray, 'ArrayDataset', 'data', 'a typed array', data);
    const kind = data[Symbol.toStringTag];
    const storage = STORAGE.get(kind);
    if (!storage)
      throw new DTypeError(`[ArrayDataset] ${kind} is not supported (${[...STORAGE.keys()].join(', ')} are)`);
    checkArgument(shape.length > 0 && shape.every(isCount), 'ArrayDataset', 'shape', 'sizes, samples first', shape);
    const size = shape.reduce((product, extent) => product * extent, 1);
    if (size !== data.length) {
      throw new ShapeError(
        `[ArrayDataset] shape [${shape.join(', ')}] has ${size} elements but data has ${data.length}`,
      );
    }
    checkArgument(scale === undefined || Number.isFinite(scale), 'ArrayDataset', 'scale', 'a finite number', scale);
    this.#dtype = dtype ?? (scale === undefined ? storage.dtype : 'float32');
    if (scale !== undefined && !isFloating(this.#dtype)) {
      throw new ArgumentError(`[ArrayDataset] scale needs a floating-point dtype but received ${this.#dtype}`);
    }
    this.shape = [...shape];
    this.#data = data;
    this.#storage = storage;
    this.#scale = scale;
    this.#bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    this.#rowBytes = shape[0] === 0 ? 0 : data.byteLength / shape[0];
  }

  #checkAttached(): void {
    if (this.#bytes.byteLength === this.#rowBytes * this.shape[0]) return;
    throw new ArgumentError(`[ArrayDataset] the buffer of a ${this.#data[Symbol.toStringTag]} was detached or resized`);
  }

  /** Rows `indices` as one tensor of `shape`. */
  rows(indices: readonly number[], shape: readonly number[]): Tensor {
    this.#checkAttached();
    const rowBytes = this.#rowBytes;
    const { dtype, view } = this.#storage;
    const size = indices.length * rowBytes;
    if (this.#rows.length < size) this.#rows = new Uint8Array(size);
    const rows = this.#rows;
    for (let row = 0; row < indices.length; row++) {
      const begin = indices[row] * rowBytes;
      if (rowBytes === 1) rows[row] = this.#bytes[begin];
      else rows.set(this.#bytes.subarray(begin, begin + rowBytes), row * rowBytes);
    }
    return this.finish(tensor(view(rows.buffer, 0, size / this.#data.BYTES_PER_ELEMENT), { dtype, shape: [...shape] }));
  }

  async load(into?: Tensor): Promise<{ samples: Tensor; owned: boolean }> {
    this.#checkAttached();
    const { dtype, view } = this.#storage;
    const { buffer, byteOffset, length } = this.#data;
    return { samples: await loadInPieces(view(buffer, byteOffset, length), dtype, this.shape, into), owned: true };
  }

  /** Rows in the array's element type, converted and scaled. */
  finish(rows: Tensor): Tensor {
    const { dtype } = this.#storage;
    let result = rows;
    if (this.#dtype !== dtype) result = replace(result, result.to(this.#dtype));
    if (this.#scale !== undefined) result = replace(result, result.mul(this.#scale));
    return result;
  }
}

// Gives the intermediate value back at once instead of leaving it to the garbage collector.
function replace(old: Tensor, next: Tensor): Tensor {
  if (next !== old) old.dispose();
  return next;
}
