// Updates in place that a failure prevents: a warning tells of those whose failure nobody reads.
import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { compile, IndexError, nn, noGrad, ones, optim, synchronize, type Tensor, tensor, train, zeros } from 'anneal';
import { describeOutcome, runChild } from './children/spawn';
import { type Told, warningsOf } from './support/warnings';

const int64 = (values: number[]) => tensor(values, { dtype: 'int64' });
const bad = (index: number) => tensor([1, 2, 3]).indexSelect(0, int64([index]));

// Warnings come a second after the failure, or two while there is more to do.
const toldOf = (fn: () => unknown): Promise<Told[]> =>
  warningsOf(async () => {
    await fn();
    await sleep(2500);
  });

const assertTold = (warnings: Told[], expected: [updates: string, error: RegExp][]) => {
  assert.equal(warnings.length, expected.length, JSON.stringify(warnings));
  for (const [i, [updates, error]] of expected.entries()) {
    const { code, message } = warnings[i] as Told;
    assert.equal(code, 'ANNEAL_SKIPPED');
    assert.ok(message.startsWith(`${updates} (`), message);
    assert.match(message, /did not happen because of an error that nothing has read/);
    assert.match(message, error);
  }
};

// Its total is lost with the loss, its parameters with the gradient, whose kernel fails by itself: both for the same reason.
const makeStep = () => {
  const total = zeros([]);
  const model = new nn.Sequential(new nn.Linear(4, 8), new nn.Tanh(), new nn.Linear(8, 3));
  const optimizer = new optim.Adam(model.parameters(), { lr: 0.01 });
  return (y: Tensor) => {
    const loss = nn.crossEntropy(model.forward(ones([2, 4])), y);
    loss.backward();
    optimizer.step();
    optimizer.zeroGrad();
    noGrad(() => total.assign(total.add(loss.detach())));
    return loss;
  };
};

describe('updates that a failure prevents', () => {
  afterEach(() => synchronize().catch(() => {}));

  it('are told of once per failure, with their number', async () => {
    const target = tensor([1, 2, 3]);
    const eager = makeStep();
    const compiled = compile(makeStep());
    const warnings = await toldOf(() => {
      for (const label of [0, 50, 1, 2]) eager(int64([1, label]));
      for (const label of [0, 60, 1, 2]) compiled(int64([1, label]));
      const lost = bad(70);
      for (let i = 0; i < 3; i++) noGrad(() => target.assign(target.add(lost)));
      noGrad(() => target.assign(target.add(bad(80))));
    });
    assertTold(warnings, [
      ['5 updates in place', /\[crossEntropy\] target 50 /],
      ['5 updates in place', /\[crossEntropy\] target 60 /],
      ['3 updates in place', /\[indexSelect\] index 70 /],
      ['an update in place', /\[indexSelect\] index 80 /],
    ]);
  });

  it('are not told of where the failure is read, or told by synchronize or fit', async () => {
    const target = tensor([1, 2, 3]);
    const step = makeStep();
    const warnings = await toldOf(async () => {
      await assert.rejects(step(int64([1, 50])).item(), IndexError);
      assert.throws(() => step(int64([1, 50])).itemSync(), IndexError);
      const losses = [50, 1, 60].map((label) => step(int64([1, label])));
      await sleep(300);
      assert.deepEqual(
        (await Promise.allSettled(losses.map((loss) => loss.item()))).map(({ status }) => status),
        ['rejected', 'fulfilled', 'rejected'],
      );
      // The gradient's kernel fails by itself, for the same reason.
      const table = ones([3, 2], { requiresGrad: true });
      const sum = table.indexSelect(0, int64([90])).sum();
      sum.backward();
      new optim.SGD([table], { lr: 1 }).step();
      await assert.rejects(sum.item(), IndexError);
      const lost = bad(70);
      await assert.rejects(lost.data(), IndexError);
      noGrad(() => target.assign(target.add(lost)));
      noGrad(() => target.assign(target.add(bad(80))));
      await assert.rejects(synchronize(), IndexError);

      for (const compiles of [true, false]) {
        const model = new nn.Linear(4, 3);
        const optimizer = new optim.SGD(model.parameters(), { lr: 0.1 });
        const trainer = new train.Trainer({
          model,
          optimizer,
          loss: nn.crossEntropy,
          progress: false,
          compile: compiles,
        });
        await assert.rejects(
          trainer.fit([ones([8, 4]), int64([0, 1, 2, 0, 9, 1, 2, 0])], { batchSize: 2 }),
          IndexError,
        );
      }
    });
    assert.deepEqual(warnings, []);
  });

  it('are told of while more work is on its way, and for many failures', async () => {
    const target = tensor([1, 2, 3]);
    const warnings = await warningsOf(async () => {
      const end = performance.now() + 6000;
      for (let i = 0; i < 1000; i++) noGrad(() => target.assign(target.add(bad(100 + i))));
      const x = ones([64, 64]);
      while (performance.now() < end) {
        for (let i = 0; i < 50; i++) x.matmul(x).dispose();
        await sleep(1);
      }
    });
    // Not of each where they are many.
    assert.ok(warnings.length >= 64 && warnings.length < 1000, `${warnings.length} warnings`);
    assert.match((warnings[0] as Told).message, /index 100 /);
  });

  for (const [name, stderr] of [
    ['at the end of the process', /ANNEAL_SKIPPED.*index 70 /],
    ['in a worker', /ANNEAL_SKIPPED.*index 70 /],
    ['read', /^$/],
  ] as const) {
    it(`and the wait for that keeps no process alive: ${name}`, async () => {
      const outcome = await runChild('skipped', [name]);
      assert.deepEqual([outcome.code, outcome.signal], [0, null], describeOutcome(outcome));
      assert.equal(outcome.stdout.trim(), '[]');
      assert.match(outcome.stderr.trim(), stderr);
    });
  }
});
