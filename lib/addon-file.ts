// Opens the file of the addon. One binary serves glibc and musl: the loader of musl takes the names of glibc's libraries for its own. Bun on
// musl (since 1.4) refuses a file that names them, so there a copy that names no library is opened; all that it uses is in the process.
import { createHash } from 'node:crypto';
import { existsSync, lstatSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, toNamespacedPath } from 'node:path';

/** Opens a binary, and gives what it exports. Not by require: see lib/native.ts. */
export function openAddon(path: string): unknown {
  const module = { exports: {} };
  try {
    process.dlopen(module, toNamespacedPath(path));
  } catch (error) {
    if (process.versions.bun === undefined || !/glibc/.test(String(error))) throw error;
    process.dlopen(module, copyWithoutLibraries(path));
  }
  return module.exports;
}

/**
 * Writes the copy, unless it is there, under the name that the contents have: threads of a process must open the same file, or each gets
 * an engine of its own.
 */
function copyWithoutLibraries(path: string): string {
  const user = process.getuid?.();
  const folder = join(tmpdir(), `anneal-${user}`);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const { uid, mode } = lstatSync(folder);
  if (uid !== user || (mode & 0o022) !== 0) throw new Error(`others may write to ${folder}`);
  const contents = readFileSync(path);
  const copy = join(folder, `${createHash('sha256').update(contents).digest('hex').slice(0, 32)}.node`);
  if (existsSync(copy)) return copy;
  const unfinished = `${copy}.${process.pid}`;
  writeFileSync(unfinished, withoutLibraries(contents), { mode: 0o500 });
  renameSync(unfinished, copy);
  return copy;
}

const PT_DYNAMIC = 2;
const DT_NEEDED = 1;

/** A 64-bit little-endian ELF file without the names of the libraries that it needs (the entries DT_NEEDED of its dynamic section). */
export function withoutLibraries(file: Buffer): Buffer {
  const image = Buffer.from(file);
  const number = (at: number) => Number(image.readBigUInt64LE(at));
  const headers = number(32); // e_phoff
  const headerSize = image.readUInt16LE(54); // e_phentsize
  const count = image.readUInt16LE(56); // e_phnum
  for (let header = headers; header < headers + count * headerSize; header += headerSize) {
    if (image.readUInt32LE(header) !== PT_DYNAMIC) continue;
    const begin = number(header + 8); // p_offset
    const end = begin + number(header + 32); // p_filesz
    let to = begin;
    for (let entry = begin; entry < end; entry += 16) {
      if (number(entry) === DT_NEEDED) continue;
      image.copy(image, to, entry, entry + 16);
      to += 16;
    }
    image.fill(0, to, end); // DT_NULL
  }
  return image;
}
