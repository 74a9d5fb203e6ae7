// The package's types as users compile against them (test/types): with `import` and `require`, as Node and as bundlers resolve them,
// under the strictest settings and with the declarations themselves checked.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const root = join(__dirname, '..');
const PROGRAMS = ['consumer', 'results'];

const OPTIONS = {
  noEmit: true,
  strict: true,
  noUncheckedIndexedAccess: true,
  exactOptionalPropertyTypes: true,
  skipLibCheck: false,
  target: 'es2022',
  lib: ['es2023'],
  types: ['node'],
};

describe('types', function () {
  this.timeout(60_000);
  let folder: string;
  beforeEach(() => {
    // Inside the clone, where @types/node is found; a package of its own, so that it resolves anneal as users do.
    folder = mkdtempSync(join(root, 'build', 'consumer-'));
    writeFileSync(join(folder, 'package.json'), '{"name": "consumer"}');
    mkdirSync(join(folder, 'node_modules'));
    symlinkSync(root, join(folder, 'node_modules', 'anneal'), 'dir');
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  function compile(files: string[], options: object): void {
    const config = { compilerOptions: { ...OPTIONS, ...options }, files };
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(config));
    const tsc = join(root, 'node_modules/typescript/bin/tsc');
    const { status, stdout, stderr } = spawnSync(process.execPath, [tsc, '-p', folder], { encoding: 'utf8' });
    assert.equal(status, 0, stdout + stderr);
  }

  function write(name: string, text: string): string {
    writeFileSync(join(folder, name), text);
    return name;
  }

  const text = (name: string) => readFileSync(join(__dirname, 'types', `${name}.mts`), 'utf8');
  // `import anneal = require('anneal')`, the form for declarations of CommonJS.
  const required = "import anneal = require('anneal');\nconst x: anneal.Tensor = anneal.ones([1]);\nx.dispose();\n";

  it('of import and require, as Node resolves them', () => {
    const programs = PROGRAMS.flatMap((name) => [
      write(`${name}.mts`, text(name)),
      write(`${name}-required.cts`, text(name)),
    ]);
    compile([...programs, write('required.cts', required)], { module: 'nodenext' });
  });

  it('as a bundler resolves them', () => {
    const files = PROGRAMS.map((name) => write(`${name}.ts`, text(name)));
    compile(files, { module: 'esnext', moduleResolution: 'bundler' });
  });
});
