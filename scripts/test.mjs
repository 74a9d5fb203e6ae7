// Everything that `npm test` runs after bootstrap: separation of the instruction sets, native tests, mocha.
// Arguments go to mocha, and then only mocha runs: npm test -- --grep softmax, npm test -- test/io.test.ts
//
// Before mocha the GPU that is emulated on the CPU is built, where that can be, for the tests of CUDA; scripts/test-cuda.mjs runs the
// others on it too.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { buildEmulated, emulatedLibrary, emulates, gpuLibrary } from './build-cuda.mjs';
import { findLeaks, levelsUncheckable } from './check-levels.mjs';
import { root, run, runAsProgram } from './command.mjs';
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

/**
 * The environment of mocha's tests. Says which libraries with kernels for GPUs there are not, whose tests are left out.
 * @returns {Promise<NodeJS.ProcessEnv>}
 */
async function environment() {
  if (!existsSync(join(root, gpuLibrary))) {
    console.error(
      `anneal: ${gpuLibrary} is not built (npm run build:cuda, with nvcc), so tests of that file are left out`,
    );
  }
  if (process.env.ANNEAL_CUDA_LIBRARY) return process.env;
  if (!emulates()) {
    console.error('anneal: the emulated GPU is for Linux on x64 and arm64; its tests are left out');
    return process.env;
  }
  await buildEmulated();
  return { ...process.env, ANNEAL_CUDA_LIBRARY: join(root, emulatedLibrary) };
}

await runAsProgram(import.meta.url, async () => {
  const args = process.argv.slice(2);
  const parts = [];
  if (args.length === 0) {
    parts.push(checkLevels());
    parts.push(readCounts(await run('native/build/Release/engine_tests', [], { show: true })));
  }
  const files = args.some((arg) => arg.endsWith('.test.ts')) ? [] : ['test/**/*.test.ts'];
  const color = process.stdout.isTTY ? ['--color'] : [];
  const mocha = ['node_modules/mocha/bin/mocha.js', ...color, ...args, ...files];
  parts.push(readCounts(await run(process.execPath, mocha, { env: await environment(), show: true })));
  reportTotals(parts);
});
