// Trains a network of the size of the MNIST classifier and measures how late the event loop's timers are meanwhile, and how
// late they are while the engine is as busy but JavaScript has nothing to do: the machine's own share. Prints JSON, in ms.
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { data, manualSeed, nn, optim, randperm, synchronize, type Tensor, train, uniform } from 'anneal';

const SAMPLES = 6400;

async function measured(body: () => Promise<unknown>): Promise<{ p99: number; max: number; turns: number }> {
  const histogram = monitorEventLoopDelay({ resolution: 1 });
  histogram.enable();
  await body();
  histogram.disable();
  // The histogram counts the timer's own period.
  const excess = (value: number) => Math.max(0, value / 1e6 - 1);
  return { p99: excess(histogram.percentile(99)), max: excess(histogram.max), turns: histogram.count };
}

// The engine's threads at work without JavaScript: products queued up, and waited for.
async function busyEngine(): Promise<void> {
  let x: Tensor = uniform([512, 512]);
  for (let round = 0; round < 6; round++) {
    for (let i = 0; i < 20; i++) x = x.matmul(x).mul(1e-3);
    await synchronize();
  }
}

async function main(): Promise<void> {
  manualSeed(1);
  const model = new nn.Sequential(
    new nn.Linear(784, 256),
    new nn.ReLU(),
    new nn.Linear(256, 128),
    new nn.ReLU(),
    new nn.Linear(128, 64),
    new nn.ReLU(),
    new nn.Linear(64, 10),
  );
  const optimizer = new optim.SGD(model.parameters(), { lr: 0.01 });
  const x = uniform([SAMPLES, 784]);
  const y = randperm(SAMPLES).mul(10).div(SAMPLES).cast('int64');
  const set = new data.TensorDataset(x, y);
  const trainer = new train.Trainer({ model, optimizer, loss: nn.crossEntropy, progress: false });
  const epochs = Number(process.argv[2] ?? 3);
  await trainer.fit(set, { batchSize: 64, epochs: 1 }); // compiled by now
  const fit = await measured(() => trainer.fit(set, { batchSize: 64, epochs }));
  await sleep(50);
  const idle = await measured(busyEngine);
  console.log(JSON.stringify({ fit, idle }));
}

void main();
