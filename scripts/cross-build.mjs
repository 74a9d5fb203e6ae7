#!/usr/bin/env node
// Stands in for node-gyp: builds the addon for the system that prebuildify names in the environment, with zig through CMake,
// and leaves it in build/Release of the working folder.
import { copyFileSync, mkdirSync, rmSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { BuildError, findProgram, root, run, runAsProgram } from './command.mjs';
import { targets } from './targets.mjs';
import { findPatchelf, findZig, writeTools } from './zig.mjs';

const jobs = process.env.JOBS || String(availableParallelism());

/** @param {string} program @param {string[]} args */
async function must(program, args) {
  const { code, output } = await run(program, args);
  if (code !== 0)
    throw new BuildError(`${output}\nprebuild: ${program} ${args.join(' ')} failed; its output is above.`);
  const warnings = output.split('\n').filter((line) => /warning:/.test(line));
  if (warnings.length > 0) console.error(warnings.join('\n'));
}

/**
 * The folder with the kernels' libraries, compiled by the compiler that stands in for zig's; empty where zig compiles them.
 * @param {import('./targets.mjs').Target} target
 */
async function buildKernels({ kernels, arch }) {
  if (!kernels || arch !== process.arch) return '';
  const compiler = findProgram(kernels);
  if (!compiler) throw new BuildError(`prebuild: ${kernels}, which compiles the kernels, was not found on PATH.`);
  const folder = join(root, 'build', 'prebuild', `kernels-${arch}`);
  await must('cmake', ['-S', root, '-B', folder, `-DCMAKE_CXX_COMPILER=${compiler}`]);
  await must('cmake', ['--build', folder, '--target', 'kernels', '--parallel', jobs]);
  return folder;
}

/** @param {import('./targets.mjs').Target} target @param {string} zig @param {string} folder */
async function systemOptions({ system, arch }, zig, folder) {
  if (system === 'Darwin') return ['-DCMAKE_INSTALL_NAME_TOOL=/bin/true', '-DCMAKE_OSX_SYSROOT='];
  if (system !== 'Windows') return [];
  // The functions that the binary takes from the program that loads it.
  const library = join(folder, 'node_api.lib');
  const definitions = join(root, 'node_modules', 'node-api-headers', 'def', 'node_api.def');
  await must(zig, ['dlltool', '-m', arch === 'x64' ? 'i386:x86-64' : arch, '-d', definitions, '-l', library]);
  return [`-DCMAKE_JS_LIB=${library}`];
}

await runAsProgram(import.meta.url, async () => {
  const { PREBUILD_PLATFORM: platform, PREBUILD_ARCH: arch } = process.env;
  const target = Object.values(targets).find((each) => each.platform === platform && each.arch === arch);
  if (!target) throw new BuildError(`prebuild: there is no target ${platform}-${arch}`);
  if (!findProgram('cmake')) throw new BuildError('prebuild: needs CMake 3.20 or later, not found on PATH.');
  const zig = await findZig();
  const folder = process.cwd();
  const tools = join(folder, 'tools');
  writeTools(tools, zig, target.zig);
  const kernels = await buildKernels(target);
  const built = join(folder, 'cmake');
  await must('cmake', [
    ...['-S', root, '-B', built, '-DANNEAL_ADDON=ON', '-DANNEAL_STRIP=ON', '-DCMAKE_BUILD_TYPE=Release'],
    `-DCMAKE_SYSTEM_NAME=${target.system}`,
    `-DCMAKE_SYSTEM_PROCESSOR=${target.arch === 'x64' ? 'x86_64' : 'aarch64'}`,
    `-DCMAKE_CXX_COMPILER=${join(tools, 'c++')}`,
    `-DCMAKE_AR=${join(tools, 'ar')}`,
    `-DCMAKE_RANLIB=${join(tools, 'ranlib')}`,
    `-DANNEAL_KERNELS=${kernels}`,
    `-DANNEAL_LEVELS=${target.levels ?? ''}`,
    `-DANNEAL_ANY_LIBC=${target.system === 'Linux' ? 'ON' : 'OFF'}`,
    ...(await systemOptions(target, zig, folder)),
  ]);
  await must('cmake', ['--build', built, '--target', 'anneal', '--parallel', jobs]);
  const release = join(folder, 'build', 'Release');
  rmSync(release, { recursive: true, force: true });
  mkdirSync(release, { recursive: true });
  const binary = join(release, 'anneal.node');
  copyFileSync(join(built, 'anneal.node'), binary);
  // zig's linker lists glibc's loader among the libraries that are needed, for a function that both C libraries have. musl finds itself
  // under the names of glibc's other libraries, and nothing under that one. Under glibc the loader is always loaded.
  if (target.system === 'Linux') {
    const loader = target.arch === 'x64' ? 'ld-linux-x86-64.so.2' : 'ld-linux-aarch64.so.1';
    await must(await findPatchelf(), ['--remove-needed', loader, binary]);
  }
});
