// Tensors in safetensors files, the format that PyTorch models are exchanged in: saved whole or not at all, and
// read tensor by tensor, so that a file may be larger than any one buffer.

import type { OwnUint8Array } from '../compatible';
import { type Device, defaultDevice, deviceCode } from '../device';
import { ArgumentError, DTypeError, describe, FormatError } from '../errors';
import { type NamedTensors, namedEntries } from '../named-tensors';
import { tensor } from '../ops/create';
import { checkOptions } from '../options';
import { type DType, Tensor, type TypedArray } from '../tensor';
import { replaceFile, writeFully } from './atomic';
import { compareEntries, formatHeader, HEADER_LIMIT, type Header, parseHeader, type TensorEntry } from './header';
import { allocate, type ByteSource, checkFits, memorySource, openSource } from './source';

/** Options of {@link save}. */
export interface SaveOptions {
  /** Stops the save; the former file stays as it was. */
  signal?: AbortSignal;
}

/** Options of {@link load} and {@link deserialize}. */
export interface LoadOptions {
  /** Read only these tensors. */
  keys?: Iterable<string>;
  /** Where the tensors are made, one after another; default {@link defaultDevice}. */
  device?: Device;
  /** Stops the load, which then rejects with its reason. */
  signal?: AbortSignal;
}

const loadOptionNames = ['keys', 'device', 'signal'];

/** One tensor of a file. `dtype` is the format's own name (`F32`), which the engine need not support. */
export interface TensorMetadata {
  /** Element type in the words of the format, such as `F32`. */
  dtype: string;
  /** Sizes of the dimensions. */
  shape: number[];
  /** Bytes in the file. */
  bytes: number;
}

/** What a file says about itself. */
export interface FileMetadata {
  /** The strings that were saved with the tensors. */
  metadata: Record<string, string>;
  /** The tensors by name. */
  tensors: Record<string, TensorMetadata>;
}

const NAMES: Record<DType, string> = {
  float32: 'F32',
  float64: 'F64',
  int32: 'I32',
  int64: 'I64',
  uint8: 'U8',
  bool: 'BOOL',
};

const STORAGE: ReadonlyMap<string, { dtype: DType; read: (buffer: ArrayBuffer) => TypedArray; bytes: number }> =
  new Map([
    ['F32', { dtype: 'float32', read: (buffer) => new Float32Array(buffer), bytes: 4 }],
    ['F64', { dtype: 'float64', read: (buffer) => new Float64Array(buffer), bytes: 8 }],
    ['I32', { dtype: 'int32', read: (buffer) => new Int32Array(buffer), bytes: 4 }],
    ['I64', { dtype: 'int64', read: (buffer) => new BigInt64Array(buffer), bytes: 8 }],
    ['U8', { dtype: 'uint8', read: (buffer) => new Uint8Array(buffer), bytes: 1 }],
    ['BOOL', { dtype: 'bool', read: (buffer) => new Uint8Array(buffer), bytes: 1 }],
  ]);

/**
 * Writes tensors to a safetensors file. The file is complete or untouched: the bytes go to a temporary file in the same
 * directory, which replaces `path` when it is on the disk. Values are read while the file is written, one tensor at a
 * time: await the promise before the next optimizer step. The same tensors give the same bytes.
 *
 * @param tensors float32, float64, int32, int64, uint8 or bool, of any shape, by name
 * @param metadata strings to keep in the header
 * @throws ArgumentError for a name or metadata that the format cannot hold; the system's error when writing fails
 * @see https://huggingface.co/docs/safetensors
 */
export async function save(
  path: string | URL,
  tensors: NamedTensors,
  metadata?: Readonly<Record<string, string>>,
  options: SaveOptions = {},
): Promise<void> {
  checkOptions('save', options, ['signal']);
  const { signal } = options;
  signal?.throwIfAborted();
  const plan = planFile('save', tensors, metadata);
  try {
    await replaceFile(path, async (file) => {
      await writeFully(file, plan.header, signal);
      for (const { tensor } of plan.items) await writeFully(file, await bytesOf(tensor), signal);
    });
  } finally {
    plan.release();
  }
}

/**
 * The bytes of a safetensors file in memory; see {@link save}.
 * @throws ArgumentError for a name or metadata that the format cannot hold
 */
export async function serialize(
  tensors: NamedTensors,
  metadata?: Readonly<Record<string, string>>,
): Promise<OwnUint8Array> {
  const plan = planFile('serialize', tensors, metadata);
  try {
    const bytes = allocate('[serialize] the file', plan.header.byteLength + plan.dataBytes);
    bytes.set(plan.header);
    let position = plan.header.byteLength;
    for (const { tensor } of plan.items) {
      const values = await bytesOf(tensor);
      bytes.set(values, position);
      position += values.byteLength;
    }
    return bytes;
  } finally {
    plan.release();
  }
}

/**
 * Reads the tensors of a safetensors file, whole or those of `keys`. The file is checked before the first tensor is
 * made: every byte must belong to exactly one tensor.
 *
 * @throws FormatError naming file, tensor and fault for a malformed or truncated file; DTypeError for a tensor in a
 * dtype the engine lacks (leave it out with `keys`); ArgumentError for a key that the file lacks
 * @see https://huggingface.co/docs/safetensors
 */
export async function load(path: string | URL, options: LoadOptions = {}): Promise<Record<string, Tensor>> {
  checkOptions('load', options, loadOptionNames);
  options.signal?.throwIfAborted();
  const source = await openSource('load', path);
  try {
    return await readTensors('load', source, options);
  } finally {
    await source.close();
  }
}

/** Reads tensors from the bytes of a safetensors file; see {@link load}. The bytes are copied. */
export async function deserialize(bytes: Uint8Array, options: LoadOptions = {}): Promise<Record<string, Tensor>> {
  checkOptions('deserialize', options, loadOptionNames);
  return readTensors('deserialize', memorySource('deserialize', asBytes('deserialize', bytes)), options);
}

/**
 * Reads only the header of a safetensors file: its metadata, and dtype, shape and size of each tensor.
 * @throws FormatError as {@link load} does
 */
export async function loadMetadata(path: string | URL): Promise<FileMetadata> {
  const source = await openSource('loadMetadata', path);
  try {
    const { header } = await readHeader('loadMetadata', source);
    const tensors = header.entries.map(({ name, dtype, shape, begin, end }): [string, TensorMetadata] => {
      return [name, { dtype, shape: [...shape], bytes: end - begin }];
    });
    return { metadata: header.metadata, tensors: Object.fromEntries(tensors) };
  } finally {
    await source.close();
  }
}

interface Plan {
  header: Uint8Array;
  items: { name: string; dtype: string; tensor: Tensor }[];
  dataBytes: number;
  release(): void;
}

// Fixes order and offsets. The detached handles keep the values alive should the caller dispose its own meanwhile.
function planFile(operator: string, tensors: NamedTensors, metadata: Readonly<Record<string, string>> = {}): Plan {
  const named = namedEntries(operator, tensors);
  for (const [key, value] of Object.entries(metadata)) {
    if (typeof value !== 'string' || !isText(key) || !isText(value)) {
      throw new ArgumentError(
        `[${operator}] expected metadata ${JSON.stringify(key)} to be a string but received ${value}`,
      );
    }
  }
  for (const [name] of named) {
    if (name === '__metadata__' || !isText(name)) {
      throw new ArgumentError(`[${operator}] a tensor cannot be named ${JSON.stringify(name)} in a safetensors file`);
    }
  }
  const items: Plan['items'] = [];
  const release = () => {
    for (const item of items) item.tensor.dispose();
  };
  try {
    for (const [name, tensor] of named) {
      if (!(tensor instanceof Tensor)) {
        throw new ArgumentError(
          `[${operator}] expected ${JSON.stringify(name)} to be a tensor but received ${describe(tensor)}`,
        );
      }
      const dtype = NAMES[tensor.dtype];
      if (!dtype)
        throw new DTypeError(`[${operator}] tensor ${JSON.stringify(name)}: ${tensor.dtype} is not supported`);
      items.push({ name, dtype, tensor: tensor.detach() });
    }
    items.sort(compareEntries);
    let dataBytes = 0;
    const entries: TensorEntry[] = items.map(({ name, dtype, tensor }) => {
      const begin = dataBytes;
      dataBytes += tensor.size * (STORAGE.get(dtype)?.bytes ?? 0);
      return { name, dtype, shape: tensor.shape, begin, end: dataBytes };
    });
    const kept = Object.keys(metadata).length > 0 ? { ...metadata } : undefined;
    return { header: formatHeader(operator, { metadata: kept, entries }), items, dataBytes, release };
  } catch (error) {
    release();
    throw error;
  }
}

async function bytesOf(tensor: Tensor): Promise<Uint8Array> {
  const values = await tensor.data();
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
}

async function readHeader(operator: string, source: ByteSource): Promise<{ header: Header; dataBegin: number }> {
  const fail = (problem: string) => new FormatError(`[${operator}] ${source.name}: ${problem}`);
  if (source.size < 8) throw fail(`expected a header length of 8 bytes but found ${source.size}`);
  const first = new Uint8Array(Math.min(9, source.size));
  await source.read(first, 0);
  const other = first[8] === 0x7b ? undefined : otherFormat(first); // a header begins with {
  if (other !== undefined) throw fail(`expected a safetensors file but found ${other}`);
  const length = new DataView(first.buffer).getBigUint64(0, true);
  if (length > HEADER_LIMIT)
    throw fail(`expected a header of at most ${HEADER_LIMIT} bytes but its length says ${length}`);
  const dataBegin = 8 + Number(length);
  if (dataBegin > source.size) throw fail(`expected a header of ${length} bytes but found ${source.size - 8}`);
  const json = new Uint8Array(Number(length));
  await source.read(json, 8);
  return { header: parseHeader(json, source.size - dataBegin, fail), dataBegin };
}

const TORCH = "PyTorch's; write one that can be read with `safetensors.torch.save_file(model.state_dict(), path)`";

// By the first bytes of formats that models come in.
const OTHER_FORMATS: readonly (readonly [begin: string, name: string])[] = [
  ['PK\x03\x04', `a zip archive, such as ${TORCH}`],
  ['\x80\x02', `a Python pickle, such as ${TORCH}`],
  ['\x80\x03', `a Python pickle, such as ${TORCH}`],
  ['\x80\x04', `a Python pickle, such as ${TORCH}`],
  ['\x89HDF', 'an HDF5 file'],
  ['\x93NUMPY', 'a NumPy array'],
  ['GGUF', 'a GGUF file'],
  ['\x1f\x8b', 'gzip: decompress the file first'],
  ['version ', 'a pointer of Git LFS: fetch the file itself with `git lfs pull`'],
  ['<!DOCTYP', 'an HTML page'],
  ['<html', 'an HTML page'],
];

function otherFormat(first: Uint8Array): string | undefined {
  const text = Buffer.from(first).toString('latin1');
  return OTHER_FORMATS.find(([begin]) => text.startsWith(begin))?.[1];
}

async function readTensors(
  operator: string,
  source: ByteSource,
  options: LoadOptions,
): Promise<Record<string, Tensor>> {
  const { keys, device = defaultDevice(), signal } = options;
  deviceCode(operator, device);
  const { header, dataBegin } = await readHeader(operator, source);
  const wanted = keys === undefined ? undefined : new Set(keys);
  const chosen = wanted ? header.entries.filter(({ name }) => wanted.has(name)) : header.entries;
  const storages = chosen.map((entry) => storageOf(operator, source, entry));
  for (const { name } of chosen) wanted?.delete(name);
  for (const name of wanted ?? []) {
    throw new ArgumentError(`[${operator}] ${source.name} holds no tensor named ${JSON.stringify(name)}`);
  }
  // Before the first is read, not when the last is found not to fit.
  checkFits(
    `[${operator}] ${source.name}`,
    chosen.reduce((sum, { begin, end }) => sum + end - begin, 0),
  );
  const tensors: [string, Tensor][] = [];
  try {
    for (const [i, entry] of chosen.entries()) {
      signal?.throwIfAborted();
      const bytes = allocate(
        `[${operator}] ${source.name}: tensor ${JSON.stringify(entry.name)}`,
        entry.end - entry.begin,
      );
      await source.read(bytes, dataBegin + entry.begin);
      if (entry.dtype === 'BOOL') checkBooleans(operator, source, entry, bytes);
      const { dtype, read } = storages[i];
      tensors.push([entry.name, tensor(read(bytes.buffer), { dtype, shape: [...entry.shape], device })]);
    }
  } catch (error) {
    for (const [, made] of tensors) made.dispose();
    throw error;
  }
  // fromEntries defines properties, so even a tensor named "__proto__" arrives as one.
  return Object.fromEntries(tensors);
}

function storageOf(operator: string, source: ByteSource, { name, dtype }: TensorEntry) {
  const storage = STORAGE.get(dtype);
  if (storage) return storage;
  const supported = [...STORAGE.keys()].join(', ');
  throw new DTypeError(
    `[${operator}] ${source.name}: tensor ${JSON.stringify(name)} is ${dtype}, which is not supported (${supported} are)`,
  );
}

function checkBooleans(operator: string, source: ByteSource, { name }: TensorEntry, bytes: Uint8Array): void {
  const wrong = bytes.find((value) => value > 1);
  if (wrong === undefined) return;
  throw new FormatError(
    `[${operator}] ${source.name}: tensor ${JSON.stringify(name)}: expected BOOL bytes to be 0 or 1 but found ${wrong}`,
  );
}

// JSON can carry a lone surrogate, the reference implementation cannot read it.
function isText(text: string): boolean {
  return Buffer.from(text).toString() === text;
}

function asBytes(operator: string, value: Uint8Array): Uint8Array {
  if (ArrayBuffer.isView(value)) return new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
  throw new ArgumentError(`[${operator}] expected bytes to be a Uint8Array but received ${describe(value)}`);
}
