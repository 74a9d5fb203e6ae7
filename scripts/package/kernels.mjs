// The native tests with the kernels of each compiler that the package's binaries come from, where they can run on this machine.
import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { findProgram, root, run } from '../command.mjs';
import { readCounts } from '../totals.mjs';
import { armRunner } from './stage.mjs';

/** What runs the programs of a target; null where nothing does. @type {Record<string, () => string[] | null>} */
const runners = {
  'linux-x64': () => [],
  'linux-arm64': armRunner,
  'win32-x64': () => {
    const wine = findProgram('wine64', '/usr/lib/wine/wine64');
    return wine ? [wine] : null;
  },
};

/**
 * For the tests of a target. QEMU 7 lets loads overtake the stores before them, also where both are sequentially consistent, as processors
 * with ARM do not: now and then a thread is not woken, and the tests stand still.
 */
const limit = '10m';

/** Builds and runs them beside the addons that `npm run prebuild` has built: a row for each target. */
export async function testKernels() {
  const rows = [];
  for (const [target, find] of Object.entries(runners)) {
    const folder = join(root, 'build', 'prebuild', target, 'cmake');
    const runner = process.platform === 'linux' && process.arch === 'x64' ? find() : null;
    if (!runner || !existsSync(folder)) {
      rows.push({
        target,
        ok: null,
        said: runner ? '`npm run prebuild` comes first' : 'nothing runs its programs here',
        problem: '',
      });
      continue;
    }
    const jobs = process.env.JOBS || String(availableParallelism());
    const built = await run('cmake', ['--build', folder, '--target', 'engine_tests', '--parallel', jobs]);
    if (built.code !== 0) {
      rows.push({ target, ok: false, said: 'cannot be built', problem: built.output });
      continue;
    }
    const program = ['engine_tests', 'engine_tests.exe'].map((name) => join(folder, name)).find(existsSync) ?? '';
    const ran = await run('timeout', [limit, ...runner, program], { env: { ...process.env, WINEDEBUG: '-all' } });
    const { passed, failed } = readCounts(ran);
    rows.push({
      target,
      ok: ran.code === 0 && passed > 0,
      said: ran.code === 124 ? `ended after ${limit}` : `${passed} passed, ${failed} failed`,
      problem: ran.output,
    });
  }
  return rows;
}
