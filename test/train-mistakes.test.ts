// What the Trainer does about targets that do not count, losses that become NaN, and data that is not what it should be.
import assert from 'node:assert/strict';
import {
  ArgumentError,
  compile,
  data,
  manualSeed,
  nn,
  noGrad,
  optim,
  scope,
  type Tensor,
  tensor,
  train,
  zeros,
} from 'anneal';
import { warningsOf } from './support/warnings';

// One logit per class, whatever the input: the loss of a batch is a number that can be computed by hand.
class Constant extends nn.Module {
  readonly logits: nn.Parameter;
  constructor(logits: number[]) {
    super();
    this.logits = new nn.Parameter(tensor(logits));
  }
  forward(x: Tensor): Tensor {
    return this.logits.unsqueeze(0).expand([x.shape[0], this.logits.shape[0]]).add(x.mul(0));
  }
}

/** -log softmax(logits)[label] */
function lossOf(logits: number[], label: number): number {
  const sum = logits.reduce((total, logit) => total + Math.exp(logit), 0);
  return Math.log(sum) - (logits[label] as number);
}

function trainerOf(model: train.Model, options: Partial<train.TrainerOptions> = {}): train.Trainer {
  const optimizer = new optim.SGD(model.parameters(), { lr: 0 });
  return new train.Trainer({ model, optimizer, loss: nn.crossEntropy, progress: false, ...options });
}

function near(actual: number, expected: number): void {
  assert.ok(Math.abs(actual - expected) < 1e-6, `${actual}, expected ${expected}`); // float32 logarithms
}

describe('targets that do not count', () => {
  const logits = [0, 1, 3];
  // Batches of 2: two that count, one of two, none.
  const labels = [0, 2, -100, 1, -100, -100];
  const counted = labels.filter((label) => label >= 0);
  const expected = counted.reduce((sum, label) => sum + lossOf(logits, label), 0) / counted.length;

  for (const way of [true, false]) {
    it(`the loss of an epoch is the mean over those that do, ${way ? 'compiled' : 'eager'}`, async () => {
      const model = new Constant(logits);
      const losses: Record<string, train.Loss> = {
        crossEntropy: nn.crossEntropy,
        module: new nn.CrossEntropyLoss(),
        nll: (output, target) => nn.nllLoss(output.logSoftmax(-1), target),
        scaled: (output, target) => nn.crossEntropy(output, target).mul(1),
      };
      for (const [name, loss] of Object.entries(losses)) {
        const trainer = trainerOf(model, { loss, compile: way, metrics: { accuracy: train.accuracy() } });
        const set = [zeros([6, 3]), tensor(labels, { dtype: 'int64' })];
        const { epochs } = await trainer.fit(set, { epochs: 2, batchSize: 2, shuffle: false });
        for (const record of epochs) {
          near(record.loss, expected);
          assert.equal(record.samples, 6);
          near(record.metrics.accuracy as number, 1 / 3); // class 2 is predicted always, and right once in three
        }
        const evaluation = await trainer.evaluate(set, { batchSize: 2 });
        near(evaluation.loss, expected);
        assert.equal(evaluation.metrics.accuracy, epochs[0]?.metrics.accuracy, name);
      }
    });

    it(`another index than -100 may be ignored, ${way ? 'compiled' : 'eager'}`, async () => {
      const model = new Constant(logits);
      const trainer = trainerOf(model, {
        compile: way,
        loss: new nn.CrossEntropyLoss({ ignoreIndex: 0 }),
        metrics: {
          accuracy: train.accuracy({ ignoreIndex: 0 }),
          recall: train.recall({ ignoreIndex: 0, average: 'none' }),
        },
      });
      const set = [zeros([5, 3]), tensor(Uint8Array.of(0, 0, 2, 1, 0))];
      const { epochs } = await trainer.fit(set, { batchSize: 2, shuffle: false });
      near(epochs[0]?.loss as number, (lossOf(logits, 2) + lossOf(logits, 1)) / 2);
      assert.deepEqual(epochs[0]?.metrics, { accuracy: 0.5, recall: [0, 0, 1] });
    });
  }

  it('batches without a target that counts change no parameter', async () => {
    const model = new Constant(logits);
    const optimizer = new optim.SGD(model.parameters(), { lr: 1 });
    const trainer = new train.Trainer({ model, optimizer, loss: nn.crossEntropy, progress: false });
    const warnings = await warningsOf(async () => {
      const { epochs } = await trainer.fit([zeros([4, 3]), tensor([-100, -100, -100, -100], { dtype: 'int64' })]);
      assert.ok(Number.isNaN(epochs[0]?.loss));
    });
    assert.deepEqual(model.logits.arraySync(), logits);
    assert.deepEqual(
      warnings.map(({ code }) => code),
      ['ANNEAL_NAN_LOSS'],
    );
  });

  it('sequences count by their share', async () => {
    // [batch, classes, time]: 3 of 4 targets count in the first batch, 1 of 4 in the second.
    const output = tensor(
      Float32Array.from({ length: 24 }, (_, i) => Math.sin(i)),
      { shape: [4, 3, 2] },
    );
    class Same extends nn.Module {
      w = new nn.Parameter(tensor([1]));
      forward(x: Tensor): Tensor {
        return x.mul(this.w);
      }
    }
    const targets = tensor(
      [
        [0, 1],
        [2, -100],
        [-100, -100],
        [1, -100],
      ],
      { dtype: 'int64' },
    );
    const history = await trainerOf(new Same()).fit([output, targets], { batchSize: 2, shuffle: false });
    near(history.epochs[0]?.loss as number, nn.crossEntropy(output, targets).itemSync());
  });

  it('the mean of an epoch of unequal batches is the mean over samples, as before', async () => {
    const model = new Constant(logits);
    const all = [0, 1, 2, 2, 1];
    const history = await trainerOf(model).fit([zeros([5, 3]), tensor(all, { dtype: 'int64' })], { batchSize: 2 });
    near(history.epochs[0]?.loss as number, all.reduce((sum, label) => sum + lossOf(logits, label), 0) / 5);
  });

  it('metrics leave them out, binary too, and refuse other labels out of range', async () => {
    const metric = train.confusionMatrix();
    const output = tensor([
      [1, 0],
      [0, 1],
      [0, 1],
    ]);
    metric.update(output, tensor([0, 0, -100], { dtype: 'int64' }));
    assert.deepEqual(await metric.compute(), [
      [1, 1],
      [0, 0],
    ]);
    const binary = train.accuracy({ ignoreIndex: -1 });
    binary.update(tensor([0.9, 0.2, 0.9, 0.9]), tensor([1, 0, -1, 0]));
    near(await binary.compute(), 2 / 3);
    const strict = train.accuracy();
    strict.update(output, tensor([0, 0, 7], { dtype: 'int64' }));
    await assert.rejects(strict.compute(), { name: 'IndexError' });
    assert.throws(() => train.accuracy({ ignoreIndex: 0.5 }), ArgumentError);
    assert.ok(Number.isNaN(await train.accuracy().compute()));
  });
});

describe('a loss that becomes NaN', () => {
  const set = (): [Tensor, Tensor] => [tensor([[1], [1], [1], [1]]), tensor([[1], [NaN], [1], [1]])];
  const trainer = (compiled: boolean) => {
    const model = new nn.Linear(1, 1);
    const optimizer = new optim.SGD(model.parameters(), { lr: 0.1 });
    return new train.Trainer({ model, optimizer, loss: nn.mseLoss, progress: false, compile: compiled });
  };

  for (const compiled of [true, false]) {
    it(`is told once per fit, ${compiled ? 'compiled' : 'eager'}`, async () => {
      const t = trainer(compiled);
      for (let fit = 0; fit < 2; fit++) {
        const warnings = await warningsOf(async () => {
          const history = await t.fit(set(), { epochs: 3, batchSize: 1 });
          assert.deepEqual([history.epochs.length, history.stopReason], [3, undefined]);
        });
        assert.equal(warnings.length, 1);
        assert.match(warnings[0]?.message ?? '', /^\[fit\] the loss of epoch 1 is NaN/);
      }
      assert.deepEqual(await warningsOf(() => t.fit(set(), { nanLoss: 'ignore' })), []);
    });

    it(`ends training where that is wanted, ${compiled ? 'compiled' : 'eager'}`, async () => {
      const history = await warningsOf(async () => {
        const { epochs, stopReason } = await trainer(compiled).fit(set(), { epochs: 3, nanLoss: 'stop' });
        assert.deepEqual([epochs.length, stopReason], [1, 'the loss of epoch 1 is NaN']);
      });
      assert.equal(history.length, 1);
    });
  }

  it('ends a long epoch before its end', async () => {
    let batches = 0;
    const [x, y] = set();
    async function* endless(): AsyncGenerator<[Tensor, Tensor]> {
      for (; batches < 1e6; batches++) {
        await new Promise((resolve) => setTimeout(resolve, 1));
        yield [x, y];
      }
    }
    await warningsOf(async () => {
      const { stopReason } = await trainer(false).fit(endless(), { nanLoss: 'stop' });
      assert.match(stopReason ?? '', /NaN/);
    });
    assert.ok(batches > 1 && batches < 5000, `${batches}`);
  });

  it('does not end an epoch whose first batches ignore all their targets', async () => {
    const labels = tensor([[-100], [-100], [0]], { dtype: 'int64' });
    async function* slow(): AsyncGenerator<[Tensor, Tensor]> {
      for (const label of [0, 1, 2]) {
        const [row] = [scope(() => labels.slice(0, label, label + 1).reshape([1]))];
        yield [zeros([1, 3]), row];
        await new Promise((resolve) => setTimeout(resolve, 120));
      }
    }
    const { epochs, stopReason } = await trainerOf(new Constant([0, 1, 3])).fit(slow(), { nanLoss: 'stop' });
    assert.equal(stopReason, undefined);
    near(epochs[0]?.loss as number, lossOf([0, 1, 3], 0));
  });

  it('takes three answers only', async () => {
    await assert.rejects(trainer(true).fit(set(), { nanLoss: 'no' as 'stop' }), ArgumentError);
  });
});

describe('callbacks that watch a figure', () => {
  const figure = (name: string, values: number[], mode?: 'min' | 'max'): Record<string, train.Metric<number>> => {
    let epoch = 0;
    const metric = { reset() {}, update() {}, compute: async () => values[epoch++] as number };
    return { [name]: mode === undefined ? metric : { ...metric, mode } };
  };
  const stopped = async (name: string, options: train.EarlyStoppingOptions, mode?: 'min' | 'max') => {
    const callback = new train.EarlyStopping({ monitor: name, patience: 2, ...options });
    const trainer = trainerOf(new Constant([0, 1]), {
      metrics: figure(name, [5, 4, 3, 3.5, 3.6, 3.7, 9], mode),
      callbacks: [callback],
    });
    const history = await trainer.fit([zeros([2, 2]), tensor([0, 1], { dtype: 'int64' })], { epochs: 7 });
    return [callback.best, callback.bestEpoch, history.epochs.length];
  };
  const smallest = [3, 3, 5];
  const largest = [5, 1, 3];

  it('know errors from scores by their names', async () => {
    for (const name of ['mae', 'RMSE', 'meanAbsoluteError', 'my_loss', 'loss_total', 'perplexity', 'wer', 'val_mse']) {
      assert.deepEqual(await stopped(name, {}), smallest, name);
    }
    for (const name of ['accuracy', 'macroF1', 'auc', 'r2', 'mean_iou', 'top5', 'F1']) {
      assert.deepEqual(await stopped(name, {}), largest, name);
    }
  });

  it('go by what the metric says, and by what they are told', async () => {
    assert.deepEqual(await stopped('whatever', {}, 'min'), smallest);
    assert.deepEqual(await stopped('accuracy', {}, 'min'), smallest);
    assert.deepEqual(await stopped('accuracy', { mode: 'max' }, 'min'), largest);
    assert.deepEqual(await stopped('whatever', { mode: 'min' }), smallest);
    assert.equal(train.accuracy().mode, 'max');
  });

  it('ask before the first epoch where nothing tells', async () => {
    await assert.rejects(stopped('whatever', {}), /nothing tells whether smaller or larger is better for 'whatever'/);
    let epochs = 0;
    const trainer = trainerOf(new Constant([0, 1]), {
      metrics: figure('whatever', [1]),
      callbacks: [
        new train.ModelCheckpoint({ path: 'never.safetensors', monitor: 'validation.whatever', saveBestOnly: true }),
        { onEpochBegin: () => void epochs++ },
      ],
    });
    await assert.rejects(trainer.fit([zeros([2, 2]), tensor([0, 1], { dtype: 'int64' })]), ArgumentError);
    assert.equal(epochs, 0);
  });
});

describe('data that is not what it should be', () => {
  const trainer = trainerOf(new Constant([0, 1]));
  const x = zeros([2, 2]);
  const y = tensor([0, 1], { dtype: 'int64' });
  const refused = (promise: Promise<unknown>, message: RegExp) =>
    assert.rejects(promise, (e: Error) => e instanceof ArgumentError && message.test(e.message));

  it('is named', async () => {
    await refused(
      trainer.fit(x as never, y as never),
      /\[fit\] expected inputs and targets as one list: fit\(\[inputs, targets\]/,
    );
    await refused(trainer.evaluate(x as never, y as never), /\[evaluate\] expected inputs and targets as one list/);
    await refused(trainer.fit(x as never), /received Tensor: put inputs and targets into one list/);
    const arrays = [new Float32Array(4), new Float32Array(2)];
    await refused(
      trainer.fit(arrays as never),
      /received Float32Array: make tensors of typed arrays, or a data\.ArrayDataset/,
    );
    await refused(
      trainer.fit([x, new Float32Array(2)] as never),
      /\[fit\] expected every batch.* received Tensor: a batch is a list/,
    );
    await refused(trainer.fit([[x, [0, 1]]] as never), /received a list with array/);
    await refused(trainer.fit([[[1, 2]], [0]] as never), /received a list with array/);
    await refused(trainer.fit([[]] as never), /received an empty list/);
    await refused(trainer.fit(Promise.resolve([x, y]) as never), /received Promise \(is an await missing\?\)/);
    await refused(trainer.fit(5 as never), /received number 5/);
    await refused(trainer.fit([x, y], [x, y] as never), /expected an object with options/);
    await refused(trainer.fit([x]), /expected batches of inputs and a target, received one tensor/);
    assert.throws(
      () => new train.Trainer({ model: (() => x) as never, optimizer: {} as never, loss: nn.mseLoss }),
      /received function/,
    );
    assert.ok(data && (await trainer.fit([x, y])));
  });
});

describe('step() without backward()', () => {
  it('is told once, eager and traced', async () => {
    manualSeed(1);
    const p = new nn.Parameter(tensor([1]));
    class Own extends optim.SGD {
      override get kind(): string {
        return 'Own';
      }
    }
    const optimizer = new Own([p], { lr: 1 });
    const seen = await warningsOf(() => {
      for (let i = 0; i < 3; i++) optimizer.step();
    });
    assert.deepEqual(
      seen.map(({ code }) => code),
      ['ANNEAL_STEP_WITHOUT_GRADIENTS'],
    );
    assert.match(seen[0]?.message ?? '', /^\[Own\] step\(\) found no gradients/);
    const step = compile((x: Tensor) => {
      const loss = p.mul(x).sum();
      loss.backward();
      optimizer.step();
      optimizer.zeroGrad();
      return loss;
    });
    const quiet = await warningsOf(() => {
      step(tensor([2]));
      p.mul(2).sum().backward();
      optimizer.step();
    });
    assert.deepEqual(quiet, []);
    assert.deepEqual(
      noGrad(() => p.arraySync()),
      [-3],
    );
  });
});
