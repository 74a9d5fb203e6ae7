// Each suite of benchmarks once, in its quickest form: that it runs and writes what is promised. It times nothing that counts.
// `npm run test:bench` runs this and `npm test` does not, for it takes as long as everything else.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { cudaInfo } from 'anneal';
import { hasGpu } from '../test/support/gpu';

const execute = promisify(execFile);

type Line = Record<string, unknown>;

/** What the program prints and writes, in its quickest form. */
async function runBench(words: string[], env: NodeJS.ProcessEnv = {}): Promise<{ stdout: string; lines: Line[] }> {
  const folder = await mkdtemp(join(tmpdir(), 'anneal-bench-test-'));
  try {
    const file = join(folder, 'results.jsonl');
    const args = ['--import', 'tsx', join(__dirname, 'run.ts'), ...words, '--quick', '--json', file];
    const { stdout } = await execute(process.execPath, args, { env: { ...process.env, ...env } });
    const lines = (await readFile(file, 'utf8')).trim().split('\n');
    return { stdout, lines: lines.map((line) => JSON.parse(line) as Line) };
  } finally {
    await rm(folder, { recursive: true });
  }
}

function checkLine(line: Line, expected: Line): void {
  const wanted = { impl: 'anneal', threads: 1, rounds: 3, ...expected };
  assert.deepEqual({ ...line, ...wanted }, line);
  const [p10, median, p90] = [line.p10, line.median, line.p90].map(Number);
  assert.ok(p10 > 0 && p10 <= median && median <= p90, JSON.stringify(line));
}

describe('suites of benchmarks', function () {
  this.timeout(180_000);

  it('runs, writes lines of JSON, and skips a peer that is missing', async () => {
    const { stdout, lines } = await runBench(['mlp', '--peer', 'torch'], { ANNEAL_BENCH_PYTHON: '/nowhere/python' });
    assert.match(stdout, /^peak, 1 thread: fma +[\d.]+ GFLOP\/s, triad +[\d.]+ GB\/s, read +[\d.]+ GB\/s$/m);
    assert.match(stdout, /^torch: skipped, .*python3 -m venv .* && .*pip install torch==/m);
    assert.match(stdout, /^batch 64, sgd +anneal +[\d.]+ [mu]s\/step/m);

    const [sgd, adam, surroundings] = lines;
    assert.equal(lines.length, 3);
    checkLine(sgd, { suite: 'mlp', case: 'batch 64, sgd', unit: 'ms/step' });
    checkLine(adam, { suite: 'mlp', case: 'batch 64, adam', unit: 'ms/step' });
    assert.deepEqual(Object.keys(surroundings), ['machine', 'versions', 'commit', 'modified', 'date', 'skipped']);
  });

  (hasGpu ? it : it.skip)('runs on a GPU, with the peers that do', async function () {
    this.timeout(120_000);
    const words = ['mlp', 'op-overhead', '--peer', 'anneal-eager', 'jax', '--device', 'cuda', '--iterations', '1'];
    const { stdout, lines } = await runBench(words);
    assert.match(stdout, /^mlp: .*; on the GPU, 3 rounds$/m);
    assert.match(stdout, /^jax: skipped, jax is measured on the CPU only$/m);
    assert.doesNotMatch(stdout, /peak| of fma/);
    checkLine(lines[0], { suite: 'mlp', case: 'batch 64, sgd', unit: 'ms/step' });
    checkLine(lines[1], { suite: 'mlp', case: 'batch 64, sgd', impl: 'anneal-eager' });
    const { gpus, driver } = cudaInfo();
    assert.deepEqual(lines.at(-1)?.device, { gpu: gpus[0]?.name, driver });
  });

  it('measures the limits of the machine', async () => {
    const { lines } = await runBench(['peak']);
    const figures = lines.slice(0, -1);
    for (const line of figures) {
      const unit = line.case === 'fma' ? 'GFLOP/s' : 'GB/s';
      checkLine(line, { suite: 'peak', threads: line.threads, unit });
    }
    const names = ['fma', ...['triad', 'read'].flatMap((limit) => [`${limit} L1`, `${limit} L2`, `${limit} L3`])];
    assert.deepEqual(
      figures.map((line) => `${line.case}, ${line.threads}`),
      names.flatMap((name) => [`${name}, 1`, `${name}, 2`]),
    );
  });

  it('measures training by several processes', async () => {
    const { lines } = await runBench(['ddp', '--iterations', '2']);
    checkLine(lines[0], { suite: 'ddp', case: '1 x 64', threads: 1, unit: 'ms/step' });
    checkLine(lines[1], { suite: 'ddp', case: '2 x 64', threads: 1, unit: 'ms/step' });
  });

  it('measures products of matrices beside the limits', async () => {
    const { stdout, lines } = await runBench(['gemm', '--case', '64x']);
    assert.match(stdout, /^64x64x64 +anneal +[\d.]+ [mu]s\/product .*[\d.]+ GFLOP\/s, +\d+ % of fma$/m);
    for (const line of lines.slice(0, -1)) {
      checkLine(line, { suite: 'gemm', unit: 'ms/product', rateUnit: 'GFLOP/s', limit: 'fma' });
      assert.ok(
        [line.rate, line.peak, line.share].every((value) => Number(value) > 0),
        JSON.stringify(line),
      );
    }
  });

  it('measures chains of operators, eager and compiled', async () => {
    const { lines } = await runBench(['pointwise', '--case', 'affine', '--peer', 'anneal-eager']);
    const place = { suite: 'pointwise', case: 'affine-tanh, 64x256' };
    for (const impl of ['anneal', 'anneal-eager']) {
      const line = lines.find((line) => line.impl === impl) ?? {};
      checkLine(line, { ...place, impl, unit: 'ms/call', rateUnit: 'GB/s', limit: 'triad' });
    }
    const { ratio, ...peer } = lines.find((line) => line.peer === 'anneal-eager') ?? {};
    assert.ok(Number(ratio) > 0, JSON.stringify(peer));
  });

  it('measures inference and operators', async () => {
    const { lines } = await runBench(['mlp-infer', 'op-overhead', '--peer', 'anneal-eager']);
    for (const [i, name] of ['batch 64', 'batch 64, each read'].entries()) {
      checkLine(lines[3 * i], { suite: 'mlp-infer', case: name, unit: 'ms/call', limit: 'fma' });
      checkLine(lines[3 * i + 1], { suite: 'mlp-infer', case: name, impl: 'anneal-eager' });
      assert.ok(Number(lines[3 * i + 2].ratio) > 0);
    }
    for (const [i, name] of ['add', 'add, recorded for gradients', 'call of getNumThreads'].entries()) {
      checkLine(lines[6 + i], { suite: 'op-overhead', case: name, unit: 'ms/call', iterations: 20_000 });
    }
  });

  it('measures convolutions', async () => {
    const { lines } = await runBench(['cnn', '--peer', 'anneal-eager']);
    checkLine(lines[0], { suite: 'cnn', case: '3x3, 64 channels, 56x56, forward', unit: 'ms/call', limit: 'fma' });
    const names = [
      'step of a classifier of digits, batch 64',
      'ResNet-18, training step, batch 16, 64x64',
      'ResNet-18, inference, batch 1, 64x64',
    ];
    for (const [i, name] of names.entries())
      checkLine(lines[3 * (i + 1)], { suite: 'cnn', case: name, unit: 'ms/call' });
  });

  it('measures operators of networks and a small GPT', async function () {
    this.timeout(120_000);
    const { lines } = await runBench(['ops', '--peer', 'anneal-eager']);
    checkLine(lines[0], { suite: 'ops', case: 'relu, 64x256', unit: 'ms/call' });
    const gpt = await runBench(['gpt', '--peer', 'anneal-eager']);
    checkLine(gpt.lines[0], { suite: 'gpt', case: 'training, batch 2, dropout 0', unit: 'ms/step', limit: 'fma' });
  });

  it('measures epochs of the demo', async () => {
    const { lines } = await runBench(['end-to-end']);
    for (const [i, name] of ['loop, adam', 'trainer, adam'].entries()) {
      checkLine(lines[i], { suite: 'end-to-end', case: name, unit: 'ms/epoch', iterations: 10 });
    }
  });

  it('measures what it costs to have the package', async function () {
    if (process.platform !== 'linux') this.skip(); // asks /proc
    const { lines } = await runBench(['memory']);
    for (const [i, [name, unit]] of [
      ['demo, peak', 'MB'],
      ['demo, steady', 'MB'],
      ['gpt step, peak', 'MB'],
      ['gpt step, steady', 'MB'],
      ['load', 'ms'],
      ['disk', 'MB'],
    ].entries()) {
      checkLine(lines[i], { suite: 'memory', case: name, unit, rounds: 1 });
    }
  });
});
