// Makes a clone ready to run: packages, native engine, TypeScript. Silent and quick when nothing has to be done.
// `--no-native` leaves the engine out (linting needs only declarations), `--packages` the TypeScript too (generated sources may be
// what it lacks). Node builtins only: nothing is installed yet.
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { buildNative, nativeIsFresh } from './build-native.mjs';
import { buildTypeScript, typeScriptIsFresh } from './build-ts.mjs';
import { BuildError, root, run, runAsProgram } from './command.mjs';

/** @typedef {Record<string, { version?: string, integrity?: string, optional?: boolean }>} Packages */

/**
 * @param {string} file
 * @returns {Packages}
 */
function readPackages(file) {
  return JSON.parse(readFileSync(join(root, file), 'utf8')).packages;
}

/** Whether npm's record of what is installed agrees with the lock file. */
function packagesAreFresh() {
  if (!existsSync(join(root, 'node_modules/.package-lock.json'))) return false;
  const installed = readPackages('node_modules/.package-lock.json');
  return Object.entries(readPackages('package-lock.json')).every(([path, { version, integrity, optional }]) => {
    const found = installed[path];
    if (path === '' || (!found && optional)) return true; // optional: made for another platform
    return found?.version === version && found?.integrity === integrity;
  });
}

async function installPackages() {
  console.error('anneal: installing packages');
  const args = ['ci', '--include=dev', '--ignore-scripts', '--no-audit', '--no-fund'];
  const npm = process.env.npm_execpath ?? '';
  const { code, output } = basename(npm).startsWith('npm-cli')
    ? await run(process.execPath, [npm, ...args])
    : await run('npm', args);
  if (code !== 0) throw new BuildError(`${output}\nanneal: \`npm ci\` failed; its output is above.`);
}

async function bootstrap() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major < 20 || (major === 20 && minor < 19)) {
    throw new BuildError(`anneal: Node 20.19 or later is needed, this is ${process.version}.`);
  }
  mkdirSync(join(root, 'build'), { recursive: true }); // where examples, tests and builds put what they make
  if (!packagesAreFresh()) await installPackages();
  if (process.argv.includes('--packages')) return;
  if (!process.argv.includes('--no-native') && !nativeIsFresh()) await buildNative();
  if (!typeScriptIsFresh()) await buildTypeScript();
}

await runAsProgram(import.meta.url, bootstrap);
