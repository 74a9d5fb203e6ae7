// The copy of the binary that Bun on musl opens. `npm run test:package` opens one there.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { withoutLibraries } from '../lib/addon-file';
import { builtAddon } from './support/addon';

const libraries = ['libc.so.6', 'libm.so.6', 'libdl.so.2', 'libpthread.so.0'];

describe('a binary that names no library', function () {
  this.timeout(60_000);

  it('computes, where its libraries are in the process', function () {
    const { sharedObjects = [] } = process.report.getReport() as { sharedObjects?: string[] };
    const here = (name: string) => sharedObjects.some((path) => path.endsWith(`/${name}`));
    if (process.platform !== 'linux' || !libraries.every(here)) return this.skip();
    const folder = mkdtempSync(join(tmpdir(), 'anneal-addon-'));
    try {
      const copy = join(folder, 'anneal.node');
      writeFileSync(copy, withoutLibraries(readFileSync(builtAddon)));
      assert.ok(librariesOf(builtAddon).includes('libc.so.6'));
      assert.deepEqual(librariesOf(copy), []);
      const code = "require('anneal').tensor([1, 2]).mul(2).data().then((values) => console.log(values.join()))";
      const env = { ...process.env, ANNEAL_BINARY: copy };
      const options = { cwd: join(__dirname, '..'), env, encoding: 'utf8' } as const;
      assert.equal(execFileSync(process.execPath, ['-e', code], options), '2,4\n');
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

/** What the system's loader looks for. */
function librariesOf(file: string): string[] {
  const report = execFileSync('readelf', ['-d', file], { encoding: 'utf8' });
  return [...report.matchAll(/\(NEEDED\).*\[(.*)\]/g)].map(([, name = '']) => name);
}
