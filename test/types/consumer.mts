// A program of a user, written against the package's types as strictly as TypeScript can; test/types.test.ts compiles it.
import {
  crossEntropy,
  type DType,
  data,
  grad,
  io,
  nn,
  noGrad,
  ones,
  optim,
  ShapeError,
  scope,
  type Tensor,
  tensor,
  train,
  zeros,
} from 'anneal';

class Classifier extends nn.Module {
  fc1 = new nn.Linear(4, 8);
  blocks = [new nn.Linear(8, 8), new nn.Linear(8, 8)];
  drop = new nn.Dropout(0.1);
  mean = this.registerBuffer('mean', zeros([4]));
  scale = new nn.Parameter(ones([1]));
  forward(x: Tensor): Tensor {
    x = this.fc1.forward(x.sub(this.mean)).relu().mul(this.scale);
    for (const b of this.blocks) x = b.forward(x).relu();
    return this.drop.forward(x);
  }
}
class TwoIn extends nn.Module {
  a = new nn.Linear(2, 2);
  forward(x: Tensor, y: Tensor): Tensor {
    return this.a.forward(x.add(y));
  }
}
export async function main(): Promise<void> {
  const model = new Classifier();
  const optimizer = new optim.AdamW(model.parameters(), { lr: 1e-3, betas: [0.9, 0.99] });
  const groups = new optim.SGD(
    [{ params: model.fc1.parameters(), lr: 0.1 }, { params: model.blocks[0]!.parameters() }],
    { lr: 0.01, momentum: 0.9, nesterov: true },
  );
  groups.lr = 0.1;
  groups.paramGroups[0]!.momentum = 0.5;
  const set = new data.TensorDataset(ones([10, 4]), zeros([10], { dtype: 'int64' }));
  const loader = new data.DataLoader(set, { batchSize: 4, shuffle: true, seed: 1, dropLast: true });
  for await (const [x, y] of loader) {
    using loss = crossEntropy(model.forward(x), y);
    loss.backward();
    optimizer.step();
    const n: number = await loss.item();
    void n;
  }
  async function* gen(): AsyncGenerator<[Float32Array, number]> {
    yield [new Float32Array(4), 1];
  }
  const streamed = new data.DataLoader(gen(), { batchSize: 2 });
  for await (const [x, y] of streamed) {
    const s: number[] = x!.shape;
    void s;
    void y;
  }
  const custom: data.Dataset<Tensor[], [number[], number]> = { length: 3, get: (i) => [[i, i, i, i], i] };
  const bce = new nn.BCEWithLogitsLoss({ posWeight: tensor([2]) });
  const trainer = new train.Trainer({
    model,
    optimizer,
    loss: nn.crossEntropy,
    metrics: { accuracy: train.accuracy(), f1: train.f1({ average: 'macro' }), cm: train.confusionMatrix() },
    callbacks: [
      new train.EarlyStopping({ patience: 2, restoreBest: true }),
      new train.ModelCheckpoint({ path: 'x', saveBestOnly: true }),
    ],
    progress: false,
  });
  const history: train.History = await trainer.fit(loader, {
    epochs: 2,
    validation: set,
    signal: AbortSignal.timeout(100000),
  });
  await trainer.fit([ones([4, 4]), zeros([4], { dtype: 'int64' })], { batchSize: 2 });
  await trainer.fit(custom, { batchSize: 2 });
  const trainer2 = new train.Trainer({ model: new TwoIn(), optimizer, loss: new nn.MSELoss() });
  await trainer2.fit([ones([4, 2]), ones([4, 2]), ones([4, 2])]);
  const trainer3 = new train.Trainer({
    model: new nn.Sequential(new nn.Linear(1, 1), new nn.ReLU()),
    optimizer,
    loss: bce,
  });
  void trainer3;
  const out: Tensor = await trainer.predict(ones([2, 4]));
  void out;
  console.log(history.epochs[0]?.validation?.metrics.accuracy);
  await io.save('m.safetensors', model.stateDict(), { epoch: '1' });
  model.loadStateDict(await io.load('m.safetensors'));
  const [dx] = grad(model.forward(ones([1, 4])).sum(), model.scale);
  console.log(dx.shape);
  const [da, db] = grad(model.scale.sum(), [model.scale, model.mean], { allowUnused: true });
  console.log(da?.shape, db?.shape);
  const r = scope(() => ({ a: ones([1]), b: [zeros([1])] }));
  r.a.dispose();
  const v = await noGrad(async () => model.forward(ones([1, 4])).array());
  void v;
  const values = await ones([1]).data();
  if (values instanceof Float32Array) console.log(values[0]);
  const dt: DType = 'float64';
  tensor([[1, 2]], { dtype: dt });
  try {
    ones([1]).matmul(ones([2]));
  } catch (e) {
    if (e instanceof ShapeError) console.log(e.code);
  }
  ones([2]).registerHook((g) => g.mul(2));
  ones([2]).registerHook((g) => {
    console.log(g.shape);
  });
  optim.clipGradNorm(model.parameters(), 1);
  const net = new nn.Sequential(new nn.Linear(1, 1), new Classifier());
  const l: nn.Layer = net.at(0);
  void l;
  const state: optim.OptimizerState = optimizer.stateDict();
  optimizer.loadStateDict(JSON.parse(JSON.stringify({ ...state, tensors: {} })) as optim.OptimizerState);
  const metric: train.Metric<number> = {
    reset() {},
    update() {},
    async compute() {
      return 1;
    },
  };
  void metric;
  const cb: train.Callback = {
    onEpochEnd(record, run) {
      if (record.loss < 0.1) run.stop('good');
    },
  };
  void cb;
  nn.init.kaimingNormal(model.fc1.weight, { nonlinearity: 'relu' });
}
