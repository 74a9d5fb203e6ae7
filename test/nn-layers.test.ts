// nn: layers against the functions they stand for, and initialisers.
import assert from 'node:assert/strict';
import { ArgumentError, manualSeed, nn, type Tensor, tensor, zeros } from 'anneal';

const values = (x: Tensor): number[] => Array.from(x.dataSync(), Number);

describe('nn layers', () => {
  it('Linear starts as PyTorch does, from the seed', () => {
    manualSeed(3);
    const layer = new nn.Linear(100, 50);
    manualSeed(3);
    const again = new nn.Linear(100, 50);
    assert.deepEqual(values(layer.weight), values(again.weight));
    const all = [...values(layer.weight), ...values(layer.bias as nn.Parameter)];
    assert.ok(all.every((x) => Math.abs(x) <= 0.1));
    assert.ok(Math.max(...all) > 0.099 && Math.min(...all) < -0.099);
    assert.deepEqual([layer.weight.shape, layer.bias?.shape], [[50, 100], [50]]);
    assert.equal(new nn.Linear(2, 2, { bias: false }).bias, null);
  });

  it('Sequential and ModuleList hold modules by number', () => {
    const model = new nn.Sequential(new nn.Flatten(), new nn.Linear(4, 2), new nn.Identity());
    assert.deepEqual(Object.keys(model.stateDict()), ['1.weight', '1.bias']);
    assert.deepEqual(model.forward(zeros([3, 2, 2])).shape, [3, 2]);
    assert.equal(model.length, 3);
    assert.equal(model.at(-1), [...model][2]);
    const list = new nn.ModuleList([new nn.Linear(1, 1)]).push(new nn.Linear(1, 2));
    assert.deepEqual(Object.keys(list.stateDict()), ['0.weight', '0.bias', '1.weight', '1.bias']);
    assert.deepEqual(list.at(1).forward(zeros([5, 1])).shape, [5, 2]);
  });

  it('Dropout works in training only', () => {
    const layer = new nn.Dropout(0.25);
    const ones = tensor(Array(1000).fill(1));
    const dropped = values(layer.forward(ones));
    const zeroed = dropped.filter((x) => x === 0).length;
    assert.ok(zeroed > 180 && zeroed < 320, `${zeroed} of 1000`);
    assert.ok(dropped.every((x) => x === 0 || Math.abs(x - 4 / 3) < 1e-6));
    assert.deepEqual(values(layer.eval().forward(ones)), values(ones));
  });

  it('activations and losses are the functions of the same name', () => {
    const x = tensor([[-2, -0.5, 0, 1, 3]]);
    const t = tensor([[0, 1, 0, 1, 1]]);
    const pairs: [nn.Layer, Tensor][] = [
      [new nn.ReLU(), x.relu()],
      [new nn.LeakyReLU({ negativeSlope: 0.2 }), x.leakyRelu(0.2)],
      [new nn.ELU({ alpha: 0.5 }), x.elu(0.5)],
      [new nn.Sigmoid(), x.sigmoid()],
      [new nn.Tanh(), x.tanh()],
      [new nn.GELU(), x.gelu()],
      [new nn.GELU({ approximate: 'tanh' }), x.gelu('tanh')],
      [new nn.SiLU(), x.silu()],
      [new nn.Softplus({ beta: 2 }), x.softplus(2, 20)],
      [new nn.Softsign(), x.softsign()],
      [new nn.Softmax(), x.softmax(-1)],
      [new nn.LogSoftmax(), x.logSoftmax(-1)],
    ];
    for (const [layer, expected] of pairs) assert.deepEqual(values(layer.forward(x)), values(expected), String(layer));
    const losses: [nn.Module & { forward(x: Tensor, t: Tensor): Tensor }, Tensor][] = [
      [new nn.MSELoss({ reduction: 'sum' }), nn.mseLoss(x, t, { reduction: 'sum' })],
      [new nn.L1Loss(), nn.l1Loss(x, t)],
      [new nn.HuberLoss({ delta: 0.7 }), nn.huberLoss(x, t, { delta: 0.7 })],
      [new nn.BCEWithLogitsLoss(), nn.binaryCrossEntropyWithLogits(x, t)],
      [new nn.CrossEntropyLoss({ labelSmoothing: 0.1 }), nn.crossEntropy(x, t, { labelSmoothing: 0.1 })],
    ];
    for (const [loss, expected] of losses) assert.deepEqual(values(loss.forward(x, t)), values(expected), String(loss));
    assert.equal(values(new nn.BCELoss().forward(x.sigmoid(), t)).length, 1);
    const classes = tensor([3], { dtype: 'int64' });
    assert.deepEqual(
      values(new nn.NLLLoss().forward(x.logSoftmax(-1), classes)),
      values(nn.nllLoss(x.logSoftmax(-1), classes)),
    );
  });
});

describe('nn.init', () => {
  const spread = (x: Tensor): { mean: number; std: number; limit: number } => {
    const v = values(x);
    const mean = v.reduce((sum, value) => sum + value, 0) / v.length;
    const std = Math.sqrt(v.reduce((sum, value) => sum + (value - mean) ** 2, 0) / v.length);
    return { mean, std, limit: Math.max(...v.map(Math.abs)) };
  };

  // 20,000 samples: the standard error of std is half a percent, so 3 % is six of them.
  const cases: [string, (x: Tensor) => Tensor, number, number?][] = [
    ['kaimingUniform', (x) => nn.init.kaimingUniform(x), Math.sqrt(2 / 200), Math.sqrt(6 / 200)],
    [
      'kaimingUniform of sqrt(5)',
      (x) => nn.init.kaimingUniform(x, { a: Math.sqrt(5) }),
      Math.sqrt(1 / 600),
      Math.sqrt(1 / 200),
    ],
    ['kaimingNormal', (x) => nn.init.kaimingNormal(x, { mode: 'fanOut', nonlinearity: 'relu' }), Math.sqrt(2 / 100)],
    ['xavierUniform', (x) => nn.init.xavierUniform(x, { gain: 2 }), 2 * Math.sqrt(2 / 300), 2 * Math.sqrt(6 / 300)],
    ['xavierNormal', (x) => nn.init.xavierNormal(x), Math.sqrt(2 / 300)],
    ['uniform', (x) => nn.init.uniform(x, { low: -2, high: 2 }), 2 / Math.sqrt(3), 2],
    ['normal', (x) => nn.init.normal(x, { std: 0.5 }), 0.5],
  ];
  for (const [name, init, std, limit] of cases) {
    it(name, () => {
      manualSeed(11);
      const parameter = new nn.Parameter(zeros([100, 200]));
      assert.equal(init(parameter), parameter);
      const found = spread(parameter);
      assert.ok(Math.abs(found.std / std - 1) < 0.03, `std ${found.std}, expected ${std}`);
      assert.ok(Math.abs(found.mean) < 4 * (std / Math.sqrt(20_000)), `mean ${found.mean}`);
      if (limit !== undefined) assert.ok(found.limit <= limit && found.limit > 0.99 * limit, `limit ${found.limit}`);
      assert.ok(parameter.requiresGrad && parameter.isLeaf);
    });
  }

  it('constants, gains and fans', () => {
    const x = zeros([2, 3, 5]);
    assert.deepEqual(values(nn.init.ones(x)), Array(30).fill(1));
    assert.deepEqual(values(nn.init.zeros(x)), Array(30).fill(0));
    assert.deepEqual(nn.init.calculateFans(x), { fanIn: 15, fanOut: 10 });
    assert.throws(() => nn.init.xavierNormal(zeros([3])), ArgumentError);
    assert.equal(nn.init.calculateGain('tanh'), 5 / 3);
    assert.equal(nn.init.calculateGain('leakyRelu', 0), Math.SQRT2);
  });
});
