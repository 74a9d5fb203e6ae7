// Training that stops in the middle of an epoch and goes on from files gives the bits of training that never stopped.
import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type DType, data, defaultGenerator, io, manualSeed, nn, normal, optim, type Tensor } from 'anneal';

const OPTIMIZERS = {
  SGD: (params: Tensor[]) => new optim.SGD(params, { lr: 0.1, momentum: 0.9 }),
  Adam: (params: Tensor[]) => new optim.Adam(params, { lr: 0.01, amsgrad: true }),
};

function start(kind: keyof typeof OPTIMIZERS, dtype: DType) {
  manualSeed(7);
  const features = normal([100, 4], { dtype });
  const set = new data.TensorDataset(features, features.slice(1, 0, 3).argmax(1));
  const model = new nn.Sequential(new nn.Linear(4, 16), new nn.ReLU(), new nn.Dropout(0.2), new nn.Linear(16, 3));
  model.to(dtype);
  const optimizer: optim.SGD | optim.Adam = OPTIMIZERS[kind](model.parameters());
  return { model, optimizer, loader: new data.DataLoader(set, { batchSize: 16, shuffle: true, seed: 3 }) };
}

type Run = ReturnType<typeof start>;

// Until three epochs are over, or until `stopAfter` steps have been taken.
async function go({ model, optimizer, loader }: Run, stopAfter = Number.POSITIVE_INFINITY): Promise<void> {
  let steps = 0;
  while (loader.state().epoch < 3) {
    for await (const [x, y] of loader) {
      optimizer.zeroGrad();
      nn.crossEntropy(model.forward(x as Tensor), y as Tensor).backward();
      optim.clipGradNorm(model.parameters(), 1);
      optimizer.step();
      if (++steps === stopAfter) return;
    }
  }
}

async function save(folder: string, { model, optimizer, loader }: Run): Promise<void> {
  const { tensors, ...state } = optimizer.stateDict();
  await io.save(join(folder, 'model.safetensors'), model.stateDict());
  await io.save(join(folder, 'optimizer.safetensors'), tensors);
  const rest = { optimizer: state, loader: loader.state(), random: defaultGenerator.state };
  await writeFile(join(folder, 'state.json'), JSON.stringify(rest));
}

async function load(folder: string, { model, optimizer, loader }: Run): Promise<void> {
  const rest = JSON.parse(await readFile(join(folder, 'state.json'), 'utf8'));
  model.loadStateDict(await io.load(join(folder, 'model.safetensors')));
  const tensors = await io.load(join(folder, 'optimizer.safetensors'));
  optimizer.loadStateDict({ ...rest.optimizer, tensors });
  loader.setState(rest.loader);
  defaultGenerator.state = rest.random;
}

const bits = async ({ model }: Run): Promise<string> =>
  Buffer.from(await io.serialize(model.stateDict())).toString('hex');

describe('resuming from files', () => {
  for (const kind of Object.keys(OPTIMIZERS) as (keyof typeof OPTIMIZERS)[]) {
    for (const dtype of ['float32', 'float64'] as const) {
      it(`continues bit for bit: ${kind}, ${dtype}`, async () => {
        const folder = await mkdtemp(join(tmpdir(), 'anneal-'));
        try {
          const whole = start(kind, dtype);
          await go(whole);
          const first = start(kind, dtype);
          await go(first, 10); // in the middle of the second epoch
          await save(folder, first);
          const second = start(kind, dtype);
          await normal([99]).data(); // another place in the random numbers
          await load(folder, second);
          await go(second);
          assert.equal(await bits(second), await bits(whole));
        } finally {
          await rm(folder, { recursive: true });
        }
      });
    }
  }
});
