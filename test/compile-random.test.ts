// Random programs of products, sums and pointwise operators with parameters that are used many times, their gradients and steps: compiled they
// give what eager code gives, at every run with other values, so that nothing is left of the run before.
import assert from 'node:assert/strict';
import { compile, Generator, linear, normal, optim, scope, type Tensor } from 'anneal';
import fc from 'fast-check';

const SIZE = 4;
const runs = Number(process.env.ANNEAL_PROGRAMS ?? 150);

/** One operator: what it is, and which of the values so far it takes. */
interface Line {
  kind: number;
  a: number;
  b: number;
  weight: number;
  bias: number;
}

interface Parameters {
  weights: Tensor[];
  biases: Tensor[];
}

const line = fc.record({
  kind: fc.nat(9),
  a: fc.nat(100),
  b: fc.nat(100),
  weight: fc.nat(1),
  bias: fc.nat(2),
});
const program = fc.record({
  lines: fc.array(line, { minLength: 2, maxLength: 14 }),
  learns: fc.boolean(),
  returnsGradients: fc.boolean(),
  seed: fc.nat(1000),
});

// Values stay near 1: products are followed by tanh, or divided.
function apply({ kind, a, b, weight, bias }: Line, values: readonly Tensor[], { weights, biases }: Parameters): Tensor {
  // Mostly the latest values, so that programs are deep.
  const pick = (at: number) =>
    values[values.length - 1 - (at % Math.min(values.length, at > 60 ? values.length : 2))] as Tensor;
  const [x, y] = [pick(a), pick(b)];
  const w = weights[weight] as Tensor;
  const shift = bias === 2 ? null : (biases[bias] as Tensor);
  switch (kind) {
    case 0:
    case 1:
      return linear(x, w, shift).add(y).tanh();
    case 2:
      return linear(x, w, shift).tanh();
    case 3:
      return x.matmul(w).add(y).div(4);
    case 4:
      return x.matmul(y.transpose(0, 1)).div(8).add(x);
    case 5:
      return x.add(y).sigmoid();
    case 6:
      return x.mul(y).tanh();
    case 7:
      return x.add(shift ?? y).relu();
    case 8:
      return x.sub(x.mean(1, true)).mul(y.softmax(1));
    default:
      return x.sum(0, true).div(4).add(y);
  }
}

function seen(seed: number, lines: readonly Line[], learns: boolean, returnsGradients: boolean, compiles: boolean) {
  const generator = new Generator(seed);
  const make = (...shape: number[]) => {
    const parameter = normal(shape, { generator, dtype: 'float64' });
    parameter.requiresGrad = true;
    return parameter;
  };
  const parameters = { weights: [make(SIZE, SIZE), make(SIZE, SIZE)], biases: [make(SIZE), make(SIZE)] };
  const all = [...parameters.weights, ...parameters.biases];
  const optimizer = new optim.SGD(all, { lr: 0.1 });
  const eager = (x: Tensor) => {
    for (const parameter of all) parameter.grad = null;
    const values = [x];
    for (const each of lines) values.push(apply(each, values, parameters));
    const loss = (values.at(-1) as Tensor).square().mean();
    if (loss.requiresGrad) loss.backward();
    if (learns) optimizer.step();
    return [loss, ...(returnsGradients ? all.flatMap(({ grad }) => grad ?? []) : [])];
  };
  const step = compiles ? compile(eager) : eager;
  const found: number[] = [];
  for (let run = 0; run < 4; run++) {
    const results = step(normal([SIZE, SIZE], { generator, dtype: 'float64' }));
    for (const tensor of [...results, ...all]) found.push(...Array.from(tensor.dataSync(), Number));
  }
  return found;
}

describe('random programs', () => {
  it(`give compiled what they give eagerly, at each of four runs, ${runs} times`, () => {
    fc.assert(
      fc.property(program, ({ lines, learns, returnsGradients, seed }) => {
        scope(() => {
          const expected = seen(seed, lines, learns, returnsGradients, false);
          const found = seen(seed, lines, learns, returnsGradients, true);
          assert.equal(found.length, expected.length);
          for (const [i, value] of found.entries()) {
            const wanted = expected[i] as number;
            // float64, some hundred roundings, which a fused sum takes in another order, through four steps.
            assert.ok(
              Math.abs(value - wanted) <= 1e-9 * Math.max(1, Math.abs(wanted)),
              `${i}: ${value}, eagerly ${wanted}`,
            );
          }
        });
      }),
      { numRuns: runs, seed: 1 },
    );
  }).timeout(300_000);
});
