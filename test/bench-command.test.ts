// The command line of the benchmarks, and suites in files of users. Nothing here depends on how long something takes.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { choose, namesOf } from '../bench/catalog';
import { commandLine } from '../bench/command';
import { formatReport } from '../bench/format';
import { type OwnSuite, suite } from '../bench/own-suite';

const root = join(__dirname, '..');
const execute = promisify(execFile);
const command = ['--import', 'tsx', join(root, 'bench', 'run.ts')];

/** What the command prints and tells. */
async function bench(...args: string[]): Promise<{ stdout: string; stderr: string }> {
  const said = { stdout: '', stderr: '' };
  const print = (text: string) => {
    said.stdout += text;
  };
  const tell = (text: string) => {
    said.stderr += text;
  };
  const program = commandLine({ print: (line) => print(`${line}\n`), tell: (line) => tell(`${line}\n`) });
  program.exitOverride().configureOutput({ writeOut: print, writeErr: tell });
  await program.parseAsync(args, { from: 'user' });
  return said;
}

const all = { quick: false, threads: 1, device: 'cpu' } as const;

describe('bench, the command', function () {
  this.timeout(60_000);

  it('lists suites and cases', async () => {
    const { stdout } = await bench('--list', 'mlp-infer', 'serving', '--case', 'read');
    assert.equal(
      stdout,
      `mlp-infer: the forward pass of a 784-256-128-64-10 classifier
  batch 1, each read
  batch 64, each read
  batch 1024, each read
`,
    );
    const chosen = await choose([], all);
    assert.deepEqual(
      chosen.map((choice) => choice.suite.name),
      'peak gemm pointwise order ops mlp mlp-infer cnn gpt ddp op-overhead end-to-end memory serving'.split(' '),
    );
    // A case is chosen by its name.
    for (const choice of chosen) {
      const names = namesOf(choice);
      assert.ok(names.length > 0 && new Set(names).size === names.length, `${choice.suite.name}: ${names.join(', ')}`);
    }
  });

  it('helps with every option, and with examples', async () => {
    const { stdout } = await execute(process.execPath, [...command, '--help']);
    for (const option of [
      'peer',
      'case',
      'threads',
      'device',
      'rounds',
      'iterations',
      'quick',
      'format',
      'json',
      'list',
    ]) {
      assert.match(stdout, new RegExp(`^ {2}--${option} `, 'm'));
    }
    assert.match(stdout, /^ {2}npm run bench -- path\/to\/FILE\.ts /m);
    assert.match(stdout, /^ {2}npm run --silent bench -- mlp --format csv > mlp\.csv /m);
  });

  it('names what is near a suite or case that does not exist', async () => {
    for (const [words, wanted, message] of [
      [
        ['memroy'],
        '',
        /there is no suite 'memroy'; did you mean 'memory'\?\nThe suites are peak, gemm, .* by its file/,
      ],
      [['poem'], '', /there is no suite 'poem'\nThe suites are peak, gemm/],
      [['nowhere/mine.ts'], '', /there is no file .*nowhere.mine\.ts$/],
      [['mlp'], 'adm', /no case has 'adm' in its name; did you mean 'adam'\?\n.*\n {2}mlp: 'batch 1, sgd', /],
      [['mlp'], 'batch 64, sdg', /did you mean 'batch 64, sgd'\?/],
      [['serving'], 'nosuch', /no case has 'nosuch' in its name\nThe cases are\n {2}serving: 'alone, median', /],
    ] as const) {
      await assert.rejects(choose(words, { ...all, case: wanted }), { code: 'ERR_BENCH', message });
    }
    await assert.rejects(choose(['mlp', 'gemm'], { ...all, device: 'cuda' }), {
      code: 'ERR_BENCH',
      message: '[bench] gemm measures the CPU; on a GPU run pointwise, mlp, mlp-infer, op-overhead',
    });
    await assert.rejects(choose(['mlp'], { ...all, quick: true, case: '4096' }), /The cases of a quick run are/);
    // A suite without such a case is left out where another one has it.
    const chosen = await choose(['gemm', 'mlp'], { ...all, case: 'adam' });
    assert.deepEqual(
      chosen.map((choice) => choice.suite.name),
      ['mlp'],
    );
  });

  it('refuses what it does not know', async () => {
    for (const [args, message] of [
      [[], /name what to measure: peak, gemm/],
      [['mlp', '--peer', 'abacus'], /Allowed choices are .*torch/],
      [['mlp', '--format', 'xml'], /Allowed choices are text, json, csv, markdown/],
      [['mlp', '--rounds', '0'], /at least 1/],
    ] as const) {
      await assert.rejects(bench(...args), message);
    }
    const refused = execute(process.execPath, [...command, 'mlp', '--case', 'nosuch']);
    await assert.rejects(refused, (error: { code: number; stdout: string; stderr: string }) => {
      assert.deepEqual([error.code, error.stdout], [1, '']);
      assert.match(error.stderr, /^error: \[bench\] no case has 'nosuch' in its name\n/);
      return true;
    });
  });

  it('formats reports', () => {
    const place = { suite: 'mlp', case: 'batch 64, "adam" | 1', threads: 1 };
    const times = { unit: 'ms/step', p10: 0.5, p90: 2, rounds: 3, iterations: 7, cpu: 1 };
    const work = { rate: 96, rateUnit: 'GFLOP/s', limit: 'fma', peak: 120, share: 0.8 };
    const surroundings = {
      machine: { cpu: 'Some CPU', isa: 'avx2' },
      versions: { anneal: '0.1.0' },
      commit: null,
      modified: false,
      date: '2025-01-02T00:00:00Z',
    };
    const ours = { ...place, impl: 'anneal', ...times, median: 1, ...work };
    const torch = { ...place, impl: 'torch', ...times, median: 1.5 };
    const ratio = { ...place, peer: 'torch', ratio: 1.5, p10: 1.4, p90: 1.6 };
    const report = { lines: [ours, torch, ratio], surroundings };
    assert.deepEqual(JSON.parse(formatReport(report, 'json')), {
      ...surroundings,
      results: [ours, torch],
      ratios: [ratio],
    });
    const columns = [
      'suite,case,threads,impl,unit,median,p10,p90,rounds,iterations,cpu',
      'rate,rateUnit,limit,peak,share,ratio,ratioP10,ratioP90',
    ];
    assert.equal(
      formatReport(report, 'csv'),
      `${columns.join(',')}
mlp,"batch 64, ""adam"" | 1",1,anneal,ms/step,1,0.5,2,3,7,1,96,GFLOP/s,fma,120,0.8,,,
mlp,"batch 64, ""adam"" | 1",1,torch,ms/step,1.5,0.5,2,3,7,1,,,,,,1.5,1.4,1.6`,
    );
    assert.equal(
      formatReport(report, 'markdown'),
      `## mlp, 1 thread

| case | implementation | median | 10th to 90th percentile | of the limit | relative to the first |
| --- | --- | --- | --- | --- | --- |
| batch 64, "adam" \\| 1 | anneal | 1.00 ms/step | 500 µs/step to 2.00 ms/step | 96.0 GFLOP/s, 80 % of fma |  |
|  | torch | 1.50 ms/step | 500 µs/step to 2.00 ms/step |  | 1.50 (1.40 to 1.60) |

Some CPU (avx2); anneal 0.1.0; 2025-01-02T00:00:00Z`,
    );
  });
});

describe('bench, a suite of your own', function () {
  this.timeout(120_000);
  const own = join(root, 'bench', 'own');
  let folder = '';
  before(async () => {
    await mkdir(own, { recursive: true });
    folder = await mkdtemp(join(own, 'test-'));
  });
  after(() => rm(folder, { recursive: true }));

  async function write(name: string, code: string): Promise<string> {
    const file = join(folder, name);
    await writeFile(file, code);
    return file;
  }

  it('measures the example of the documentation', async () => {
    const page = await readFile(join(root, 'bench', 'README.md'), 'utf8');
    const [, code = ''] = /^```ts\n([\s\S]*?)^```$/m.exec(page) ?? [];
    // The documentation says bench/own, and this folder lies within it.
    const file = await write('softplus.ts', code.replace("'../own-suite'", "'../../own-suite'"));
    const args = [file, '--quick', '--case', '64 x', '--format', 'json'];
    const { stdout, stderr } = await execute(process.execPath, [...command, ...args]);
    const { results, ratios, versions } = JSON.parse(stdout) as Record<string, Record<string, unknown>[]>;
    const place = { suite: 'softplus', case: '64 x 64', threads: 1, unit: 'ms/call', limit: 'triad' };
    assert.equal(results.length, 3);
    for (const [i, impl] of ['operator', 'chain', 'compiled'].entries()) {
      assert.deepEqual({ ...results[i], ...place, impl }, results[i]);
      assert.ok(Number(results[i].median) > 0 && Number(results[i].share) > 0, stdout);
    }
    assert.deepEqual(
      ratios.map(({ peer }) => peer),
      ['chain', 'compiled'],
    );
    assert.ok('anneal' in versions);
    assert.match(stderr, /^softplus: log\(1 \+ e\^x\) of a square matrix; 1 thread, 3 rounds$/m);

    const config = {
      extends: '../../../tsconfig.check.json',
      compilerOptions: { rootDir: root },
      include: ['*.ts'],
      exclude: [],
    };
    await write('tsconfig.json', JSON.stringify(config));
    await execute(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-p', folder]).catch((error) => {
      assert.fail(error.stdout);
    });
  });

  it('takes numbers, arrays and promises, and suites of plain JavaScript', async () => {
    const file = await write(
      'sums.mjs',
      `export default {
         name: 'sums', description: 'nothing much', iteration: 'sum', rounds: 2, iterations: 5,
         cases: [{ name: 'a', parameters: [1, 2] }],
         implementations: {
           plain: (parameters) => () => parameters,
           late: async (parameters) => async () => parameters,
         },
       };`,
    );
    const { stdout, stderr } = await bench(file, '--format', 'csv', '--peer', 'torch');
    const rows = stdout.trim().split('\n').slice(1);
    const columns = rows.map((row) => row.split(',')).map((cells) => [0, 1, 3, 4, 8, 9].map((i) => cells[i]));
    assert.deepEqual(
      columns,
      ['plain', 'late'].map((impl) => ['sums', 'a', impl, 'ms/sum', '2', '5']),
    );
    assert.match(stderr, /^torch: skipped, sums compares its own implementations$/m);
    assert.doesNotMatch(stderr, /peak/); // no case says what its work is
  });

  it('times nothing when implementations differ, and shows what one of them throws', async () => {
    const file = await write(
      'wrong.mjs',
      `export default {
         name: 'wrong', description: 'two results',
         cases: [{ name: 'a', parameters: 2 }],
         implementations: { two: (n) => () => n, three: (n) => () => n + 1 },
       };`,
    );
    await assert.rejects(bench(file), /two and three do not compute the same:\n {2}2\n {2}3/);
    const throws = await write(
      'throws.mjs',
      `export default {
         name: 'throws', description: 'no results',
         cases: [{ name: 'a' }],
         implementations: { none() { throw new Error('no inputs'); } },
       };`,
    );
    const refused = execute(process.execPath, [...command, throws]);
    await assert.rejects(refused, /Error: no inputs[\s\S]*error: \[bench\] none ended with code 1/);
  });

  it('says what is wrong with a suite', async () => {
    const good: OwnSuite<number> = {
      name: 'mine',
      description: 'something',
      cases: [{ name: 'one', parameters: 1 }],
      implementations: { plain: (parameters) => () => parameters },
    };
    assert.equal(suite(good), good);
    const work = { amount: 0, limit: 'fma' };
    const functions = 'expected an object of at least one function';
    for (const [change, message] of [
      [{ name: '' }, /^\[suite\] suite, name: expected a text, received ""$/],
      [{ cases: [] }, /^\[suite\] suite, cases: expected an array of at least one .*, received \[\]$/],
      [{ cases: [{ parameters: 1 }] }, /^\[suite\] cases\[0\], name: expected a text, received undefined$/],
      [{ cases: [...good.cases, ...good.cases] }, /^\[suite\] two cases are named 'one'$/],
      [{ cases: [{ name: 'one', work }] }, /cases\[0\]\.work, amount: expected a number above 0, received 0$/],
      [{ implementations: { plain: 3 } }, new RegExp(`suite, implementations: ${functions}, received {"plain":3}$`)],
      [{ rounds: 1.5 }, /suite, rounds: expected a whole number of at least 1, received 1\.5$/],
      [{ tolerance: Number.NaN }, /suite, tolerance: expected a number of at least 0, received NaN$/],
      [{ iteratons: 3 }, /suite has no field 'iteratons'; there are name, .*; did you mean 'iterations'\?$/],
    ] as const) {
      const wrong = { ...good, ...change } as unknown as OwnSuite<number>;
      assert.throws(() => suite(wrong), { code: 'ERR_BENCH', message });
    }
    const none = await write('none.mjs', 'export const suite = 1;');
    await assert.rejects(choose([none], all), /none\.mjs has no suite to measure: it must say `export default suite/);
    const taken = await write(
      'taken.mjs',
      "export default { name: 'mlp', description: 'x', cases: [{ name: 'a' }], implementations: { a: () => () => 1 } };",
    );
    await assert.rejects(choose([taken], all), /the name 'mlp' is taken by a suite of the project/);
  });
});
