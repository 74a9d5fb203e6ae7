// What happens beside JavaScript: the event loop stays free while a network trains, and a kernel's failure is told to who reads.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { IndexError, manualSeed, nn, ones, optim, synchronize, type Tensor, tensor } from 'anneal';
import { resultOf } from './children/spawn';

interface Delays {
  p99: number;
  max: number;
  turns: number;
}

describe('the event loop during fit', function () {
  this.timeout(90_000);

  // A timer is late when JavaScript is busy, which is what this is about, and when the machine has no processor to spare for
  // its thread, which is not. The second part is measured in the same process with the engine as busy and no JavaScript to
  // run; and a test that others' work slows down may try again.
  it('has a delay of less than 10 ms at the 99th percentile', async () => {
    const seen: string[] = [];
    for (let attempt = 0; attempt < 4; attempt++) {
      const { fit, idle } = await resultOf<{ fit: Delays; idle: Delays }>('event-loop');
      assert.ok(fit.turns > 20, `${fit.turns} turns of the event loop`);
      if (fit.p99 < 10) return;
      seen.push(`${fit.p99.toFixed(1)} ms (of that without JavaScript: ${idle.p99.toFixed(1)} ms)`);
      if (fit.p99 - idle.p99 < 10 && attempt > 0) return;
    }
    assert.fail(`p99 delays: ${seen.join(', ')}`);
  });
});

describe('the event loop beside short reads', function () {
  this.timeout(60_000);

  // Whoever awaits nothing but results that are there soon is sent back to the loop now and then, or would wait here for ever.
  it('turns while a program awaits nothing else', async () => {
    const x = ones([4]);
    for (const read of [() => x.add(1).data(), () => synchronize()]) {
      let turns = 0;
      const timer = setInterval(() => turns++, 1);
      while (turns < 50) await read();
      clearInterval(timer);
    }
  });

  it('sees reads settled in their order', async () => {
    const order: number[] = [];
    const x = ones([64]);
    let last: Promise<unknown> = Promise.resolve();
    for (let i = 0; i < 4000; i++) {
      last = x
        .add(i)
        .data()
        .then(() => order.push(i));
      if (i % 7 === 0) await last;
    }
    await last;
    assert.deepEqual(
      order,
      Array.from({ length: 4000 }, (_, i) => i),
    );
  });

  it('turns where there is no setImmediate', async () => {
    const code = `
      delete globalThis.setImmediate;
      const { ones } = require('anneal');
      (async () => {
        let turns = 0;
        const timer = setInterval(() => turns++, 1);
        while (turns < 50) await ones([4]).data();
        clearInterval(timer);
        require('node:worker_threads').parentPort.postMessage(turns);
      })();`;
    const [turns] = await once(new Worker(code, { eval: true }), 'message');
    assert.ok(turns >= 50, `${turns} turns`);
  });
});

describe('a kernel that fails', () => {
  const pick = (x: Tensor, index: number) => x.indexSelect(0, tensor([index], { dtype: 'int64' }));
  const list = async (x: Tensor) => Array.from(await x.data(), Number);

  it('rejects every read of what depends on it, and no later one', async () => {
    const x = tensor([1, 2, 3]);
    const bad = pick(x, 7);
    const worse = bad.add(1);
    const results = await Promise.allSettled([bad.data(), worse.data()]);
    for (const result of results) {
      assert.equal(result.status, 'rejected');
      assert.ok((result as PromiseRejectedResult).reason instanceof IndexError);
    }
    await assert.rejects(worse.data(), IndexError);
    assert.throws(() => bad.dataSync(), IndexError);
    assert.throws(() => worse.mul(2).dataSync(), IndexError);
    assert.deepEqual(await list(x), [1, 2, 3]);
    assert.deepEqual(await list(pick(x, 2).add(1)), [4]);
  });

  it('leaves parameters as they were, and training goes on', async () => {
    manualSeed(1);
    const layer = new nn.Linear(3, 2);
    const optimizer = new optim.SGD(layer.parameters(), { lr: 0.1 });
    const before = await list(layer.weight);
    const step = (label: number) => {
      optimizer.zeroGrad();
      const loss = nn.crossEntropy(layer.forward(ones([1, 3])), tensor([label], { dtype: 'int64' }));
      loss.backward();
      optimizer.step();
      return loss;
    };
    await assert.rejects(step(5).item(), IndexError);
    assert.deepEqual(await list(layer.weight), before);
    const first = await step(1).item();
    assert.ok((await step(1).item()) < first);
  });

  it('is told of by synchronize, once', async () => {
    pick(ones([2]), -3);
    await assert.rejects(synchronize(), IndexError);
    await synchronize();
  });
});
