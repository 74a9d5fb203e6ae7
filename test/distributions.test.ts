// distributions: what they say of themselves against PyTorch, and draws against that.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  ArgumentError,
  DTypeError,
  distributions,
  Generator,
  grad,
  ones,
  ShapeError,
  scope,
  type Tensor,
  tensor,
  where,
} from 'anneal';
import { suite } from './support/check';

type Numbers = (number | string)[];
type Parameters = Record<string, number[] | number[][]>;
interface Case {
  kind: string;
  parameters: Parameters;
  values: number[][];
  logProb: Numbers;
  entropy: Numbers;
  grads: Record<string, Numbers>;
  mean?: Numbers;
  variance?: Numbers;
  cdf?: Numbers;
}
interface Pair {
  kind: string;
  p: Parameters;
  q: Parameters;
  divergence: Numbers;
}

const fixture = JSON.parse(readFileSync(join(__dirname, 'fixtures/distributions.json'), 'utf8')) as {
  cases: Case[];
  pairs: Pair[];
};

type Dtype = 'float32' | 'float64';
const values = (x: Tensor): number[] => Array.from(x.dataSync(), Number);
// Logarithms and exponentials, each of a unit in the last place or two, and sums of a few.
const ALLOWED = { float64: 1e-13, float32: 2e-5 };

function tensorsOf(parameters: Parameters, dtype: Dtype): Record<string, Tensor> {
  const made = Object.entries(parameters).map(([name, list]) => [
    name,
    tensor(list as number[], { dtype, requiresGrad: true }),
  ]);
  return Object.fromEntries(made) as Record<string, Tensor>;
}

function build(kind: string, tensors: Record<string, Tensor>): distributions.Distribution {
  const Kind = (distributions as unknown as Record<string, new (...args: unknown[]) => distributions.Distribution>)[
    kind
  ];
  if (!Kind) throw new Error(`there is no distributions.${kind}`);
  return 'probs' in tensors || 'logits' in tensors ? new Kind(tensors) : new Kind(...Object.values(tensors));
}

function assertClose(found: Tensor, expected: Numbers, dtype: Dtype, what: string): void {
  const list = values(found);
  assert.equal(list.length, expected.length, what);
  for (const [i, x] of list.entries()) {
    const y = Number(String(expected[i]).replace('inf', 'Infinity').replace('nan', 'NaN'));
    const close = Object.is(x, y) || Math.abs(x - y) <= ALLOWED[dtype] * Math.max(1, Math.abs(y));
    assert.ok(close, `${what}[${i}]: ${x}, expected ${y}`);
  }
}

suite('distributions against PyTorch', () => {
  for (const dtype of ['float64', 'float32'] as const) {
    for (const each of fixture.cases) {
      const { kind, parameters } = each;
      it(`${kind} ${JSON.stringify(parameters)}, ${dtype}`, () => {
        scope(() => {
          const tensors = tensorsOf(parameters, dtype);
          const distribution = build(kind, tensors);
          const logProb = distribution.logProb(tensor(each.values, { dtype }));
          assertClose(logProb, each.logProb, dtype, 'logProb');
          assertClose(distribution.entropy(), each.entropy, dtype, 'entropy');
          if (each.mean) assertClose(distribution.mean, each.mean, dtype, 'mean');
          if (each.variance) assertClose(distribution.variance, each.variance, dtype, 'variance');
          if (each.cdf) {
            const normal = distribution as distributions.Normal;
            assertClose(normal.cdf(tensor(each.values, { dtype })), each.cdf, dtype, 'cdf');
            if (dtype === 'float64') {
              // Back from the probability, which is close to 1 for the last value.
              const back = values(normal.icdf(normal.cdf(tensor(each.values, { dtype }))));
              for (const [i, x] of back.entries()) assert.ok(Math.abs(x - (each.values.flat()[i] as number)) < 1e-9);
            }
          }
          const finite = where(logProb.isfinite(), logProb, 0);
          const gradients = grad([finite.sum().add(distribution.entropy().sum())], Object.values(tensors));
          for (const [i, [name, expected]] of Object.entries(each.grads).entries()) {
            assertClose(gradients[i] as Tensor, expected, dtype, `gradient of ${name}`);
          }
        });
      });
    }

    for (const { kind, p, q, divergence } of fixture.pairs) {
      it(`klDivergence of ${kind}, ${dtype}`, () => {
        scope(() => {
          const [first, second] = [build(kind, tensorsOf(p, dtype)), build(kind, tensorsOf(q, dtype))];
          assertClose(distributions.klDivergence(first, second), divergence, dtype, 'divergence');
          const [a, b] = [new distributions.Independent(first, 1), new distributions.Independent(second, 1)];
          const sum = divergence.reduce<number>((total, x) => total + Number(String(x).replace('inf', 'Infinity')), 0);
          assertClose(distributions.klDivergence(a, b), [sum], dtype, 'divergence of all');
        });
      });
    }
  }
});

suite('draws', () => {
  const COUNT = 20_000;
  for (const { kind, parameters } of fixture.cases) {
    if (kind === 'Categorical') continue;
    it(`of ${kind} ${JSON.stringify(parameters)} are as it says`, () => {
      scope(() => {
        const distribution = build(kind, tensorsOf(parameters, 'float64'));
        const x = distribution.sample([COUNT], { generator: new Generator(1) });
        assert.deepEqual(x.shape, [COUNT, 3]);
        assert.ok(!x.requiresGrad);
        // The mean of -logProb is the entropy, of all but Uniform with an error of its standard deviation / sqrt(COUNT): five of them.
        const surprise = distribution.logProb(x).neg();
        const [means, deviations] = [values(surprise.mean(0)), values(surprise.std(0))];
        for (const [i, entropy] of values(distribution.entropy()).entries()) {
          const allowed = (5 * (deviations[i] as number)) / Math.sqrt(COUNT) + 1e-12;
          assert.ok(Math.abs((means[i] as number) - entropy) <= allowed, `${means[i]}, entropy ${entropy}`);
        }
        if (kind === 'Cauchy') return;
        const errors = values(distribution.stddev).map((deviation) => (5 * deviation) / Math.sqrt(COUNT));
        const expected = values(distribution.mean);
        for (const [i, mean] of values(x.mean(0)).entries()) {
          assert.ok(Math.abs(mean - (expected[i] as number)) <= (errors[i] as number), `${mean}, mean ${expected[i]}`);
        }
      });
    });
  }

  it('of Categorical come as often as their probabilities say', () => {
    scope(() => {
      const probs = tensor([
        [0.2, 0.3, 0.5],
        [1, 0, 3],
      ]);
      const categorical = new distributions.Categorical({ probs });
      const x = categorical.sample([100, 50], { generator: new Generator(2) });
      assert.deepEqual([x.shape, x.dtype], [[100, 50, 2], 'int64']);
      const drawn = values(x);
      for (const [row, weights] of [
        [0.2, 0.3, 0.5],
        [0.25, 0, 0.75],
      ].entries()) {
        for (const [k, weight] of weights.entries()) {
          const count = drawn.filter((value, i) => i % 2 === row && value === k).length;
          // Five standard deviations of a count.
          assert.ok(
            Math.abs(count - 5000 * weight) <= 5 * Math.sqrt(5000 * weight * (1 - weight)),
            `${count}, ${weight}`,
          );
        }
      }
      assert.deepEqual(categorical.logProb(x).shape, [100, 50, 2]);
      assert.deepEqual(categorical.sample().shape, [2]);
    });
  });

  it('repeat for a seed, and are differentiable where that can be', () => {
    scope(() => {
      const loc = tensor([1, 2], { requiresGrad: true });
      const scale = tensor([0.5, 3], { requiresGrad: true });
      const draw = () => new distributions.Normal(loc, scale).rsample([4], { generator: new Generator(3) });
      assert.deepEqual(values(draw()), values(draw()));
      const x = draw();
      const [ofLoc, ofScale] = grad([x], [loc, scale], { gradOutputs: [ones(x.shape)] }) as [Tensor, Tensor];
      assert.deepEqual(values(ofLoc), [4, 4]);
      // By scale it is the noise, (x - loc) / scale.
      for (const [i, sum] of values(x.sub(loc).div(scale).sum(0)).entries()) {
        assert.ok(Math.abs((values(ofScale)[i] as number) - sum) < 1e-5);
      }
      for (const Kind of [distributions.LogNormal, distributions.Laplace, distributions.Gumbel, distributions.Cauchy]) {
        assert.ok(new Kind(loc, scale).rsample().requiresGrad, Kind.name);
      }
    });
  });

  it('of an Independent have one number of probability for each', () => {
    scope(() => {
      const base = new distributions.Normal(tensor([[0, 1, 2]]), 1);
      const independent = new distributions.Independent(base, 1);
      assert.deepEqual([independent.batchShape, independent.eventShape], [[1], [3]]);
      const x = independent.sample([5], { generator: new Generator(4) });
      assert.deepEqual(x.shape, [5, 1, 3]);
      assert.deepEqual(values(independent.logProb(x)), values(base.logProb(x).sum(-1)));
      assert.deepEqual(independent.entropy().shape, [1]);
    });
  });
});

describe('distributions', () => {
  it('say what is wrong', () => {
    const { Bernoulli, Categorical, Exponential, Independent, klDivergence, Normal, Uniform } = distributions;
    const wrong: [() => unknown, new (message: string) => Error, RegExp][] = [
      [() => new Normal(0, 0), ArgumentError, /\[Normal\] expected a number above 0 for 'scale', received number 0/],
      [() => new Normal('a' as never, 1), ArgumentError, /expected a number or a tensor for 'loc'/],
      [() => new Normal(tensor([1], { dtype: 'int64' }), 1), DTypeError, /floating-point parameters, received int64/],
      [() => new Normal(tensor([1, 2]), tensor([1, 2, 3])), ShapeError, /\[2\]/],
      [() => new Uniform(1, 1), ArgumentError, /expected a number above the low one, 1, for 'high'/],
      [() => new Exponential(-1), ArgumentError, /above 0 for 'rate'/],
      [() => new Bernoulli({ probs: 2 }), ArgumentError, /expected a number from 0 to 1 for 'probs'/],
      [() => new Bernoulli({}), ArgumentError, /expected either probs or logits/],
      [() => new Bernoulli({ probs: 0.5, logits: 0 }), ArgumentError, /expected either probs or logits/],
      [() => new Bernoulli({ prob: 0.5 } as never), ArgumentError, /no option 'prob'/],
      [() => new Bernoulli({ probs: 0.5 }).rsample(), ArgumentError, /\[Bernoulli\.rsample\].*use sample/],
      [() => new Categorical({ probs: tensor(1) }), ShapeError, /at least 1 dimensions for 'probs'/],
      [() => new Normal(0, 1).sample([-1]), ArgumentError, /'shape\[0\]'/],
      [() => new Normal(0, 1).sample([1], { seed: 1 } as never), ArgumentError, /no option 'seed'/],
      [() => new Normal(0, 1).logProb('x' as never), ArgumentError, /expected a number or a tensor/],
      [() => new Independent(new Normal(0, 1), 1), ArgumentError, /1 dimensions are more than the 0 of the batch/],
      [
        () => klDivergence(new Normal(0, 1), new Uniform(0, 1)),
        ArgumentError,
        /no closed form here for Normal and Uniform/,
      ],
      [() => klDivergence(new Normal(0, 1), {} as never), ArgumentError, /expected a distribution for 'q'/],
    ];
    for (const [attempt, Kind, message] of wrong) {
      assert.throws(attempt, (error: Error) => error instanceof Kind && message.test(error.message), String(message));
    }
  });
});
