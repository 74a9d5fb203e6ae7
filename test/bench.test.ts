// Benchmarks: the comparison with rivals that are made up. Their command is tested in bench-command.test.ts, and what runs the
// suites is bench/rehearsal.test.ts.
import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { compare } from '../bench/harness';
import { publish } from '../bench/publish/publish';
import type { Results } from '../bench/publish/results';
import { withTables } from '../bench/publish/tables';
import type { Rival } from '../bench/rival';
import { spread } from '../bench/statistics';

const root = join(__dirname, '..');

// A rival that takes the given times per round, and notes when it was asked.
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

  it('writes tables, plots and one file of results', async function () {
    this.timeout(20_000);
    const folder = await mkdtemp(join(tmpdir(), 'anneal-bench-test-'));
    try {
      const results = join(folder, 'bench', 'results');
      const local = join(results, 'local');
      await mkdir(local, { recursive: true });
      const marked = (suite: string, text: string) =>
        `a\n<!-- bench:${suite} -->\n${text}\n<!-- /bench:${suite} -->\nz\n`;
      await mkdir(join(folder, 'docs'));
      await writeFile(join(folder, 'README.md'), marked('ratios', 'old'));
      await writeFile(join(folder, 'docs', 'performance.md'), marked('mlp', 'old'));
      const place = { suite: 'mlp', case: 'batch 64, adam', threads: 1 };
      const ours = { ...place, impl: 'anneal', unit: 'ms/step', median: 0.7, p10: 0.6, p90: 0.8 };
      const machine = { cpu: 'Some (R) CPU', cores: 2, isa: 'avx2' };
      const file = (median: number, date: string) =>
        [
          { ...ours, median, rate: 96, rateUnit: 'GFLOP/s', share: 0.82 },
          { ...ours, impl: 'torch', median: 1.2 },
          { ...place, peer: 'torch', ratio: 1.7, p10: 1.62, p90: 1.81 },
          { machine, versions: { torch: '2.13.0+cpu' }, commit: null, date },
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
        '| batch 64, adam | 700 µs/step | 96.0 GFLOP/s, 82 % | 1.70 (1.62 to 1.81) |',
      ].join('\n');
      assert.equal(
        await readFile(join(folder, 'docs', 'performance.md'), 'utf8'),
        marked('mlp', `\n1 thread, avx2:\n\n${table}\n`),
      );
      const headlines = [
        '| | compared with | times as fast |',
        '|---|---|---|',
        '| a training step of a classifier of digits, batch 64, Adam | PyTorch 2.13.0 | 1.7 (1.6 to 1.8) |',
        '',
        'Medians with 10th and 90th percentile, on a shared Some (R) CPU (avx2), 2025-01-02.',
      ].join('\n');
      assert.equal(await readFile(join(folder, 'README.md'), 'utf8'), marked('ratios', `\n${headlines}\n`));
      const svg = await readFile(join(folder, 'docs', 'images', 'mlp.svg'), 'utf8');
      for (const part of ['xmlns="http://www.w3.org/2000/svg"', 'batch 64, adam', 'torch'])
        assert.ok(svg.includes(part));
      const together = JSON.parse(await readFile(join(results, '2025-01-02-some-r-cpu.json'), 'utf8'));
      assert.deepEqual([together.runs.length, together.results.length, together.ratios.length], [2, 2, 1]);

      await writeFile(join(local, 'c.jsonl'), 'no');
      await assert.rejects(
        publish(folder, [], () => {}),
        /c\.jsonl is not one JSON object per line: no/,
      );
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it('has written the newest results into the documentation', async () => {
    const folder = join(root, 'bench', 'results');
    const newest = (await readdir(folder))
      .filter((name) => name.endsWith('.json'))
      .sort()
      .at(-1) as string;
    const results = JSON.parse(await readFile(join(folder, newest), 'utf8')) as Results;
    for (const document of ['README.md', 'docs/performance.md']) {
      const text = await readFile(join(root, document), 'utf8');
      assert.equal(withTables(text, results), text, `${document} has other figures than ${newest}`);
    }
  });
});
