// Files that a save replaces: whole or not at all, through links, with their permissions, and what a killed save leaves.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  chmod,
  lstat,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rm,
  stat,
  symlink,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ArgumentError, FormatError, io, tensor } from 'anneal';
import { expectNoLeaks, release } from './live-tensors';

describe('io: files that are replaced', () => {
  expectNoLeaks();

  let folder: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'anneal-io-'));
  });
  after(() => rm(folder, { recursive: true }));

  it('leaves the former file and no other when a save fails', async () => {
    const place = await mkdtemp(join(folder, 'atomic-'));
    const path = join(place, 'model.safetensors');
    const old = { a: tensor([1, 2, 3]) };
    const large = { b: tensor(new Float32Array(6 << 20)) };
    await io.save(path, old);
    const bytes = await readFile(path);
    const controller = new AbortController();
    const saving = io.save(path, large, undefined, { signal: controller.signal });
    while ((await readdir(place)).length < 2) await new Promise(setImmediate);
    controller.abort(new Error('stop'));
    await assert.rejects(saving, /stop/);
    await assert.rejects(io.save(path, large, undefined, { signal: controller.signal }), /stop/);
    assert.deepEqual(await readdir(place), ['model.safetensors']);
    assert.ok(bytes.equals(await readFile(path)));
    await assert.rejects(io.save(join(place, 'missing', 'model'), old), { code: 'ENOENT' });
    await assert.rejects(io.save(place, old));
    assert.deepEqual(await readdir(place), ['model.safetensors']);
    release(old, large);
  });

  it('refuses a FIFO at once, and reads files afterwards', async function () {
    if (process.platform === 'win32') this.skip();
    const fifo = join(folder, 'fifo');
    assert.equal(spawnSync('mkfifo', [fifo]).status, 0);
    // More of them than there are threads for files.
    const loads = Array.from({ length: 8 }, () => io.load(fifo));
    for (const load of loads) await assert.rejects(load, { name: 'FormatError', message: /to be a regular file/ });
    await assert.rejects(io.loadMetadata(fifo), FormatError);
    assert.ok((await readdir(folder)).includes('fifo'));
  });

  it('replaces what a symbolic link names, not the link', async function () {
    if (process.platform === 'win32') this.skip();
    const path = join(folder, 'linked.safetensors');
    const link = join(folder, 'link.safetensors');
    const value = { a: tensor([1]) };
    await writeFile(path, 'old');
    await chmod(path, 0o644);
    await symlink(path, link);
    await io.save(link, value);
    assert.deepEqual(Object.keys((await io.loadMetadata(path)).tensors), ['a']);
    release(value);
  });

  it('keeps the permissions of the file it replaces', async function () {
    if (process.platform === 'win32') this.skip();
    const path = join(folder, 'secret.safetensors');
    using x = tensor([1]);
    for (const mode of [0o600, 0o640, 0o444, 0o755]) {
      await rm(path, { force: true });
      await writeFile(path, '');
      await chmod(path, mode);
      await io.save(path, { x });
      assert.equal((await stat(path)).mode & 0o7777, mode);
    }
    const fresh = join(folder, 'fresh.safetensors');
    await io.save(fresh, { x });
    assert.equal((await stat(fresh)).mode & 0o777, 0o666 & ~process.umask());
  });

  it('follows links, also where nothing is at their end', async function () {
    if (process.platform === 'win32') this.skip();
    using x = tensor([1, 2]);
    await mkdir(join(folder, 'deep', 'er'), { recursive: true });
    await symlink(join('deep', 'er'), join(folder, 'short'));
    const links: [text: string, link: string, file: string][] = [
      ['absent.safetensors', 'dangling', 'absent.safetensors'],
      [join(folder, 'deep', 'absolute.safetensors'), 'far', 'deep/absolute.safetensors'],
      ['../up.safetensors', 'short/back', 'deep/up.safetensors'], // .. of where the link really lies
      ['dangling', 'twice', 'absent.safetensors'],
    ];
    for (const [text, link, file] of links) {
      await symlink(text, join(folder, link));
      await io.save(join(folder, link), { x });
      assert.ok((await lstat(join(folder, link))).isSymbolicLink(), link);
      const loaded = await io.load(join(folder, file));
      assert.deepEqual(loaded.x.arraySync(), [1, 2]);
      release(loaded);
    }
    await symlink('round', join(folder, 'round'));
    await assert.rejects(io.save(join(folder, 'round'), { x }), { code: 'ELOOP' });
  });

  it('replaces files only', async () => {
    using x = tensor([1]);
    const refused = (path: string) =>
      assert.rejects(
        io.save(path, { x }),
        (e: Error) => e instanceof ArgumentError && /to be a regular file/.test(e.message),
      );
    await refused(folder);
    if (process.platform !== 'win32') await refused('/dev/null');
    await assert.rejects(io.save(join(folder, 'missing', 'a.safetensors'), { x }), { code: 'ENOENT' });
    for (const path of [undefined, 7, {}]) await assert.rejects(io.save(path as never, { x }), ArgumentError);
  });

  it('takes names as long as the system does', async () => {
    using x = tensor([1]);
    for (const length of [250, 255]) {
      const path = join(folder, 'n'.repeat(length));
      await io.save(path, { x });
      release(await io.load(path));
    }
  });

  it('removes what a save that was killed has left, and nothing else', async function () {
    if (process.platform === 'win32') this.skip();
    const place = await mkdtemp(join(folder, 'killed-'));
    const code = `const { io } = require(${JSON.stringify(join(__dirname, '..'))});
      io.replaceFile(${JSON.stringify(join(place, 'a'))}, async () => process.kill(process.pid, 'SIGKILL'));`;
    assert.equal(spawnSync(process.execPath, ['-e', code]).signal, 'SIGKILL');
    const [left, ...others] = await readdir(place);
    assert.ok(left.endsWith('.tmp') && others.length === 0, left);
    // Of a process that is alive, and of another host: they may be at work on them.
    const mine = left.replace(/-\d+-/, `-${process.ppid}-`);
    const theirs = left.replace(/^\.anneal-\w+/, '.anneal-0');
    for (const name of [mine, theirs, 'other.tmp', '.a.tmp']) await writeFile(join(place, name), '');
    using x = tensor([1]);
    const saves = [io.save(join(place, 'b'), { x }), io.save(join(place, 'c'), { x })]; // not each other's
    await Promise.all(saves);
    assert.deepEqual((await readdir(place)).sort(), ['b', 'c', 'other.tmp', '.a.tmp', mine, theirs].sort());
    // Not written for days.
    await utimes(join(place, theirs), 0, 0);
    await io.save(join(place, 'b'), { x });
    assert.ok(!(await readdir(place)).includes(theirs));
  });
});
