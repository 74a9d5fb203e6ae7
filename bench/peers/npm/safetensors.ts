// Tensors from the files that inputs come in.
import { readFileSync } from 'node:fs';

/** Of a tensor of a safetensors file; shape as written there. */
export interface Stored {
  shape: number[];
  data: Float32Array | BigInt64Array;
}

/** @throws when a tensor is neither float32 nor int64 */
export function load(path: string): Record<string, Stored> {
  const file = readFileSync(path);
  const begin = 8 + Number(file.readBigUInt64LE());
  const header = JSON.parse(file.toString('utf8', 8, begin)) as Record<
    string,
    { dtype: string; shape: number[]; data_offsets: [number, number] }
  >;
  const tensors: Record<string, Stored> = {};
  for (const [name, entry] of Object.entries(header)) {
    if (name === '__metadata__') continue;
    // Copied to a buffer of its own, for alignment.
    const [from, to] = entry.data_offsets;
    const { buffer } = new Uint8Array(file.subarray(begin + from, begin + to));
    if (entry.dtype !== 'F32' && entry.dtype !== 'I64') throw new Error(`${name} is ${entry.dtype}`);
    tensors[name] = {
      shape: entry.shape,
      data: entry.dtype === 'F32' ? new Float32Array(buffer) : new BigInt64Array(buffer),
    };
  }
  return tensors;
}

/** Weight [outputs, inputs] and bias [outputs] of each layer, from names of a PyTorch Sequential. */
export function layers(tensors: Record<string, Stored>): { weight: Stored; bias: Stored }[] {
  const places = new Set(Object.keys(tensors).map((name) => Number.parseInt(name, 10)));
  return [...places]
    .filter((place) => !Number.isNaN(place))
    .sort((a, b) => a - b)
    .map((place) => ({ weight: tensors[`${place}.weight`], bias: tensors[`${place}.bias`] }));
}
