// Replacing a file as a whole: a reader sees the old content or the new one, and so does the disk, whenever the machine stops.
import { createHash } from 'node:crypto';
import { promises as fs, fsync, readlinkSync, type Stats } from 'node:fs';
import { hostname } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { ArgumentError } from '../errors';
import { CHUNK_BYTES, pathOf } from './source';

// As many links as Linux follows.
const MOST_LINKS = 40;
const DAY_MS = 86_400_000;

// By number, since the file handles of Yarn's Plug'n'Play have no sync().
const flush = promisify(fsync);

/** An open file, as far as writing goes; it is one of `fs.promises`. */
export interface OpenFile {
  /** Writes a part of `bytes` where the last write ended. */
  write(bytes: Uint8Array, offset?: number, length?: number): Promise<{ bytesWritten: number }>;
  /** Writes all of `data` where the last write ended. */
  writeFile(data: string | Uint8Array): Promise<void>;
}

/**
 * Writes a file so that a failure leaves the former one untouched: `write` fills a temporary file in the same directory,
 * which is flushed to the disk and renamed over `path`; then the directory is flushed. When `write` or any step
 * throws, the temporary file is removed and the error passed on.
 *
 * A symbolic link is followed, also where its target does not exist yet, and the permissions of a former file are kept. What a
 * process that was killed left behind in the directory is removed.
 *
 * @throws ArgumentError when there is something at `path` that is no regular file; the system's error when writing fails
 */
export async function replaceFile(path: string | URL, write: (file: OpenFile) => Promise<void>): Promise<void> {
  const target = await followLinks(pathOf('replaceFile', path));
  const former = await statusOf(target);
  if (former !== undefined && !former.isFile()) {
    throw new ArgumentError(`[replaceFile] expected ${target} to be a regular file, or not to exist`);
  }
  const directory = dirname(target);
  await removeAbandoned(directory);
  const temporary = join(directory, temporaryName());
  const file = await fs.open(temporary, 'wx');
  try {
    try {
      await write(file);
      if (former !== undefined) await keepPermissions(file, former);
      await flush(file.fd);
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
export async function writeFully(file: OpenFile, bytes: Uint8Array, signal?: AbortSignal): Promise<void> {
  for (let done = 0; done < bytes.byteLength; ) {
    signal?.throwIfAborted();
    const { bytesWritten } = await file.write(bytes, done, Math.min(CHUNK_BYTES, bytes.byteLength - done));
    done += bytesWritten;
  }
}

// Renaming over a symbolic link would replace the link instead of the file that it names. Not by realpath, which fails for a
// link to a file that is yet to be written.
async function followLinks(path: string): Promise<string> {
  let at = path;
  for (let links = 0; links < MOST_LINKS; links++) {
    // Of the directory, since `..` in a link's text counts from where the link really lies.
    const directory = await fs.realpath(dirname(at));
    at = join(directory, basename(at));
    const text = await fs.readlink(at).catch(() => undefined); // no link, or nothing there
    if (text === undefined) return at;
    at = resolve(directory, text);
  }
  return at; // what is done with it will fail as the system says
}

async function statusOf(path: string): Promise<Stats | undefined> {
  try {
    return await fs.stat(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

// The owner first, since a change of owner clears bits of the mode. Only root may give a file away, and that is no failure.
async function keepPermissions(file: fs.FileHandle, { mode, uid, gid }: Stats): Promise<void> {
  if (process.platform === 'win32') return;
  const now = await file.stat();
  if (now.uid !== uid || now.gid !== gid) await file.chown(uid, gid).catch(() => {});
  await file.chmod(mode & 0o7777);
}

// Short, whatever the target is called: names end at 255 bytes. It says which process is at work on the file.
function temporaryName(): string {
  return `.anneal-${hostId()}-${process.pid}-${Math.random().toString(36).slice(2)}.tmp`;
}
const TEMPORARY = /^\.anneal-([0-9a-z]+)-(\d+)-[0-9a-z]*\.tmp$/;

// Containers may share a host's name and a directory, but not the numbers of processes.
function hostId(): string {
  let space = '';
  try {
    space = readlinkSync('/proc/self/ns/pid');
  } catch {} // not Linux
  return createHash('sha256').update(`${hostname()} ${space}`).digest('hex').slice(0, 12);
}

async function removeAbandoned(directory: string): Promise<void> {
  const names = await fs.readdir(directory).catch(() => []); // a directory that cannot be listed can still be written to
  for (const name of names) {
    const [, host, pid] = TEMPORARY.exec(name) ?? [];
    if (host === undefined) continue;
    const file = join(directory, name);
    const status = await fs.stat(file).catch(() => undefined);
    if (status?.isFile() && isAbandoned(host, Number(pid), status.mtimeMs)) await fs.unlink(file).catch(() => {});
  }
}

// By its process having ended: one of this host that is gone, or one that had our number before us. The processes of another
// host cannot be seen, and a number may have been given out again: then a day without a write tells.
function isAbandoned(host: string, pid: number, writtenAt: number): boolean {
  const now = Date.now();
  if (now - writtenAt > DAY_MS) return true;
  if (host !== hostId()) return false;
  if (pid === process.pid) return writtenAt < now - 1000 * process.uptime() - 2000;
  try {
    process.kill(pid, 0);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH';
  }
}

// The new name is on the disk only when the directory is. Windows cannot open a directory, and needs no flush.
async function syncDirectory(directory: string): Promise<void> {
  if (process.platform === 'win32') return;
  const handle = await fs.open(directory, 'r');
  try {
    await flush(handle.fd);
  } finally {
    await handle.close();
  }
}
