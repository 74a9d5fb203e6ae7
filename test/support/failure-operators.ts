// Operators for random walks among failures, and the model of what they lose: which memory a tensor has, and which of it is lost.
import {
  concat,
  crossEntropy,
  gather,
  indexSelect,
  oneHot,
  pad,
  scatterAdd,
  slice,
  softmax,
  type Tensor,
  where,
} from 'anneal';

/** Rows and columns of all tensors. */
export const SIZE = 4;

/** The number of the failure that took an element of memory; 0 where it is there. */
export type Memory = number[];

/** Which elements of a memory a tensor has. */
export interface Place {
  memory: Memory;
  offset: number;
  shape: readonly [number, number];
  strides: readonly [number, number];
}

/** An operator of up to two tensors. */
export interface Operator {
  name: string;
  run(a: Tensor, b: Tensor, index: Tensor): Tensor;
  /** What it reads; all of `a` and `b` where this is not given. */
  reads?(a: Place, b: Place): Place[];
  /** The place of the result, if it is a view of `a`. */
  view?(a: Place): Place;
  /** It takes indices, of which a bad one makes it fail. */
  indexed?: true;
}

/** New memory, as one failure left it. */
export function freshPlace(lost = 0): Place {
  return { memory: Array(SIZE * SIZE).fill(lost), offset: 0, shape: [SIZE, SIZE], strides: [SIZE, 1] };
}

/** The part of a place from `begin` to `end` along an axis. */
export function partOf({ memory, offset, shape, strides }: Place, axis: 0 | 1, begin: number, end: number): Place {
  const size = end - begin;
  const part = axis === 0 ? ([size, shape[1]] as const) : ([shape[0], size] as const);
  return { memory, offset: offset + begin * strides[axis], shape: part, strides };
}

// The smallest range that holds all of it.
function rangeOf({ offset, shape, strides }: Place): [number, number] {
  return [offset, offset + (shape[0] - 1) * strides[0] + (shape[1] - 1) * strides[1] + 1];
}

/** The earliest of the failures that took something of the places; 0 if there is none. */
export function lostOf(places: readonly Place[]): number {
  const failures = places.flatMap((place) => place.memory.slice(...rangeOf(place)).filter((failure) => failure > 0));
  return failures.length > 0 ? Math.min(...failures) : 0;
}

/** The place has been written: it is there again, unless it was written with gaps. */
export function writeTo(place: Place): void {
  const [begin, end] = rangeOf(place);
  if (end - begin === place.shape[0] * place.shape[1]) place.memory.fill(0, begin, end);
}

const half = SIZE / 2;
const spread = (index: Tensor) => index.reshape([SIZE, 1]).expand([SIZE, SIZE]);

/** Their values stay within -8 and 8. */
export const operators: readonly Operator[] = [
  { name: 'add', run: (a, b) => a.add(b).mul(0.5) },
  { name: 'subtract', run: (a, b) => a.sub(b).mul(0.5) },
  { name: 'multiply', run: (a, b) => a.mul(b).mul(1 / 8) },
  { name: 'maximum', run: (a, b) => a.maximum(b) },
  { name: 'where', run: (a, b) => where(a.gt(b), a, b.neg()) },
  { name: 'matmul', run: (a, b) => a.matmul(b).mul(1 / 32) },
  {
    name: 'matmul and relu',
    run: (a, b) =>
      a
        .matmul(b)
        .mul(1 / 32)
        .relu(),
  },
  { name: 'mean of columns', run: (a, b) => a.sub(b.mean(0)).mul(0.5) },
  { name: 'mean of rows', reads: (a) => [a], run: (a) => a.sub(a.mean(1, true)).mul(0.5) },
  { name: 'relu', reads: (a) => [a], run: (a) => a.relu() },
  { name: 'softmax', reads: (a) => [a], run: (a) => softmax(a, 1) },
  { name: 'casts', reads: (a) => [a], run: (a) => a.to('float64').neg().to('float32') },
  { name: 'clone', reads: (a) => [a], run: (a) => a.transpose(0, 1).clone() },
  {
    name: 'concat of rows',
    reads: (a, b) => [partOf(a, 0, 0, half), partOf(b, 0, half, SIZE)],
    run: (a, b) => concat([slice(a, 0, 0, half), slice(b, 0, half, SIZE)], 0),
  },
  {
    name: 'concat of columns',
    reads: (a, b) => [partOf(a, 1, 0, 1), partOf(b, 1, 1, SIZE)],
    run: (a, b) => concat([slice(a, 1, 0, 1), slice(b, 1, 1, SIZE)], 1),
  },
  {
    name: 'pad',
    reads: (a) => [partOf(a, 0, 1, SIZE)],
    run: (a) => pad(slice(a, 0, 1, SIZE), [[1, 0], [0, 0]]), // biome-ignore format: a pair per axis
  },
  { name: 'indexSelect', indexed: true, reads: (a) => [a], run: (a, _, index) => indexSelect(a, 0, index) },
  { name: 'gather', indexed: true, reads: (a) => [a], run: (a, _, index) => gather(a, 1, spread(index)) },
  { name: 'scatterAdd', indexed: true, run: (a, b, index) => scatterAdd(a, 0, spread(index), b).mul(1 / 5) },
  { name: 'oneHot', indexed: true, reads: (a) => [a], run: (a, _, index) => a.mul(oneHot(index, SIZE)) },
  { name: 'crossEntropy', indexed: true, run: (a, b, index) => a.sub(crossEntropy(b, index)).mul(0.25) },
  {
    name: 'transpose',
    run: (a) => a.transpose(0, 1),
    view: ({ memory, offset, shape, strides }) => ({
      memory,
      offset,
      shape: [shape[1], shape[0]],
      strides: [strides[1], strides[0]],
    }),
  },
  { name: 'detach', run: (a) => a.detach(), view: (a) => a },
];
