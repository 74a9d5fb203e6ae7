// The plain style: the training loop written out.
import { compile, data, nn, noGrad, scope, type Tensor, zeros } from 'anneal';
import { SingleBar } from 'cli-progress';
import type { Batch } from './digits';
import { type Epoch, type Outcome, printEpoch, type Task, testBatchSize } from './task';

/** A step on a batch: to the total loss so far, it adds the batch's. */
type Step = (images: Tensor, labels: Tensor, total: Tensor) => Tensor;

/** Trains with a step of five calls, compiled into one, then measures the accuracy. */
export async function trainInLoop(task: Task): Promise<Outcome> {
  const { training, batchSize, seed, model, optimizer } = task;
  const step = compile((images: Tensor, labels: Tensor, total: Tensor) => {
    optimizer.zeroGrad();
    const loss = nn.crossEntropy(model.forward(images), labels);
    loss.backward();
    optimizer.step();
    return total.add(loss.detach().mul(labels.shape[0]));
  });
  const loader = new data.DataLoader(training, { batchSize, shuffle: true, seed });
  const epochs: Epoch[] = [];
  for (let number = 1; number <= task.epochs; number++) {
    const begin = performance.now();
    model.train();
    const loss = (await trainEpoch(step, loader, `Epoch ${number}/${task.epochs}`)) / training.length;
    const seconds = (performance.now() - begin) / 1000;
    epochs.push({ loss, seconds, samplesPerSecond: training.length / seconds });
    printEpoch(number, task.epochs, loss);
  }
  return { epochs, accuracy: await evaluate(task) };
}

// The losses are added up on the engine: reading the sum at the end is the only wait.
async function trainEpoch(step: Step, loader: data.DataLoader<Batch>, title: string): Promise<number> {
  const bar = startBar(title, loader.length);
  let total = zeros([], { dtype: 'float64' });
  for await (const [images, labels] of loader) {
    const sum = step(images, labels, total);
    release(images, labels, total);
    total = sum;
    bar?.increment();
  }
  const loss = await total.item();
  total.dispose();
  bar?.stop();
  return loss;
}

async function evaluate({ model, test }: Task): Promise<number> {
  let correct = zeros([], { dtype: 'int64' });
  model.eval();
  for await (const [images, labels] of new data.DataLoader(test, { batchSize: testBatchSize })) {
    const sum = scope(() => noGrad(() => correct.add(model.forward(images).argmax(1).eq(labels).sum())));
    release(images, labels, correct);
    correct = sum;
  }
  const accuracy = (await correct.item()) / test.length;
  correct.dispose();
  return accuracy;
}

// Batches would also go with the garbage collector; giving them back now keeps memory at a few batches.
function release(...tensors: Tensor[]): void {
  for (const tensor of tensors) tensor.dispose();
}

/** A progress bar that clears itself; none where nobody looks. */
function startBar(title: string, steps: number): SingleBar | undefined {
  if (!process.stderr.isTTY) return undefined;
  const format = `${title} [{bar}] {percentage}% | {eta_formatted} left`;
  const bar = new SingleBar({ format, barsize: 30, clearOnComplete: true });
  bar.start(steps, 0);
  return bar;
}
