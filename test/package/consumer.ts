// A program that uses the package's types as users do: it must compile under every way of finding them, and run.
import { compile, data, engineInfo, io, manualSeed, nn, optim, type Tensor, tensor, train, uniform } from 'anneal';

class Net extends nn.Module {
  first = new nn.Linear(2, 16);
  second = new nn.Linear(16, 2);

  forward(x: Tensor): Tensor {
    return this.second.forward(this.first.forward(x).relu());
  }
}

async function main(): Promise<void> {
  manualSeed(1);
  const inputs = uniform([200, 2], { low: -1, high: 1 });
  const targets = inputs.sum(1).gt(0).to('int64');
  const model = new Net();
  const optimizer = new optim.AdamW(model.parameters(), { lr: 0.01 });
  const trainer = new train.Trainer({
    model,
    optimizer,
    loss: nn.crossEntropy,
    metrics: { accuracy: train.accuracy() },
    progress: false,
  });
  const { epochs } = await trainer.fit([inputs, targets], { epochs: 15, batchSize: 20, seed: 1 });
  const accuracy: number | undefined = epochs[14]?.metrics.accuracy;
  if (accuracy === undefined || accuracy < 0.9) throw new Error(`the accuracy is ${accuracy}`);

  const classify = compile((x: Tensor) => model.forward(x).argmax(1));
  const classes: BigInt64Array = await classify(inputs.slice(0, 0, 4)).data('int64');
  const floats: Float32Array = await tensor([1, 2]).mul(2).data('float32');
  if (classes.length !== 4 || floats[1] !== 4) throw new Error('wrong values');

  const bytes: Uint8Array = await io.serialize(model.stateDict());
  model.loadStateDict(await io.deserialize(bytes));
  const loader = new data.DataLoader(new data.TensorDataset(inputs, targets), { batchSize: 50, shuffle: true });
  let batches = 0;
  for await (const [x, y] of loader) batches += x.shape[0] === y.shape[0] ? 1 : 0;
  if (batches !== 4) throw new Error(`${batches} batches`);
  console.log(engineInfo().isa);
}

main();
