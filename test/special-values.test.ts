// Every operator at the inputs where formulas have traps: empty, constant, infinite, NaN, denormal, the largest, and all of these
// together. Values, gradients and second derivatives in float32 and float64 are PyTorch's, but for the deviations that
// special-values.json lists with their reasons.
import assert from 'node:assert/strict';
import { grad, operators, type Tensor, zerosLike } from 'anneal';
import { expectNoLeaks } from './live-tensors';
import { checkAll } from './support/check';
import { type Expected, readFixtures } from './support/fixtures';
import { onGpu } from './support/gpu';
import { floatingOf, makeAlike, makeCotangents, makeInputs, operatorsOfGroups, runSample } from './support/samples';
import { type Deviation, deviations, type SpecialSample, specialByOperator } from './support/special';

const WEIGHT = 2000;

/** Operators that have nothing to do with the values of floating tensors. */
const WITHOUT = [
  ...['arange', 'linspace', 'eye', 'full', 'randperm', 'uniform', 'normal', 'randint', 'bernoulli'], // made from nothing
  ...['oneHot', 'linearIndex', 'positions'], // of integers and masks
  ...['bitwiseAnd', 'bitwiseOr', 'bitwiseXor', 'bitwiseNot', 'bitwiseLeftShift', 'bitwiseRightShift', 'gcd'], // of integers
  ...['embedding', 'assignAt'], // move rows as indexSelect does
  ...['attentionBackward', 'attentionKeep'], // tried as what attention's gradients are made of
  'dropout', // random; the values that stay are multiplied as by mul
  ...operatorsOfGroups, // reduced as by add, minimum and maximum, in native/test/comm_test.cc
  'multinomial', // random; weights that are infinite or NaN are refused
];

/** Results by the names of the fixtures. */
function resultsOf(sample: SpecialSample): Map<string, Tensor> {
  const inputs = makeInputs(sample);
  const outputs = runSample(sample, inputs);
  const named = new Map(outputs.map((output, j) => [`out${j}`, output]));
  const by = sample.grad ?? [];
  if (by.length === 0) return named;
  const results = floatingOf(outputs);
  const cotangents = makeCotangents(outputs);
  for (const cotangent of cotangents) cotangent.requiresGrad = true;
  const sources = by.map((i) => inputs[i] as Tensor);
  const options = { gradOutputs: cotangents, createGraph: true, allowUnused: true };
  const firsts = grad(results, sources, options) as (Tensor | null)[];
  for (const [k, i] of by.entries()) named.set(`grad${i}`, firsts[k] ?? zerosLike(sources[k] as Tensor));
  const weighed = firsts.flatMap((first, k) => {
    if (!first?.requiresGrad) return [];
    return [{ first, weight: makeAlike(WEIGHT + k, first) }];
  });
  if (sample.order < 2) return named;
  const all = [...sources, ...cotangents];
  const seconds =
    weighed.length === 0
      ? []
      : (grad(
          weighed.map(({ first }) => first),
          all,
          { gradOutputs: weighed.map(({ weight }) => weight), allowUnused: true },
        ) as (Tensor | null)[]);
  const names = [...by.map((i) => `second${i}`), ...results.map((_, j) => `secondOut${j}`)];
  for (const [k, name] of names.entries()) named.set(name, seconds[k] ?? zerosLike(all[k] as Tensor));
  return named;
}

// Results of functions are right to a few units in the last place here and in PyTorch. Derivatives add up terms that may be larger
// than their sum, so there the unit is also that of 1, the size of the cotangents.
const ULPS = 32;
const UNIT: Record<string, number> = { float32: 2 ** -23, float64: 2 ** -52 };
const DENORMALS: Record<string, number> = { float32: 1e-41, float64: 5e-320 };

function isClose(x: number, y: number, dtype: string, isDerivative: boolean): boolean {
  if (Object.is(x, y) || x === y) return true;
  const unit = UNIT[dtype] ?? 0;
  const allowed = ULPS * unit * (Math.abs(y) + (isDerivative ? 1 : 0)) + (DENORMALS[dtype] ?? 0);
  return Number.isFinite(y) && Math.abs(x - y) <= allowed;
}

/** Whether a number is what a deviation says. 0 stands for -0 too. */
function is(x: number, said: number | string | undefined): boolean {
  if (said === 'any') return true;
  const number = typeof said === 'string' ? Number(said.replace('inf', 'Infinity')) : (said as number);
  return x === number || (Number.isNaN(x) && Number.isNaN(number));
}

/** The elements that differ and are no deviation, in words; notes the deviations that it has met. */
function problemOf(
  sample: SpecialSample,
  name: string,
  result: Tensor,
  expected: Expected | undefined,
  met: Set<Deviation>,
): string | undefined {
  if (!expected) return `${name}: there is no fixture`;
  if (result.dtype !== expected.dtype) return `${name}: dtype ${result.dtype}, expected ${expected.dtype}`;
  if (String(result.shape) !== String(expected.shape)) {
    return `${name}: shape [${result.shape}], expected [${expected.shape}]`;
  }
  const found = result.dataSync();
  const known = deviations.filter(({ operators, results }) => operators.includes(sample.op) && results.includes(name));
  const problems: string[] = [];
  for (let i = 0; i < found.length; i++) {
    const [x, y] = [Number(found[i]), Number(expected.values[i])];
    if (isClose(x, y, result.dtype, !name.startsWith('out'))) continue;
    const deviation = known.find(({ torch, anneal, within }) => {
      return within === undefined ? is(y, torch) && is(x, anneal) : Math.abs(x - y) <= within * Math.abs(y);
    });
    if (deviation) {
      met.add(deviation);
      continue;
    }
    const at = sample.inputs.map(({ values }) => (values?.length === found.length ? values[i] : '?'));
    problems.push(`at (${at}) ${x}, PyTorch has ${y}`);
  }
  if (problems.length === 0) return undefined;
  return `${name}: ${problems.length} of ${found.length} elements differ: ${problems.slice(0, 3).join('; ')}`;
}

describe('special values', () => {
  expectNoLeaks();
  const met = new Set<Deviation>();

  it('are tried of every operator', () => {
    const names = operators.map(({ name }) => name);
    const untried = names.filter((name) => !specialByOperator.has(name) && !WITHOUT.includes(name));
    assert.deepEqual(untried, [], 'operators without an entry in test/special-values.json');
    const unknown = [...specialByOperator.keys(), ...WITHOUT].filter((name) => !names.includes(name));
    assert.deepEqual(unknown, []);
  });

  for (const [op, list] of specialByOperator) {
    it(`of ${op} are PyTorch's`, () => {
      const { tensors } = readFixtures(op, 'special-values');
      checkAll(list, (sample) => {
        const special = sample as SpecialSample;
        const problems = [...resultsOf(special)].flatMap(([name, result]) => {
          return problemOf(special, name, result, tensors.get(`${sample.key}.${name}`), met) ?? [];
        });
        return problems.length > 0 ? problems.join('\n    ') : undefined;
      });
    });
  }

  // On a GPU the operators that have no kernels there do not come to theirs.
  (onGpu ? it.skip : it)('deviate from PyTorch only where that is listed, and there they do', () => {
    assert.deepEqual(
      deviations.filter((deviation) => !met.has(deviation)),
      [],
    );
  });
});
