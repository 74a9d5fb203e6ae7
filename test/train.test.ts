// Trainer: what fit learns and reports, evaluate and predict, data in every form, and aborting.
import assert from 'node:assert/strict';
import {
  ArgumentError,
  data,
  defaultDevice,
  manualSeed,
  memory,
  nn,
  optim,
  type Tensor,
  tensor,
  train,
  uniform,
} from 'anneal';
import { Decaying } from './support/decaying';

const values = (x: Tensor): number[] => Array.from(x.dataSync(), Number);

// Points of the plane, class 1 above a line.
function points(count: number, seed = 1): [Tensor, Tensor] {
  manualSeed(seed);
  const x = uniform([count, 2], { low: -1, high: 1 });
  const flat = values(x);
  const y = Array.from({ length: count }, (_, i) =>
    Number((flat[2 * i] as number) + 0.5 * (flat[2 * i + 1] as number) > 0.1),
  );
  return [x, tensor(y, { dtype: 'int64' })];
}

function trainer(options: Partial<train.TrainerOptions> = {}): { trainer: train.Trainer; model: nn.Sequential } {
  manualSeed(5);
  const model = new nn.Sequential(new nn.Linear(2, 16), new nn.ReLU(), new nn.Linear(16, 2));
  const optimizer = new optim.Adam(model.parameters(), { lr: 0.02 });
  return { model, trainer: new train.Trainer({ model, optimizer, loss: nn.crossEntropy, ...options }) };
}

describe('Trainer.fit', () => {
  it('learns and reports each epoch', async () => {
    const { trainer: t, model } = trainer({
      metrics: { accuracy: train.accuracy(), confusion: train.confusionMatrix() },
    });
    const history = await t.fit(points(300), { epochs: 20, batchSize: 32, seed: 3, validation: points(101, 2) });
    assert.equal(history.epochs.length, 20);
    assert.equal(history.stopReason, undefined);
    const [first, last] = [history.epochs[0], history.epochs.at(-1)] as [train.EpochRecord, train.EpochRecord];
    assert.ok(last.loss < 0.15 && last.loss < first.loss / 2, `loss ${first.loss} -> ${last.loss}`);
    assert.ok((last.validation?.metrics.accuracy as number) > 0.95);
    assert.deepEqual([first.epoch, last.epoch, first.samples, first.learningRate], [1, 20, 300, 0.02]);
    assert.equal(first.validation?.samples, 101);
    assert.ok(first.seconds > 0 && Math.abs(first.samplesPerSecond * first.seconds - 300) < 1e-6);
    assert.equal(
      (last.metrics.confusion as number[][]).flat().reduce((sum, n) => sum + n),
      300,
    );
    assert.equal(model.training, true);
  });

  it('reports the mean over samples, not over batches', async () => {
    const { trainer: t } = trainer();
    const [x, y] = points(70);
    const whole = await t.evaluate([x, y], { batchSize: 70 });
    const cut = await t.evaluate([x, y], { batchSize: 32 });
    assert.ok(Math.abs(whole.loss - cut.loss) < 1e-6);
    assert.ok(Math.abs(whole.loss - nn.crossEntropy((await t.predict(x)) as Tensor, y).itemSync()) < 1e-6);
  });

  it('gives the same bits for the same seed', async () => {
    const run = async (seed: number): Promise<number[]> => {
      const { trainer: t, model } = trainer();
      await t.fit(points(100), { epochs: 2, batchSize: 16, seed });
      return model.parameters().flatMap(values);
    };
    const first = await run(9);
    assert.deepEqual(await run(9), first);
    assert.notDeepEqual(await run(10), first);
  });

  it("runs a user's own optimizer step by step where it depends on their number", async () => {
    const run = async (compile: boolean): Promise<number[]> => {
      manualSeed(5);
      const model = new nn.Sequential(new nn.Linear(2, 16), new nn.ReLU(), new nn.Linear(16, 2));
      const optimizer = new Decaying(model.parameters(), { lr: 0.5 });
      const t = new train.Trainer({ model, optimizer, loss: nn.crossEntropy, compile });
      await t.fit(points(100), { epochs: 2, batchSize: 8, seed: 1 });
      return model.parameters().flatMap(values);
    };
    // A bias's gradient may be added up in another order.
    const expected = await run(false);
    for (const [i, value] of (await run(true)).entries()) assert.ok(Math.abs(value - (expected[i] as number)) < 1e-5);
  });

  it('takes loaders, datasets and iterables', async () => {
    const [x, y] = points(40);
    const dataset = new data.TensorDataset(x, y);
    const batches = [[x, y]];
    const forms: train.Data[] = [dataset, new data.DataLoader(dataset, { batchSize: 8 }), batches, [x, y]];
    for (const form of forms) assert.equal((await trainer().trainer.fit(form)).epochs[0]?.samples, 40);
    const loss = new nn.CrossEntropyLoss();
    assert.equal((await trainer({ loss }).trainer.fit(dataset)).epochs.length, 1);
  });

  it('passes several inputs', async () => {
    class Sum extends nn.Module {
      fc = new nn.Linear(2, 2);
      forward(a: Tensor, b: Tensor): Tensor {
        return this.fc.forward(a.add(b));
      }
    }
    const model = new Sum();
    const t = new train.Trainer({ model, optimizer: new optim.SGD(model.parameters()), loss: nn.crossEntropy });
    const [x, y] = points(10);
    assert.equal((await t.fit([x, x, y])).epochs[0]?.samples, 10);
    assert.deepEqual((await t.predict([x, x, y])).shape, [10, 2]);
  });

  it('refuses what cannot be trained on', async () => {
    const { trainer: t } = trainer();
    const [x, y] = points(8);
    const loader = new data.DataLoader(new data.TensorDataset(x, y));
    await assert.rejects(t.fit(loader, { batchSize: 4 }), /\[fit\] batchSize is for tensors and datasets/);
    await assert.rejects(t.fit([x, y], { epochs: 0 }), /\[fit\] expected a positive integer for epochs/);
    await assert.rejects(t.fit([x]), /inputs and a target/);
    await assert.rejects(t.fit(3 as unknown as train.Data), ArgumentError);
    await assert.rejects(t.fit([]), ArgumentError);
    function* once(): Generator<train.Batch> {
      yield [x, y];
    }
    await assert.rejects(t.fit(once(), { epochs: 2 }), /no batches in epoch 2; a generator/);
    assert.throws(() => new train.Trainer({} as train.TrainerOptions), ArgumentError);
    const running = t.fit([x, y]);
    await assert.rejects(t.evaluate([x, y]), /busy/);
    await running;
  });

  it('sets modes: training, then inference, then as before', async () => {
    const modes: boolean[] = [];
    class Watch extends nn.Module {
      forward(x: Tensor): Tensor {
        modes.push(this.training);
        return x;
      }
    }
    const model = new nn.Sequential(new nn.Linear(2, 2), new Watch());
    const t = new train.Trainer({ model, optimizer: new optim.SGD(model.parameters()), loss: nn.crossEntropy });
    model.eval();
    await t.fit(points(8), { validation: points(8) });
    assert.deepEqual(modes, [true, false]);
    assert.equal(model.training, false);
    model.train();
    await t.predict(points(4)[0]);
    assert.deepEqual([modes[2], model.training], [false, true]);
  });

  it('limits the norm of the gradients when asked', async () => {
    const model = new nn.Linear(2, 2);
    const weights = () => model.parameters().flatMap(values);
    const before = weights();
    const optimizer = new optim.SGD(model.parameters(), { lr: 1 });
    const limited = new train.Trainer({ model, optimizer, loss: nn.crossEntropy, clipGradNorm: 0.01 });
    await limited.fit(points(64), { batchSize: 64 });
    const moved = Math.hypot(...weights().map((weight, i) => weight - (before[i] as number)));
    // One step of lr 1 moves by the gradient; float32 weights near 1 are rounded to 1e-7.
    assert.ok(Math.abs(moved - 0.01) < 1e-5, `moved by ${moved}`);
    assert.throws(
      () => new train.Trainer({ model, optimizer, loss: nn.crossEntropy, clipGradNorm: 0 }),
      /\[Trainer\] expected a positive number for clipGradNorm/,
    );
  });

  it('keeps memory flat', async () => {
    const { trainer: t } = trainer({ metrics: { accuracy: train.accuracy() } });
    const set = points(64);
    const run = (): Promise<train.History> => t.fit(set, { epochs: 20, batchSize: 8 });
    await run();
    const before = memory(defaultDevice()).live;
    await run();
    // The batches of the last few turns may still wait for the garbage collector.
    const after = memory(defaultDevice()).live;
    assert.ok(after < before + (1 << 20), `${before} -> ${after} bytes`);
  });
});

describe('Trainer.fit with a signal', () => {
  // Steps of a few hundred microseconds each, as long as the data lasts.
  async function* endless(): AsyncGenerator<train.Batch> {
    const [x, y] = points(64);
    for (;;) yield [x, y];
  }

  it('rejects with the reason of the signal and leaves the model usable', async () => {
    const { trainer: t, model } = trainer();
    const controller = new AbortController();
    const reason = new Error('enough');
    setTimeout(() => controller.abort(reason), 30);
    let closed = false;
    async function* source(): AsyncGenerator<train.Batch> {
      try {
        yield* endless();
      } finally {
        closed = true;
      }
    }
    await assert.rejects(t.fit(source(), { signal: controller.signal }), (error) => error === reason);
    assert.ok(closed);
    assert.ok(model.parameters().flatMap(values).every(Number.isFinite));
    assert.equal((await t.fit(points(8))).epochs.length, 1);
  });

  it('rejects at once for an aborted signal and while data hangs', async () => {
    const { trainer: t } = trainer();
    await assert.rejects(t.fit(points(8), { signal: AbortSignal.abort() }), { name: 'AbortError' });
    const hanging: AsyncIterable<train.Batch> = {
      [Symbol.asyncIterator]: () => ({ next: () => new Promise(() => {}), return: () => new Promise(() => {}) }),
    };
    await assert.rejects(t.fit(hanging, { signal: AbortSignal.timeout(20) }), { name: 'TimeoutError' });
    await assert.rejects(t.predict(points(8)[0], { signal: AbortSignal.abort() }), { name: 'AbortError' });
  });

  it('rejects where the data aborts before it hangs', async () => {
    const { trainer: t } = trainer();
    const controller = new AbortController();
    const next = () => {
      controller.abort(new Error('stop'));
      return new Promise<never>(() => {});
    };
    const source: AsyncIterable<train.Batch> = { [Symbol.asyncIterator]: () => ({ next }) };
    await assert.rejects(t.fit(source, { signal: controller.signal }), /^Error: stop$/);
  });
});
