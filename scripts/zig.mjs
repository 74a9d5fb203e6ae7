// zig, which compiles and links C++ for every system that the package brings a binary for, from any machine.
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { BuildError, findProgram, root, run } from './command.mjs';

const version = '0.17.1';
const folder = join(root, 'build', 'zig', version);

/**
 * The program: what ANNEAL_ZIG names, or that of PyPI's package `ziglang`, which is installed below build/ when it is first needed.
 * @returns {Promise<string>}
 */
export async function findZig() {
  if (process.env.ANNEAL_ZIG) return process.env.ANNEAL_ZIG;
  const program = join(folder, 'ziglang', 'zig');
  if (existsSync(program)) return program;
  const python = findProgram('python3');
  if (!python) throw new BuildError('prebuild: needs zig (named in ANNEAL_ZIG), or Python 3 with pip to install it.');
  console.error(`anneal: installing zig ${version}`);
  const { code, output } = await run(python, ['-m', 'pip', 'install', '--target', folder, `ziglang==${version}`]);
  if (code !== 0) throw new BuildError(`${output}\nprebuild: zig could not be installed; pip's output is above.`);
  return program;
}

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
