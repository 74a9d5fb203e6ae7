// Draws from distributions: their moments, bounds and shares, seeds, and the gradients that go through them.
import assert from 'node:assert/strict';
import {
  ArgumentError,
  bernoulliLike,
  compile,
  empty,
  exponential,
  Generator,
  gumbelSoftmax,
  manualSeed,
  nn,
  rand,
  randint,
  randintLike,
  randLike,
  randn,
  randnLike,
  type Tensor,
  tensor,
  truncatedNormal,
  zeros,
} from 'anneal';
import { suite } from './support/check';

const N = 40_000;

/** Whether mean and standard deviation are as expected, within five standard errors. */
function hasMoments(x: Tensor, mean: number, std: number): void {
  const values = Array.from(x.dataSync(), Number);
  const found = values.reduce((sum, v) => sum + v, 0) / values.length;
  const spread = Math.sqrt(values.reduce((sum, v) => sum + (v - found) ** 2, 0) / values.length);
  const allowed = (5 * std) / Math.sqrt(values.length) + 1e-6;
  assert.ok(Math.abs(found - mean) < allowed, `mean ${found}, expected ${mean}`);
  assert.ok(Math.abs(spread - std) < 3 * allowed, `standard deviation ${spread}, expected ${std}`);
}

suite('sampling', () => {
  beforeEach(() => manualSeed(7));

  it('rand, randn and randint, and those like another tensor', () => {
    hasMoments(rand([N]), 0.5, Math.sqrt(1 / 12));
    hasMoments(randn([N]), 0, 1);
    const model = zeros([N], { dtype: 'float64' });
    hasMoments(randLike(model), 0.5, Math.sqrt(1 / 12));
    hasMoments(randnLike(model), 0, 1);
    assert.equal(randLike(model).dtype, 'float64');
    const dice = randint(1, 7, [N]);
    assert.equal(dice.dtype, 'int64');
    hasMoments(dice, 3.5, Math.sqrt(35 / 12));
    const like = randintLike(model, -2, 3);
    assert.equal(like.dtype, 'float64');
    hasMoments(like, 0, Math.SQRT2);
    assert.deepEqual(empty([2, 3]).shape, [2, 3]);
  });

  it('randint refuses empty ranges and numbers that the dtype has not', () => {
    assert.throws(() => randint(3, 3, [2]), /low 3 must lie below high 3/);
    assert.throws(() => randint(0, 300, [2], { dtype: 'uint8' }), /uint8 has not all integers from 0 to 299/);
    assert.throws(() => randint(0.5, 3, [2]), ArgumentError);
    assert.doesNotThrow(() => randint(0, 256, [2], { dtype: 'uint8' }));
  });

  it('exponential numbers are above 0 and have the mean 1 / rate', () => {
    for (const dtype of ['float32', 'float64'] as const) {
      const x = exponential([N], { rate: 2, dtype });
      hasMoments(x, 0.5, 0.5);
      assert.ok(Number(x.min().itemSync()) > 0);
    }
    assert.throws(() => exponential([2], { rate: 0 }), ArgumentError);
  });

  it('truncated normal numbers lie in the interval, whose bounds are values', () => {
    const x = truncatedNormal([N]);
    // The variance of the standard normal distribution cut off at -2 and 2.
    hasMoments(x, 0, 0.8796256610342398);
    assert.ok(Number(x.min().itemSync()) >= -2 && Number(x.max().itemSync()) <= 2);
    const shifted = truncatedNormal([N], { mean: 1, std: 0.5, a: 1, b: 9, dtype: 'float64' });
    // Half a normal distribution: its mean is 0.5 sqrt(2 / pi) above 1.
    hasMoments(shifted, 1 + 0.5 * Math.sqrt(2 / Math.PI), 0.5 * Math.sqrt(1 - 2 / Math.PI));
    assert.throws(() => truncatedNormal([2], { a: 1, b: 1 }), ArgumentError);
    assert.throws(() => truncatedNormal([2], { a: 50, b: 60 }), /no part of normal\(0, 1\)/);
    const weight = nn.init.truncNormal(zeros([200, 200]), { std: 0.02, generator: new Generator(3) });
    hasMoments(weight, 0, 0.02);
  });

  it('bernoulliLike draws 1 at the probability of each element', () => {
    const p = tensor([0, 0.25, 1]).expand([N, 3]);
    const shares = bernoulliLike(p).mean(0).arraySync() as number[];
    assert.deepEqual([shares[0], shares[2]], [0, 1]);
    assert.ok(Math.abs((shares[1] as number) - 0.25) < 0.01);
  });

  it('gumbelSoftmax gives distributions, and hard ones their gradient', () => {
    const logits = tensor([1, 0, -1]).expand([N, 3]).clone();
    logits.requiresGrad = true;
    const soft = gumbelSoftmax(logits, { tau: 0.5, generator: new Generator(5) });
    assert.ok(Number(soft.sum(1).sub(1).abs().max().itemSync()) < 1e-6);
    const hard = gumbelSoftmax(logits, { tau: 0.5, hard: true, generator: new Generator(5) });
    // Shares of one-hot vectors are those of the softmax.
    const shares = hard.mean(0).arraySync() as number[];
    for (const [i, share] of [0.66524096, 0.24472847, 0.09003057].entries()) {
      assert.ok(Math.abs((shares[i] as number) - share) < 0.012);
    }
    const weights = tensor([1, 2, 3]);
    const gradientOf = (y: Tensor) => {
      logits.grad = null;
      y.mul(weights).sum().backward();
      return (logits.grad as Tensor | null)?.dataSync();
    };
    assert.deepEqual(gradientOf(hard), gradientOf(soft));
    assert.deepEqual(Number(hard.max(1).sub(1).abs().max().itemSync()) < 1e-6, true);
    assert.throws(() => gumbelSoftmax(logits, { tau: 0 }), ArgumentError);
  });

  it('repeat with the seed, also in compiled functions', () => {
    const draw = () => [randint(0, 1000, [50]), exponential([50])] as const;
    const values = (of: () => readonly Tensor[]) => {
      manualSeed(11);
      return of().map((x) => Array.from(x.dataSync(), Number));
    };
    const eager = values(draw);
    assert.deepEqual(values(draw), eager);
    const compiled = compile(draw);
    assert.deepEqual(
      values(() => compiled()),
      eager,
    );
    assert.notDeepEqual(compiled()[0].dataSync(), compiled()[0].dataSync());
  });
});
