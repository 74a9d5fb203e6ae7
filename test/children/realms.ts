// Two copies of the package in one process, and one with --expose-gc. Prints one line of JSON.
import { cpSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import type * as all from 'anneal';

const root = join(__dirname, '..', '..');

/** What a thrown error is called, by class and message. */
function thrown(fn: () => unknown): { name: string; message: string; error: unknown } {
  try {
    fn();
  } catch (error) {
    const { name, message } = error as Error;
    return { name, message, error };
  }
  return { name: 'none', message: '', error: undefined };
}

async function copies(): Promise<unknown> {
  const folder = mkdtempSync(join(tmpdir(), 'anneal-copy-'));
  try {
    cpSync(join(root, 'dist'), join(folder, 'dist'), { recursive: true });
    // The same binary, by another path and by the same one.
    for (const part of ['native', 'package.json']) symlinkSync(join(root, part), join(folder, part));
    symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
    const first = require(root) as typeof all;
    const second = require(join(folder, 'dist')) as typeof all;
    const bad = (copy: typeof all) => () => copy.tensor([1, 2]).add(copy.tensor([1, 2, 3]));
    const [one, two] = [thrown(bad(first)), thrown(bad(second))];
    const foreign = second.tensor([1]);
    const model = new second.nn.Linear(1, 1);
    const live = [first, second].map((copy) => copy.memory().liveTensors);
    const hooked = first.tensor([1], { requiresGrad: true });
    hooked.registerHook(() => {
      throw new RangeError('hook');
    });
    return {
      apart: first.Tensor !== second.Tensor,
      ownErrors: [one.error instanceof first.ShapeError, two.error instanceof second.ShapeError],
      notOthers: [one.error instanceof second.ShapeError, two.error instanceof first.ShapeError],
      hook: thrown(() => hooked.sum().backward()).name,
      live,
      arrays: [(await first.tensor([1]).data())[0], (await foreign.data())[0]],
      messages: {
        add: thrown(() => first.tensor([1]).add(foreign as never)).message,
        values: thrown(() => first.tensor([foreign] as never)).message,
        optimizer: thrown(() => new first.optim.SGD(model.parameters() as never, { lr: 1 })).message,
        sequential: thrown(() => new first.nn.Sequential(model as never)).message,
        trainer: thrown(
          () => new first.train.Trainer({ model: model as never, optimizer: {} as never, loss: (x) => x }),
        ).message,
        field: thrown(() => {
          class Net extends first.nn.Module {
            inner = model;
            forward(): void {}
          }
          return new Net().parameters();
        }).message,
        state: thrown(() => new first.nn.Linear(1, 1).loadStateDict(model.stateDict() as never)).message,
        clip: thrown(() => first.optim.clipGradNorm(model.parameters() as never, 1)).message,
        options: thrown(() => first.zeros([1], foreign as never)).message,
      },
    };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Whether workers that start now have a `gc` of their own, after the package was loaded. */
async function collectors(): Promise<unknown> {
  const here = typeof globalThis.gc;
  require(root);
  const worker = new Worker(
    `const { parentPort } = require('node:worker_threads');
     const before = typeof gc;
     require(${JSON.stringify(root)});
     parentPort.postMessage([before, typeof gc]);`,
    { eval: true },
  );
  const there = await new Promise((resolve, reject) => worker.on('message', resolve).on('error', reject));
  return { here: [here, typeof globalThis.gc], there };
}

const result = process.argv[2] === 'copies' ? copies() : collectors();
result.then((value) => console.log(JSON.stringify(value)));
