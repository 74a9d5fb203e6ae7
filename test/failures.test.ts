// Failures follow data: what depends on a failed kernel is lost, and nothing else (docs/architecture.md, "Failures").
import assert from 'node:assert/strict';
import {
  ArgumentError,
  compile,
  concat,
  IndexError,
  linspace,
  manualSeed,
  nn,
  noGrad,
  normal,
  ones,
  optim,
  pad,
  stack,
  synchronize,
  type Tensor,
  tensor,
  train,
  zeros,
} from 'anneal';
import { Decaying } from './support/decaying';
import { bad, int64, list, lostTo, pick } from './support/lost';

// Nobody else is told of what a test here leaves unread.
const tellRest = () => synchronize().catch(() => {});

describe('failures follow data', () => {
  afterEach(tellRest);

  it('to the request that failed and to no other', async () => {
    const x = tensor([10, 20, 30]);
    const results = await Promise.allSettled([0, 1, 9, 2, 0].map((index) => pick(x, index).mul(2).item()));
    assert.deepEqual(
      results.map((result) => (result.status === 'fulfilled' ? result.value : 'lost')),
      [20, 40, 'lost', 60, 20],
    );
  });

  it('and an unread one touches no other read', async () => {
    bad();
    assert.deepEqual(await list(ones([2]).add(1)), [2, 2]);
    bad();
    assert.deepEqual(Array.from(ones([2]).add(1).dataSync(), Number), [2, 2]);
  });

  it('so that what is made between failure and report is there', async () => {
    const lost = bad();
    const layer = new nn.Linear(2, 2);
    const constant = ones([2]).mul(3);
    await lostTo(lost);
    assert.ok((await list(layer.weight)).every((weight) => Math.abs(weight) < 1));
    assert.deepEqual(await list(constant), [3, 3]);
  });

  it('through operators, which do not throw for it', async () => {
    const lost = bad();
    for (const result of [lost.add(1), lost.mul(lost), lost.sum(), lost.reshape([1, 1]), lost.to('float64')]) {
      await lostTo(result);
    }
  });

  it('with the earliest of several', async () => {
    const first = bad(8);
    const second = bad(9);
    await lostTo(second.add(first), 8);
    await lostTo(first.add(second), 8);
    await lostTo(second, 9);
  });

  it('never to tensors without elements', async () => {
    await lostTo(bad());
    assert.deepEqual(await list(zeros([0]).square()), []);
    const none = zeros([0, 3]).indexSelect(1, int64([9]));
    assert.deepEqual(await list(none.add(1).sum()), [0]);
  });

  it('and stay readable as failures however many come later', async () => {
    const lost = bad(50);
    for (let i = 0; i < 5000; i++) {
      const other = bad(100 + i);
      if (i % 7 === 0) assert.throws(() => other.dataSync(), IndexError);
      other.dispose();
    }
    await lostTo(lost, 50);
    await synchronize().catch(() => {});
    await lostTo(lost.add(1), 50);
  });

  it('to a joined result as a whole', async () => {
    const good = tensor([1]);
    for (const parts of [
      [bad(), good],
      [good, bad()],
      [zeros([0]), good, bad(), good],
    ]) {
      const joined = concat(parts, 0);
      await lostTo(joined.slice(0, 0, 1));
      await lostTo(joined);
    }
    await lostTo(concat([bad(8), good, bad(9)], 0), 8);
    await lostTo(pad(bad(), [[2, 1]]));
    // A block that held a lost result holds a good one next.
    for (let i = 0; i < 20; i++) {
      bad().dispose();
      const joined = concat([good, zeros([0]), good], 0);
      assert.deepEqual(await list(joined), [1, 1]);
      joined.dispose();
    }
  });

  it('not to memory that the host writes anew', async () => {
    for (let i = 0; i < 200; i++) {
      const lost = bad();
      if (i % 3 === 0) await synchronize().catch(() => {});
      lost.dispose();
      assert.deepEqual(await list(tensor([i])), [i]);
      assert.equal(await ones([1]).mul(i).item(), i);
    }
  });

  it('not into the targets of updates in place', async () => {
    const target = tensor([1, 2, 3]);
    target.assign(ones([3]).mul(bad()));
    assert.deepEqual(await list(target), [1, 2, 3]);
    target.assign(ones([3]).mul(2));
    assert.deepEqual(await list(target), [2, 2, 2]);
    // A lost target that is written as a whole is there again.
    const lost = bad();
    noGrad(() => lost.assign(tensor([5])));
    assert.deepEqual(await list(lost), [5]);
  });

  it('through backward to the gradients that depend on it', async () => {
    const [v, w] = [tensor([1, 2], { requiresGrad: true }), tensor([3, 4], { requiresGrad: true })];
    v.mul(2)
      .sum()
      .add(w.mul(bad().reshape([])).sum())
      .backward();
    assert.deepEqual(await list(v.grad as Tensor), [2, 2]);
    await lostTo(w.grad as Tensor);
    w.grad = null;
    w.sum().backward();
    assert.deepEqual(await list(w.grad as unknown as Tensor), [1, 1]);
  });

  it('and are told by synchronize once', async () => {
    bad();
    bad();
    await assert.rejects(synchronize(), IndexError);
    await synchronize();
    await lostTo(bad());
    await synchronize();
  });
});

const optimizers: [string, (params: Iterable<Tensor>) => optim.Optimizer][] = [
  ['SGD', (params) => new optim.SGD(params, { lr: 0.1 })],
  ['SGD with momentum', (params) => new optim.SGD(params, { lr: 0.1, momentum: 0.9 })],
  ['SGD with dampening', (params) => new optim.SGD(params, { lr: 0.1, momentum: 0.9, dampening: 0.5 })],
  ['Adam', (params) => new optim.Adam(params, { lr: 0.01 })],
  ['AdamW with amsgrad', (params) => new optim.AdamW(params, { lr: 0.01, amsgrad: true })],
  ['RMSprop', (params) => new optim.RMSprop(params, { lr: 0.01, momentum: 0.9, centered: true })],
  ['Adagrad', (params) => new optim.Adagrad(params, { lr: 0.1, lrDecay: 0.1, initialAccumulatorValue: 0.1 })],
  ['Adadelta', (params) => new optim.Adadelta(params)],
  ['Adamax', (params) => new optim.Adamax(params)],
  ['NAdam', (params) => new optim.NAdam(params)],
  ['RAdam', (params) => new optim.RAdam(params)],
  ['Rprop', (params) => new optim.Rprop(params)],
  ['an optimizer of the user', (params) => new Decaying(params, { lr: 0.1 })],
];

describe('a batch that fails', () => {
  afterEach(tellRest);

  for (const [name, make] of optimizers) {
    for (const compiles of [false, true]) {
      it(`is as if it had been left out: ${name}${compiles ? ', compiled' : ''}`, async () => {
        const run = async (labels: number[]) => {
          manualSeed(1);
          const model = new nn.Sequential(new nn.Linear(8, 16), new nn.Tanh(), new nn.Linear(16, 4));
          const optimizer = make(model.parameters());
          const x = normal([16, 8]);
          const eager = (y: Tensor) => {
            const loss = nn.crossEntropy(model.forward(x), y);
            loss.backward();
            optimizer.step();
            optimizer.zeroGrad(); // compiled, plain gradient descent then takes place within the products
            return loss;
          };
          const step = compiles ? compile(eager) : eager;
          const losses: (number | string)[] = [];
          for (const label of labels) {
            try {
              losses.push(await step(int64(Array(16).fill(label))).item());
            } catch (error) {
              assert.ok(error instanceof IndexError);
              losses.push('lost');
            }
          }
          const weights = await Promise.all([...model.parameters()].map(list));
          return { losses, weights, steps: optimizer.stateDict().steps };
        };
        const labels = [9, 1, 2, 9, 9, 0, 3, 1];
        const got = await run(labels);
        const want = await run(labels.filter((label) => label !== 9));
        assert.deepEqual(got.weights, want.weights);
        assert.deepEqual(got.steps, want.steps);
        assert.deepEqual(new Set(got.steps), new Set([5]));
        assert.deepEqual(
          got.losses.filter((loss) => loss !== 'lost'),
          want.losses,
        );
        assert.deepEqual(
          got.losses.map((loss) => loss === 'lost'),
          labels.map((label) => label === 9),
        );
      });
    }
  }

  it('keeps from their step only the parameters that depend on it', async () => {
    const params = [1, 2, 3].map((value) => tensor([value, value], { requiresGrad: true }));
    const optimizer = new optim.SGD(params, { lr: 1 });
    const [a, b, c] = params as [Tensor, Tensor, Tensor];
    a.sum()
      .add(b.mul(bad().reshape([])).sum())
      .add(c.mul(2).sum())
      .backward();
    optimizer.step();
    assert.deepEqual(await Promise.all(params.map(list)), [
      [0, 0],
      [2, 2],
      [1, 1],
    ]);
  });
});

describe('Trainer.fit with a bad label', () => {
  afterEach(tellRest);

  const inputs = 6;
  const data = (rows: number, badAt: number) => {
    manualSeed(5);
    const x = normal([rows, inputs]);
    const y = Array.from({ length: rows }, (_, i) => (i === badAt ? 99 : i % 3));
    return [x, int64(y)] as const;
  };
  const trainer = (compiles: boolean) => {
    manualSeed(6);
    const model = new nn.Sequential(new nn.Linear(inputs, 8), new nn.ReLU(), new nn.Linear(8, 3));
    const optimizer = new optim.SGD(model.parameters(), { lr: 0.1, momentum: 0.5 });
    const metrics = { accuracy: train.accuracy() };
    const options = { model, optimizer, loss: nn.crossEntropy, metrics, progress: false, compile: compiles };
    return { model, trainer: new train.Trainer(options) };
  };
  const weights = (model: nn.Module) => Promise.all([...model.parameters()].map(list));

  for (const compiles of [true, false]) {
    it(`tells of it and leaves the model usable${compiles ? '' : ', not compiled'}`, async () => {
      const { model, trainer: one } = trainer(compiles);
      const options = { batchSize: 8, shuffle: false };
      await assert.rejects(one.fit(data(800, 403), options), IndexError);
      if (compiles) {
        // All batches before the bad one, and none after it.
        const { model: reference, trainer: other } = trainer(compiles);
        await other.fit(
          data(800, -1).map((column) => column.slice(0, 0, 400)),
          options,
        );
        assert.deepEqual(await weights(model), await weights(reference));
      }
      const history = await one.fit(data(80, -1), options);
      assert.ok(Number.isFinite(history.epochs[0]?.loss));
      assert.ok((await one.evaluate(data(80, -1))).loss > 0);
      await assert.rejects(one.evaluate(data(80, 9)), IndexError);
      const state = model.stateDict();
      const { model: copy } = trainer(compiles);
      copy.loadStateDict(state);
      assert.deepEqual(await weights(copy), await weights(model));
    });
  }

  it('also in the last batch', async () => {
    const { trainer: one } = trainer(true);
    await assert.rejects(one.fit(data(80, 79), { batchSize: 8, shuffle: false }), IndexError);
    await one.fit(data(80, -1), { batchSize: 8 });
  });

  it('gives callbacks the losses before it', async () => {
    const { trainer: one } = trainer(true);
    const losses: Promise<boolean>[] = [];
    const isThere = (loss: Tensor) =>
      loss.item().then(
        () => true,
        () => false,
      );
    const callbacks = [{ onBatchEnd: ({ loss }: { loss: Tensor }) => void losses.push(isThere(loss)) }];
    await assert.rejects(one.fit(data(80, 35), { batchSize: 8, shuffle: false, callbacks }), IndexError);
    const there = await Promise.all(losses);
    assert.deepEqual(there.slice(0, 5), [true, true, true, true, false]);
    assert.ok(!there.slice(5).includes(true));
  });
});

describe('binaryCrossEntropy of what is no probability', () => {
  afterEach(tellRest);
  const refuses = (x: Tensor, message: RegExp) => {
    return assert.rejects(x.data(), (error: unknown) => error instanceof ArgumentError && message.test(error.message));
  };

  it('fails for inputs and targets outside [0, 1], NaN among them', async () => {
    const inside = tensor([0.5, 1, 0]);
    for (const outside of [1.5, -0.1, Number.NaN, Number.POSITIVE_INFINITY]) {
      const values = tensor([0.5, outside, 0]);
      await refuses(
        nn.binaryCrossEntropy(values, inside),
        /^\[binaryCrossEntropy\] input and target must lie from 0 to 1/,
      );
      await refuses(nn.binaryCrossEntropy(inside, values, { reduction: 'none' }), /received input 1 and target/);
    }
    assert.equal(
      await nn.binaryCrossEntropy(inside, tensor([0.5, 1, 0])).item(),
      Math.fround(Math.fround(Math.LN2) / 3),
    );
  });

  it('loses the gradient with it, and so the step that would be taken', async () => {
    const w = new nn.Parameter(tensor([0.5, 0.5]));
    const optimizer = new optim.SGD([w], { lr: 0.1 });
    nn.binaryCrossEntropy(w.mul(3), tensor([0, 1])).backward();
    optimizer.step();
    assert.deepEqual(await list(w), [0.5, 0.5]);
  });

  it('loses nothing else in a compiled function', async () => {
    const step = compile((x: Tensor, t: Tensor) => {
      const y = x.mul(2);
      return [nn.binaryCrossEntropy(y, t, { reduction: 'none' }).mul(3), y.add(1)] as const;
    });
    const x = ones([1000]);
    const [loss, other] = step(x, x);
    await refuses(loss, /input 2 and target 1/);
    assert.deepEqual(new Set(await list(other)), new Set([3]));
  });

  it('takes every result of sigmoid and softmax', async () => {
    const x = linspace(-120, 120, 100_001);
    const y = x.sigmoid();
    assert.ok(Number.isFinite(await nn.binaryCrossEntropy(y, y.detach()).item()));
    const p = stack([x, x.mul(0.5)], 1).softmax(1);
    assert.ok(Number.isFinite(await nn.binaryCrossEntropy(p, p.detach()).item()));
  });
});
