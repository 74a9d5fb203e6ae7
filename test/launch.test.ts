// `anneal launch`: what it starts, what it prints, and what it does when a process fails.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { collect } from './support/ranks';

const cli = join(__dirname, '..', 'dist', 'cli', 'main.js');
const script = join(__dirname, 'children', 'launched.cjs');

function launch(...args: string[]) {
  const env = { ...process.env };
  delete env.ANNEAL_NUM_THREADS;
  return collect(spawn(process.execPath, [cli, 'launch', ...args], { env, stdio: ['ignore', 'pipe', 'pipe'] }));
}

const sorted = (text: string) =>
  text
    .trim()
    .split('\n')
    .map((line) => line.trimEnd())
    .sort();

describe('anneal launch', function () {
  this.timeout(60_000);

  it('numbers processes and their lines, and leaves arguments to the script', async () => {
    const { code, stdout } = await launch('-n', '2', script, 'print', '-n', '5');
    assert.equal(code, 0);
    assert.deepEqual(sorted(stdout), ['[0] 0/2 0 -n 5', '[1] 1/2 1 -n 5']);
  });

  it('divides the processors', async () => {
    const { stdout } = await launch('-n2', script, 'threads');
    const share = Math.max(1, Math.floor(availableParallelism() / 2));
    assert.deepEqual(sorted(stdout)[1], `[0] threads ${share}`);
  });

  it('is part of a larger group on several nodes', async () => {
    const { stdout } = await launch(
      ...['-n', '2', '--nodes', '3', '--node', '2', '--address', 'a', '--port', '1', script, 'print'],
    );
    assert.deepEqual(sorted(stdout), ['[4] 4/6 0', '[5] 5/6 1']);
  });

  it('starts all again when one fails, with fewer if it may', async () => {
    const again = await launch('-n', '2', '--max-restarts', '1', script, 'fail-once');
    assert.equal(again.code, 0);
    assert.match(again.stderr, /a process failed with 3: restart 1 of 1, with 2 processes/);
    assert.equal(sorted(again.stdout).filter((line) => line.startsWith('[1] 1/2')).length, 2);
    const fewer = await launch('-n', '2', '--max-restarts=3', '--min', '1', script, 'fail-once');
    assert.equal(fewer.code, 0);
    assert.ok(sorted(fewer.stdout).includes('[0] 0/1 0'), fewer.stdout);
  });

  it('goes on from checkpoints, with the same bits, however often a process is killed', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'anneal-launch-'));
    try {
      const digestOf = async (kills: number) => {
        const file = join(folder, `${kills}.safetensors`);
        const resuming = join(__dirname, 'children', 'resuming.cjs');
        const { code, stdout, stderr } = await launch('-n', '2', '--max-restarts', '10', resuming, file, String(kills));
        assert.equal(code, 0, stderr);
        return /^\[0\] life (\d+): (.*)$/m.exec(stdout)?.slice(1);
      };
      const [, undisturbed] = (await digestOf(0)) as string[];
      assert.deepEqual(await digestOf(10), ['10', undisturbed]);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('ends the others, and with the code of the one that failed', async () => {
    const begin = performance.now();
    const { code } = await launch('-n', '2', script, 'fail');
    assert.equal(code, 3);
    assert.ok(performance.now() - begin < 30_000);
  });

  it('says what is wrong with its arguments', async () => {
    const said = async (...args: string[]) => {
      const { code, stderr } = await launch(...args);
      assert.equal(code, 2);
      return stderr.split('\n')[0];
    };
    assert.equal(await said('-n', '2'), 'anneal: launch needs a script: anneal launch -n 2 train.js');
    assert.equal(
      await said('-n', '0', 'x.js'),
      "anneal: expected an integer of at least 1 for --processes, received '0'",
    );
    assert.match((await said('--processs', '2', 'x.js')) as string, /^anneal: Unknown option '--processs'/);
  });
});
