// Random programs with parameters that are used many times, their gradients and steps: compiled they give what eager code gives, at every run
// with other values, so that nothing is left of the run before.
import assert from 'node:assert/strict';
import {
  avgPool2d,
  batchNorm,
  compile,
  conv2d,
  Generator,
  groupNorm,
  linear,
  normal,
  optim,
  scope,
  type Tensor,
} from 'anneal';
import fc from 'fast-check';

const runs = Number(process.env.ANNEAL_PROGRAMS ?? 100);

/** One operator: what it is, and which of the values so far it takes. */
interface Line {
  kind: number;
  a: number;
  b: number;
  weight: number;
  bias: number;
}

/** What an operator may take. Values all have the family's shape, and stay near 1. */
interface Operands {
  x: Tensor;
  y: Tensor;
  w: Tensor;
  /** Null where the operator is to have none. */
  b: Tensor | null;
}

interface Family {
  shape: number[];
  weight: number[];
  bias: number[];
  operators: ((operands: Operands) => Tensor)[];
}

const families: Record<string, Family> = {
  'products, sums and pointwise operators': {
    shape: [4, 4],
    weight: [4, 4],
    bias: [4],
    operators: [
      ({ x, y, w, b }) => linear(x, w, b).add(y).tanh(),
      ({ x, w, b }) => linear(x, w, b).tanh(),
      ({ x, y, w }) => x.matmul(w).add(y).div(4),
      ({ x, y }) => x.matmul(y.transpose(0, 1)).div(8).add(x),
      ({ x, y }) => x.add(y).sigmoid(),
      ({ x, y }) => x.mul(y).tanh(),
      ({ x, y, b }) => x.add(b ?? y).relu(),
      ({ x, y }) => x.sub(x.mean(1, true)).mul(y.softmax(1)),
      ({ x, y }) => x.sum(0, true).div(4).add(y),
    ],
  },
  'convolutions, normalisation and pooling': {
    shape: [2, 4, 5, 6],
    weight: [4, 4, 3, 3],
    bias: [4],
    operators: [
      ({ x, w, b }) => conv2d(x, w, { bias: b, padding: 1 }).tanh(),
      ({ x, y, w, b }) => conv2d(x, w, { bias: b, padding: 1 }).div(6).add(y).relu(),
      ({ x, w, b }) => batchNorm(conv2d(x, w, { padding: 1 }), { training: true, bias: b ?? undefined }),
      ({ x, y, b }) =>
        b === null
          ? x.mul(y).tanh()
          : x
              .mul(b.reshape([4, 1, 1]))
              .add(y)
              .tanh(),
      ({ x, b }) => groupNorm(x, 2, { weight: b ?? undefined }),
      ({ x, y }) => avgPool2d(x, 3, { stride: 1, padding: 1 }).add(y).div(2),
      ({ x, y }) => x.mean([2, 3], true).mul(y).sigmoid(),
      ({ x, w, b }) => conv2d(x, w.slice(1, 0, 1), { bias: b, padding: 1, groups: 4 }).tanh(),
      ({ x, y }) => x.softmax(1).mul(y).add(x),
    ],
  },
};

const program = (operators: number) =>
  fc.record({
    lines: fc.array(
      fc.record({ kind: fc.nat(operators - 1), a: fc.nat(99), b: fc.nat(99), weight: fc.nat(1), bias: fc.nat(2) }),
      { minLength: 2, maxLength: 14 },
    ),
    learns: fc.boolean(),
    returnsGradients: fc.boolean(),
    seed: fc.nat(1000),
  });

interface Program {
  lines: Line[];
  learns: boolean;
  returnsGradients: boolean;
  seed: number;
}

/** Losses, gradients and parameters of four runs. */
function seen({ shape, weight, bias, operators }: Family, program: Program, compiles: boolean): number[] {
  const { lines, learns, returnsGradients, seed } = program;
  const generator = new Generator(seed);
  const make = (of: number[]) => {
    const parameter = normal(of, { generator, dtype: 'float64' });
    parameter.requiresGrad = true;
    return parameter;
  };
  const [weights, biases] = [
    [make(weight), make(weight)],
    [make(bias), make(bias)],
  ];
  const all = [...weights, ...biases];
  const optimizer = new optim.SGD(all, { lr: 0.05 });
  const eager = (input: Tensor) => {
    for (const parameter of all) parameter.grad = null;
    const values = [input];
    // Mostly the latest values, so that programs are deep.
    const pick = (at: number) => values.at(-1 - (at % Math.min(values.length, at > 60 ? values.length : 2))) as Tensor;
    for (const line of lines) {
      const [x, y, w] = [pick(line.a), pick(line.b), weights[line.weight] as Tensor];
      const operator = operators[line.kind] as Family['operators'][number];
      values.push(operator({ x, y, w, b: biases[line.bias] ?? null }));
    }
    const loss = (values.at(-1) as Tensor).square().mean();
    if (loss.requiresGrad) loss.backward();
    if (learns && loss.requiresGrad) optimizer.step();
    return [loss, ...(returnsGradients ? all.flatMap(({ grad }) => grad ?? []) : [])];
  };
  const step = compiles ? compile(eager) : eager;
  const found: number[] = [];
  for (let run = 0; run < 4; run++) {
    const results = step(normal(shape, { generator, dtype: 'float64' }));
    for (const tensor of [...results, ...all]) found.push(...Array.from(tensor.dataSync(), Number));
  }
  return found;
}

describe('random programs', () => {
  for (const [name, family] of Object.entries(families)) {
    it(`of ${name} give compiled what they give eagerly, at each of four runs, ${runs} times`, () => {
      fc.assert(
        fc.property(program(family.operators.length), (each) => {
          scope(() => {
            const expected = seen(family, each, false);
            const found = seen(family, each, true);
            assert.equal(found.length, expected.length);
            for (const [i, value] of found.entries()) {
              const wanted = expected[i] as number;
              // float64, some thousand roundings, which a fused sum takes in another order, through four steps; normalisation makes them larger.
              const close = Math.abs(value - wanted) <= 1e-8 * Math.max(1, Math.abs(wanted));
              assert.ok(close || Object.is(value, wanted), `${i}: ${value}, eagerly ${wanted}`);
            }
          });
        }),
        { numRuns: runs, seed: 1 },
      );
    }).timeout(600_000);
  }
});
