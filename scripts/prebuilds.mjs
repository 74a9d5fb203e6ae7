// Which of the package's binaries are there, and whether they were made from the sources that are here: each has a stamp beside it.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './command.mjs';
import { filesBelow, hashOf, isFresh, writeStamp } from './stamp.mjs';
import { prebuiltFile, targets } from './targets.mjs';

/** @param {string} name of a target */
function stampOf(name) {
  return `${prebuiltFile(targets[name])}.stamp`;
}

/**
 * Of everything that decides what the binary of a target is.
 * @param {string} name
 */
function sourceHash(name) {
  const sources = filesBelow('native', /\.(cc|h|def|json|map)$/);
  const recipe = ['CMakeLists.txt', 'scripts/cross-build.mjs', 'scripts/targets.mjs', 'scripts/zig.mjs'];
  const { devDependencies = {} } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const headers = ['node-api-headers', 'node-addon-api'].map((name) => `${name} ${devDependencies[name]}`);
  return hashOf([...sources, ...recipe], name, ...headers);
}

/**
 * To call when the binary of a target has been made.
 * @param {string} name
 */
export function stampPrebuild(name) {
  writeStamp(stampOf(name), sourceHash(name));
}

/**
 * The binaries that a release cannot take, and why.
 * @returns {string[]}
 */
export function prebuildProblems() {
  return Object.entries(targets).flatMap(([name, target]) => {
    const file = prebuiltFile(target);
    if (!existsSync(join(root, file))) return [`${file} is missing; npm run prebuild -- --target ${name}`];
    if (isFresh(stampOf(name), sourceHash(name), [file])) return [];
    return [`${file} was made from other sources; npm run prebuild -- --target ${name}`];
  });
}
