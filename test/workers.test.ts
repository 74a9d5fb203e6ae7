// Worker threads that train side by side, and every way to end one, or the process, in the middle of a step.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { ones, scope } from 'anneal';
import { describeOutcome, resultOf, runChild } from './children/spawn';
import { onGpu } from './support/gpu';

describe('worker threads', function () {
  this.timeout(90_000);

  it('end at once when they are idle, whatever others have queued', async () => {
    const code = `const a = require(${JSON.stringify(require.resolve('anneal'))});
      a.ones([2]).add(1).dataSync();
      require('node:worker_threads').parentPort.postMessage('idle');
      setInterval(() => {}, 1000);`;
    const worker = new Worker(code, { eval: true });
    await once(worker, 'message');
    // Work of a second, for a CPU.
    const x = ones([1024, 1024], { device: 'cpu' });
    const queued = scope(() => {
      let product = x;
      for (let i = 0; i < 60; i++) product = product.matmul(x).mul(2 ** -10);
      return product.max();
    });
    let finished = false;
    const read = queued.item().then((value) => {
      finished = true;
      return value;
    });
    await worker.terminate();
    assert.ok(!finished);
    assert.equal(await read, 1);
  });

  it('train at once, four of them, each as it would alone', async () => {
    const results = await resultOf<{ losses: number[] }[]>('workers', ['four']);
    assert.equal(results.length, 4);
    for (const { losses } of results) assert.ok((losses.at(-1) as number) < (losses[0] as number) / 2);
    assert.deepEqual(results[0]?.losses, results[2]?.losses);
    assert.deepEqual(results[1]?.losses, results[3]?.losses);
    assert.notDeepEqual(results[0]?.losses, results[1]?.losses);
  });

  it('are terminated in the middle of a step, and the others go on', async () => {
    const { codes, losses } = await resultOf<{ codes: number[]; losses: number }>('workers', ['terminate']);
    assert.deepEqual(codes, [1, 1, 1, 1, 1, 1]);
    assert.equal(losses, 300);
  });

  it('exit, fail, exit from a hook, and leave one to a compiled program', async () => {
    const { codes, losses } = await resultOf<{ codes: unknown[]; losses: number }>('workers', ['exits']);
    assert.deepEqual(codes, [7, 'Error: in the middle', 5, 6]);
    assert.equal(losses, 100);
  });

  it('do not disturb an exit of the process', async () => {
    const outcome = await runChild('workers', ['leave']);
    assert.deepEqual([outcome.code, outcome.signal], [3, null], describeOutcome(outcome));
  });
});

describe('the end of the process', function () {
  this.timeout(60_000);

  // A promptness that only a hang or a wait for the whole stream would miss: the work is worth more than this.
  const cases: [name: string, code: number, output: RegExp, seconds?: number][] = [
    ['unread', 0, /^$/, 8],
    ['read', 0, /^settled$/],
    ['exit', 3, /^$/, 8],
    ['exit while reading', 4, /^$/, 8],
    ['exit in a hook', 5, /^$/],
    ['throw in a hook', 1, /Error: hooked/],
    ['throw in a step', 1, /Error: in the middle/],
    ['work in an exit handler', 0, /^worked$/],
    ['reject unhandled', 1, /IndexError/],
  ];
  for (const [name, code, output, seconds] of cases) {
    it(`is clean: ${name}`, async () => {
      const outcome = await runChild('exit', [name]);
      assert.deepEqual([outcome.code, outcome.signal], [code, null], describeOutcome(outcome));
      assert.match((outcome.stdout + outcome.stderr).trim(), output);
      // A kernel on a GPU is not cut short, and one of an emulated GPU takes seconds.
      if (seconds && !onGpu) assert.ok(outcome.seconds < seconds, `took ${outcome.seconds.toFixed(1)} s`);
    });
  }
});
