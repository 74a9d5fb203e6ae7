// Functions that are compositions of operators, on their samples: values, dtypes, shapes and gradients against PyTorch, gradients and
// second derivatives against finite differences, and the bits of eager code inside a compiled function.
import assert from 'node:assert/strict';
import * as anneal from 'anneal';
import { compile, operators, type Tensor } from 'anneal';
import { expectNoLeaks } from './live-tensors';
import { checkAll } from './support/check';
import { allowanceOf, difference } from './support/close';
import { checkFirstOrder, checkSecondOrder } from './support/finite';
import { readFixtures } from './support/fixtures';
import { gradSample, makeInputs, runSample, type Sample, samplesByFunction } from './support/samples';

// Functions that compute nothing of tensors, or whose tests are elsewhere: promises in test/masks.test.ts.
const ELSEWHERE = new Set([
  ...['compile', 'devices', 'enableGrad', 'engineInfo', 'getNumThreads', 'grad', 'invoke', 'isGradEnabled', 'isTensor'],
  ...[
    'keep',
    'manualSeed',
    'memory',
    'noGrad',
    'resetPeakMemory',
    'scope',
    'setMemoryLimit',
    'setNumThreads',
    'synchronize',
  ],
  ...['tensor', 'trim', 'range', 'broadcastShapes', 'uniformLike', 'normalLike'],
  ...['allclose', 'atAsync', 'bincount', 'equal', 'maskedSelect', 'unique'],
  ...['nonzero', 'argwhere', 'uniqueStatic', 'uniqueConsecutive', 'repeatInterleaveAsync'],
  ...['channelDropout', 'alphaDropout', 'featureAlphaDropout', 'customGradient'], // nn-more.test.ts and others
  ...['clone', 'ones', 'onesLike', 'to', 'zeros', 'zerosLike', 'flatten', 'vectorNorm'],
  ...[
    'bernoulliLike',
    'exponential',
    'gumbelSoftmax',
    'multinomial',
    'rand',
    'randLike',
    'randintLike',
    'randn',
    'randnLike',
  ],
  ...['truncatedNormal', 'empty', 'finfo', 'iinfo', 'inferenceMode'], // sampling.test.ts, limits.test.ts
  ...['cudaInfo', 'defaultDevice', 'device', 'setDefaultDevice'], // cuda.test.ts
]);

/** Results and gradients of a sample by the names that the fixtures have for them. */
function resultsOf(sample: Sample): [name: string, tensor: Tensor][] {
  const inputs = makeInputs(sample);
  const outputs = runSample(sample, inputs);
  const named = outputs.map((output, j): [string, Tensor] => [`out${j}`, output]);
  if (!sample.grad) return named;
  const gradients = gradSample(sample, inputs, outputs);
  return [...named, ...gradients.map((gradient, k): [string, Tensor] => [`grad${sample.grad?.[k]}`, gradient])];
}

const bytes = (x: Tensor) => Buffer.from(x.dataSync().buffer);

describe('functions', () => {
  it('each have samples, unless they are operators or tested elsewhere', () => {
    const known = new Set([...operators.map(({ name }) => name), ...samplesByFunction.keys(), ...ELSEWHERE]);
    const missing = Object.entries(anneal).flatMap(([name, value]) => {
      return typeof value === 'function' && !/^[A-Z]/.test(name) && !known.has(name) ? [name] : [];
    });
    assert.deepEqual(missing, [], 'functions without a sample in test/samples/functions');
    const unknown = [...samplesByFunction.keys()].filter((name) => !(name in anneal));
    assert.deepEqual(unknown, [], 'samples of functions that are not there');
  });

  for (const [name, list] of samplesByFunction) {
    describe(name, () => {
      expectNoLeaks();

      it('agrees with PyTorch', () => {
        const { tensors } = readFixtures(name, 'functions');
        checkAll(list, (sample) => {
          for (const [result, found] of resultsOf(sample)) {
            const expected = tensors.get(`${sample.key}.${result}`);
            if (!expected || !sample.tolerance) return `there is no fixture, or no tolerance, for ${result}`;
            const problem = difference(
              found,
              expected,
              allowanceOf(sample.tolerance, expected.dtype, result.startsWith('grad')),
            );
            if (problem) return `${result}: ${problem}`;
          }
          return undefined;
        });
      });

      const smooth = list.filter(({ grad, smooth: isSmooth = true }) => grad && isSmooth);
      if (smooth.length > 0) {
        it('has the gradients that finite differences give, and can be differentiated twice', () => {
          checkAll(smooth, (sample) => checkFirstOrder(sample) ?? checkSecondOrder(sample));
        });
      }

      it('gives the same bits in compiled functions', () => {
        checkAll(list, (sample) => {
          const eager = resultsOf(sample).map(([, x]) => x);
          const inputs = makeInputs(sample);
          const compiled = compile(() => {
            const outputs = runSample(sample, inputs);
            return sample.grad ? [...outputs, ...gradSample(sample, inputs, outputs)] : outputs;
          })();
          const unlike = eager.findIndex((x, i) => !bytes(x).equals(bytes(compiled[i] as Tensor)));
          return unlike < 0 ? undefined : `result ${unlike}: ${compiled[unlike]} is not ${eager[unlike]}`;
        });
      });
    });
  }
});
