// What a caller gets wrong is said, not swallowed: names of options that nobody reads, positional arguments of other
// libraries, malformed states.
import assert from 'node:assert/strict';
import {
  ArgumentError,
  crossEntropy,
  data,
  full,
  grad,
  nn,
  normal,
  ones,
  optim,
  ShapeError,
  tensor,
  train,
  uniform,
  zeros,
  zerosLike,
} from 'anneal';

// What JavaScript passes, whatever the types say.
const loose = (value: unknown): never => value as never;

function refuses(run: () => unknown, message: RegExp): void {
  assert.throws(run, (error: Error) => {
    assert.ok(error instanceof ArgumentError, `${error}`);
    assert.match(error.message, message);
    return true;
  });
}

describe('options', () => {
  it('of creation are an object with known names', () => {
    refuses(() => zeros([2], loose('float64')), /\[zeros\] expected an object with options.*received string 'float64'/);
    refuses(() => zeros(loose(2), loose(3)), /\[zeros\] expected an array of integers for 'shape', received number 2/);
    refuses(() => ones([2], loose({ type: 'int32' })), /\[ones\] there is no option 'type'; there are dtype/);
    refuses(() => full([2], 1, loose(null)), /\[full\].*received null/);
    refuses(() => zerosLike(loose([1])), /\[zerosLike\] expected a Tensor for 'like', received array/);
    refuses(() => tensor([1], loose({ requires_grad: true })), /\[tensor\] there is no option 'requires_grad'/);
    refuses(() => uniform([2], loose({ min: 1 })), /\[uniform\] there is no option 'min'/);
    refuses(() => tensor(loose([ones([1])])), /received Tensor; stack or concat/);
  });

  it('of random tensors are in range', () => {
    refuses(() => uniform([2], { low: 2, high: 1 }), /\[uniform\] low 2 lies above high 1/);
    refuses(() => uniform([2], { low: Number.NaN }), /\[uniform\]/);
    refuses(() => normal([2], { std: -1 }), /\[normal\] a standard deviation is at least 0, not -1/);
    assert.deepEqual(uniform([2], { low: 3, high: 3 }).arraySync(), [3, 3]);
  });

  it('of losses and layers are not positional', () => {
    const [x, t] = [ones([2, 3]), tensor(Int32Array.of(0, 1))];
    refuses(() => crossEntropy(x, t, loose('sum')), /\[crossEntropy\] expected an object with options/);
    refuses(() => crossEntropy(x, t, loose({ reducton: 'sum' })), /no option 'reducton'; there are weight, reduction/);
    refuses(() => new nn.Linear(2, 3, loose(false)), /\[Linear\].*received boolean false/);
    refuses(() => new nn.LeakyReLU(loose(0.5)), /\[LeakyReLU\].*negativeSlope.*received number 0.5/);
    refuses(() => new nn.Softmax(loose(1)), /\[Softmax\]/);
    refuses(() => new nn.GELU(loose('tanh')), /\[GELU\]/);
    refuses(() => new nn.MSELoss(loose('sum')), /\[MSELoss\]/);
    refuses(() => grad(x.sum(), x, loose({ allow_unused: true })), /\[grad\] there is no option 'allow_unused'/);
  });

  it('of loss modules are those of their functions', () => {
    const [x, t] = [tensor([0.5, -1]), tensor([1, 0])];
    const options = { posWeight: tensor([3]), weight: tensor([2]) };
    const loss = new nn.BCEWithLogitsLoss(options).forward(x, t);
    assert.equal(loss.itemSync(), nn.binaryCrossEntropyWithLogits(x, t, options).itemSync());
    new nn.BCELoss({ weight: tensor([2]) });
  });

  it('of optimizers and their groups are known', () => {
    const params = new nn.Linear(2, 2).parameters();
    refuses(() => new optim.SGD(params, loose(0.1)), /\[SGD\] expected an object with options \(lr, momentum/);
    refuses(() => new optim.SGD(params, loose({ learningRate: 0.1 })), /\[SGD\] there is no option 'learningRate'/);
    refuses(() => new optim.Adam(params, loose({ beta1: 0.9 })), /\[Adam\] there is no option 'beta1'/);
    refuses(() => new optim.AdamW(params, loose(0.1)), /\[AdamW\] expected an object/);
    refuses(() => new optim.SGD(loose([{ params, learningRate: 1 }])), /\[SGD\] there is no option 'learningRate'/);
    assert.equal(new optim.AdamW(params).paramGroups[0]?.weightDecay, 0.01);
  });

  it('of training are known', async () => {
    const model = new nn.Linear(2, 2);
    const optimizer = new optim.SGD(model.parameters(), { lr: 0.1 });
    const parts = { model, optimizer, loss: nn.mseLoss };
    refuses(
      () => new train.Trainer(loose(undefined)),
      /\[Trainer\] expected an object with options \(model, optimizer/,
    );
    refuses(() => new train.Trainer(loose({ ...parts, callback: [] })), /\[Trainer\] there is no option 'callback'/);
    refuses(
      () => new train.Trainer(loose({ ...parts, metrics: ['accuracy'] })),
      /\[Trainer\] expected a metric such as/,
    );
    const trainer = new train.Trainer({ ...parts, progress: false });
    const set = [ones([4, 2]), ones([4, 2])];
    await assert.rejects(trainer.fit(set, loose({ epoch: 3 })), /\[fit\] there is no option 'epoch'/);
    await assert.rejects(trainer.evaluate(set, loose(32)), /\[evaluate\] expected an object/);
    refuses(() => new train.EarlyStopping(loose({ patienec: 1 })), /\[EarlyStopping\] there is no option 'patienec'/);
    refuses(() => new train.ModelCheckpoint(loose('best.safetensors')), /\[ModelCheckpoint\] expected an object/);
    refuses(() => train.f1(loose('macro')), /\[f1\] expected an object/);
    refuses(() => train.accuracy(loose({ logit: true })), /\[accuracy\] there is no option 'logit'/);
    refuses(() => new data.DataLoader([1], loose({ batch_size: 2 })), /\[DataLoader\] there is no option 'batch_size'/);
    const [dataset] = [new data.TensorDataset(ones([4, 2]))];
    await assert.rejects(data.randomSplit(dataset, [0.5, 0.5], loose(1)), /\[randomSplit\] expected an object/);
    await assert.rejects(data.trainValidationSplit(dataset, loose(undefined)), /\[trainValidationSplit\] expected/);
  });

  it('states of the wrong kind are refused', () => {
    const model = new nn.Linear(2, 2);
    const optimizer = new optim.SGD(model.parameters(), { lr: 0.1 });
    refuses(
      () => model.loadStateDict(loose(undefined)),
      /\[loadStateDict\] expected tensors by name, received undefined/,
    );
    refuses(() => optimizer.loadStateDict(loose(undefined)), /\[SGD.loadStateDict\] expected a state/);
    refuses(() => optimizer.loadStateDict(loose({ kind: 'SGD' })), /a state has kind, groups, steps and tensors/);
    refuses(
      () => optimizer.loadStateDict(loose({ kind: 'SGD', groups: [{}], steps: [], tensors: {} })),
      /a state has kind, groups, steps and tensors/,
    );
  });
});

describe('errors of shapes, scalars and memory', () => {
  it('name the operator', () => {
    assert.throws(() => zeros([1, 1, 1, 1, 1, 1, 1, 1, 1]), { message: '[full] a tensor has at most 8 dimensions' });
    assert.throws(() => ones([1, 1, 1, 1, 1, 1, 1, 1]).unsqueeze(0), ShapeError);
    assert.throws(() => tensor(Uint8Array.of(1)).add(300), /^ArgumentError: \[add\] the number 300 does not fit uint8/);
    assert.throws(() => zeros([1e6, 1e6]), /\[full\] cannot allocate/);
  });
});
