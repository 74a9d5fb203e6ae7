// Everything that `npm test` runs after bootstrap: separation of the instruction sets, native tests, mocha.
// Arguments go to mocha, and then only mocha runs: npm test -- --grep softmax, npm test -- test/io.test.ts
import { findLeaks, levelsUncheckable } from './check-levels.mjs';
import { run, runAsProgram } from './command.mjs';
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

await runAsProgram(import.meta.url, async () => {
  const args = process.argv.slice(2);
  const parts = [];
  if (args.length === 0) {
    parts.push(checkLevels());
    parts.push(readCounts(await run('native/build/Release/engine_tests', [], { show: true })));
  }
  const files = args.some((arg) => arg.endsWith('.test.ts')) ? [] : ['test/**/*.test.ts'];
  const color = process.stdout.isTTY ? ['--color'] : [];
  parts.push(
    readCounts(
      await run(process.execPath, ['node_modules/mocha/bin/mocha.js', ...color, ...args, ...files], { show: true }),
    ),
  );
  reportTotals(parts);
});
