// data.WeightedRandomSampler: how often samples come, the same ones for a seed, and what it refuses.
import assert from 'node:assert/strict';
import { ArgumentError, arange, data, nn, optim, tensor, train } from 'anneal';
import { expectNoLeaks } from './live-tensors';

const { ArrayDataset, DataLoader, TensorDataset, WeightedRandomSampler } = data;

/** The samples of the next epoch of a loader over numbers. */
async function epoch(loader: data.DataLoader<unknown, unknown>): Promise<number[]> {
  const seen: number[] = [];
  for await (const batch of loader) {
    const [column] = batch as ReturnType<typeof tensor>[];
    seen.push(...Array.from(await (column as ReturnType<typeof tensor>).data(), Number));
    column?.dispose();
  }
  return seen;
}

describe('data.WeightedRandomSampler', () => {
  expectNoLeaks();

  it('draws samples as often as their weights say, others each epoch', async () => {
    const sampler = new WeightedRandomSampler([0, 1, 3, 6], { count: 4000 });
    const dataset = new TensorDataset(arange(4));
    const loader = new DataLoader(dataset, { batchSize: 500, sampler, seed: 1 });
    assert.equal(loader.length, 8);
    const [first, second] = [await epoch(loader), await epoch(loader)];
    assert.notDeepEqual(first, second);
    for (const seen of [first, second]) {
      assert.equal(seen.length, 4000);
      const counts = [0, 1, 2, 3].map((i) => seen.filter((sample) => sample === i).length);
      assert.equal(counts[0], 0);
      // Standard deviations of the counts are at most sqrt(4000 / 4) = 32: four of them.
      for (const [i, share] of [0.1, 0.3, 0.6].entries()) {
        assert.ok(Math.abs((counts[i + 1] as number) - 4000 * share) < 128, String(counts));
      }
    }
    const again = new DataLoader(dataset, { batchSize: 500, sampler, seed: 1 });
    assert.deepEqual([await epoch(again), await epoch(again)], [first, second]);
    dataset.tensors[0].dispose();
  });

  it('draws each sample once without replacement, whatever the dataset is', async () => {
    const sampler = new WeightedRandomSampler(Float32Array.of(1, 0, 2, 5, 1, 9), { count: 5, replacement: false });
    const values = [10, 11, 12, 13, 14, 15];
    const columns = new ArrayDataset({ data: Float32Array.from(values), shape: [6] });
    const seen = await epoch(new DataLoader(columns, { batchSize: 2, sampler, seed: 3 }));
    assert.deepEqual([...seen].sort(), [10, 12, 13, 14, 15]);
    const samples = values.map((value) => [value]);
    assert.deepEqual(await epoch(new DataLoader(samples, { batchSize: 2, sampler, seed: 3 })), seen);
  });

  it('goes on where an epoch was left', async () => {
    const sampler = new WeightedRandomSampler(new Array(20).fill(1));
    const make = () =>
      new DataLoader(
        Array.from({ length: 20 }, (_, i) => [i]),
        { batchSize: 4, sampler, seed: 5 },
      );
    const whole = await epoch(make());
    const first = make();
    for await (const [column] of first) {
      column?.dispose();
      break;
    }
    const second = make();
    second.setState(first.state());
    assert.deepEqual(await epoch(second), whole.slice(4));
  });

  it('says what is wrong', () => {
    const wrong: [() => unknown, RegExp][] = [
      [() => new WeightedRandomSampler(3 as never), /expected an array of weights/],
      [() => new WeightedRandomSampler([1, -1]), /expected weights of at least 0, received -1 at 1/],
      [() => new WeightedRandomSampler([1, Number.NaN]), /received NaN at 1/],
      [() => new WeightedRandomSampler([0, 0]), /expected a weight above 0/],
      [() => new WeightedRandomSampler([1], { count: 0 }), /expected a count of samples/],
      [
        () => new WeightedRandomSampler([1, 0, 1], { replacement: false }),
        /3 samples cannot be drawn without replacement: 2/,
      ],
      [
        () => new DataLoader([[1], [2]], { sampler: new WeightedRandomSampler([1]) }).length,
        /there are 1 weights for 2 samples/,
      ],
    ];
    for (const [attempt, message] of wrong) {
      assert.throws(
        attempt,
        (error: Error) => error instanceof ArgumentError && message.test(error.message),
        String(message),
      );
    }
  });
});

describe('data.WeightedRandomSampler in training', () => {
  it('serves a Trainer, by way of a loader', async () => {
    const [x, y] = [tensor([[1], [2]]), tensor([[1], [0]])];
    const sampler = new WeightedRandomSampler([1, 0], { count: 6 });
    const model = new nn.Linear(1, 1);
    const trainer = new train.Trainer({
      model,
      optimizer: new optim.SGD(model.parameters(), { lr: 0.1 }),
      loss: nn.mseLoss,
    });
    const { epochs } = await trainer.fit(new DataLoader(new TensorDataset(x, y), { batchSize: 2, sampler }), {
      epochs: 1,
    });
    assert.equal(epochs[0]?.samples, 6);
  });
});
