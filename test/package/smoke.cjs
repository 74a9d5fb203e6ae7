// What an installed package must be able to do, on any system: node smoke.cjs [instruction set]. Prints a line of JSON.
const assert = require('node:assert/strict');
const { mkdtempSync, rmSync } = require('node:fs');
const { tmpdir } = require('node:os');
const { join } = require('node:path');
const { isMainThread, Worker, parentPort } = require('node:worker_threads');
const { compile, engineInfo, io, manualSeed, mse, nn, normal, optim, tensor } = require('anneal');

/** @typedef {import('anneal').Tensor} Tensor */

/** A product of whole numbers, which is exact. */
function product() {
  return tensor([[1, 2, 3]])
    .matmul(tensor([[4], [5], [6]]))
    .item();
}

/** The loss after 200 steps on a line, which has a perfect fit. */
async function train() {
  manualSeed(7);
  const model = new nn.Sequential(new nn.Linear(3, 16), new nn.Tanh(), new nn.Linear(16, 1));
  const optimizer = new optim.Adam(model.parameters(), { lr: 0.02 });
  const inputs = normal([64, 3]);
  const targets = inputs.matmul(tensor([[1], [-2], [0.5]]));
  const step = compile((/** @type {Tensor} */ x, /** @type {Tensor} */ y) => {
    optimizer.zeroGrad();
    const loss = mse(model.forward(x), y);
    loss.backward();
    optimizer.step();
    return loss;
  });
  let loss = step(inputs, targets);
  for (let i = 1; i < 200; ++i) loss = step(inputs, targets);
  return { model, loss: await loss.item() };
}

/** @param {import('anneal').nn.Module} model */
async function save(model) {
  const folder = mkdtempSync(join(tmpdir(), 'anneal-smoke-'));
  try {
    const file = join(folder, 'model.safetensors');
    await io.save(file, model.stateDict());
    const loaded = await io.load(file);
    for (const [name, value] of Object.entries(model.stateDict())) {
      assert.deepEqual(await loaded[name].data(), await value.data(), name);
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function inWorker() {
  return new Promise((settle, reject) => {
    const worker = new Worker(__filename);
    worker.on('message', settle);
    worker.on('error', reject);
  });
}

async function main() {
  const expected = process.argv[2];
  assert.equal(await product(), 32);
  const { model, loss } = await train();
  assert.ok(loss < 0.05, `the loss is ${loss}`);
  await save(model);
  assert.equal(await inWorker(), 32);
  const { isa, threads } = engineInfo();
  if (expected) assert.equal(isa, expected);
  console.log(JSON.stringify({ isa, threads, loss }));
}

if (isMainThread) {
  main().catch((error) => {
    console.error(error);
    process.exitCode = 1;
  });
} else {
  Promise.resolve(product()).then((value) => parentPort?.postMessage(value));
}
