// Builds the engine in other ways than the addon's and runs its tests, under sanitizers or for another processor:
// node scripts/engine-tests.mjs asan|tsan|neon [tests...]
// node scripts/engine-tests.mjs addon [files...]: the addon in the folder of asan, and mocha's tests with it
import { execFileSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { BuildError, findProgram, root, run, runAsProgram } from './command.mjs';
import { levelsOfProcessor } from './levels.mjs';
import { hashOf, isFresh, writeStamp } from './stamp.mjs';
import { readCounts, reportTotals } from './totals.mjs';

/**
 * What CMake is told, for which instruction-set levels, what the tests run under, and what has to be installed: programs,
 * and Debian's packages of them. The folder and the target have the build's own name and engine_tests unless they are given.
 * @typedef {{ options: string[], levels: () => string[], runner: () => string[], env?: Record<string, string>, needs?: Record<string, string>, folder?: string, target?: string }} Build
 */

const instrumented = '-DCMAKE_BUILD_TYPE=RelWithDebInfo';

const ubsanOptions = 'print_stacktrace=1:halt_on_error=1';

// The core of the mocha suite: what comes through the binding in many ways, and no benchmark or promptness, which an
// instrumented engine does not have.
const addonTests = [
  'autograd',
  'compile',
  'compile-update',
  'data',
  'failure-walks',
  'failures',
  'failures-compiled',
  'hooks',
  'native',
  'nn',
  'optim',
  'tensor',
  'train',
].map((name) => `test/${name}.test.ts`);

// Instrumented kernels take minutes to compile for each level, and the levels' code is the same but for the size of vectors and of
// tiles. ANNEAL_LEVELS=sse2 asks for another one.
const highestLevel = () => levelsOfProcessor().slice(-1);

/** @type {Record<string, Build | undefined>} */
const builds = {
  asan: {
    options: [instrumented, '-DANNEAL_SANITIZE=address,undefined', '-DANNEAL_ADDON=ON'],
    levels: highestLevel,
    runner: () => [],
    env: {
      ASAN_OPTIONS: 'detect_leaks=1:detect_stack_use_after_return=1:allocator_may_return_null=1',
      UBSAN_OPTIONS: ubsanOptions,
    },
  },
  // Compiles a dozen files more than asan. Node is not instrumented, so the sanitizer's library must be loaded before it, and the
  // one that it takes the throwing of exceptions from. Node's own leaks are not ours.
  addon: {
    folder: 'asan',
    target: 'anneal',
    options: [instrumented, '-DANNEAL_SANITIZE=address,undefined', '-DANNEAL_ADDON=ON'],
    levels: highestLevel,
    runner: () => [process.execPath, 'node_modules/mocha/bin/mocha.js', '--timeout', '120000'],
    env: {
      ANNEAL_BINARY: join(root, 'build', 'asan', 'anneal.node'),
      ANNEAL_ERRORS: process.env.ANNEAL_ERRORS ?? '20000',
      ANNEAL_WALKS: process.env.ANNEAL_WALKS ?? '100',
      ASAN_OPTIONS: 'detect_leaks=0:detect_stack_use_after_return=1:allocator_may_return_null=1:quarantine_size_mb=16',
      UBSAN_OPTIONS: ubsanOptions,
    },
  },
  tsan: {
    options: [instrumented, '-DANNEAL_SANITIZE=thread'],
    levels: highestLevel,
    runner: withoutRandomAddresses,
    env: { TSAN_OPTIONS: 'halt_on_error=1:second_deadlock_stack=1:allocator_may_return_null=1' },
  },
  neon: {
    options: [
      '-DCMAKE_SYSTEM_NAME=Linux',
      '-DCMAKE_SYSTEM_PROCESSOR=aarch64',
      '-DCMAKE_CXX_COMPILER=aarch64-linux-gnu-g++',
    ],
    levels: () => ['neon'],
    runner: () => ['qemu-aarch64', '-L', '/usr/aarch64-linux-gnu'],
    needs: { 'aarch64-linux-gnu-g++': 'g++-aarch64-linux-gnu', 'qemu-aarch64': 'qemu-user' },
  },
};

/**
 * CMake keeps the compiler that it found in its cache and stops when that is gone, or goes on with it when CXX names
 * another one. So the folder of another compiler's build is made anew.
 * @param {string} folder
 * @param {string[]} options
 */
function dropOtherBuild(folder, options) {
  const compiler = options.find((option) => option.startsWith('-DCMAKE_CXX_COMPILER='))?.split('=')[1];
  const names = compiler ? [compiler] : (process.env.CXX ?? 'c++').split(' ');
  const stamp = `${folder}/anneal.stamp`;
  const hash = hashOf([], ...names.map((name) => findProgram(name) ?? name));
  if (isFresh(stamp, hash, [])) return;
  rmSync(join(root, folder), { recursive: true, force: true });
  writeStamp(stamp, hash);
}

/**
 * The libraries that a process needs before a program that is not instrumented itself.
 * @returns {string}
 */
function sanitizerLibraries() {
  const [program = 'c++', ...options] = (process.env.CXX ?? 'c++').split(' ');
  return ['libasan.so', 'libstdc++.so']
    .map((name) => execFileSync(program, [...options, `-print-file-name=${name}`], { encoding: 'utf8' }).trim())
    .join(' ');
}

/**
 * ThreadSanitizer of g++ 12 refuses address spaces that are randomised over more bits than it knows of.
 * @returns {string[]} the command's beginning
 */
function withoutRandomAddresses() {
  const program = findProgram('setarch');
  if (!program) return [];
  try {
    execFileSync(program, ['-R', 'true'], { stdio: 'ignore' });
    return [program, '-R'];
  } catch {
    return []; // the container forbids it
  }
}

await runAsProgram(import.meta.url, async () => {
  const [name = '', ...tests] = process.argv.slice(2);
  const build = builds[name];
  if (!build) throw new BuildError(`usage: node scripts/engine-tests.mjs ${Object.keys(builds).join('|')} [tests...]`);
  if (!findProgram('cmake')) {
    throw new BuildError(
      'anneal: this build needs CMake 3.20 or later, not found on PATH.\n' +
        '  Debian, Ubuntu:  apt-get install cmake\n  macOS:           brew install cmake\n  anywhere:        pip install cmake',
    );
  }
  for (const [program, debian] of Object.entries(build.needs ?? {})) {
    if (findProgram(program)) continue;
    throw new BuildError(`anneal: ${program} was not found on PATH.\n  Debian, Ubuntu:  apt-get install ${debian}`);
  }

  const folder = `build/${build.folder ?? name}`;
  const options = [...build.options, `-DANNEAL_LEVELS=${build.levels().join(',')}`];
  console.error(`anneal: building the engine with ${options.join(' ')}`);
  const jobs = process.env.JOBS || String(availableParallelism());
  dropOtherBuild(folder, options);
  const configure = ['-S', '.', '-B', folder, ...options];
  for (const args of [configure, ['--build', folder, '--target', build.target ?? 'engine_tests', '--parallel', jobs]]) {
    const { code, output } = await run('cmake', args);
    if (code !== 0) throw new BuildError(`${output}\nanneal: the build of the engine failed; its output is above.`);
  }
  const isAddon = build.target === 'anneal';
  const what = isAddon ? (tests.length > 0 ? tests : addonTests) : [`${folder}/engine_tests`, ...tests];
  const [program = '', ...args] = [...build.runner(), ...what];
  const env = { ...process.env, ...build.env, ...(isAddon ? { LD_PRELOAD: sanitizerLibraries() } : {}) };
  const result = await run(program, args, { env, show: true });
  reportTotals([readCounts(result)]);
});
