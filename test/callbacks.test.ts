// train callbacks: their order, early stopping and checkpoints.
import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ArgumentError, io, nn, optim, type Tensor, tensor, train } from 'anneal';

const values = (x: Tensor): number[] => Array.from(x.dataSync(), Number);

// One weight that moves by 1 an epoch from 0, and whose loss is |w - 3|: best after the third epoch.
class Walker extends nn.Module {
  w = new nn.Parameter(tensor([0]));
  forward(x: Tensor): Tensor {
    return x.mul(this.w);
  }
}

function walker(callbacks: train.Callback[]): { model: Walker; run: (epochs: number) => Promise<train.History> } {
  const model = new Walker();
  const t = new train.Trainer({
    model,
    optimizer: new optim.SGD(model.parameters(), { lr: 1 }),
    // The gradient by w is -1; the loss reported is that of evaluation.
    loss: (output, target) => (output.requiresGrad ? output.neg().sum() : output.sub(target).abs().sum()),
    callbacks,
  });
  const set: [Tensor, Tensor] = [tensor([1]), tensor([3])];
  return { model, run: (epochs) => t.fit(set, { epochs, validation: set }) };
}

describe('train callbacks', () => {
  it('are called in order, awaited, and may stop training', async () => {
    const calls: string[] = [];
    const log: train.Callback = {
      onFitBegin: () => void calls.push('fit'),
      onEpochBegin: async (run) => {
        await new Promise((resolve) => setTimeout(resolve, 1));
        calls.push(`epoch ${run.epoch} of ${run.epochs}`);
      },
      onBatchEnd: async ({ batch, samples, loss }) => void calls.push(`batch ${batch} ${samples} ${await loss.item()}`),
      onEpochEnd: (record, run) => {
        calls.push(`end ${record.epoch} ${run.history.epochs.length}`);
        if (record.epoch === 2) run.stop('that will do');
      },
      onFitEnd: () => void calls.push('done'),
    };
    const history = await walker([log]).run(5);
    assert.equal(history.stopReason, 'that will do');
    assert.deepEqual(calls, [
      'fit',
      'epoch 1 of 5',
      'batch 1 1 0',
      'end 1 1',
      'epoch 2 of 5',
      'batch 1 1 -1',
      'end 2 2',
      'done',
    ]);
  });

  it('end training with their errors', async () => {
    const broken: train.Callback = {
      onEpochEnd: () => {
        throw new Error('broken');
      },
    };
    const { run, model } = walker([broken]);
    await assert.rejects(run(2), /broken/);
    assert.deepEqual(values(model.w), [1]);
  });
});

describe('EarlyStopping', () => {
  it('stops after patience epochs without improvement', async () => {
    const stopping = new train.EarlyStopping({ patience: 2 });
    const { run, model } = walker([stopping]);
    const history = await run(100);
    assert.deepEqual(
      history.epochs.map((record) => record.validation?.loss),
      [2, 1, 0, 1, 2],
    );
    assert.deepEqual([stopping.best, stopping.bestEpoch], [0, 3]);
    assert.match(history.stopReason ?? '', /validation\.loss has not improved for 2 epochs/);
    assert.deepEqual(values(model.w), [5]);
  });

  it('restores the best weights, stopped or not', async () => {
    for (const epochs of [4, 100]) {
      const { run, model } = walker([new train.EarlyStopping({ patience: 2, restoreBest: true })]);
      await run(epochs);
      assert.deepEqual(values(model.w), [3]);
    }
  });

  it('knows directions, least changes and names', async () => {
    const rising = walker([new train.EarlyStopping({ mode: 'max', patience: 1 })]);
    assert.equal((await rising.run(100)).epochs.length, 2);
    const picky = walker([new train.EarlyStopping({ minDelta: 1.5, patience: 2 })]);
    assert.equal((await picky.run(100)).epochs.length, 5);
    await assert.rejects(
      walker([new train.EarlyStopping({ monitor: 'accuracy' })]).run(1),
      /no number 'accuracy' to monitor; there are loss, validation\.loss/,
    );
    assert.throws(() => new train.EarlyStopping({ patience: -1 }), ArgumentError);
    assert.throws(() => new train.EarlyStopping({ mode: 'up' as 'max' }), ArgumentError);
  });
});

describe('ModelCheckpoint', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'anneal-'));
  });
  afterEach(() => rm(folder, { recursive: true }));

  it('saves the best epoch', async () => {
    const path = join(folder, 'best.safetensors');
    const checkpoint = new train.ModelCheckpoint({ path, saveBestOnly: true });
    const { run, model } = walker([checkpoint]);
    await run(6);
    assert.deepEqual(values(model.w), [6]);
    assert.deepEqual([checkpoint.best, checkpoint.lastPath], [0, path]);
    model.loadStateDict(await io.load(path));
    assert.deepEqual(values(model.w), [3]);
    assert.equal((await io.loadMetadata(path)).metadata.epoch, '3');
    assert.deepEqual(await readdir(folder), ['best.safetensors']);
  });

  it('saves every epoch under its number', async () => {
    await walker([new train.ModelCheckpoint({ path: join(folder, 'model-{epoch}.safetensors') })]).run(2);
    assert.deepEqual((await readdir(folder)).sort(), ['model-1.safetensors', 'model-2.safetensors']);
    await walker([new train.ModelCheckpoint({ path: join(folder, 'new', 'run-{epoch}', 'model.safetensors') })]).run(1);
    assert.deepEqual(await readdir(join(folder, 'new', 'run-1')), ['model.safetensors']);
    assert.throws(() => new train.ModelCheckpoint({ path: '' }), ArgumentError);
  });
});
