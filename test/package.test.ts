// The package as users get it: one copy of every class, what it holds and what it does not, and what its loader says.
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runInNewContext } from 'node:vm';
import type * as all from 'anneal';
import { AnnealError, type DType, nn, Tensor, tensor } from 'anneal';
import { builtAddon } from './support/addon';
import { packed } from './support/pack';

const root = join(__dirname, '..');
const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
  scripts: Record<string, string>;
  gypfile: boolean;
  dependencies: Record<string, string>;
};

describe('the package', () => {
  it('gives the same classes to import and to require', async () => {
    const url: string = '../dist/index.mjs';
    const imported: typeof all = await import(url);
    const required = require('anneal') as typeof all;
    const names = (space: object) =>
      Object.keys(space).filter((name) => name !== 'default' && name !== 'module.exports');
    assert.deepEqual(names(imported).sort(), names(required).sort());
    for (const name of names(required) as (keyof typeof all)[]) assert.equal(imported[name], required[name], name);
    assert.equal(imported.nn.Linear, nn.Linear);
    using x = imported.tensor([1, 2]);
    assert.ok(x instanceof Tensor);
    const dtype: DType = x.dtype;
    assert.equal(dtype, 'float32');
  });

  it('takes arrays of another realm', () => {
    const floats = runInNewContext('new Float32Array([1, 2.5])') as Float32Array;
    assert.deepEqual(tensor(floats).arraySync(), [1, 2.5]);
    const nested = runInNewContext('[[1, 2], [3, 4]]') as number[][];
    assert.deepEqual(tensor(nested).shape, [2, 2]);
  });

  it('runs nothing on installation', () => {
    for (const script of ['preinstall', 'install', 'postinstall', 'prepare', 'prepublish']) {
      assert.equal(manifest.scripts[script], undefined, script);
    }
    assert.equal(manifest.gypfile, false); // else npm may run node-gyp
    assert.ok(Object.keys(manifest.dependencies).length <= 4);
  });

  it('holds what is needed and nothing else', function () {
    this.timeout(60_000);
    const listed = packed();
    const files = listed.files.map(({ path }) => path);
    for (const needed of [
      'dist/index.js',
      'dist/index.mjs',
      'dist/index.d.ts',
      'dist/index.d.mts',
      'native/binding.gyp',
    ]) {
      assert.ok(files.includes(needed), needed);
    }
    for (const needed of ['dist/cli/main.js', 'LICENSE', 'README.md', 'native/sources.json', 'native/core/stream.cc']) {
      assert.ok(files.includes(needed), needed);
    }
    const unwanted = files.filter((path) =>
      /(^|\/)(test|tests|fixtures|examples|bench|build)\/|stamp|\.test\./.test(path),
    );
    assert.deepEqual(unwanted, []);
    assert.ok(listed.unpackedSize < 10e6, `${listed.unpackedSize} bytes`);
  });
});

describe('the loader', () => {
  const folder = mkdtempSync(join(tmpdir(), 'anneal-package-'));
  before(() => {
    cpSync(join(root, 'dist'), join(folder, 'dist'), { recursive: true });
    cpSync(join(root, 'package.json'), join(folder, 'package.json'));
  });
  after(() => rmSync(folder, { recursive: true }));

  const load = () => {
    const code = `try { require(${JSON.stringify(join(folder, 'dist'))}) } catch (e) { console.log(e.name, e.code, e.message) }`;
    return spawnSync(process.execPath, ['-e', code], { encoding: 'utf8' }).stdout;
  };

  it('says what is missing and how to mend it', () => {
    const said = load();
    assert.match(said, /^DeviceError ERR_DEVICE anneal has no binary for/);
    const facts = [
      `${process.platform}-${process.arch}`,
      process.version,
      join(folder, 'native', 'build'),
      'node-gyp rebuild',
    ];
    for (const fact of facts) assert.ok(said.includes(fact), `${fact} in: ${said}`);
    if (process.platform === 'linux') assert.match(said, /glibc [\d.]+|musl/);
  });

  it('says which binary does not load, and why', () => {
    const built = join(folder, 'native', 'build', 'Release');
    mkdirSync(built, { recursive: true });
    writeFileSync(join(built, 'anneal.node'), 'no');
    const where = process.platform === 'linux' ? 'too short' : '';
    assert.match(
      load(),
      new RegExp(`^DeviceError ERR_DEVICE anneal's binary .*anneal\\.node does not load on .*${where}`),
    );
  });

  it('says that it has been bundled, and what to do', () => {
    const bundle = join(folder, 'project', 'out');
    mkdirSync(bundle, { recursive: true });
    const options = ['--bundle', '--platform=node', `--outfile=${join(bundle, 'program.js')}`];
    const entry = join(bundle, 'entry.js');
    writeFileSync(entry, `require(${JSON.stringify(join(root, 'dist'))})`);
    execFileSync(join(root, 'node_modules', '.bin', 'esbuild'), [entry, ...options, '--log-level=error']);
    const { stderr } = spawnSync(process.execPath, [join(bundle, 'program.js')], { encoding: 'utf8' });
    assert.match(stderr, /DeviceError.*anneal has no binary for .*a bundler has copied it/);
    assert.match(stderr, /--external:anneal.*ANNEAL_BINARY/);
    const env = { ...process.env, ANNEAL_BINARY: builtAddon };
    assert.equal(spawnSync(process.execPath, [join(bundle, 'program.js')], { env }).status, 0);
  });

  it('loads silently', () => {
    const { stdout, stderr, status } = spawnSync(process.execPath, ['-e', "require('anneal')"], {
      cwd: root,
      encoding: 'utf8',
    });
    assert.deepEqual([stdout, stderr, status], ['', '', 0]);
  });

  it('gives errors that are Errors', () => {
    assert.ok(AnnealError.prototype instanceof Error);
  });
});
