// compile: plain gradient descent inside the products that give gradients, where those are dropped in the same step.
import assert from 'node:assert/strict';
import { compile, Generator, manualSeed, nn, optim, type Tensor, uniform } from 'anneal';
import { fuses } from './support/gpu';

const generator = new Generator(11);
const batchesOf = (samples: number) =>
  Array.from({ length: 5 }, () => ({
    x: uniform([samples, 20], { generator }),
    y: uniform([samples, 4], { generator }),
  }));

interface Recipe {
  layers(): nn.Layer[];
  optimizer?(parameters: nn.Parameter[]): optim.Optimizer;
  /** Between backward and the update. */
  inspect?(model: nn.Module): Tensor;
  keepsGradients?: boolean;
  samples?: number;
}

async function train(
  { layers, optimizer: make, inspect, keepsGradients = false }: Recipe,
  batches: ReturnType<typeof batchesOf>,
  compiled: boolean,
) {
  manualSeed(5);
  const model = new nn.Sequential(...layers());
  const optimizer = make?.(model.parameters()) ?? new optim.SGD(model.parameters(), { lr: 0.1 });
  const step = (x: Tensor, y: Tensor): Tensor[] => {
    if (keepsGradients) optimizer.zeroGrad();
    const loss = nn.mseLoss(model.forward(x), y);
    loss.backward();
    const seen = inspect === undefined ? [] : [inspect(model)];
    optimizer.step();
    if (!keepsGradients) optimizer.zeroGrad();
    return [loss, ...seen];
  };
  const program = compile(step);
  const results: number[][] = [];
  for (const [i, { x, y }] of batches.entries()) {
    for (const group of optimizer.paramGroups) group.lr /= 1 + i;
    for (const result of (compiled ? program : step)(x, y)) results.push([...(await result.data())].map(Number));
  }
  for (const parameter of model.parameters()) results.push([...(await parameter.data())].map(Number));
  return { results, programs: program.programs, fused: / \+ sgdStep/.test(program.explain()) };
}

describe('compile moves gradient descent into products', () => {
  const linear = (inputs: number, outputs: number, bias = true) => new nn.Linear(inputs, outputs, { bias });
  const oneGroupEach = (...parameters: nn.Parameter[]) =>
    new optim.SGD(parameters.map((parameter, i) => ({ params: [parameter], lr: (i + 1) / 10 })));
  class Tied extends nn.Module {
    readonly one = linear(20, 20);
    forward(x: Tensor): Tensor {
      return this.one.forward(this.one.forward(x).tanh());
    }
  }
  const cases: Record<string, Recipe & { fused: boolean }> = {
    'one layer': { layers: () => [linear(20, 4)], fused: true },
    'without bias': { layers: () => [linear(20, 8, false), new nn.ReLU(), linear(8, 4, false)], fused: true },
    'a network': {
      layers: () => [linear(20, 33), new nn.Tanh(), linear(33, 17), new nn.ReLU(), linear(17, 4)],
      fused: true,
    },
    'weights that another product reads': {
      layers: () => [linear(20, 12), linear(12, 12), linear(12, 4)],
      fused: true,
    },
    'of two groups that read each other': {
      layers: () => [linear(20, 6, false), linear(6, 4, false)],
      optimizer: ([u, v]) => oneGroupEach(u, v),
      fused: true,
    },
    'and the other way round': {
      layers: () => [linear(20, 6, false), linear(6, 4, false)],
      optimizer: ([u, v]) => oneGroupEach(v, u),
      fused: true,
    },
    'but not for a depth that is summed up in parts': { layers: () => [linear(20, 4)], samples: 1700, fused: false },
    'of the last layer, but not of a weight used twice': { layers: () => [new Tied(), linear(20, 4)], fused: true },
    'but not with momentum': {
      layers: () => [linear(20, 4)],
      optimizer: (p) => new optim.SGD(p, { lr: 0.1, momentum: 0.9 }),
      fused: false,
    },
    'but not with weight decay': {
      layers: () => [linear(20, 4)],
      optimizer: (p) => new optim.SGD(p, { lr: 0.1, weightDecay: 0.01 }),
      fused: false,
    },
    'but not where the gradient stays': { layers: () => [linear(20, 4)], keepsGradients: true, fused: false },
    'but not where the gradient is read': {
      layers: () => [linear(20, 4)],
      inspect: (model) => (model.parameters()[0].grad as Tensor).square().sum(),
      fused: false,
    },
  };
  for (const [name, { fused, ...recipe }] of Object.entries(cases)) {
    it(name, async () => {
      const batches = batchesOf(recipe.samples ?? 16);
      const actual = await train(recipe, batches, true);
      assert.equal(actual.fused, fused && fuses);
      assert.equal(actual.programs, 1);
      // The sum of a product and the step have the bits of both alone.
      assert.deepEqual(actual.results, (await train(recipe, batches, false)).results);
    });
  }

  it('at each of several steps in one function', async () => {
    const batches = batchesOf(16);
    const losses = async (compiled: boolean) => {
      manualSeed(5);
      const model = new nn.Sequential(linear(20, 12), new nn.Tanh(), linear(12, 4));
      const optimizers = [0, 2].map((i) => new optim.SGD(model.parameters().slice(i, i + 2), { lr: 0.1 }));
      const steps = (...all: Tensor[]): Tensor[] =>
        batches.map((_, i) => {
          const loss = nn.mseLoss(model.forward(all[2 * i] as Tensor), all[2 * i + 1] as Tensor);
          loss.backward();
          for (const optimizer of optimizers) {
            optimizer.step();
            optimizer.zeroGrad();
          }
          return loss;
        });
      const program = compile(steps);
      const inputs = batches.flatMap(({ x, y }) => [x, y]);
      const results: number[][] = [];
      for (let i = 0; i < 2; i++) {
        for (const loss of (compiled ? program : steps)(...inputs)) results.push([...(await loss.data())].map(Number));
      }
      for (const parameter of model.parameters()) results.push([...(await parameter.data())].map(Number));
      return results;
    };
    assert.deepEqual(await losses(true), await losses(false));
  });
});
