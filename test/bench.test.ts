// Benchmarks: the comparison with rivals that are made up, and one short run of the program.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { compare } from '../bench/harness';
import { publish } from '../bench/publish/publish';
import type { Rival } from '../bench/rival';
import { spread } from '../bench/statistics';

const root = join(__dirname, '..');
const execute = promisify(execFile);

// A rival that takes the given times a round, and notes when it was asked.
function rival(name: string, calls: string[], secondsEach: number, values = [1, 2]): Rival {
  return {
    name,
    check: async () => values,
    async measure(iterations) {
      calls.push(`${name}${iterations}`);
      return { seconds: secondsEach * iterations, cpuSeconds: 2 * secondsEach * iterations };
    },
    close: () => {},
  };
}

type Line = Record<string, unknown>;

/** What the program prints and writes, in its quickest form. */
async function runBench(words: string[], env: NodeJS.ProcessEnv = {}): Promise<{ stdout: string; lines: Line[] }> {
  const folder = await mkdtemp(join(tmpdir(), 'anneal-bench-test-'));
  try {
    const file = join(folder, 'results.jsonl');
    const args = ['--import', 'tsx', join(root, 'bench', 'run.ts'), ...words, '--quick', '--json', file];
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

const options = { rounds: 3, secondsPerSample: 0.1, tolerance: 1e-4 };

describe('bench', () => {
  it('interpolates quantiles', () => {
    assert.deepEqual(spread([5, 1, 2, 4, 3, 0, 6, 7, 8, 9, 10]), { median: 5, p10: 1, p90: 9 });
    assert.deepEqual(spread([1, 2]), { median: 1.5, p10: 1.1, p90: 1.9 });
    assert.deepEqual(spread([3]), { median: 3, p10: 3, p90: 3 });
  });

  it('takes turns, and compares neighbours', async () => {
    const calls: string[] = [];
    const { times, ratios } = await compare([rival('a', calls, 0.002), rival('b', calls, 0.006)], options);
    // Three tries each to find the number of iterations, a round to warm up, three rounds.
    const tries = ['a3', 'a3', 'a3', 'b3', 'b3', 'b3'];
    assert.deepEqual(calls, [...tries, ...Array.from({ length: 4 }, () => ['a50', 'b17']).flat()]);
    assert.deepEqual(
      times.map(({ name, wall, cpu }) => [name, wall.median.toFixed(6), cpu.median.toFixed(6)]),
      [
        ['a', '2.000000', '4.000000'],
        ['b', '6.000000', '12.000000'],
      ],
    );
    assert.deepEqual([ratios[0].name, ratios[0].median.toFixed(6)], ['b', '3.000000']);
  });

  it('tries a slow rival once, and measures as many iterations as it is told', async () => {
    const calls: string[] = [];
    await compare([rival('a', calls, 0.2)], { ...options, rounds: 1 });
    assert.deepEqual(calls, ['a3', 'a1', 'a1']);
    calls.length = 0;
    await compare([rival('a', calls, 0.2)], { ...options, rounds: 1, iterations: 7 });
    assert.deepEqual(calls, ['a7', 'a7']);
  });

  it('times nothing when results differ', async () => {
    for (const values of [[1, 2.001], [1], [1, Number.NaN], []]) {
      const calls: string[] = [];
      const pair = [rival('a', calls, 0.01), rival('b', calls, 0.01, values)];
      await assert.rejects(compare(pair, options), /a and b do not compute the same/);
      assert.deepEqual(calls, []);
    }
    await compare([rival('a', [], 0.01), rival('b', [], 0.01, [1.00001, 2])], options);
  });

  it('gives rates, and their share of the limit of the same round', async () => {
    const gauge = { rival: rival('gauge', [], 0.001), amount: 1e9 };
    const { times, limit } = await compare([rival('a', [], 0.002)], options, { amount: 5e8, gauge });
    assert.deepEqual(
      [times[0].rate, times[0].share, limit].map((values) => values?.median.toFixed(3)),
      ['250.000', '0.250', '1000.000'],
    );
  });

  it('runs, writes lines of JSON, and skips a peer that is missing', async function () {
    this.timeout(60_000);
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

  it('measures the limits of the machine', async function () {
    this.timeout(60_000);
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

  it('measures products of matrices beside the limits', async function () {
    this.timeout(60_000);
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

  it('measures chains of operators, eager and compiled', async function () {
    this.timeout(60_000);
    const { lines } = await runBench(['pointwise', '--case', 'affine', '--peer', 'anneal-eager']);
    const place = { suite: 'pointwise', case: 'affine-tanh, 64x256' };
    for (const impl of ['anneal', 'anneal-eager']) {
      const line = lines.find((line) => line.impl === impl) ?? {};
      checkLine(line, { ...place, impl, unit: 'ms/call', rateUnit: 'GB/s', limit: 'triad' });
    }
    const { ratio, ...peer } = lines.find((line) => line.peer === 'anneal-eager') ?? {};
    assert.ok(Number(ratio) > 0, JSON.stringify(peer));
  });

  it('measures inference and operators', async function () {
    this.timeout(60_000);
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

  it('measures epochs of the demo', async function () {
    this.timeout(60_000);
    const { lines } = await runBench(['end-to-end']);
    for (const [i, name] of ['loop, adam', 'trainer, adam'].entries()) {
      checkLine(lines[i], { suite: 'end-to-end', case: name, unit: 'ms/epoch', iterations: 10 });
    }
  });

  it('measures what it costs to have the package', async function () {
    this.timeout(60_000);
    if (process.platform !== 'linux') this.skip(); // asks /proc
    const { lines } = await runBench(['memory']);
    for (const [i, [name, unit]] of [
      ['demo, peak', 'MB'],
      ['demo, steady', 'MB'],
      ['load', 'ms'],
      ['disk', 'MB'],
    ].entries()) {
      checkLine(lines[i], { suite: 'memory', case: name, unit, rounds: 1 });
    }
  });

  it('writes tables, plots and one file of results', async function () {
    this.timeout(20_000);
    const folder = await mkdtemp(join(tmpdir(), 'anneal-bench-test-'));
    try {
      const results = join(folder, 'bench', 'results');
      const local = join(results, 'local');
      await mkdir(local, { recursive: true });
      await writeFile(join(folder, 'README.md'), 'a\n<!-- bench:mlp -->\nold\n<!-- /bench:mlp -->\nz\n');
      const place = { suite: 'mlp', case: 'batch 64, sgd', threads: 1 };
      const ours = { ...place, impl: 'anneal', unit: 'ms/step', median: 0.7, p10: 0.6, p90: 0.8 };
      const machine = { cpu: 'Some (R) CPU', cores: 2, isa: 'avx2' };
      const file = (median: number, date: string) =>
        [
          { ...ours, median, rate: 96, rateUnit: 'GFLOP/s', share: 0.82 },
          { ...ours, impl: 'torch', median: 1.2 },
          { ...place, peer: 'torch', ratio: 1.7, p10: 1.62, p90: 1.81 },
          { machine, versions: {}, commit: null, date },
        ]
          .map((line) => JSON.stringify(line))
          .join('\n');
      await writeFile(join(local, 'old.jsonl'), file(9, '2025-01-01T00:00:00Z'));
      await writeFile(join(local, 'a.jsonl'), file(0.8, '2025-01-02T00:00:00Z'));
      await writeFile(join(local, 'b.jsonl'), file(0.7, '2025-01-02T01:00:00Z'));
      await publish(folder, [], () => {});

      const table = [
        '|  | anneal | of the peak | torch / anneal |',
        '| --- | --- | --- | --- |',
        '| batch 64, sgd | 700 µs/step | 96.0 GFLOP/s, 82 % | 1.70 (1.62 to 1.81) |',
      ].join('\n');
      assert.equal(
        await readFile(join(folder, 'README.md'), 'utf8'),
        `a\n<!-- bench:mlp -->\n\n1 thread, avx2:\n\n${table}\n\n<!-- /bench:mlp -->\nz\n`,
      );
      const svg = await readFile(join(folder, 'docs', 'images', 'mlp.svg'), 'utf8');
      for (const part of ['xmlns="http://www.w3.org/2000/svg"', 'batch 64, sgd', 'torch'])
        assert.ok(svg.includes(part));
      const together = JSON.parse(await readFile(join(results, '2025-01-02-some-r-cpu.json'), 'utf8'));
      assert.deepEqual([together.runs.length, together.results.length, together.ratios.length], [2, 2, 1]);

      await writeFile(join(local, 'c.jsonl'), 'no');
      await assert.rejects(
        publish(folder, [], () => {}),
        /c\.jsonl is not one JSON object a line: no/,
      );
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it('refuses what it does not know', async () => {
    for (const [args, message] of [
      [['poem'], /Allowed choices are peak, gemm, pointwise, mlp/],
      [['mlp', '--peer', 'abacus'], /Allowed choices are .*torch/],
      [['mlp', '--rounds', '0'], /at least 1/],
    ] as const) {
      const command = ['--import', 'tsx', join(root, 'bench', 'run.ts'), ...args];
      await assert.rejects(execute(process.execPath, command), (error: { code: number; stderr: string }) => {
        assert.equal(error.code, 1);
        assert.match(error.stderr, message);
        return true;
      });
    }
  });
});
