// The header of a safetensors file: its JSON read with suspicion and written as the reference implementation does.
// Format: https://huggingface.co/docs/safetensors
import { ArgumentError, type FormatError } from '../errors';
import { isError } from '../kinds';
import { findFault } from './json';

/** The largest header that is read, as in the reference implementation. */
export const HEADER_LIMIT = 100_000_000;

// More than any header has, and little enough to be found at once.
const LIMITS = { depth: 16, entries: 64 };

/** The dtypes of the format, from the smallest alignment to the largest (the order of the file is the reverse). */
const BITS: ReadonlyMap<string, number> = new Map([
  ['BOOL', 8],
  ['F4', 4],
  ['F6_E2M3', 6],
  ['F6_E3M2', 6],
  ['U8', 8],
  ['I8', 8],
  ['F8_E5M2', 8],
  ['F8_E4M3', 8],
  ['F8_E8M0', 8],
  ['F8_E4M3FNUZ', 8],
  ['F8_E5M2FNUZ', 8],
  ['I16', 16],
  ['U16', 16],
  ['F16', 16],
  ['BF16', 16],
  ['I32', 32],
  ['U32', 32],
  ['F32', 32],
  ['C64', 64],
  ['F64', 64],
  ['I64', 64],
  ['U64', 64],
]);
const ALIGNMENT_ORDER = [...BITS.keys()];

/** One tensor of a file: `[begin, end)` counts from the first byte after the header. */
export interface TensorEntry {
  readonly name: string;
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly begin: number;
  readonly end: number;
}

export interface Header {
  readonly metadata: Record<string, string>;
  /** In the order of their bytes. */
  readonly entries: readonly TensorEntry[];
}

/** The order of tensors in a file: largest alignment first, then by the bytes of their names. */
export function compareEntries(a: { name: string; dtype: string }, b: { name: string; dtype: string }): number {
  const byAlignment = ALIGNMENT_ORDER.indexOf(b.dtype) - ALIGNMENT_ORDER.indexOf(a.dtype);
  return byAlignment || Buffer.compare(Buffer.from(a.name), Buffer.from(b.name));
}

/** The first bytes of a file: 8-byte length, then JSON padded with spaces to a multiple of 8. */
export function formatHeader(
  operator: string,
  { metadata, entries }: Partial<Header> & Pick<Header, 'entries'>,
): Uint8Array {
  // Pieced together by hand, because an object would move names such as "10" to its front.
  const members = entries.map(({ name, dtype, shape, begin, end }) =>
    member(name, JSON.stringify({ dtype, shape, data_offsets: [begin, end] })),
  );
  if (metadata) {
    const pairs = Object.entries(metadata).map(([key, value]) => member(key, JSON.stringify(value)));
    members.unshift(member('__metadata__', `{${pairs.join(',')}}`));
  }
  const json = Buffer.from(`{${members.join(',')}}`);
  const length = Math.ceil(json.length / 8) * 8;
  if (length > HEADER_LIMIT) {
    throw new ArgumentError(`[${operator}] expected a header of at most ${HEADER_LIMIT} bytes but it needs ${length}`);
  }
  const header = Buffer.alloc(8 + length, ' ');
  header.writeBigUInt64LE(BigInt(length), 0);
  json.copy(header, 8);
  return header;
}

function member(name: string, json: string): string {
  return `${JSON.stringify(name)}:${json}`;
}

/**
 * Reads and checks the JSON of a header.
 * @param fail makes the error from what is wrong; it names the file
 * @param dataBytes how many bytes follow the header: the tensors must cover them without overlap and without holes
 */
export function parseHeader(json: Uint8Array, dataBytes: number, fail: (problem: string) => FormatError): Header {
  const object = parseObject(json, fail);
  let metadata: Record<string, string> = {};
  const entries: TensorEntry[] = [];
  for (const [name, value] of Object.entries(object)) {
    if (name === '__metadata__') metadata = parseMetadata(value, fail);
    else entries.push(parseEntry(name, value, (problem) => fail(`tensor ${JSON.stringify(name)}: ${problem}`)));
  }
  entries.sort((a, b) => a.begin - b.begin || a.end - b.end);
  let position = 0;
  for (const { name, begin, end } of entries) {
    if (begin !== position) {
      const what = begin < position ? 'overlaps the one before it' : 'leaves a hole before it';
      throw fail(
        `tensor ${JSON.stringify(name)}: ${what}, expected data_offsets to begin at ${position} but found ${begin}`,
      );
    }
    position = end;
  }
  if (position !== dataBytes) {
    const last = entries.at(-1);
    const owner = last ? `tensor ${JSON.stringify(last.name)}: ` : '';
    throw fail(`${owner}expected ${position} bytes of tensors after the header but found ${dataBytes}`);
  }
  return { metadata, entries };
}

function parseObject(json: Uint8Array, fail: (problem: string) => FormatError): object {
  let text: string;
  let value: unknown;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(json);
  } catch {
    throw fail('expected the header to be UTF-8');
  }
  if (!text.startsWith('{'))
    throw fail(`expected the header to begin with "{" but found ${JSON.stringify(text.slice(0, 1))}`);
  const fault = findFault(text, LIMITS);
  if (fault !== undefined) throw fail(`the header cannot be read: ${fault}`);
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw fail(`expected the header to be JSON (${isError(error) ? error.message : error})`);
  }
  return value as object;
}

function parseMetadata(value: unknown, fail: (problem: string) => FormatError): Record<string, string> {
  if (value === null) return {};
  if (!isObject(value)) throw fail(`expected __metadata__ to be an object but found ${JSON.stringify(value)}`);
  for (const [key, text] of Object.entries(value)) {
    if (typeof text !== 'string') {
      throw fail(`expected __metadata__ ${JSON.stringify(key)} to be a string but found ${shorten(text)}`);
    }
  }
  return value as Record<string, string>;
}

function parseEntry(name: string, value: unknown, fail: (problem: string) => FormatError): TensorEntry {
  if (!isObject(value)) throw fail(`expected an object but found ${shorten(value)}`);
  const { dtype, shape, data_offsets: offsets } = value as { dtype?: unknown; shape?: unknown; data_offsets?: unknown };
  const bits = typeof dtype === 'string' ? BITS.get(dtype) : undefined;
  if (bits === undefined) throw fail(`unknown dtype ${shorten(dtype)}`);
  if (!isSizes(shape)) throw fail(`expected shape to be a list of sizes but found ${shorten(shape)}`);
  if (!isSizes(offsets) || offsets.length !== 2) {
    throw fail(`expected data_offsets to be two positions but found ${shorten(offsets)}`);
  }
  const [begin = 0, end = 0] = offsets;
  if (end < begin) throw fail(`expected data_offsets to ascend but found [${begin}, ${end}]`);
  const totalBits = product(shape) * bits;
  if (totalBits !== (end - begin) * 8) {
    const need = totalBits % 8 === 0 ? `${totalBits / 8} bytes` : `${totalBits} bits`;
    throw fail(`${dtype} [${shape.join(', ')}] needs ${need} but data_offsets span ${end - begin}`);
  }
  return { name, dtype: dtype as string, shape, begin, end };
}

// Exact as long as it fits any file; infinite where a hostile shape goes beyond.
function product(shape: readonly number[]): number {
  return shape.reduce((elements, size) => elements * size, shape.includes(0) ? 0 : 1);
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isSizes(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((size) => Number.isSafeInteger(size) && size >= 0);
}

function shorten(value: unknown): string {
  const text = JSON.stringify(value) ?? 'nothing';
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}
