// Training that goes on from its last checkpoint when the launcher starts it again: resuming.cjs FILE KILLS. In each of the first KILLS
// lives one of the processes kills itself after three steps. Prints what has become of the weights.
const { createHash } = require('node:crypto');
const { existsSync } = require('node:fs');
const { data, distributed, io, nn, manualSeed, optim, tensor } = require('anneal');

const [file, kills] = [process.argv[2], Number(process.argv[3])];
const life = Number(process.env.ANNEAL_RESTARTS);
const EPOCHS = 6;

async function main() {
  await distributed.init();
  const { rank, size } = distributed;
  manualSeed(1);
  const model = new distributed.DistributedDataParallel(
    new nn.Sequential(new nn.Linear(4, 16), new nn.Tanh(), new nn.Linear(16, 1)),
  );
  const optimizer = distributed.shardOptimizer(new optim.Adam(model.parameters(), { lr: 0.01 }));
  const x = tensor(
    Float32Array.from({ length: 32 * 4 }, (_, i) => Math.sin(i)),
    { shape: [32, 4] },
  );
  const sampler = new distributed.DistributedSampler();
  const dataset = new data.TensorDataset(x, x.sum(1, true));
  const loader = new data.DataLoader(dataset, { batchSize: 4, shuffle: true, seed: 1, sampler });
  let epoch = 0;

  async function save() {
    const { tensors, ...rest } = await distributed.gatherOptimizerState(optimizer);
    if (rank > 0) return;
    /** @type {Record<string, import('anneal').Tensor>} */
    const all = {};
    for (const [name, value] of Object.entries(model.stateDict())) all[`model ${name}`] = value;
    for (const [name, value] of Object.entries(tensors)) all[`optimizer ${name}`] = value;
    await io.save(file, all, { run: JSON.stringify({ epoch, rest, loader: loader.state() }) });
  }

  async function restore() {
    const all = Object.entries(await io.load(file));
    /** @param {string} prefix */
    const part = (prefix) =>
      Object.fromEntries(
        all.filter(([name]) => name.startsWith(prefix)).map(([name, value]) => [name.slice(prefix.length), value]),
      );
    const run = JSON.parse((await io.loadMetadata(file)).metadata.run);
    model.loadStateDict(part('model '));
    optimizer.loadStateDict({ ...run.rest, tensors: part('optimizer ') });
    loader.setState(run.loader);
    epoch = run.epoch;
  }

  if (existsSync(file)) await restore();
  let steps = 0;
  for (; epoch < EPOCHS; epoch++) {
    for await (const [inputs, targets] of loader) {
      if (life < kills && steps === 3 && rank === life % size) process.kill(process.pid, 'SIGKILL');
      optimizer.zeroGrad();
      nn.mseLoss(model.forward(inputs), targets).backward();
      optimizer.step();
      if (++steps % 2 === 0) await save();
    }
  }
  const hash = createHash('sha256');
  for (const parameter of model.parameters()) hash.update(new Uint8Array((await parameter.data()).buffer));
  if (rank === 0) console.log(`life ${life}: ${hash.digest('hex')}`);
}

main().catch((error) => {
  console.error(error.message);
  process.exit(1);
});
