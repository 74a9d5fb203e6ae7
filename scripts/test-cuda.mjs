// Tests with tensors on a GPU. Further arguments go to mocha.
//
//   node scripts/test-cuda.mjs emulated   the suites, on the GPU that is emulated on the CPU
//   node scripts/test-cuda.mjs checked    operators and gradients, on the emulated GPU that checks every access to memory, after
//                                         kernels with faults, which the checks must find
//   node scripts/test-cuda.mjs gpu        the suites, on the GPU of this machine; operators and gradients once more under NVIDIA's
//                                         compute-sanitizer, where that is installed
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { resolve } from 'node:path';
import {
  buildChecked,
  buildEmulated,
  buildGpu,
  checkedLibrary,
  emulatedLibrary,
  emulates,
  faultsTest,
  gpuLibrary,
} from './build-cuda.mjs';
import { BuildError, findProgram, root, run, runAsProgram } from './command.mjs';
import { filesBelow } from './stamp.mjs';
import { readCounts, reportTotals } from './totals.mjs';

/** Suites that are left out where tensors are on a GPU, and why. All others say the same on every device. */
const onCpuAlone = {
  bench: 'how benchmarks time and count',
  'bench-command': 'the command line of benchmarks',
  'compile-cost': 'the time that tracing takes',
  docs: 'programs of the documentation, which name the CPU where they print a device',
  docstrings: 'reads sources',
  'event-loop': 'delays of the event loop beside the threads of the CPU',
  'option-names': 'reads sources',
  package: 'what npm would pack',
  'package-files': 'what npm would pack',
  release: 'the script that releases',
  types: 'what TypeScript says',
  workflows: 'reads sources',
};

/** Suites that are left out where the GPU is emulated besides, where they would take minutes. */
const onRealGpu = {
  ends: 'a hundred processes that end in the middle of long products',
  examples: 'training of the examples',
  fuzz: 'random input to parsers, and to operators that others try on the GPU',
  workers: 'threads and processes that end in the middle of long products',
};

// An emulated GPU takes its time.
const mocha = ['node_modules/mocha/bin/mocha.js', '--require', './test/support/gpu-pending.ts', '--timeout', '60000'];
const operators = ['test/operators.test.ts', 'test/gradients.test.ts'];
const orders = ['forward', 'reverse', 'random'];

/**
 * All suites but those.
 * @param {boolean} emulated
 */
function suites(emulated) {
  const names = Object.keys({ ...onCpuAlone, ...(emulated ? onRealGpu : {}) });
  const left = new Set(names.map((name) => `test/${name}.test.ts`));
  const all = filesBelow('test', /\.test\.ts$/);
  const gone = [...left].filter((file) => !all.includes(file));
  if (gone.length > 0) throw new BuildError(`scripts/test-cuda.mjs leaves out what is not there: ${gone.join(', ')}`);
  return all.filter((file) => !left.has(file));
}

/**
 * @param {string} library
 * @param {NodeJS.ProcessEnv} more
 */
const environment = (library, more = {}) => ({
  ...process.env,
  ANNEAL_CUDA_LIBRARY: resolve(root, library),
  ANNEAL_DEVICE: 'cuda',
  ...more,
});

/**
 * The suites that are named among the arguments of mocha, or all.
 * @param {string[]} args
 * @param {NodeJS.ProcessEnv} env
 */
async function runSuites(args, env, emulated = true) {
  const named = args.some((arg) => arg.endsWith('.test.ts'));
  return readCounts(
    await run(process.execPath, [...mocha, ...args, ...(named ? [] : suites(emulated))], { env, show: true }),
  );
}

/** @param {string[]} args */
async function onEmulated(args) {
  await buildEmulated();
  return [await runSuites(args, environment(emulatedLibrary))];
}

// Races are found in every order of threads, so one is enough for most; test/cuda-order.test.ts compares the bits of all of them.
/** @param {string[]} args */
async function onChecked(args) {
  await buildChecked();
  const parts = [];
  for (const order of orders) {
    console.log(`kernels with faults, threads in ${order} order`);
    const env = environment(checkedLibrary, { ANNEAL_EMULATION_ORDER: order });
    parts.push(readCounts(await run(faultsTest, [], { env, show: true })));
  }
  const list = [...operators, 'test/cuda-order.test.ts', '--timeout', '600000'];
  const env = environment(checkedLibrary, { ANNEAL_EMULATION_ORDER: 'random' });
  parts.push(await runSuites([...args, ...list], env));
  return parts;
}

/** @param {string[]} args */
async function onGpu(args) {
  const own = process.env.ANNEAL_CUDA_LIBRARY;
  if (!own) await buildGpu();
  const library = own ?? gpuLibrary;
  if (!existsSync(resolve(root, library)))
    throw new BuildError('anneal: nvcc was not found, and ANNEAL_CUDA_LIBRARY is not set');
  Object.assign(process.env, environment(library));
  /** @type {import('anneal').CudaReport} */
  const { problem, emulated, gpus, driver } = createRequire(import.meta.url)('anneal').cudaInfo();
  if (problem !== null || emulated) throw new BuildError(`anneal: ${problem ?? 'the library computes on the CPU'}`);
  console.log(`${gpus[0]?.name}, a driver for CUDA ${Math.floor(driver / 1000)}.${(driver % 1000) / 10}`);
  const parts = [await runSuites(args, process.env, false)];
  const sanitizer = findProgram('compute-sanitizer') ?? findProgram('/usr/local/cuda/bin/compute-sanitizer');
  if (!sanitizer) console.log('compute-sanitizer: skipped, it is not installed');
  for (const tool of sanitizer ? ['memcheck', 'racecheck', 'initcheck', 'synccheck'] : []) {
    console.log(`operators and gradients under ${tool}`);
    const command = ['--tool', tool, '--error-exitcode', '1', process.execPath, ...mocha, ...operators];
    const result = await run(/** @type {string} */ (sanitizer), [...command, '--timeout', '0'], { show: true });
    parts.push(readCounts(result));
  }
  return parts;
}

await runAsProgram(import.meta.url, async () => {
  const [where, ...args] = process.argv.slice(2);
  const test = { emulated: onEmulated, checked: onChecked, gpu: onGpu }[where ?? ''];
  if (!test) throw new BuildError('usage: node scripts/test-cuda.mjs emulated|checked|gpu [arguments of mocha]');
  if (where !== 'gpu' && !emulates()) throw new BuildError('anneal: the emulated GPU is for Linux on x64 and arm64');
  reportTotals(await test(args));
});
