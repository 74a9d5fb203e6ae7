// Replacing a file as a whole: whoever reads it, and whenever the machine stops, sees the old content or the new one.
import { promises as fs } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CHUNK_BYTES } from './source';

/**
 * Writes a file so that a failure leaves the former one untouched: `write` fills a temporary file in the same directory,
 * which is flushed to the disk and renamed over `path`; then the directory is flushed. When `write` or any step
 * throws, the temporary file is removed and the error passed on.
 */
export async function replaceFile(path: string | URL, write: (file: FileHandle) => Promise<void>): Promise<void> {
  const target = await followLink(path instanceof URL ? fileURLToPath(path) : path);
  const directory = dirname(target);
  const temporary = join(directory, `.${basename(target)}.${Math.random().toString(36).slice(2)}.tmp`);
  const file = await fs.open(temporary, 'wx');
  try {
    try {
      await write(file);
      await file.sync();
    } finally {
      await file.close();
    }
    await fs.rename(temporary, target);
  } catch (error) {
    await fs.unlink(temporary).catch(() => {});
    throw error;
  }
  await syncDirectory(directory);
}

/** Appends all of `bytes`, in pieces: one request may write less than asked, and none takes 2 GiB. */
export async function writeFully(file: FileHandle, bytes: Uint8Array, signal?: AbortSignal): Promise<void> {
  for (let done = 0; done < bytes.byteLength; ) {
    signal?.throwIfAborted();
    const { bytesWritten } = await file.write(bytes, done, Math.min(CHUNK_BYTES, bytes.byteLength - done));
    done += bytesWritten;
  }
}

// Renaming over a symbolic link would replace the link instead of the file that it names.
async function followLink(path: string): Promise<string> {
  try {
    return await fs.realpath(path);
  } catch {
    return path;
  }
}

// The new name is on the disk only when the directory is. Windows cannot open a directory, and needs no flush.
async function syncDirectory(directory: string): Promise<void> {
  if (process.platform === 'win32') return;
  const handle = await fs.open(directory, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
