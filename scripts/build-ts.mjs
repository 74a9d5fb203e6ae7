// Compiles lib/ to dist/: one CommonJS file, since loading sixty takes three times as long; the command `anneal`, which loads that
// file; declarations for each source; and the ESM facade. Drops what has no source any more.
import { chmodSync, existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { BuildError, root, run, runAsProgram } from './command.mjs';
import { writeFacade } from './facade.mjs';
import { filesBelow, hashOf, isFresh, writeStamp } from './stamp.mjs';

const stamp = 'dist/.stamp';
const command = 'dist/cli/main.js';
const products = ['dist/index.js', 'dist/index.d.ts', 'dist/index.mjs', 'dist/index.d.mts', command];

function sourceHash() {
  const settings = ['tsconfig.json', 'package.json', 'scripts/build-ts.mjs', 'scripts/facade.mjs'];
  return hashOf([...filesBelow('lib', /\.(c|m)?ts$/), ...settings]);
}

export function typeScriptIsFresh() {
  return isFresh(stamp, sourceHash(), products);
}

async function bundle() {
  const { build } = await import('esbuild');
  /** @type {import('esbuild').BuildOptions} */
  const options = {
    absWorkingDir: root,
    bundle: true,
    packages: 'external',
    platform: 'node',
    format: 'cjs',
    target: 'node20.19',
    keepNames: true,
  };
  await build({
    ...options,
    entryPoints: ['lib/index.ts'],
    outfile: 'dist/index.js',
    // Values, where the bundle has getters: every `anneal.add(a, b)` would call one.
    footer: { js: 'module.exports = { ...module.exports };' },
  });
  await build({ ...options, entryPoints: ['lib/cli/main.ts'], outfile: command, external: ['../index'] });
  chmodSync(join(root, command), 0o755);
}

export async function buildTypeScript() {
  const hash = sourceHash();
  const compiler = join(root, 'node_modules/typescript/bin/tsc');
  if (!existsSync(compiler)) throw new BuildError('anneal: node_modules is missing; run `npm ci` first.');

  console.error('anneal: compiling TypeScript');
  const { code } = await run(process.execPath, [compiler, '-p', 'tsconfig.json'], { show: true });
  if (code !== 0) throw new BuildError('anneal: TypeScript found errors, listed above.');
  await bundle();
  const sources = filesBelow('lib', /\.ts$/).map((file) => file.replace(/^lib\/(.*)\.ts$/, 'dist/$1.d.ts'));
  const made = new Set(['dist/index.js', command, ...sources]);
  for (const file of filesBelow('dist', /\.(js|d\.ts)(\.map)?$/)) {
    if (!made.has(file)) rmSync(join(root, file));
  }
  await writeFacade();
  writeStamp(stamp, hash);
}

await runAsProgram(import.meta.url, buildTypeScript);
