// Datasets whose batches the engine can gather by itself: tensors of all samples, from which rows are taken by index and then
// converted.
import { setImmediate as nextTurn } from 'node:timers/promises';
import { keep, noGrad } from '../context';
import { tensor, zeros } from '../ops/create';
import { assign, slice } from '../ops/shape';
import type { DType, Tensor, TypedArray } from '../tensor';

/** One column of a dataset. */
export interface Column {
  /**
   * All samples along the first axis, as they are now; the caller disposes what `owned` says was made for it, or gives it to the
   * next call, which writes over it.
   */
  load(into?: Tensor): Promise<{ samples: Tensor; owned: boolean }>;
  /** From rows as `load` gives them to those of a batch. */
  finish(rows: Tensor): Tensor;
}

/** Under this name a dataset says that its batches are rows of columns. @internal */
export const columnsOf = Symbol('anneal.columns');

/** Under this name a part of a dataset says which rows it has. @internal */
export const rowsOf = Symbol('anneal.rows');

/** What a dataset with columns has. @internal */
export interface Columnar {
  readonly length: number;
  [columnsOf](): Column[] | undefined;
  /** The rows that are its samples, in order; without this, all of them. */
  [rowsOf]?(): readonly number[];
}

/** Whether samples are read by the methods of `prototype`: not where a subclass or the object itself has others. */
export function readsAs(dataset: object, prototype: object, methods: readonly string[]): boolean {
  return methods.every((method) => Reflect.get(dataset, method) === Reflect.get(prototype, method));
}

/** Whether a dataset may say how its batches come about. */
export function isColumnar(dataset: unknown): dataset is Columnar {
  return typeof dataset === 'object' && dataset !== null && columnsOf in dataset;
}

// Copied at once: less than a millisecond.
const PIECE_BYTES = 1 << 22;

/** A tensor of `shape`, `into` if given, with the elements of `data`, copied piece by piece, so that the event loop goes on. */
export async function loadInPieces(
  data: TypedArray,
  dtype: DType,
  shape: readonly number[],
  into?: Tensor,
): Promise<Tensor> {
  const [rows = 0] = shape;
  const rowSize = rows === 0 ? 0 : data.length / rows;
  const step = Math.max(1, Math.floor(PIECE_BYTES / Math.max(1, rowSize * data.BYTES_PER_ELEMENT)));
  if (rows <= step && into === undefined) return keep(tensor(data, { dtype, shape: [...shape] }));
  const whole = into ?? keep(zeros(shape, { dtype }));
  for (let row = 0; row < rows; row += step) {
    const end = Math.min(rows, row + step);
    const piece = tensor(data.subarray(row * rowSize, end * rowSize), { dtype, shape: [end - row, ...shape.slice(1)] });
    const target = noGrad(() => slice(whole, 0, row, end));
    assign(target, piece);
    target.dispose();
    piece.dispose();
    await nextTurn();
  }
  return whole;
}
