// Memory: loops without dispose stay flat, what is reported is right, and what does not fit is an error to go on from.
import assert from 'node:assert/strict';
import {
  add,
  arange,
  concat,
  defaultDevice,
  eye,
  full,
  memory,
  OutOfMemoryError,
  ones,
  randperm,
  resetPeakMemory,
  scope,
  setMemoryLimit,
  synchronize,
  type Tensor,
  tensor,
  trim,
  uniform,
  zeros,
} from 'anneal';
import { resultOf } from './children/spawn';
import { onGpu } from './support/gpu';

const device = defaultDevice();

interface Growth {
  grown: number;
  most: number;
  rss: number;
}

// Of the process, in which GPUs have no part.
(onGpu ? describe.skip : describe)('memory of loops without dispose, in MB', function () {
  this.timeout(120_000);
  // The loop's own allowance above what it holds after its warm-up. The large ones leave the collector's slack: it is asked
  // to work whenever 32 MB have come together.
  for (const [loop, what, allowed] of [
    ['add', 'a million operators', 50],
    ['chain', 'chains of operators', 50],
    ['train', '10,000 training steps', 30],
    ['large', '5,000 operators on up to 4 MB', 150],
    ['views', 'views of disposed tensors', 150],
    ['graphs', 'losses that are never differentiated', 250],
  ] as const) {
    it(`stays flat over ${what}`, async () => {
      const { grown, most, rss } = await resultOf<Growth>('memory', [loop], 100);
      assert.ok(most < allowed, `grew by ${grown.toFixed(1)} (at most ${most.toFixed(1)}) to ${rss.toFixed(0)}`);
    });
  }
});

describe('memory()', () => {
  afterEach(() => setMemoryLimit(0, device));

  it('reports live tensors and bytes', () => {
    const before = memory(device);
    const x = ones([1000]);
    const view = x.reshape([10, 100]);
    const between = memory(device);
    assert.equal(between.liveTensors - before.liveTensors, 2);
    assert.ok(between.live - before.live >= 4000 && between.live - before.live < 5200);
    x.dispose();
    assert.equal(memory(device).live, between.live); // the view keeps it
    view.dispose();
    assert.equal(memory(device).live, before.live);
    assert.equal(memory(device).liveTensors, before.liveTensors);
  });

  it('reports the peak', () => {
    trim(device);
    resetPeakMemory(device);
    const before = memory(device);
    assert.equal(before.peak, before.live);
    assert.equal(before.cached, 0);
    scope(() => {
      ones([250_000]).add(1);
    });
    const after = memory(device);
    assert.equal(after.live, before.live);
    assert.ok(after.peak - before.live >= 2_000_000 && after.peak - before.live < 2_600_000);
    assert.ok(after.cached >= 2_000_000);
    trim(device);
    assert.equal(memory(device).cached, 0);
  });
});

describe('OutOfMemoryError', () => {
  afterEach(() => setMemoryLimit(0, device));

  const works = async () => {
    const sum = ones([100]).add(1).sum();
    assert.equal(await sum.item(), 200);
  };

  const hopeless: Record<string, () => unknown> = {
    'zeros([1e6, 1e6])': () => zeros([1e6, 1e6]),
    'ones of 1e15 elements': () => ones([1e15]),
    'more than 2^53 elements': () => full([2 ** 30, 2 ** 30], 1),
    'arange(1e14)': () => arange(1e14),
    'eye(1e7)': () => eye(1e7),
    'randperm(1e14)': () => randperm(1e14),
    'uniform of 1e14 elements': () => uniform([1e7, 1e7]),
    'copying what was expanded': () => ones([1]).expand([1e14]).add(1),
    'reading what was expanded': () => ones([1]).expand([1e14]).dataSync(),
    'joining what was expanded': () =>
      concat(
        Array.from({ length: 2000 }, () => ones([1]).expand([2 ** 53])),
        0,
      ),
    padding: () => ones([1]).pad([[0, 1e14]]),
    'an outer product': () => ones([1e7, 1]).mul(ones([1, 1e7])),
    'one-hot codes': () => tensor([1, 2], { dtype: 'int64' }).oneHot(1e14),
  };
  for (const [name, attempt] of Object.entries(hopeless)) {
    it(`is thrown for ${name}, and the engine works on`, async () => {
      assert.throws(attempt, OutOfMemoryError);
      await works();
    });
  }

  it('rejects the read of what was expanded', async () => {
    await assert.rejects(ones([1]).expand([1e14]).data(), OutOfMemoryError);
    await works();
  });

  it('carries a code and numbers', () => {
    assert.throws(
      () => zeros([1e6, 1e6]),
      (error: OutOfMemoryError) => error.code === 'ERR_OUT_OF_MEMORY' && /4000000000000 bytes/.test(error.message),
    );
  });

  it('is thrown beyond the limit that was set', async () => {
    const kept = ones([1_000_000]);
    setMemoryLimit(memory(device).live + 6_000_000, device);
    const more = kept.add(1);
    assert.throws(() => add(kept, more), OutOfMemoryError);
    more.dispose();
    assert.equal(await add(kept, 1).sum().item(), 2_000_000);
    kept.dispose();
  });

  it('is not thrown for garbage: that is collected first', () => {
    setMemoryLimit(memory(device).live + 64 * 2 ** 20, device);
    let x: Tensor = ones([2 ** 18]);
    for (let i = 0; i < 500; i++) x = x.add(1);
    assert.equal(x.slice(0, 0, 1).itemSync(), 501);
    // Old enough to have left the collector's young generation.
    const held = Array.from({ length: 40 }, () => ones([2 ** 18]));
    for (let i = 0; i < 200; i++) held[i % 40] = ones([2 ** 18]);
    assert.equal(held.length, 40);
  });

  it('leaves a training loop unharmed', async () => {
    const weight = ones([1000], { requiresGrad: true });
    setMemoryLimit(memory(device).live + 10_000_000, device);
    assert.throws(() => weight.expand([100_000, 1000]).mul(2).sum().backward(), OutOfMemoryError);
    weight.mul(2).sum().backward();
    assert.deepEqual(await weight.grad?.slice(0, 0, 2).array(), [2, 2]);
  });
});

describe('tensors that the collector finds dead in the middle of an expression', () => {
  it('stay good until their operator has run', async () => {
    let x = ones([3]);
    const one = ones([3]);
    for (let i = 0; i < 100_000; i++) x = x.add(one).mul(2).sub(one).mul(0.5).sub(0.5);
    await synchronize();
    assert.deepEqual(await x.array(), [1, 1, 1]);
  });
});
