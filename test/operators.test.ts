// Every operator of the engine's table on its samples: values, dtypes, shapes and gradients against PyTorch; random results by
// their statistics; the same bits on one thread and on two; and all of it again for each instruction set of this processor.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { engineInfo, getNumThreads, operators, setNumThreads, type Tensor } from 'anneal';
import { expectNoLeaks } from './live-tensors';
import { checkAll } from './support/check';
import { allowanceOf, difference } from './support/close';
import { readFixtures } from './support/fixtures';
import { onGpu } from './support/gpu';
import {
  describeSample,
  type Expectation,
  gradSample,
  makeInputs,
  operatorsOfGroups,
  runSample,
  type Sample,
  samples,
  samplesByOperator,
} from './support/samples';

/** Samples whose results are compared with PyTorch's. */
const comparedByOperator = new Map(
  [...samplesByOperator].map(([op, list]) => [op, list.filter(({ reference = true }) => reference)]),
);
const REMEDY = 'run python test/fixtures/make_operators.py with the packages of test/fixtures/requirements.txt';

/** Results and gradients of a sample by the names that the fixtures have for them. */
function resultsOf(sample: Sample): [name: string, tensor: Tensor][] {
  const inputs = makeInputs(sample);
  const outputs = runSample(sample, inputs);
  const named = outputs.map((output, j): [string, Tensor] => [`out${j}`, output]);
  if (!sample.grad) return named;
  const gradients = gradSample(sample, inputs, outputs);
  return [...named, ...gradients.map((gradient, k): [string, Tensor] => [`grad${sample.grad?.[k]}`, gradient])];
}

describe('operators', () => {
  it('each have a sample, and one with a gradient where they have one', () => {
    const missing = operators
      .map(({ name }) => name)
      .filter((name) => !samplesByOperator.has(name) && !operatorsOfGroups.includes(name));
    assert.deepEqual(missing, [], 'operators without a sample in test/samples');
    const flat = operators
      .filter(({ name, differentiable }) => differentiable && !samplesByOperator.get(name)?.some(({ grad }) => grad))
      .map(({ name }) => name);
    assert.deepEqual(flat, [], 'differentiable operators without a sample that differentiates');
    const names = new Set(operators.map(({ name }) => name));
    const unknown = [...samplesByOperator.keys()].filter((name) => !names.has(name));
    assert.deepEqual(unknown, [], 'samples of operators that are not in the table');
  });

  it('have samples that say how exact they are and why, and each sample once', () => {
    const problems = [...comparedByOperator].flatMap(([op, list]) => {
      const unsaid = list.filter(({ tolerance }) => !tolerance?.because);
      const keys = list.map(({ key }) => key);
      const repeated = list.filter(({ key }, i) => keys.indexOf(key) !== i);
      return [
        ...unsaid.map((sample) => `${op}: no tolerance for ${describeSample(sample)}`),
        ...repeated.map((sample) => `${op}: twice ${describeSample(sample)}`),
      ];
    });
    assert.deepEqual(problems, []);
  });

  it('have fixtures of their present samples, made by the PyTorch that the requirements name', () => {
    const requirements = readFileSync(join(__dirname, 'fixtures', 'requirements.txt'), 'utf8');
    const version = /^torch==(\S+)$/m.exec(requirements)?.[1];
    for (const [op, list] of comparedByOperator) {
      const { torch, tensors } = readFixtures(op);
      const found = new Set([...tensors.keys()].map((name) => name.split('.')[0]));
      assert.deepEqual([...found].sort(), list.map(({ key }) => key).sort(), `${op}: ${REMEDY}`);
      if (list.length > 0) assert.equal(torch, version, `${op}: ${REMEDY}`);
    }
  });
});

describe('operators against PyTorch', () => {
  expectNoLeaks();
  for (const [op, list] of comparedByOperator) {
    if (list.length === 0) continue;
    it(op, () => {
      const { tensors } = readFixtures(op);
      checkAll(list, (sample) => {
        for (const [name, result] of resultsOf(sample)) {
          const expected = tensors.get(`${sample.key}.${name}`);
          if (!expected || !sample.tolerance) return `there is no fixture, or no tolerance, for ${name}`;
          const allowed = allowanceOf(sample.tolerance, expected.dtype, name.startsWith('grad'));
          const problem = difference(result, expected, allowed);
          if (problem) return `${name}: ${problem}`;
        }
        return undefined;
      });
    });
  }
});

function checkExpectation(values: number[], expect: Expectation): string | undefined {
  const { from = -Infinity, below = Infinity, values: among, mean, std = 0, permutation } = expect;
  const outside = values.find((x) => !(x >= from && x < below));
  if (outside !== undefined) return `${outside} is outside [${from}, ${below})`;
  const other = among && values.find((x) => !among.some((y) => Math.abs(x - y) <= 1e-6 * Math.abs(y)));
  if (other !== undefined) return `${other} is not among ${among}`;
  if (permutation !== undefined) {
    const sorted = [...values].sort((x, y) => x - y);
    if (sorted.length !== permutation || sorted.some((x, i) => x !== i)) return 'not a permutation';
    // Of n numbers in random order one stays in its place on average, and hardly ever ten do.
    const stay = values.filter((x, i) => x === i).length;
    if (permutation > 100 && stay > 10) return `${stay} of ${permutation} numbers are where they were`;
  }
  if (mean === undefined) return undefined;
  // Five standard errors: the mean of n numbers deviates by std / sqrt(n), their deviation by at most about as much here.
  const n = values.length;
  const allowed = 1e-6 + (5 * std) / Math.sqrt(n);
  const found = values.reduce((sum, x) => sum + x, 0) / n;
  if (Math.abs(found - mean) > allowed) return `mean ${found}, expected ${mean} within ${allowed}`;
  const spread = Math.sqrt(values.reduce((sum, x) => sum + (x - found) ** 2, 0) / n);
  if (Math.abs(spread - std) > allowed) return `standard deviation ${spread}, expected ${std} within ${allowed}`;
  return undefined;
}

describe('operators by statistics', () => {
  expectNoLeaks();
  for (const [op, list] of samplesByOperator) {
    const expecting = list.filter(({ expect }) => expect);
    if (expecting.length === 0) continue;
    it(op, () => {
      checkAll(expecting, (sample) => {
        const [result] = runSample(sample, makeInputs(sample)) as [Tensor];
        return checkExpectation(Array.from(result.dataSync(), Number), sample.expect as Expectation);
      });
    });
  }

  it('repeat with the seed, and differ with another seed or offset', () => {
    const seeded = samples.filter(({ inputs, expect }) => inputs.length === 0 && (expect?.std ?? 0) > 0);
    checkAll(seeded, (sample) => {
      const bytes = (args: Sample['args']) => {
        const [result] = runSample({ ...sample, args }, makeInputs(sample)) as [Tensor];
        return Buffer.from(result.dataSync().buffer);
      };
      const [seed, offset] = sample.args.slice(-2) as [number, number];
      const rest = sample.args.slice(0, -2);
      const first = bytes(sample.args);
      if (!first.equals(bytes(sample.args))) return 'differs from run to run';
      if (first.equals(bytes([...rest, seed + 1, offset]))) return 'ignores the seed';
      if (first.equals(bytes([...rest, seed, offset + 1]))) return 'ignores the offset';
      return undefined;
    });
  });
});

// Of the CPU, as is what follows.
(onGpu ? describe.skip : describe)('operators on one thread and on two', () => {
  expectNoLeaks();
  const threads = getNumThreads();
  afterEach(() => setNumThreads(threads));

  for (const [op, list] of samplesByOperator) {
    it(`give the same bits: ${op}`, () => {
      const bits = (sample: Sample, count: number) => {
        setNumThreads(count);
        return resultsOf(sample).map(([name, result]) => ({ name, bytes: Buffer.from(result.dataSync().buffer) }));
      };
      checkAll(list, (sample) => {
        const alone = bits(sample, 1);
        const together = bits(sample, 2);
        const unlike = alone.find(({ bytes }, i) => !bytes.equals(together[i]?.bytes as Buffer));
        return unlike && `${unlike.name} differs`;
      });
    });
  }
});

/** The levels that the engine says it has for this processor when it is asked for one that does not exist. */
function levelsOfProcessor(): string[] {
  const { stderr } = runIn('none', ['-e', "require('anneal').engineInfo()"]);
  const known = /this build has for this processor: ([\w, ]+)/.exec(stderr)?.[1];
  assert.ok(known, stderr);
  return known.split(', ');
}

function runIn(level: string, args: string[]) {
  return spawnSync(process.execPath, args, {
    cwd: join(__dirname, '..'),
    env: { ...process.env, ANNEAL_ISA: level },
    encoding: 'utf8',
  });
}

// Not again inside the processes that this starts.
if (!process.env.ANNEAL_ISA && !onGpu) {
  describe('operators on every instruction set', function () {
    this.timeout(120_000);

    it('of this processor', () => {
      const mocha = join(__dirname, '..', 'node_modules', 'mocha', 'bin', 'mocha.js');
      const others = levelsOfProcessor().filter((level) => level !== engineInfo().isa);
      for (const level of others) {
        const { status, stdout } = runIn(level, [
          '--import',
          'tsx',
          mocha,
          '--timeout',
          '60000',
          '--no-config',
          '--timeout',
          '20000',
          '--reporter',
          'dot',
          __filename,
        ]);
        if (status !== 0) assert.fail(`ANNEAL_ISA=${level}:\n${stdout}`);
        assert.match(stdout, /[1-9]\d* passing/);
      }
    });
  });
}
