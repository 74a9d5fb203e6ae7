// The same collectives over MPI, where there is one: through a shim that `anneal mpi build` compiles, and by the standard ABI of MPI 5.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { collect } from './support/ranks';

const root = join(__dirname, '..');
const starts = (command: string) => spawnSync(command, ['--version']).status === 0;

interface Outcome {
  sum: number[];
  gather: number[];
  large: boolean;
  compiled: number[][];
}

/** Runs the scenario `collectives` as two processes of an MPI. */
async function runMpi(mpirun: string, flags: string[], env: Record<string, string>): Promise<Outcome[]> {
  const script = ['--import', 'tsx', join(__dirname, 'children', 'distributed.ts'), 'collectives'];
  const child = spawn(mpirun, [...flags, '-n', '2', process.execPath, ...script], {
    env: { ...process.env, ANNEAL_NUM_THREADS: '1', ANNEAL_COMM_TIMEOUT: '60', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const { code, stdout, stderr } = await collect(child);
  assert.equal(code, 0, stderr);
  return stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Outcome);
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
    const folder = mkdtempSync(join(tmpdir(), 'anneal-mpi-'));
    try {
      const shim = join(folder, 'shim.so');
      const env = { ...process.env, ANNEAL_MPI_SHIM: shim };
      const cli = join(root, 'dist', 'cli', 'main.js');
      const built = spawnSync(process.execPath, [cli, 'mpi', 'build'], { env, encoding: 'utf8' });
      assert.equal(`${built.status} ${built.stdout}${built.stderr}`, `0 ${shim}\n`);
      const isOpenMpi = /Open MPI/.test(String(spawnSync('mpirun', ['--version']).stdout));
      const flags = isOpenMpi ? ['--oversubscribe', '--allow-run-as-root'] : [];
      check(await runMpi('mpirun', flags, { ANNEAL_MPI_SHIM: shim }));
    } finally {
      rmSync(folder, { recursive: true });
    }
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
    check(await runMpi(join(prefix, 'bin', 'mpiexec'), [], { ANNEAL_MPI_LIBRARY: library }));
  });
});
