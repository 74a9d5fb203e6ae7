// Answers of a small compiled model on the main thread while a Trainer trains in a worker, and what that costs the training.
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { compile, nn, noGrad, setNumThreads, type Tensor, uniform } from 'anneal';
import type { FigureOptions, FigureSuite } from '../figures';
import { quantile } from '../statistics';

const PAUSE_MS = 2; // from an answer to the next request

export const serving: FigureSuite = {
  name: 'serving',
  description: 'answers of a compiled 784-128-10 model beside a training run in a worker, and the speed of that run',
  cases: ['alone, median', 'alone, p99', 'beside training, median', 'beside training, p99', 'training keeps'],
  async *figures({ threads, rounds = 5, quick }: FigureOptions) {
    setNumThreads(threads);
    const model = new nn.Sequential(new nn.Linear(784, 128), new nn.ReLU(), new nn.Linear(128, 10)).eval();
    const answer = compile((x: Tensor) => noGrad(() => model.forward(x)));
    const figures = serving.cases.map((name) => ({ name, rounds: [] as number[] }));
    for (let round = 0; round < (quick ? 1 : rounds); round++) {
      const values = await measure(answer, quick ? 0.3 : 4);
      for (const [i, value] of values.entries()) figures[i].rounds.push(value);
    }
    for (const { name, rounds } of figures) {
      yield { case: name, unit: name === 'training keeps' ? '%' : 'ms', values: [{ impl: 'anneal', rounds }] };
    }
  },
};

/** Medians and 99th percentiles alone and beside a training run, in ms; the run's speed in percent of that without answers. */
async function measure(answer: (x: Tensor) => Tensor, seconds: number): Promise<number[]> {
  await latencies(answer, 0.2); // compiled and warm by now
  const alone = await latencies(answer, seconds / 4);
  const epochs = new Int32Array(new SharedArrayBuffer(4));
  // Through CommonJS: Node 20 does not pass --import on to workers.
  const code = `require('tsx/cjs'); require(${JSON.stringify(join(__dirname, 'serving-training.ts'))});`;
  const worker = new Worker(code, { eval: true, workerData: epochs.buffer });
  const rate = async (body: () => Promise<unknown>) => {
    const [count, begun] = [Atomics.load(epochs, 0), performance.now()];
    await body();
    return (Atomics.load(epochs, 0) - count) / (performance.now() - begun);
  };
  try {
    await once(worker, 'message');
    await sleep(250 * seconds);
    const before = await rate(() => sleep(500 * seconds));
    let beside: number[] = [];
    const meanwhile = await rate(async () => {
      beside = await latencies(answer, seconds);
    });
    const after = await rate(() => sleep(500 * seconds));
    const percent = (200 * meanwhile) / (before + after);
    return [...[alone, beside].flatMap((times) => [quantile(times, 0.5), quantile(times, 0.99)]), percent];
  } finally {
    await worker.terminate();
  }
}

/** From the request to the numbers in JavaScript, one request at a time: ascending, in ms. */
async function latencies(answer: (x: Tensor) => Tensor, seconds: number): Promise<number[]> {
  const times: number[] = [];
  const end = performance.now() + 1000 * seconds;
  while (performance.now() < end) {
    const begun = performance.now();
    const x = uniform([1, 784]);
    const y = answer(x);
    await y.data();
    times.push(performance.now() - begun);
    for (const tensor of [x, y]) tensor.dispose();
    await sleep(PAUSE_MS);
  }
  return times.sort((a, b) => a - b);
}
