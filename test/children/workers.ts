// Worker threads that train, one of which may end in the middle of a step. The first argument says how; prints JSON.
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { compile, memory, type Tensor, uniform } from 'anneal';
import { network } from './network';

interface Task {
  name: string;
  steps: number;
  seed: number;
}

const heavy = () => {
  let x: Tensor = uniform([512, 512]);
  return () => {
    x = x.matmul(x).mul(1e-3);
  };
};

// ---- in a worker

const tasks: Record<string, (task: Task) => Promise<unknown>> = {
  // A few steps of training; the loss of each.
  async train({ steps, seed }) {
    const { step } = network(32, 16, seed);
    const losses: number[] = [];
    for (let i = 0; i < steps; i++) losses.push(await step().item());
    return { losses, live: memory().liveTensors > 0 };
  },
  // Steps without an end, far ahead of the stream.
  async forever() {
    const { step } = network(256, 64);
    const more = heavy();
    parentPort?.postMessage('running');
    for (let i = 0; ; i++) {
      step();
      more();
      if (i % 8 === 0) await new Promise(setImmediate);
    }
  },
  // The same with no turn of the event loop: it ends in the middle of a call.
  async spinning() {
    const { step } = network(256, 64);
    parentPort?.postMessage('running');
    for (;;) step();
  },
  // Reads are under way.
  async reading() {
    const more = heavy();
    const { step } = network(64, 16);
    parentPort?.postMessage('running');
    for (;;) {
      more();
      await Promise.all([step().data(), step().data(), new Promise(setImmediate)]);
    }
  },
  async exiting() {
    const { step } = network(256, 64);
    for (let i = 0; i < 20; i++) step();
    process.exit(7);
  },
  async throwing() {
    const { step } = network(256, 64);
    for (let i = 0; i < 20; i++) step();
    throw new Error('in the middle');
  },
  // From within the engine's call back into JavaScript.
  async hooked() {
    const x = uniform([8], { requiresGrad: true });
    x.registerHook(() => process.exit(5));
    x.square().sum().backward();
  },
  // A compiled program is the last to hold a tensor with a hook.
  async compiled() {
    const x = uniform([8], { requiresGrad: true });
    x.registerHook((gradient) => gradient.mul(2));
    const twice = compile(() => x.mul(2));
    held.push(twice);
    twice();
    x.dispose();
    process.exit(6);
  },
};

const held: unknown[] = [];

// ---- in the main thread

function start(task: Partial<Task>): Worker {
  // Through CommonJS: Node 20 does not pass --import on to workers.
  const code = `require('tsx/cjs'); require(${JSON.stringify(__filename)});`;
  return new Worker(code, { eval: true, workerData: { steps: 60, seed: 1, ...task } });
}

function answer<T>(worker: Worker): Promise<T> {
  return new Promise((resolve, reject) => {
    worker.once('message', resolve);
    worker.once('error', reject);
    worker.once('exit', (code) => reject(new Error(`the worker ended with ${code}`)));
  });
}

const ended = (worker: Worker) =>
  new Promise<number | string>((resolve) => {
    worker.once('error', (error) => resolve(String(error)));
    worker.once('exit', resolve);
  });

const scenarios: Record<string, () => Promise<unknown>> = {
  async four() {
    const workers = [1, 2, 1, 2].map((seed) => start({ name: 'train', seed }));
    return Promise.all(workers.map((worker) => answer(worker)));
  },
  // Ends workers at different moments of their steps, while another one trains.
  async terminate() {
    const steady = answer<{ losses: number[] }>(start({ name: 'train', steps: 300 }));
    const codes: number[] = [];
    for (const [round, name] of ['forever', 'spinning', 'reading', 'forever', 'spinning', 'reading'].entries()) {
      const worker = start({ name });
      await answer(worker);
      await new Promise((resolve) => setTimeout(resolve, 3 * round + 1));
      codes.push(await worker.terminate());
    }
    return { codes, losses: (await steady).losses.length };
  },
  async exits() {
    const steady = answer<{ losses: number[] }>(start({ name: 'train', steps: 100 }));
    const codes = await Promise.all(
      ['exiting', 'throwing', 'hooked', 'compiled'].map((name) => ended(start({ name }))),
    );
    return { codes, losses: (await steady).losses.length };
  },
  // The main thread exits while workers are busy.
  async leave() {
    const workers = ['forever', 'spinning', 'reading'].map((name) => start({ name }));
    await Promise.all(workers.map((worker) => answer(worker)));
    const more = heavy();
    for (let i = 0; i < 50; i++) more();
    process.exit(3);
  },
};

async function main(): Promise<void> {
  if (isMainThread) console.log(JSON.stringify(await scenarios[process.argv[2] as string]?.()));
  else parentPort?.postMessage(await tasks[(workerData as Task).name]?.(workerData as Task));
}

main().catch((error) => {
  // Outside of the promise, so that the worker ends with the error.
  setImmediate(() => {
    throw error;
  });
});
