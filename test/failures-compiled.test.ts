// Failures in compiled functions: kernels that were fused, moved into others, or given operands laid out beforehand lose what the
// operators that they were made of would lose (docs/architecture.md, "Failures").
import assert from 'node:assert/strict';
import {
  compile,
  concat,
  manualSeed,
  nn,
  noGrad,
  normal,
  ones,
  optim,
  synchronize,
  type Tensor,
  tensor,
  train,
  zeros,
} from 'anneal';
import { bad, int64, list, lostTo } from './support/lost';

describe('failures in compiled functions', () => {
  // Nobody else is told of what a test here leaves unread.
  afterEach(() => synchronize().catch(() => {}));

  it('reach the results that depend on them, as without compiling', async () => {
    const f = (x: Tensor, c: Tensor) => [x.add(c).mul(2), c.mul(3).add(1)];
    const compiled = compile(f);
    const [x, c] = [ones([300]), ones([300])];
    compiled(x, c);
    const lost = ones([300]).mul(bad());
    for (const run of [f, compiled]) {
      const [first, second] = run(lost, c) as [Tensor, Tensor];
      await lostTo(first);
      assert.ok((await list(second)).every((value) => value === 4));
      const [third, fourth] = run(x, c) as [Tensor, Tensor];
      assert.ok((await list(third)).every((value) => value === 4));
      assert.ok((await list(fourth)).every((value) => value === 4));
    }
  });

  it('leave programs right that run beside them', async () => {
    manualSeed(3);
    const model = new nn.Sequential(new nn.Linear(64, 48), new nn.ReLU(), new nn.Linear(48, 4));
    const x = normal([8, 64]);
    const want = await list(model.forward(x));
    bad(); // before the program is traced, its weights laid out, and run
    const forward = compile((input: Tensor) => model.forward(input));
    for (let i = 0; i < 5; i++) {
      const answer = forward(x);
      bad();
      const got = await list(answer);
      assert.ok(got.every((value, j) => Math.abs(value - (want[j] as number)) < 1e-5));
    }
  });

  it('do not outlast the weights that they are in', async () => {
    const w = ones([64, 48]);
    const forward = compile((input: Tensor) => input.matmul(w));
    const x = ones([8, 64]);
    assert.equal(await forward(x).max().item(), 64);
    w.assign(zeros([64, 48]).add(bad()));
    assert.equal(await forward(x).max().item(), 64);
    const lost = zeros([64, 48]).add(bad());
    const other = compile((input: Tensor) => input.matmul(lost));
    await lostTo(other(x));
    noGrad(() => lost.assign(ones([64, 48]).mul(2)));
    assert.equal(await other(x).max().item(), 128);
  });

  it('stay within a fused kernel with sums of rows', async () => {
    const f = (x: Tensor, c: Tensor) => {
      const centered = c.sub(c.mean(1, true));
      const both = centered.mul(x.exp());
      return [centered, c.mul(2).sum(1), x.add(1).sum(1), both, both.sum(1), c.add(3)];
    };
    const compiled = compile(f);
    const [x, c] = [normal([30, 40]), normal([30, 40])];
    const want = await Promise.all((f(x, c) as Tensor[]).map(list));
    compiled(x, c);
    const lost = x.add(bad());
    for (const [inputs, takes] of [
      [
        [lost, c],
        [2, 3, 4],
      ],
      [
        [x, c.add(bad())],
        [0, 1, 3, 4, 5],
      ],
      [
        [lost, c.add(bad(8))],
        [0, 1, 2, 3, 4, 5],
      ],
      [[x, c], []],
    ] as [[Tensor, Tensor], number[]][]) {
      for (const run of [f, compiled]) {
        for (const [i, result] of run(...inputs).entries()) {
          if (takes.includes(i)) await assert.rejects(result.data(), /index [78] is outside/);
          else assert.deepEqual(await list(result), want[i], `result ${i}`);
        }
      }
    }
  });

  it('leave a gradient that a product sums on its way, where only the product is lost', async () => {
    const make = () => {
      const layer = new nn.Linear(40, 30);
      noGrad(() => {
        layer.weight.assign(ones([30, 40]));
        layer.bias?.assign(ones([30]));
      });
      const optimizer = new optim.SGD(layer.parameters(), { lr: 0.5 });
      const step = (x: Tensor) => {
        const sum = layer.forward(x).sum();
        sum.backward();
        optimizer.step();
        optimizer.zeroGrad();
        return sum;
      };
      return { layer, optimizer, step };
    };
    for (const compiles of [false, true]) {
      const { layer, optimizer, step } = make();
      const run = compiles ? compile(step) : step;
      await lostTo(run(ones([8, 40]).mul(bad())));
      // The bias's gradient is that of the sum alone.
      assert.deepEqual(await list(layer.bias as Tensor), Array(30).fill(1 - 8 / 2));
      assert.deepEqual(await list(layer.weight), Array(1200).fill(1));
      assert.deepEqual(optimizer.stateDict().steps.toSorted(), [0, 1]);
      assert.equal(await run(ones([8, 40])).item(), 8 * 30 * (40 - 3));
      assert.deepEqual(await list(layer.weight), Array(1200).fill(1 - 8 / 2));
    }
  });

  it('keep operands that were laid out as they are when an update of them does not happen', async () => {
    manualSeed(4);
    const model = new nn.Sequential(new nn.Linear(64, 48), new nn.Tanh(), new nn.Linear(48, 3));
    const optimizer = new optim.SGD(model.parameters(), { lr: 0.1 });
    const forward = model.compile();
    const x = normal([8, 64]);
    for (const label of [0, 99, 1, 99, 99, 2]) {
      const before = await list(forward(x));
      const loss = nn.crossEntropy(model.forward(x), int64(Array(8).fill(label)));
      loss.backward();
      optimizer.step();
      optimizer.zeroGrad();
      const after = await list(forward(x));
      const eager = await list(model.forward(x));
      assert.ok(after.every((value, i) => Math.abs(value - (eager[i] as number)) < 1e-5));
      assert.equal(JSON.stringify(after) === JSON.stringify(before), label === 99);
    }
  });

  it('keep from happening the updates that depend on them, and no others', async () => {
    const [a, b, c] = [tensor([1, 2]), tensor([3, 4]), tensor([5, 6])];
    const step = compile((x: Tensor, y: Tensor) => {
      noGrad(() => {
        a.assign(a.add(x));
        b.assign(b.mul(y));
        c.assign(a.add(b));
      });
      return { a: a.mul(1), y: y.add(1) };
    });
    const { a: first, y: second } = step(ones([2]), ones([2]).mul(bad()));
    assert.deepEqual(await list(first), [2, 3]);
    await lostTo(second);
    assert.deepEqual(await Promise.all([a, b, c].map(list)), [
      [2, 3],
      [3, 4],
      [5, 7],
    ]);
    step(ones([2]), ones([2]).mul(2));
    assert.deepEqual(await Promise.all([a, b, c].map(list)), [
      [3, 4],
      [6, 8],
      [9, 12],
    ]);
  });

  it('are joined to whole results', async () => {
    const join = compile((x: Tensor, y: Tensor) => [concat([x.mul(2), y.mul(2)], 0), x.mul(3)]);
    join(ones([2]), ones([3]));
    for (const [x, y] of [
      [ones([2]), ones([3]).mul(bad())],
      [ones([2]).mul(bad()), ones([3])],
    ] as [Tensor, Tensor][]) {
      await lostTo((join(x, y) as Tensor[])[0] as Tensor);
    }
    const [joined, tripled] = join(ones([2]), ones([3])) as [Tensor, Tensor];
    assert.deepEqual(await list(joined), [2, 2, 2, 2, 2]);
    assert.deepEqual(await list(tripled), [3, 3]);
  });

  it('end many steps that run in one go at the one that fails', async () => {
    const rows = 2000;
    for (const badAt of [0, 999, 1000, 1777, rows - 1]) {
      manualSeed(7);
      const model = new nn.Linear(3, 4);
      const x = normal([rows, 3]);
      const labels = Array.from({ length: rows }, (_, i) => i % 4);
      const optimizer = new optim.Adam(model.parameters(), { lr: 0.01 });
      const trainer = new train.Trainer({ model, optimizer, loss: nn.crossEntropy, progress: false });
      const options = { batchSize: 4, shuffle: false };
      await assert.rejects(trainer.fit([x, int64(labels.with(badAt, 77))], options), /target 77 is outside/);
      const { steps } = optimizer.stateDict();
      const before = Math.floor(badAt / 4);
      assert.equal(steps.length, before === 0 ? steps.length : 2);
      assert.ok(
        steps.every((count) => count === before),
        `${steps} steps, ${before} batches`,
      );
    }
  });
});
