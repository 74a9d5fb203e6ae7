// Compiles lib/ to dist/ (CommonJS and declarations), drops what has no source any more, and writes the ESM facade.
import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { BuildError, root, run, runAsProgram } from './command.mjs';
import { writeFacade } from './facade.mjs';
import { filesBelow, hashOf, isFresh, writeStamp } from './stamp.mjs';

const stamp = 'dist/.stamp';
const products = ['dist/index.js', 'dist/index.d.ts', 'dist/index.mjs', 'dist/index.d.mts'];

function sourceHash() {
  const settings = ['tsconfig.json', 'package.json', 'scripts/build-ts.mjs', 'scripts/facade.mjs'];
  return hashOf([...filesBelow('lib', /\.(c|m)?ts$/), ...settings]);
}

export function typeScriptIsFresh() {
  return isFresh(stamp, sourceHash(), products);
}

export async function buildTypeScript() {
  const hash = sourceHash();
  const compiler = join(root, 'node_modules/typescript/bin/tsc');
  if (!existsSync(compiler)) throw new BuildError('anneal: node_modules is missing; run `npm ci` first.');

  console.error('anneal: compiling TypeScript');
  const { code } = await run(process.execPath, [compiler, '-p', 'tsconfig.json'], { show: true });
  if (code !== 0) throw new BuildError('anneal: TypeScript found errors, listed above.');
  const sources = new Set(filesBelow('lib', /\.ts$/).map((file) => file.replace(/^lib\/(.*)\.ts$/, 'dist/$1')));
  for (const file of filesBelow('dist', /\.(js|d\.ts)(\.map)?$/)) {
    if (!sources.has(file.replace(/\.(js|d\.ts)(\.map)?$/, ''))) rmSync(join(root, file));
  }
  await writeFacade();
  writeStamp(stamp, hash);
}

await runAsProgram(import.meta.url, buildTypeScript);
