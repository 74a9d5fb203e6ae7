// nn: embeddings, containers by name, padding, shuffles, dropouts and initialisers beyond those of nn-layers.test.ts.
import assert from 'node:assert/strict';
import {
  alphaDropout,
  arange,
  eye,
  Generator,
  gaussianNll,
  hingeEmbedding,
  klDiv,
  manualSeed,
  marginRanking,
  multilabelSoftMargin,
  multiMargin,
  nn,
  normal,
  ones,
  poissonNll,
  smoothL1,
  softMargin,
  type Tensor,
  tensor,
  zeros,
} from 'anneal';

const values = (x: Tensor): number[] => Array.from(x.dataSync(), Number);
const index = (list: number[]) => tensor(list, { dtype: 'int64' });

describe('nn.Embedding', () => {
  it('looks rows up, and leaves the row of the padding as it is', () => {
    const layer = new nn.Embedding(4, 2, { paddingIdx: -1, generator: new Generator(1) });
    assert.equal(layer.paddingIdx, 3);
    assert.deepEqual(values(layer.weight.select(0, 3)), [0, 0]);
    const out = layer.forward(
      tensor(
        [
          [1, 3],
          [1, 0],
        ],
        { dtype: 'int64' },
      ),
    );
    assert.deepEqual(out.shape, [2, 2, 2]);
    assert.deepEqual(values(out.at(0, 0)), values(layer.weight.at(1)));
    out.sum().backward();
    assert.deepEqual(values(layer.weight.grad as Tensor), [1, 1, 2, 2, 0, 0, 0, 0]);
    assert.match(String(layer), /Embedding\(4, 2, paddingIdx=3\)/);
  });

  it('takes a table that is there, frozen unless it is to learn', () => {
    const table = tensor([
      [1, 2],
      [3, 4],
    ]);
    const layer = nn.Embedding.fromPretrained(table);
    assert.equal(layer.weight.requiresGrad, false);
    assert.deepEqual(values(layer.forward(index([1]))), [3, 4]);
    const padded = nn.Embedding.fromPretrained(table, { freeze: false, paddingIdx: 0 });
    assert.equal(padded.weight.requiresGrad, true);
    assert.deepEqual(values(padded.weight), [1, 2, 3, 4]);
  });

  it('refuses sizes and indices that are not there', async () => {
    assert.throws(() => new nn.Embedding(0, 2), /positive integer for numEmbeddings/);
    assert.throws(() => new nn.Embedding(2, 2, { paddingIdx: 2 }), /paddingIdx number 2 is no row of 2/);
    await assert.rejects(new nn.Embedding(2, 2).forward(index([2])).data(), { name: 'IndexError' });
  });
});

describe('nn.EmbeddingBag', () => {
  it('joins the rows of bags, given as rows or by offsets', () => {
    const layer = new nn.EmbeddingBag(3, 1, { mode: 'sum' });
    layer.weight.assign(tensor([[1], [10], [100]]));
    assert.deepEqual(
      values(
        layer.forward(
          tensor(
            [
              [0, 1],
              [2, 2],
            ],
            { dtype: 'int64' },
          ),
        ),
      ),
      [11, 200],
    );
    assert.deepEqual(values(layer.forward(index([0, 1, 2]), index([0, 0, 2]))), [0, 11, 100]);
    assert.throws(() => layer.forward(index([0, 1])), /a vector and offsets/);
  });
});

describe('containers by name', () => {
  it('hold modules and parameters, with names in the state', () => {
    const heads = new nn.ModuleDict({ a: new nn.Linear(1, 1), b: new nn.Linear(1, 2) });
    assert.deepEqual(Object.keys(heads.stateDict()), ['a.weight', 'a.bias', 'b.weight', 'b.bias']);
    assert.deepEqual(heads.get('b').forward(ones([1, 1])).shape, [1, 2]);
    assert.ok(heads.has('a') && heads.delete('a') && !heads.has('a'));
    assert.deepEqual([...heads.keys()], ['b']);
    const scales = new nn.ParameterDict(new Map([['q', new nn.Parameter(ones([2]))]]));
    assert.deepEqual(scales.parameters().length, 1);
    const list = new nn.ParameterList([new nn.Parameter(ones([2]))]).push(new nn.Parameter(zeros([1])));
    assert.deepEqual(Object.keys(list.stateDict()), ['0', '1']);
    assert.equal(list.at(-1), [...list][1]);
  });

  it('say what does not fit', () => {
    assert.throws(() => new nn.ModuleDict({ a: 3 as never }), /\[ModuleDict\] expected a module, received number 3/);
    assert.throws(() => new nn.ModuleDict({ 'a.b': new nn.Identity() }), /a name without dots/);
    assert.throws(() => new nn.ModuleDict({}).get('x'), /there is no 'x'/);
    assert.throws(() => new nn.ParameterList([ones([1]) as never]), /expected a Parameter/);
    assert.throws(() => new nn.ModuleDict().forward(), /only holds/);
    assert.throws(() => new nn.ModuleDict(5 as never), /expected an object, a map or pairs/);
  });
});

describe('padding modules', () => {
  it('pad as the function does, from the last dimension on', () => {
    const x = arange(0, 6, 1, { dtype: 'float32' }).reshape([1, 2, 3]);
    assert.deepEqual(values(new nn.ConstantPad1d([1, 0], 9).forward(x)), [9, 0, 1, 2, 9, 3, 4, 5]);
    assert.deepEqual(new nn.ZeroPad2d(1).forward(x).shape, [1, 4, 5]);
    assert.deepEqual(values(new nn.ReflectionPad1d([1, 1]).forward(x)), [1, 0, 1, 2, 1, 4, 3, 4, 5, 4]);
    assert.deepEqual(values(new nn.ReplicationPad1d(1).forward(x)), [0, 0, 1, 2, 2, 3, 3, 4, 5, 5]);
    assert.deepEqual(values(new nn.CircularPad1d([1, 0]).forward(x)), [2, 0, 1, 2, 5, 3, 4, 5]);
    assert.deepEqual(new nn.ReflectionPad3d([1, 1, 1, 1, 0, 0]).forward(ones([1, 1, 2, 3, 3])).shape, [1, 1, 2, 5, 5]);
    assert.throws(() => new nn.ZeroPad2d([1, 2]), /expected an integer or 4 of them/);
  });
});

describe('dropouts', () => {
  const x = ones([20, 50, 4]);
  it('of channels drop all or nothing of a channel, in training', () => {
    manualSeed(5);
    const layer = new nn.Dropout1d(0.25);
    const rows = values(layer.forward(x).reshape([1000, 4]).sum(1));
    assert.ok(rows.every((sum) => sum === 0 || Math.abs(sum - 16 / 3) < 1e-5));
    const dropped = rows.filter((sum) => sum === 0).length;
    assert.ok(dropped > 180 && dropped < 320, `${dropped} of 1000`);
    assert.deepEqual(values(layer.eval().forward(x)), values(x));
    assert.throws(() => new nn.Dropout2d().forward(x.reshape([20, 200])), /expected 4 dimensions, or 3/);
    assert.deepEqual(new nn.Dropout2d(0.5).forward(ones([3, 2, 2])).shape, [3, 2, 2]);
    assert.throws(() => new nn.Dropout3d(2), /expected 0 <= p <= 1/);
  });

  it('of self-normalizing networks keep mean and variance', () => {
    const input = normal([100_000], { generator: new Generator(2) });
    const out = alphaDropout(input, 0.3, { generator: new Generator(3) });
    // Five standard errors of 100,000 numbers.
    assert.ok(Math.abs(out.mean().itemSync()) < 0.016 && Math.abs(out.std().itemSync() - 1) < 0.016);
    assert.deepEqual(values(new nn.AlphaDropout(0.5).eval().forward(x)), values(x));
    const whole = new nn.FeatureAlphaDropout(0.5).forward(x).reshape([1000, 4]);
    assert.ok(values(whole.max(1).sub(whole.min(1))).every((range) => range === 0));
  });
});

describe('initialisers', () => {
  it('orthogonal gives orthogonal rows, or columns, of the length of the gain', () => {
    for (const shape of [
      [3, 5],
      [5, 3],
      [4, 2, 2],
    ]) {
      const w = nn.init.orthogonal(zeros(shape, { dtype: 'float64' }), { gain: 2, generator: new Generator(6) });
      const [rows] = shape as [number];
      const flat = w.reshape([rows, w.size / rows]);
      const gram = rows > w.size / rows ? flat.transpose().matmul(flat) : flat.matmul(flat.transpose());
      const error = gram
        .sub(eye(gram.shape[0] as number, undefined, { dtype: 'float64' }).mul(4))
        .abs()
        .max();
      assert.ok(error.itemSync() < 1e-12, `${shape}: ${error}`);
    }
    assert.throws(() => nn.init.orthogonal(zeros([3])), /at least two axes/);
  });
});

describe('nn activations and losses', () => {
  it('are the functions of the same name', () => {
    const x = tensor([
      [-4, -0.6, 0, 0.3],
      [2, 3, 7, -1],
    ]);
    const pairs: [nn.Layer, Tensor][] = [
      [new nn.ReLU6(), x.relu6()],
      [new nn.Hardtanh({ low: -2 }), x.hardtanh(-2, 1)],
      [new nn.Hardsigmoid(), x.hardsigmoid()],
      [new nn.Hardswish(), x.hardswish()],
      [new nn.SELU(), x.selu()],
      [new nn.CELU({ alpha: 2 }), x.celu(2)],
      [new nn.LogSigmoid(), x.logSigmoid()],
      [new nn.Mish(), x.mish()],
      [new nn.Softshrink({ lambda: 1 }), x.softshrink(1)],
      [new nn.Hardshrink(), x.hardshrink()],
      [new nn.Tanhshrink(), x.tanhshrink()],
      [new nn.Threshold(0.5, 2), x.threshold(0.5, 2)],
      [new nn.PReLU({ init: 0.5 }), x.leakyRelu(0.5)],
      [new nn.RReLU().eval(), x.leakyRelu((1 / 8 + 1 / 3) / 2)],
      [new nn.GLU(), x.glu()],
      [new nn.Softmin({ axis: 0 }), x.softmin(0)],
      [new nn.Unflatten(1, [2, 2]), x.reshape([2, 2, 2])],
    ];
    for (const [layer, expected] of pairs) assert.deepEqual(values(layer.forward(x)), values(expected), String(layer));
    assert.deepEqual(new nn.Softmax2d().forward(ones([2, 3, 1, 1])).sum(1).shape, [2, 1, 1]);
    const slopes = values(new nn.RReLU({ generator: new Generator(1) }).forward(ones([100]).neg()));
    assert.ok(slopes.every((slope) => slope <= -1 / 8 && slope >= -1 / 3) && new Set(slopes).size > 50);
    const t = tensor([
      [1, -1, 1, -1],
      [1, 1, -1, -1],
    ]);
    const losses: [Tensor, Tensor][] = [
      [new nn.SmoothL1Loss({ beta: 2 }).forward(x, t), smoothL1(x, t, { beta: 2 })],
      [new nn.HingeEmbeddingLoss({ margin: 2 }).forward(x, t), hingeEmbedding(x, t, { margin: 2 })],
      [new nn.MarginRankingLoss({ margin: 1 }).forward(x, t, t), marginRanking(x, t, t, { margin: 1 })],
      [new nn.KLDivLoss({ reduction: 'batchmean' }).forward(x, x.exp()), klDiv(x, x.exp(), { reduction: 'batchmean' })],
      [new nn.PoissonNLLLoss({ full: true }).forward(x, x.abs()), poissonNll(x, x.abs(), { full: true })],
      [new nn.GaussianNLLLoss().forward(x, t, x.exp()), gaussianNll(x, t, x.exp())],
      [new nn.SoftMarginLoss().forward(x, t), softMargin(x, t)],
      [new nn.MultiLabelSoftMarginLoss().forward(x, t.relu()), multilabelSoftMargin(x, t.relu())],
      [new nn.MultiMarginLoss({ p: 2 }).forward(x, index([0, 1])), multiMargin(x, index([0, 1]), { p: 2 })],
    ];
    for (const [loss, expected] of losses) assert.deepEqual(values(loss), values(expected));
    assert.equal(new nn.CosineSimilarity().forward(x, x).size, 2);
    assert.ok(new nn.PairwiseDistance().forward(x, x).max().itemSync() < 1e-5);
    assert.ok(new nn.TripletMarginLoss().forward(x, x, t).itemSync() >= 0);
    const shuffled = new nn.PixelShuffle(2).forward(arange(0, 4, 1).reshape([1, 4, 1, 1]));
    assert.deepEqual(values(shuffled), [0, 1, 2, 3]);
    assert.deepEqual(values(new nn.PixelUnshuffle(2).forward(shuffled)), [0, 1, 2, 3]);
    assert.deepEqual(values(new nn.ChannelShuffle(2).forward(arange(0, 4, 1).reshape([1, 4, 1]))), [0, 2, 1, 3]);
  });
});
