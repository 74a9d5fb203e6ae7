// Everything that `npm test` runs after bootstrap: separation of the instruction sets, native tests, mocha.
// Arguments go to mocha, and then only mocha runs: npm test -- --grep softmax, npm test -- test/io.test.ts
//
// Before mocha the GPU that is emulated on the CPU is built, where that can be, for the tests of CUDA. With `--device cuda` as the
// first arguments mocha runs what concerns devices, with tensors on a GPU: that one, or the one that ANNEAL_CUDA_LIBRARY has. With
// `--checked` operators and gradients run on the emulated GPU that checks every access to memory, after kernels with faults, which the
// checks must find.
import { join } from 'node:path';
import { buildChecked, buildEmulated, checkedLibrary, emulatedLibrary, emulates, faultsTest } from './build-cuda.mjs';
import { findLeaks, levelsUncheckable } from './check-levels.mjs';
import { BuildError, root, run, runAsProgram } from './command.mjs';
import { readCounts, reportTotals } from './totals.mjs';

/** @returns {import('./totals.mjs').Counts} */
function checkLevels() {
  const reason = levelsUncheckable();
  if (reason) {
    console.log(`instruction-set levels: skipped, ${reason}`);
    return { passed: 0, failed: 0, skipped: 1 };
  }
  const leaks = findLeaks();
  console.log(
    `instruction-set levels: ${leaks.length ? `\n${leaks.join('\n')}` : 'kernels define nothing outside them'}`,
  );
  return leaks.length ? { passed: 0, failed: 1 } : { passed: 1, failed: 0 };
}

/** Suites that say the same on every device. */
const onDevices = [
  'operators',
  'special-values',
  'gradients',
  'golden',
  'autograd',
  'hooks',
  'guards',
  'mutations',
  'integers',
  'nn',
  'nn-layers',
  'optim',
  'train',
  'metrics',
  'resume',
  'io',
  'failures',
  'compile',
  'train-compiled',
  'cuda-order',
].map((name) => `test/${name}.test.ts`);

/**
 * The environment of mocha's tests.
 * @param {string | undefined} device
 * @returns {Promise<NodeJS.ProcessEnv>}
 */
async function environment(device) {
  const env = { ...process.env };
  if (!env.ANNEAL_CUDA_LIBRARY && emulates()) {
    await buildEmulated();
    env.ANNEAL_CUDA_LIBRARY = join(root, emulatedLibrary);
  }
  if (!env.ANNEAL_CUDA_LIBRARY) console.error('anneal: the emulated GPU is for Linux; its tests are left out');
  if (device) env.ANNEAL_DEVICE = device;
  return env;
}

/** Kernels with faults in each order of threads, and then the operators in random order. */
async function testChecked() {
  await buildChecked();
  const parts = [];
  /** @type {NodeJS.ProcessEnv} */
  const env = { ...process.env, ANNEAL_CUDA_LIBRARY: join(root, checkedLibrary), ANNEAL_DEVICE: 'cuda' };
  for (const order of ['forward', 'reverse', 'random']) {
    console.log(`kernels with faults, threads in ${order} order`);
    parts.push(readCounts(await run(faultsTest, [], { env: { ...env, ANNEAL_EMULATION_ORDER: order }, show: true })));
  }
  const suites = ['test/operators.test.ts', 'test/gradients.test.ts', '--timeout', '600000'];
  const mocha = ['node_modules/mocha/bin/mocha.js', ...suites];
  env.ANNEAL_EMULATION_ORDER = 'random';
  parts.push(readCounts(await run(process.execPath, mocha, { env, show: true })));
  reportTotals(parts);
}

await runAsProgram(import.meta.url, async () => {
  const args = process.argv.slice(2);
  if (args[0] === '--checked') return testChecked();
  const device = args[0] === '--device' ? args.splice(0, 2)[1] : undefined;
  if (device === '') throw new BuildError('usage: node scripts/test.mjs [--device NAME] [arguments of mocha]');
  const parts = [];
  if (args.length === 0 && !device) {
    parts.push(checkLevels());
    parts.push(readCounts(await run('native/build/Release/engine_tests', [], { show: true })));
  }
  const suites = device ? onDevices : ['test/**/*.test.ts'];
  const files = args.some((arg) => arg.endsWith('.test.ts')) ? [] : suites;
  const env = await environment(device);
  const color = process.stdout.isTTY ? ['--color'] : [];
  parts.push(
    readCounts(
      await run(process.execPath, ['node_modules/mocha/bin/mocha.js', ...color, ...args, ...files], {
        env,
        show: true,
      }),
    ),
  );
  reportTotals(parts);
});
