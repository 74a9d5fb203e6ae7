// Every operator of the engine's table on its samples: values, dtypes, shapes and gradients against PyTorch; random results by
// their statistics; the same bits on one thread and on two; and all of it again for each instruction set of this processor.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { engineInfo, getNumThreads, operators, setNumThreads, type Tensor } from 'anneal';
import { expectNoLeaks } from './live-tensors';
import { checkAll } from './support/check';
import { difference, toleranceOf } from './support/close';
import { type Expected, readFixtures } from './support/fixtures';
import {
  digestOf,
  type Expectation,
  families,
  gradSample,
  makeInputs,
  runSample,
  type Sample,
  samples,
  samplesByOperator,
} from './support/samples';

const SAMPLES_OF_PYTORCH = new Set(samples.filter(({ reference = true }) => reference).map(({ family }) => family));

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
    const missing = operators.filter(({ name }) => !samplesByOperator.has(name)).map(({ name }) => name);
    assert.deepEqual(missing, [], 'operators without a sample in test/samples');
    const flat = operators
      .filter(({ name, differentiable }) => differentiable && !samplesByOperator.get(name)?.some(({ grad }) => grad))
      .map(({ name }) => name);
    assert.deepEqual(flat, [], 'differentiable operators without a sample that differentiates');
    const names = new Set(operators.map(({ name }) => name));
    const unknown = [...samplesByOperator.keys()].filter((name) => !names.has(name));
    assert.deepEqual(unknown, [], 'samples of operators that are not in the table');
  });

  for (const family of families.filter((name) => SAMPLES_OF_PYTORCH.has(name))) {
    it(`have fixtures of their present samples: ${family}`, () => {
      assert.equal(readFixtures(family).digest, digestOf(family), `run test/fixtures/make_operators.py ${family}`);
    });
  }
});

describe('operators against PyTorch', () => {
  expectNoLeaks();
  const fixtures = new Map<string, Map<string, Expected>>();
  const fixturesOf = (family: string): Map<string, Expected> => {
    const known = fixtures.get(family) ?? readFixtures(family).tensors;
    fixtures.set(family, known);
    return known;
  };

  for (const [op, list] of samplesByOperator) {
    const compared = list.filter(({ reference = true }) => reference);
    if (compared.length === 0) continue;
    it(op, () => {
      checkAll(compared, (sample) => {
        for (const [name, result] of resultsOf(sample)) {
          const expected = fixturesOf(sample.family).get(`${sample.index}.${name}`);
          if (!expected) return `there is no fixture for ${name}`;
          const problem = difference(result, expected, toleranceOf(op, expected.dtype, name.startsWith('grad')));
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
    const seeded = samples.filter(({ op, expect }) => op !== 'dropout' && (expect?.std ?? 0) > 0);
    checkAll(seeded, (sample) => {
      const bytes = (args: Sample['args']) => {
        const [result] = runSample({ ...sample, args }, []) as [Tensor];
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

describe('operators on one thread and on two', () => {
  expectNoLeaks();
  const threads = getNumThreads();
  afterEach(() => setNumThreads(threads));

  for (const family of families) {
    it(`give the same bits: ${family}`, () => {
      const list = samples.filter((sample) => sample.family === family);
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
if (!process.env.ANNEAL_ISA) {
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
