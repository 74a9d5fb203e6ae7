// Bytes to read from, a file or memory, behind one interface, so that a format is parsed by one piece of code.
import { constants, promises as fs } from 'node:fs';
import { totalmem } from 'node:os';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { OwnUint8Array } from '../compatible';
import { ArgumentError, describe, FormatError, OutOfMemoryError } from '../errors';
import { isUrl } from '../kinds';

/** Bytes read or written by one request: small enough to leave the event loop free, large enough to cost nothing. */
export const CHUNK_BYTES = 8 << 20;

export interface ByteSource {
  /** What error messages call it. */
  readonly name: string;
  readonly size: number;
  /** Fills `target` from `position` on, or throws a FormatError when the bytes end before. */
  read(target: Uint8Array, position: number): Promise<void>;
  close(): Promise<void>;
}

/** A path as text. @throws ArgumentError for anything but text and file URLs */
export function pathOf(operator: string, path: string | URL): string {
  if (typeof path === 'string') return path;
  if (isUrl(path)) return fileURLToPath(path.href);
  throw new ArgumentError(`[${operator}] expected a path, received ${describe(path)}`);
}

/**
 * Memory for bytes that a file says it has.
 *
 * @param what names them in errors
 * @throws FormatError where they are more than the machine has memory; OutOfMemoryError where they are not to be had now
 */
export function allocate(what: string, bytes: number): OwnUint8Array {
  checkFits(what, bytes);
  try {
    return new Uint8Array(bytes);
  } catch (cause) {
    throw new OutOfMemoryError(`${what}: cannot allocate ${bytes} bytes`, { cause });
  }
}

/** @throws FormatError where `bytes` are more than the machine has memory */
export function checkFits(what: string, bytes: number): void {
  const most = totalmem();
  if (bytes > most) throw new FormatError(`${what}: ${bytes} bytes are more than the memory of this machine, ${most}`);
}

/** The bytes of a regular file. `operator` opens the error messages. */
export async function openSource(operator: string, path: string | URL): Promise<ByteSource> {
  const name = pathOf(operator, path);
  // Without O_NONBLOCK, which Windows lacks, a FIFO would hold one of the few threads for files until somebody writes into it.
  const handle = await fs.open(name, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
  try {
    const status = await handle.stat();
    if (!status.isFile()) throw new FormatError(`[${operator}] expected ${name} to be a regular file`);
    return {
      name,
      size: status.size,
      async read(target, position) {
        let done = 0;
        while (done < target.byteLength) {
          const length = Math.min(CHUNK_BYTES, target.byteLength - done);
          const { bytesRead } = await handle.read(target, done, length, position + done);
          if (bytesRead === 0) {
            const end = position + target.byteLength;
            throw new FormatError(
              `[${operator}] ${name}: expected ${end} bytes but the file ends at ${position + done}`,
            );
          }
          done += bytesRead;
        }
      },
      close: () => handle.close(),
    };
  } catch (error) {
    await handle.close();
    throw error;
  }
}

/** Bytes in memory. They are copied when read, never kept. */
export function memorySource(operator: string, bytes: Uint8Array, name = 'buffer'): ByteSource {
  return {
    name,
    size: bytes.byteLength,
    async read(target, position) {
      if (position + target.byteLength > bytes.byteLength) {
        const end = position + target.byteLength;
        throw new FormatError(`[${operator}] ${name}: expected ${end} bytes but found ${bytes.byteLength}`);
      }
      for (let done = 0; done < target.byteLength; done += CHUNK_BYTES) {
        if (done > 0) await nextTurn();
        const end = Math.min(done + CHUNK_BYTES, target.byteLength);
        target.set(bytes.subarray(position + done, position + end), done);
      }
    },
    close: async () => {},
  };
}
