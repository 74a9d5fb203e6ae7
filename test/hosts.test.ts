// Processes on several hosts, with a network between them that takes 20 ms each way and loses one packet in a hundred, and a file system
// that fills up. Root of a Linux machine can make both (support/lossy_network.py); they are made where ANNEAL_TEST_HOSTS asks for it.
import assert from 'node:assert/strict';
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, rmdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { io } from 'anneal';
import { found, onceReady, type RankOptions, runRanks } from './support/ranks';

const HOSTS = 4;

/** Starts the hosts: the command that runs a program on one of them, and the process that they last as long as. */
async function makeHosts(): Promise<{ place: (rank: number) => string[]; network: ChildProcess }> {
  const script = join(__dirname, 'support', 'lossy_network.py');
  const network = spawn('python3', [script, String(HOSTS), '20', '0.01'], { stdio: ['pipe', 'pipe', 'inherit'] });
  const line = await new Promise<string>((resolve, reject) => {
    network.stdout.setEncoding('utf8').once('data', resolve);
    network.once('error', reject).once('exit', (code) => reject(new Error(`the network ended with code ${code}`)));
  });
  const processes: number[] = JSON.parse(line);
  return { place: (rank) => ['nsenter', '-t', String(processes[rank]), '-n'], network };
}

describe('processes on several hosts', function () {
  this.timeout(600_000);
  let network: ChildProcess | undefined;
  let options: RankOptions;

  before(async function () {
    if (!process.env.ANNEAL_TEST_HOSTS) {
      console.log('    left out: ANNEAL_TEST_HOSTS=1 makes hosts with a slow and lossy network (Linux, as root)');
      return this.skip();
    }
    const hosts = await makeHosts();
    network = hosts.network;
    options = { place: hosts.place, env: { MASTER_ADDR: '10.77.0.1', ANNEAL_COMM_TIMEOUT: '20' } };
  });

  after(() => {
    network?.removeAllListeners('exit');
    network?.stdin?.end();
  });

  it('train with the bits that they have on one host', async () => {
    const apart = await found('training', HOSTS, options);
    assert.deepEqual(apart, await found('training', HOSTS));
  });

  it('are told the process and the parameter where models differ', async () => {
    for (const { stdout, stderr } of await runRanks('mismatch', HOSTS, options)) {
      assert.match(stdout, /ERR_DISTRIBUTED: \[distributed\] rank 1 calls broadcast from rank 0 of 'weight'/, stderr);
    }
  });

  it('hear of one that was killed', async () => {
    const started = (child: ChildProcess, rank: number) => rank === 1 && onceReady(child, 'SIGKILL');
    for (const [rank, { stdout, stderr }] of (await runRanks('gone', HOSTS, { ...options, started })).entries()) {
      if (rank !== 1)
        assert.match(stdout, /ERR_DISTRIBUTED: \[distributed\] rank \d is gone: its process has ended/, stderr);
    }
  });

  it('hear within the time-out of one that is frozen', async () => {
    const children: ChildProcess[] = [];
    const begin = performance.now();
    let running = HOSTS - 1;
    const outcomes = await runRanks('gone', HOSTS, {
      ...options,
      started: (child, rank) => {
        children.push(child);
        if (rank === 1) onceReady(child, 'SIGSTOP');
        else child.on('exit', () => --running === 0 && children[1]?.kill('SIGKILL'));
      },
    });
    for (const [rank, { stdout, stderr }] of outcomes.entries()) {
      if (rank !== 1) assert.match(stdout, /ERR_DISTRIBUTED: .*rank \d/, stderr);
    }
    assert.ok(outcomes.some(({ stdout }) => /rank 1 has not answered for 20 s \(ANNEAL_COMM_TIMEOUT\)/.test(stdout)));
    // The time-out, the start of the processes, and the end of the connections.
    assert.ok(performance.now() - begin < 60_000);
  });

  it('keep their last checkpoint when the file system is full', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'anneal-full-'));
    // A checkpoint has 40 kB.
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=100k', 'none', folder]);
    try {
      const [first, second] = await runRanks('checkpoints', 2, { env: { ANNEAL_TEST_FOLDER: folder } });
      assert.match(first?.stderr as string, /ENOSPC/);
      assert.match(second?.stderr as string, /rank 0 ended: its process has failed/);
      assert.deepEqual([first?.code, second?.code], [1, 1]);
      assert.deepEqual(readdirSync(folder), ['1.safetensors', '2.safetensors']);
      assert.deepEqual((await io.load(join(folder, '2.safetensors'))).weight?.shape, [100, 100]);
    } finally {
      execFileSync('umount', [folder]);
      rmdirSync(folder);
    }
  });
});
