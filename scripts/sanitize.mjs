// Builds the engine without Node under sanitizers and runs its tests: node scripts/sanitize.mjs asan|tsan [tests...]
import { execFileSync } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { BuildError, findProgram, run, runAsProgram } from './command.mjs';
import { readCounts, reportTotals } from './totals.mjs';

/** @type {Record<string, { flags: string, env: Record<string, string> } | undefined>} */
const builds = {
  asan: {
    flags: 'address,undefined',
    env: {
      ASAN_OPTIONS: 'detect_leaks=1:detect_stack_use_after_return=1:allocator_may_return_null=1',
      UBSAN_OPTIONS: 'print_stacktrace=1:halt_on_error=1',
    },
  },
  tsan: {
    flags: 'thread',
    env: { TSAN_OPTIONS: 'halt_on_error=1:second_deadlock_stack=1:allocator_may_return_null=1' },
  },
};

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
  if (!build) throw new BuildError(`usage: node scripts/sanitize.mjs ${Object.keys(builds).join('|')} [tests...]`);
  if (!findProgram('cmake')) {
    throw new BuildError(
      'anneal: sanitizer builds need CMake 3.20 or later, not found on PATH.\n' +
        '  Debian, Ubuntu:  apt-get install cmake\n  macOS:           brew install cmake\n  anywhere:        pip install cmake',
    );
  }

  const folder = `build/${name}`;
  console.error(`anneal: building the engine with -fsanitize=${build.flags}`);
  const configure = ['-S', '.', '-B', folder, '-DCMAKE_BUILD_TYPE=RelWithDebInfo', `-DANNEAL_SANITIZE=${build.flags}`];
  const jobs = process.env.JOBS || String(availableParallelism());
  for (const args of [configure, ['--build', folder, '--target', 'engine_tests', '--parallel', jobs]]) {
    const { code, output } = await run('cmake', args);
    if (code !== 0) throw new BuildError(`${output}\nanneal: the sanitizer build failed; its output is above.`);
  }
  const [program, ...args] = [...(name === 'tsan' ? withoutRandomAddresses() : []), `${folder}/engine_tests`, ...tests];
  const result = await run(program, args, { env: { ...process.env, ...build.env }, show: true });
  reportTotals([readCounts(result)]);
});
