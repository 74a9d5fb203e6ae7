// Samples to a batch: the default way of stacking what `Dataset.get` or an iterable returns.

import { ArgumentError, ShapeError } from '../errors';
import { tensor } from '../ops/create';
import { stack } from '../ops/shape';
import { type NestedArray, Tensor, type TypedArray } from '../tensor';

/**
 * Stacks samples along a new first dimension. A sample is a tuple, each member of which becomes one tensor of the
 * batch, or a single value. Members are tensors, typed arrays, nested arrays, numbers (float32), bigints (int64) or
 * booleans (bool), of the same kind and shape in every sample.
 *
 * @throws ShapeError when shapes or tuple lengths differ; ArgumentError for other values (pass `collate` for those)
 */
export function collateSamples(samples: readonly unknown[]): Tensor[] {
  const tuples = samples.map((sample) => (Array.isArray(sample) ? (sample as unknown[]) : [sample]));
  const width = tuples[0]?.length ?? 0;
  if (tuples.some((tuple) => tuple.length !== width)) {
    const widths = [...new Set(tuples.map((tuple) => tuple.length))].join(' and ');
    throw new ShapeError(`[DataLoader] expected samples with the same number of members but received ${widths}`);
  }
  return Array.from({ length: width }, (_, member) => stackValues(tuples.map((tuple) => tuple[member])));
}

function stackValues(values: unknown[]): Tensor {
  const [first] = values;
  if (values.every((value) => value instanceof Tensor)) return stack(values, 0);
  if (values.every(isTypedArray)) return stackArrays(values);
  if (values.every((value) => typeof value === typeof first)) {
    if (typeof first === 'number') return tensor(values as number[], { dtype: 'float32' });
    if (typeof first === 'bigint') return tensor(values as bigint[], { dtype: 'int64' });
    if (typeof first === 'boolean') return tensor(values as boolean[], { dtype: 'bool' });
  }
  if (values.every(Array.isArray)) return tensor(values as NestedArray[]);
  const kinds = [...new Set(values.map(kindOf))].join(' and ');
  throw new ArgumentError(
    `[DataLoader] expected samples of tensors, typed arrays, nested arrays, numbers, bigints or booleans, of one kind, ` +
      `but received ${kinds}: pass collate to build batches from them`,
  );
}

function stackArrays(arrays: TypedArray[]): Tensor {
  const first = arrays[0];
  const other = arrays.find((array) => array.length !== first.length || kindOf(array) !== kindOf(first));
  if (other) {
    const what = `${kindOf(first)} of ${first.length} and ${kindOf(other)} of ${other.length}`;
    throw new ShapeError(`[DataLoader] expected typed arrays of one kind and length but received ${what}`);
  }
  const bytes = new Uint8Array(first.byteLength * arrays.length);
  for (const [i, { buffer, byteOffset, byteLength }] of arrays.entries()) {
    bytes.set(new Uint8Array(buffer, byteOffset, byteLength), i * byteLength);
  }
  const shape = [arrays.length, first.length];
  switch (kindOf(first)) {
    case 'Float64Array':
      return tensor(new Float64Array(bytes.buffer), { shape });
    case 'Int32Array':
      return tensor(new Int32Array(bytes.buffer), { shape });
    case 'BigInt64Array':
      return tensor(new BigInt64Array(bytes.buffer), { shape });
    case 'Uint8Array':
      return tensor(bytes, { shape });
    default:
      return tensor(new Float32Array(bytes.buffer), { shape });
  }
}

const ARRAY_KINDS = ['Float32Array', 'Float64Array', 'Int32Array', 'BigInt64Array', 'Uint8Array'];

function isTypedArray(value: unknown): value is TypedArray {
  return ArrayBuffer.isView(value) && ARRAY_KINDS.includes(kindOf(value));
}

function kindOf(value: unknown): string {
  return value === null || typeof value !== 'object'
    ? typeof value
    : Object.prototype.toString.call(value).slice(8, -1);
}
