// The training run of the suite `serving`, in a worker: epochs without an end, counted in shared memory.
import { parentPort, workerData } from 'node:worker_threads';
import { data, manualSeed, nn, optim, randperm, train, uniform } from 'anneal';
import { widths } from './network';

const SAMPLES = 3200;

async function main(): Promise<void> {
  const epochs = new Int32Array(workerData as SharedArrayBuffer);
  manualSeed(1);
  const model = new nn.Sequential(
    ...widths
      .slice(1)
      .flatMap((outputs, i) => [new nn.Linear(widths[i], outputs), new nn.ReLU()])
      .slice(0, -1),
  );
  const optimizer = new optim.SGD(model.parameters(), { lr: 0.01 });
  const set = new data.TensorDataset(uniform([SAMPLES, 784]), randperm(SAMPLES).mul(10).div(SAMPLES).cast('int64'));
  const trainer = new train.Trainer({ model, optimizer, loss: nn.crossEntropy, progress: false });
  parentPort?.postMessage('running');
  await trainer.fit(set, {
    batchSize: 64,
    epochs: 1e6,
    callbacks: [{ onEpochEnd: () => void Atomics.add(epochs, 0, 1) }],
  });
}

void main();
