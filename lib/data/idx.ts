// The IDX format of the MNIST family: magic (0, 0, type, rank), rank sizes, then the elements, all big-endian.
// Source: http://yann.lecun.com/exdb/mnist, "the IDX file format".
import { endianness } from 'node:os';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type {
  OwnFloat32Array,
  OwnFloat64Array,
  OwnInt8Array,
  OwnInt16Array,
  OwnInt32Array,
  OwnUint8Array,
} from '../compatible';
import { FormatError } from '../errors';
import { allocate, type ByteSource, CHUNK_BYTES, memorySource, openSource } from '../io/source';
import { isUrl } from '../kinds';
import { checkArgument } from './arguments';

/** The element types that IDX files hold. */
export type IdxData = OwnUint8Array | OwnInt8Array | OwnInt16Array | OwnInt32Array | OwnFloat32Array | OwnFloat64Array;

/** The array of an IDX file, row-major: `data.length` is the product of `shape`. */
export interface IdxArray<Data extends IdxData = IdxData> {
  /** Sizes of the dimensions. */
  shape: number[];
  /** Elements in row-major order. */
  data: Data;
}

interface IdxType {
  name: string;
  bytes: 1 | 2 | 4 | 8;
  view: (buffer: ArrayBuffer) => IdxData;
}

const TYPES: ReadonlyMap<number, IdxType> = new Map([
  [0x08, { name: 'uint8', bytes: 1, view: (buffer) => new Uint8Array(buffer) }],
  [0x09, { name: 'int8', bytes: 1, view: (buffer) => new Int8Array(buffer) }],
  [0x0b, { name: 'int16', bytes: 2, view: (buffer) => new Int16Array(buffer) }],
  [0x0c, { name: 'int32', bytes: 4, view: (buffer) => new Int32Array(buffer) }],
  [0x0d, { name: 'float32', bytes: 4, view: (buffer) => new Float32Array(buffer) }],
  [0x0e, { name: 'float64', bytes: 8, view: (buffer) => new Float64Array(buffer) }],
]);

/**
 * Reads an IDX file, or its bytes, which must not be compressed.
 *
 * @returns `shape`, and `data` as a typed array of the file's type: Uint8Array, Int8Array, Int16Array, Int32Array,
 * Float32Array or Float64Array
 * @throws FormatError naming the file, what was expected and what was found, when magic, type or length is wrong
 */
export async function readIdx(source: string | URL | Uint8Array): Promise<IdxArray> {
  const isPath = typeof source === 'string' || isUrl(source);
  checkArgument(isPath || ArrayBuffer.isView(source), 'readIdx', 'source', 'a path or a Uint8Array', source);
  const bytes = isPath
    ? await openSource('readIdx', source)
    : memorySource('readIdx', new Uint8Array(source.buffer, source.byteOffset, source.byteLength));
  try {
    return await parse(bytes);
  } finally {
    await bytes.close();
  }
}

async function parse(source: ByteSource): Promise<IdxArray> {
  const fail = (problem: string) => new FormatError(`[readIdx] ${source.name}: ${problem}`);
  if (source.size < 4) throw fail(`expected a magic number of 4 bytes but found ${source.size} bytes`);
  const magic = new Uint8Array(4);
  await source.read(magic, 0);
  const [first, second, code = 0, rank = 0] = magic;
  const type = TYPES.get(code);
  if (first !== 0 || second !== 0 || !type) {
    const found = [...magic].map((byte) => byte.toString(16).padStart(2, '0')).join(' ');
    const hint = first === 0x1f && second === 0x8b ? ' (gzip: decompress the file first)' : '';
    throw fail(`expected the magic number 00 00 TYPE RANK, TYPE 08, 09, 0b, 0c, 0d or 0e, but found ${found}${hint}`);
  }
  const dataBegin = 4 + 4 * rank;
  if (source.size < dataBegin)
    throw fail(`expected ${rank} sizes in ${dataBegin} bytes but found ${source.size} bytes`);
  const sizes = new Uint8Array(4 * rank);
  await source.read(sizes, 4);
  const view = new DataView(sizes.buffer);
  const shape = Array.from({ length: rank }, (_, axis) => view.getUint32(4 * axis));
  // Exact up to 2^53; beyond, it is still no file's size.
  const dataBytes = shape.reduce((product, size) => product * size, type.bytes);
  if (dataBegin + dataBytes !== source.size) {
    const expected = dataBegin + dataBytes;
    throw fail(`expected ${expected} bytes for ${type.name} [${shape.join(', ')}] but found ${source.size}`);
  }
  const data = allocate(`[readIdx] ${source.name}`, dataBytes);
  await source.read(data, dataBegin);
  await toNativeOrder(data, type.bytes);
  return { shape, data: type.view(data.buffer) };
}

async function toNativeOrder(bytes: OwnUint8Array, elementBytes: number): Promise<void> {
  if (elementBytes === 1 || endianness() === 'BE') return;
  for (let begin = 0; begin < bytes.byteLength; begin += CHUNK_BYTES) {
    if (begin > 0) await nextTurn();
    const chunk = Buffer.from(bytes.buffer, begin, Math.min(CHUNK_BYTES, bytes.byteLength - begin));
    if (elementBytes === 2) chunk.swap16();
    else if (elementBytes === 4) chunk.swap32();
    else chunk.swap64();
  }
}
