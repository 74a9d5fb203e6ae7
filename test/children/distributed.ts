// One process of a group: runs the scenario that is named, and prints what it found as JSON.
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import {
  compile,
  data,
  distributed,
  indexSelect,
  manualSeed,
  nn,
  noGrad,
  optim,
  type Tensor,
  tensor,
  train,
} from 'anneal';

const values = async (x: Tensor) => Array.from(await x.data(), Number);
const message = (promise: Promise<unknown>) =>
  promise.then(
    () => 'no error',
    (error: Error & { code?: string }) => `${error.code}: ${error.message}`,
  );

async function collectives() {
  const { rank, size } = distributed;
  const own = tensor([rank + 1, 10 * rank, -rank]);
  const sums = compile((x: Tensor) => distributed.allReduce(x.mul(2)).add(1));
  const compiled: number[][] = [];
  for (let run = 0; run < 3; run++) compiled.push(await values(sums(own.add(run))));
  // Large enough for shares, of a size that they do not divide.
  const large = distributed.allReduce(
    noGrad(() => tensor(Float32Array.from({ length: 10_001 }, (_, i) => i * (rank + 1)))),
  );
  const found = {
    rank,
    size,
    sum: await values(distributed.allReduce(own)),
    kept: await values(own),
    mean: await values(distributed.allReduce(own, 'mean')),
    min: await values(distributed.allReduce(own, 'min')),
    max: await values(distributed.allReduce(own, 'max')),
    integers: await values(distributed.allReduce(tensor(new BigInt64Array([2n ** 40n, 7n])))),
    turned: await values(
      distributed.allReduce(
        tensor([
          [1, 2],
          [3, 4],
        ]).transpose(0, 1),
      ),
    ),
    broadcast: await values(distributed.broadcast(own, { from: size - 1 })),
    gathered: distributed.allGather(tensor([[rank, 1]])).shape,
    gather: await values(distributed.allGather(tensor([rank, 1]))),
    large: (await values(large)).every((value, i) => value === i * ((size * (size + 1)) / 2)),
    compiled,
    dtype: await message(Promise.resolve().then(() => distributed.allReduce(own.gt(0)))),
    again: await message(distributed.init()),
  };
  await distributed.barrier();
  return { ...found, collectives: distributed.traffic().collectives };
}

// An index that only process 1 has out of range: the others learn of it, and all go on.
async function lost() {
  const index = tensor([distributed.rank === 1 ? 9 : 0], { dtype: 'int64' });
  const row = indexSelect(tensor([1, 2, 3]), 0, index);
  const first = await message(distributed.allReduce(row, 'sum', { name: 'row' }).data());
  return { first, second: await values(distributed.allReduce(tensor([1]))) };
}

async function mismatch() {
  const layer = new nn.Linear(4, distributed.rank === 1 ? 3 : 2);
  const model = new distributed.DistributedDataParallel(layer);
  return { error: await message(model.module.weight.data()), next: await message(distributed.barrier()) };
}

async function gone() {
  await distributed.barrier();
  process.stdout.write('ready\n');
  if (distributed.rank === 1) await new Promise((resolve) => setTimeout(resolve, 600_000));
  return { error: await message(distributed.barrier()) };
}

async function throws() {
  await distributed.barrier();
  if (distributed.rank === 1) throw new Error('as asked');
  return { error: await message(distributed.barrier()) };
}

/** A network with a layer that is used for the first half of the steps only, and a buffer. */
class Network extends nn.Module {
  first = new nn.Linear(6, 16);
  norm = new nn.BatchNorm1d(16);
  second = new nn.Linear(16, 3);
  extra = new nn.Linear(6, 3);
  normalizes = false;
  forward(x: Tensor, extra: boolean): Tensor {
    const hidden = this.first.forward(x).tanh();
    const output = this.second.forward(this.normalizes ? this.norm.forward(hidden) : hidden);
    return extra ? output.add(this.extra.forward(x)) : output;
  }
}

const digestOf = async (model: nn.Module) => {
  const hash = createHash('sha256');
  for (const parameter of model.parameters()) hash.update(new Uint8Array((await parameter.data()).buffer));
  return hash.digest('hex');
};

// The same training by any number of processes, with the same batches of all together.
async function training() {
  const { rank, size } = distributed;
  manualSeed(1);
  const inputs = tensor(
    Float32Array.from({ length: 120 * 6 }, (_, i) => Math.sin(i * 0.7)),
    { shape: [120, 6] },
  );
  const labels = tensor(BigInt64Array.from({ length: 120 }, (_, i) => BigInt(i % 3)));
  if (rank > 0) manualSeed(100 + rank); // parameters come from process 0
  const runs: { losses: number[]; digest: string }[] = [];
  for (const mode of ['eager', 'compiled', 'accumulating']) {
    if (rank === 0) manualSeed(2);
    const model = new distributed.DistributedDataParallel(new Network(), { bucketBytes: 256 });
    const optimizer = new optim.Adam(model.parameters(), { lr: 0.01 });
    const loader = new data.DataLoader(new data.TensorDataset(inputs, labels), {
      batchSize: 24 / size,
      shuffle: true,
      sampler: new distributed.DistributedSampler(),
    });
    let steps = 0;
    const gradients = (x: Tensor, y: Tensor) => {
      const loss = nn.crossEntropy(model.forward(x, steps < 6), y);
      loss.backward();
      return loss.detach();
    };
    const step = (x: Tensor, y: Tensor) => {
      optimizer.zeroGrad();
      const loss = gradients(x, y);
      optimizer.step();
      return distributed.allReduce(loss, 'mean');
    };
    // Two halves of a batch, of which the first is not averaged by itself.
    const halves = (x: Tensor, y: Tensor) => {
      optimizer.zeroGrad();
      const middle = (x.shape[0] as number) / 2;
      const [a, b] = [x.slice(0, 0, middle), x.slice(0, middle)];
      const first = model.noSync(() => gradients(a, y.slice(0, 0, middle)));
      const second = gradients(b, y.slice(0, middle));
      for (const parameter of model.parameters()) if (parameter.grad) parameter.grad = parameter.grad.div(2);
      optimizer.step();
      return distributed.allReduce(first.add(second).div(2), 'mean');
    };
    const run = mode === 'accumulating' ? halves : mode === 'compiled' ? compile(step) : step;
    const losses: number[] = [];
    for (let epoch = 0; epoch < 3; epoch++) {
      for await (const [x, y] of loader) {
        losses.push(await run(x as Tensor, y as Tensor).item());
        steps++;
      }
    }
    runs.push({ losses, digest: await digestOf(model) });
  }
  return { rank, runs };
}

// The Trainer, on the part of the data that is each process's.
async function trainer() {
  manualSeed(3 + distributed.rank);
  const inputs = tensor(
    Float32Array.from({ length: 120 * 6 }, (_, i) => Math.sin(i * 0.7)),
    { shape: [120, 6] },
  );
  const labels = tensor(BigInt64Array.from({ length: 120 }, (_, i) => BigInt(i % 3)));
  const model = new nn.Sequential(new nn.Linear(6, 16), new nn.Tanh(), new nn.Linear(16, 3));
  const { size } = distributed;
  const trainer = new train.Trainer({
    model,
    optimizer: new optim.Adam(model.parameters(), { lr: 0.01 }),
    loss: nn.crossEntropy,
    metrics: { accuracy: train.accuracy() },
    distributed: true,
  });
  const { epochs } = await trainer.fit([inputs, labels], {
    epochs: 3,
    batchSize: 24 / size,
    validation: [inputs, labels],
  });
  return {
    losses: epochs.map(({ loss }) => loss),
    accuracies: epochs.map(({ metrics }) => metrics.accuracy),
    validation: epochs.map(({ validation }) => validation?.loss),
    digest: await digestOf(model),
  };
}

// Optimizers whole and divided, eagerly and compiled, and one that goes on from a saved state.
async function sharded() {
  const { rank, size } = distributed;
  const x = tensor(Float32Array.from({ length: 60 }, (_, i) => Math.sin(i + rank))).reshape([10, 6]);
  const run = async (divided: boolean, compiled: boolean, stops: boolean) => {
    manualSeed(4);
    const model = new distributed.DistributedDataParallel(new Network());
    const make = () => {
      const adam = new optim.Adam(model.parameters(), { lr: 0.01, amsgrad: true });
      return divided ? distributed.shardOptimizer(adam) : adam;
    };
    let optimizer = make();
    const update = () => {
      optimizer.zeroGrad();
      model.forward(x, true).square().mean().backward();
      const norm = optim.clipGradNorm(model.parameters(), 0.5);
      optimizer.step();
      return norm;
    };
    let step = compiled ? compile(update) : update;
    const norms: number[] = [];
    for (let i = 0; i < 6; i++) {
      if (stops && i === 3) {
        const state = await distributed.gatherOptimizerState(optimizer);
        optimizer = make();
        optimizer.loadStateDict(state);
        step = compiled ? compile(update) : update;
      }
      norms.push(await step().item());
    }
    const state = await distributed.gatherOptimizerState(optimizer);
    const held = Object.values(optimizer.ownState().tensors).reduce((sum, { size }) => sum + size, 0);
    const total = Object.values(state.tensors).reduce((sum, { size }) => sum + size, 0);
    const sums: number[] = [];
    for (const tensor of Object.values(state.tensors)) sums.push(await tensor.sum().item());
    return { norms, digest: await digestOf(model), share: held / total, steps: state.steps, sums, optimizer };
  };
  const runs = [];
  let refusals: string[] = [];
  for (const [divided, compiled, stops] of [
    [false, false, false],
    [false, true, false],
    [true, false, false],
    [true, true, false],
    [true, false, true],
    [true, true, true],
  ] as const) {
    const { optimizer, ...found } = await run(divided, compiled, stops);
    runs.push(found);
    const attempts: (() => unknown)[] = [() => optimizer.stateDict(), () => distributed.shardOptimizer(optimizer)];
    if (divided) refusals = await Promise.all(attempts.map((attempt) => message(Promise.resolve().then(attempt))));
  }
  const objects = await distributed.allGatherObject({ rank, text: 'é'.repeat(rank + 1), list: [null, true] });
  return { rank, size, runs, refusals, objects };
}

// Running means are those of process 0.
async function buffers() {
  const network = new Network();
  network.normalizes = true;
  const model = new distributed.DistributedDataParallel(network);
  for (let step = 0; step < 3; step++) {
    model.forward(
      tensor(Float32Array.from({ length: 24 }, (_, i) => i * (distributed.rank + 1))).reshape([4, 6]),
      false,
    );
  }
  model.forward(tensor(new Float32Array(24)).reshape([4, 6]), false);
  return { mean: await values(network.norm.runningMean as Tensor) };
}

// A checkpoint each epoch, in the folder ANNEAL_TEST_FOLDER.
async function checkpoints() {
  const model = new nn.Linear(100, 100);
  const trainer = new train.Trainer({
    model,
    optimizer: new optim.SGD(model.parameters(), { lr: 0.01 }),
    loss: nn.mseLoss,
    distributed: true,
    callbacks: [
      new train.ModelCheckpoint({ path: join(process.env.ANNEAL_TEST_FOLDER as string, '{epoch}.safetensors') }),
    ],
  });
  const x = tensor(new Float32Array(800)).reshape([8, 100]);
  await trainer.fit([x, x], { epochs: 5, batchSize: 4 });
}

const scenarios: Record<string, () => Promise<unknown>> = {
  collectives,
  lost,
  mismatch,
  gone,
  throws,
  training,
  trainer,
  buffers,
  sharded,
  checkpoints,
};

async function main() {
  const scenario = process.argv[2] as string;
  await distributed.init();
  const found = await scenarios[scenario]?.();
  process.stdout.write(`${JSON.stringify(found)}\n`);
}

void main();
