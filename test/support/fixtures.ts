// PyTorch's results for the samples, as fixtures/make_operators.py wrote them. Read without the library under test.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { DType } from 'anneal';

export interface Expected {
  dtype: DType;
  shape: number[];
  values: ArrayLike<number | bigint>;
}

interface Header {
  [name: string]: { dtype: string; shape: number[]; data_offsets: [number, number] };
}

const ARRAYS: Record<string, { dtype: DType; read: (buffer: ArrayBuffer) => ArrayLike<number | bigint> }> = {
  F32: { dtype: 'float32', read: (buffer) => new Float32Array(buffer) },
  F64: { dtype: 'float64', read: (buffer) => new Float64Array(buffer) },
  I32: { dtype: 'int32', read: (buffer) => new Int32Array(buffer) },
  I64: { dtype: 'int64', read: (buffer) => new BigInt64Array(buffer) },
  U8: { dtype: 'uint8', read: (buffer) => new Uint8Array(buffer) },
  BOOL: { dtype: 'bool', read: (buffer) => new Uint8Array(buffer) },
};

/**
 * PyTorch's results of an operator's samples, by the sample's key and their name (`out0`: first result, `grad1`: gradient by input 1).
 *
 * @param folder of test/fixtures
 */
export function readFixtures(
  op: string,
  folder = 'operators',
): { torch: string | undefined; tensors: Map<string, Expected> } {
  const path = join(__dirname, '..', 'fixtures', folder, `${op}.safetensors`);
  if (!existsSync(path)) return { torch: undefined, tensors: new Map() };
  const bytes = readFileSync(path);
  const begin = 8 + Number(bytes.readBigUInt64LE());
  const { __metadata__: metadata, ...entries } = JSON.parse(bytes.subarray(8, begin).toString()) as Header & {
    __metadata__: { torch: string };
  };
  const tensors = Object.entries(entries as Header).map(
    ([name, { dtype, shape, data_offsets }]): [string, Expected] => {
      const kind = ARRAYS[dtype];
      if (!kind) throw new Error(`${op}: ${name} is ${dtype}`);
      const [from, to] = data_offsets.map((offset) => begin + offset);
      return [name, { dtype: kind.dtype, shape, values: kind.read(Uint8Array.from(bytes.subarray(from, to)).buffer) }];
    },
  );
  return { torch: metadata.torch, tensors: new Map(tensors) };
}
