// compile: traced programs compute what eager code computes, follow what changes between runs, and refuse what they cannot do.
import assert from 'node:assert/strict';
import {
  type Compiled,
  compile,
  Generator,
  grad,
  manualSeed,
  nn,
  noGrad,
  ones,
  optim,
  type Tensor,
  tensor,
  uniform,
  zeros,
} from 'anneal';
import { Decaying } from './support/decaying';
import { fuses } from './support/gpu';
import { warningsOf } from './support/warnings';

const generator = new Generator(7);
const images = Array.from({ length: 6 }, () => uniform([16, 20], { generator }));
const labels = Array.from({ length: 6 }, () => uniform([16], { high: 4, generator }).to('int64'));

interface Recipe {
  layers(): nn.Layer[];
  optimizer(parameters: nn.Parameter[]): optim.Optimizer;
}

function mlp(...between: (() => nn.Layer)[]): () => nn.Layer[] {
  return () => [new nn.Linear(20, 16), ...between.map((make) => make()), new nn.Linear(16, 4)];
}

// Two copies of a training run from the same seed, one of them compiled.
function runs({ layers, optimizer }: Recipe) {
  const start = () => {
    manualSeed(3);
    const model = new nn.Sequential(...layers());
    const optim = optimizer(model.parameters());
    manualSeed(4);
    const step = (x: Tensor, y: Tensor): Tensor => {
      optim.zeroGrad();
      const loss = nn.crossEntropy(model.forward(x), y);
      loss.backward();
      optim.step();
      return loss;
    };
    return { model, optim, step };
  };
  return { start };
}

async function train(
  recipe: Recipe,
  compiled: boolean,
  between?: (i: number, optimizer: optim.Optimizer, model: nn.Module) => void,
) {
  const { model, optim, step } = runs(recipe).start();
  const run = compiled ? compile(step) : step;
  const losses: number[] = [];
  for (let i = 0; i < images.length; i++) {
    between?.(i, optim, model);
    losses.push(await run(images[i], labels[i]).item());
  }
  const weights = await Promise.all(model.parameters().map(async (p) => [...(await p.data())].map(Number)));
  const grads = await Promise.all(model.parameters().map(async (p) => [...((await p.grad?.data()) ?? [])].map(Number)));
  return { losses, weights, grads, programs: compiled ? (run as Compiled<[Tensor, Tensor], Tensor>).programs : 0 };
}

// Fusion may add the terms of a bias gradient in another order.
const close = (actual: number[], expected: number[]) =>
  expected.every((value, i) => Math.abs(value - actual[i]) <= 1e-6 + 1e-5 * Math.abs(value));

function assertSameTraining(actual: Awaited<ReturnType<typeof train>>, expected: Awaited<ReturnType<typeof train>>) {
  assert.ok(close(actual.losses, expected.losses), `${actual.losses} against ${expected.losses}`);
  for (const key of ['weights', 'grads'] as const) {
    for (const [i, values] of expected[key].entries()) assert.ok(close(actual[key][i], values), `${key} ${i}`);
  }
}

describe('compile', () => {
  const recipes: Record<string, Recipe> = {
    sgd: { layers: mlp(() => new nn.ReLU()), optimizer: (p) => new optim.SGD(p, { lr: 0.1 }) },
    'sgd with momentum': {
      layers: mlp(() => new nn.Tanh()),
      optimizer: (p) => new optim.SGD(p, { lr: 0.1, momentum: 0.9, nesterov: true, weightDecay: 0.01 }),
    },
    'sgd with dampening': {
      layers: mlp(() => new nn.Sigmoid()),
      optimizer: (p) => new optim.SGD(p, { lr: 0.1, momentum: 0.9, dampening: 0.5 }),
    },
    adam: { layers: mlp(() => new nn.GELU()), optimizer: (p) => new optim.Adam(p, { lr: 0.01 }) },
    'adamw with amsgrad': {
      layers: mlp(() => new nn.LeakyReLU()),
      optimizer: (p) => new optim.AdamW(p, { lr: 0.01, amsgrad: true }),
    },
    dropout: {
      layers: mlp(
        () => new nn.ReLU(),
        () => new nn.Dropout(0.3),
        () => new nn.Linear(16, 16),
        () => new nn.Dropout(0.5),
      ),
      optimizer: (p) => new optim.Adam(p, { lr: 0.01 }),
    },
  };
  for (const [name, recipe] of Object.entries(recipes)) {
    it(`trains as eager code does: ${name}`, async () => {
      assertSameTraining(await train(recipe, true), await train(recipe, false));
    });
  }

  it('takes a new learning rate without tracing again', async () => {
    const schedule = (i: number, optimizer: optim.Optimizer) => {
      optimizer.lr = 0.1 / (i + 1);
    };
    for (const recipe of [recipes.sgd, recipes['sgd with momentum'], recipes.adam]) {
      const compiled = await train(recipe, true, schedule);
      assertSameTraining(compiled, await train(recipe, false, schedule));
      assert.equal(compiled.programs, 1);
    }
  });

  it("traces again when what a user's own optimizer computes with has changed", async () => {
    class Steady extends Decaying {
      protected override update({ params, grads }: optim.Batch, { lr }: optim.BaseOptions) {
        for (const [i, param] of params.entries()) param.assign(param.sub(grads[i].mul(lr)));
      }
    }
    class Warming extends optim.SGD {
      protected override update(batch: optim.Batch, options: optim.SGDOptions) {
        super.update(batch, { ...options, lr: options.lr * Math.min(1, batch.step / 3) });
      }
    }
    class Shrinking extends optim.Adam {
      protected override update(batch: optim.Batch, options: optim.AdamOptions) {
        super.update(batch, options);
        for (const param of batch.params) param.assign(param.mul(1 - options.lr / 10));
      }
    }
    const halving = (i: number, optimizer: optim.Optimizer) => {
      optimizer.lr = i < 3 ? 0.1 : 0.05;
    };
    for (const [Own, programs] of [
      [Decaying, 0], // another program at each step: not compiled any more after four
      [Steady, 2],
      [Warming, 0],
      [Shrinking, 2],
    ] as const) {
      const recipe: Recipe = { layers: recipes.sgd.layers, optimizer: (p) => new Own(p, { lr: 0.1 }) };
      const told = await warningsOf(async () => {
        const compiled = await train(recipe, true, halving);
        assertSameTraining(compiled, await train(recipe, false, halving));
        assert.equal(compiled.programs, programs);
      });
      assert.equal(told.length, programs === 0 ? 1 : 0);
    }
  });

  it('follows the training mode', async () => {
    const modes = (i: number, _: optim.Optimizer, model: nn.Module) => model.train(i % 2 === 0);
    const compiled = await train(recipes.dropout, true, modes);
    assertSameTraining(compiled, await train(recipes.dropout, false, modes));
    assert.equal(compiled.programs, 2);
  });

  it('follows other options of the optimizer', async () => {
    const options = (i: number, optimizer: optim.Optimizer) => {
      if (i === 3) (optimizer.paramGroups[0] as unknown as optim.AdamOptions).weightDecay = 0.1;
    };
    assertSameTraining(await train(recipes.adam, true, options), await train(recipes.adam, false, options));
  });

  it('follows a state that is loaded into the optimizer', async () => {
    const { optim: other } = runs(recipes.adam).start();
    const load = (i: number, optimizer: optim.Optimizer) => {
      if (i === 3) optimizer.loadStateDict(other.stateDict());
    };
    assertSameTraining(await train(recipes.adam, true, load), await train(recipes.adam, false, load));
  });

  it('leaves random generators where eager code leaves them', async () => {
    const drawnAfter = async (compiled: boolean) => {
      await train(recipes.dropout, compiled);
      return uniform([3]).array();
    };
    assert.deepEqual(await drawnAfter(true), await drawnAfter(false));
  });

  it('adds to gradients that are there', async () => {
    const w = tensor([1, 2, 3], { requiresGrad: true });
    const optimizer = new optim.SGD([w]);
    const x = tensor([1, 10, 100]);
    const step = compile((input: Tensor) => w.mul(input).sum().backward());
    step(x);
    const before = w.grad;
    assert.deepEqual(await before?.array(), [1, 10, 100]);
    step(x);
    step(x);
    assert.deepEqual(await w.grad?.array(), [3, 30, 300]);
    assert.deepEqual(await before?.array(), [1, 10, 100]);
    optimizer.zeroGrad();
    step(x);
    assert.deepEqual(await w.grad?.array(), [1, 10, 100]);
  });

  it('updates and reads parameters where they are', async () => {
    const w = tensor([1, 2], { requiresGrad: true });
    const f = compile((x: Tensor) => x.mul(w));
    const x = ones([2]);
    assert.deepEqual(await f(x).array(), [1, 2]);
    noGrad(() => w.assign(tensor([5, 6])));
    assert.deepEqual(await f(x).array(), [5, 6]);
  });

  it('gives results that stay', async () => {
    const f = compile((x: Tensor) => ({ twice: x.mul(2), list: [x.add(1), null, x] }));
    const results = [1, 2, 3].map((value) => f(tensor([value])));
    for (const [i, { twice, list }] of results.entries()) {
      assert.deepEqual(await twice.array(), [2 * (i + 1)]);
      assert.deepEqual(await (list[0] as Tensor).array(), [i + 2]);
      assert.equal(list[1], null);
      assert.deepEqual(await (list[2] as Tensor).array(), [i + 1]);
    }
    assert.equal(f.programs, 1);
  });

  it('takes structures, plain values and views, and traces once for each signature', async () => {
    const f = compile(({ x, y }: { x: Tensor; y: Tensor[] }, factor: number) => x.add(y[0]).mul(factor));
    const a = tensor([
      [1, 2],
      [3, 4],
    ]);
    const b = a.mul(1);
    assert.deepEqual(await f({ x: a.transpose(0, 1), y: [b] }, 2).array(), [
      [4, 10],
      [10, 16],
    ]);
    assert.deepEqual(await f({ x: a, y: [b] }, 2).array(), [
      [4, 8],
      [12, 16],
    ]);
    assert.equal(f.programs, 1);
    assert.deepEqual(await f({ x: a, y: [b] }, 3).array(), [
      [6, 12],
      [18, 24],
    ]);
    assert.deepEqual(await f({ x: a, y: [tensor([1, 2])] }, 3).array(), [
      [6, 12],
      [12, 18],
    ]);
    assert.equal(f.programs, 3);
    f.reset();
    assert.equal(f.programs, 0);
  });

  it('keeps a bounded number of programs', () => {
    const f = compile((x: Tensor) => x.add(1), { maxPrograms: 3 });
    for (let n = 1; n < 9; n++) f(zeros([n]));
    assert.equal(f.programs, 3);
  });

  it('inlines compiled functions in compiled functions', async () => {
    const inner = compile((x: Tensor) => x.mul(3));
    const outer = compile((x: Tensor) => inner(x).add(1));
    assert.deepEqual(await outer(tensor([1, 2])).array(), [4, 7]);
    assert.equal(inner.programs, 0);
  });

  it('computes gradients of gradients', async () => {
    const f = compile((x: Tensor) => {
      const [dx] = grad(x.pow(3).sum(), x, { createGraph: true });
      return grad(dx.sum(), x)[0];
    });
    const x = tensor([1, 2], { requiresGrad: true });
    assert.deepEqual(await f(x).array(), [6, 12]);
  });

  it('makes random numbers anew at every run', async () => {
    const own = new Generator(5);
    const f = compile(() => [uniform([3], { generator: own }), uniform([2], { generator: own })]);
    const eager = new Generator(5);
    for (let i = 0; i < 3; i++) {
      const [a, b] = f();
      assert.deepEqual(await a.array(), await uniform([3], { generator: eager }).array());
      assert.deepEqual(await b.array(), await uniform([2], { generator: eager }).array());
    }
    own.manualSeed(9);
    eager.manualSeed(9);
    assert.deepEqual(await f()[0].array(), await uniform([3], { generator: eager }).array());
    assert.equal(f.programs, 1);
  });

  it('reports a failing kernel where its result is read, and goes on', async () => {
    const f = compile((x: Tensor, y: Tensor) => nn.crossEntropy(x, y));
    const x = zeros([2, 3]);
    await assert.rejects(f(x, tensor([0, 7], { dtype: 'int64' })).item(), { code: 'ERR_INDEX' });
    assert.ok(Math.abs((await f(x, tensor([0, 1], { dtype: 'int64' })).item()) - Math.log(3)) < 1e-6);
  });

  describe('fuses chains into one kernel, with the bits of eager code:', () => {
    const x = uniform([64, 256], { low: -2, high: 2, generator });
    const w = uniform([256], { generator });
    const b = uniform([256], { generator });
    // The function, and how many kernels are left.
    const chains: Record<string, [(x: Tensor, w: Tensor, b: Tensor) => Tensor[], number]> = {
      pointwise: [(x, w, b) => [x.mul(w).add(b).tanh()], 1],
      'two results': [(x, w, b) => [x.mul(w).relu(), x.mul(w).exp().sub(b)], 1],
      'layer norm': [
        (x, w, b) => {
          const centered = x.sub(x.mean(-1, true));
          const variance = centered.square().mean(-1, true);
          return [centered.mul(variance.add(1e-5).rsqrt()).mul(w).add(b)];
        },
        1,
      ],
      softmax: [
        (x) => {
          const powers = x.sub(x.max(-1, true)).exp();
          return [powers.div(powers.sum(-1, true))];
        },
        1,
      ],
      'a row value as a result': [(x) => [x.square().sum(-1), x.mul(2).min(1)], 1],
      'dtypes and conditions': [(x, w) => [x.gt(0).to('float32').mul(3).add(x.to('float64')), x.gt(w).to('int32')], 1],
      'other shapes': [(x, w) => [x.reshape([8, 8, 256]).mul(w).reshape([64, 16, 16]).sigmoid().sum(-1)], 1],
      'transposed operands': [(x) => [x.transpose(0, 1).mul(2).add(x.transpose(0, 1))], 1],
      // What is transposed must be whole first.
      'a transposed result': [(x) => [x.mul(2).transpose(0, 1).add(1)], 2],
      columns: [(x, w) => [x.mul(w).sum(0).add(w).exp()], 3],
    };
    for (const [name, [chain, kernels]] of Object.entries(chains)) {
      it(name, async () => {
        const compiled = compile(chain);
        const actual = compiled(x, w, b);
        for (const [i, expected] of chain(x, w, b).entries()) {
          assert.deepEqual(await actual[i].data(), await expected.data());
        }
        const [, after = ''] = compiled.explain().split('compiled\n');
        if (fuses) assert.match(after, new RegExp(`\\b${kernels} kernels?`), after);
      });
    }

    it('and in backward, through a network with normalisation', async () => {
      const gain = uniform([256], { generator, requiresGrad: true });
      const step = (x: Tensor) => {
        const centered = x.mul(gain).sub(x.mean(-1, true));
        const loss = centered.mul(centered.square().mean(-1, true).add(1e-5).rsqrt()).tanh().mean();
        return grad(loss, gain)[0];
      };
      assert.deepEqual(await compile(step)(x).data(), await step(x).data());
    });
  });

  describe('fuses into matrix products:', () => {
    const x = uniform([32, 24], { low: -1, generator });
    const w = uniform([16, 24], { low: -1, generator });
    const y = uniform([32, 16], { low: -1, generator });
    const product = () => x.matmul(w.transpose(0, 1));
    const epilogues: Record<string, () => Tensor> = {
      'an activation': () => product().relu(),
      'a costly activation': () => product().gelu(),
      'a residual': () => product().add(y),
      'a residual and an activation': () => y.add(product()).sigmoid(),
      'a gate': () => product().mul(y),
    };
    for (const [name, epilogue] of Object.entries(epilogues)) {
      it(name, async () => {
        const compiled = compile(epilogue);
        assert.deepEqual(await compiled().data(), await epilogue().data());
        if (fuses) assert.match(compiled.explain().split('compiled\n')[1], /\b1 kernel/);
      });
    }

    it('but not what somebody else needs', async () => {
      const f = compile(() => {
        const a = product();
        return [a, a.relu()];
      });
      const [a, b] = f();
      assert.deepEqual(await a.data(), await product().data());
      assert.deepEqual(await b.data(), await product().relu().data());
    });
  });

  it('explains what runs', () => {
    const f = compile((x: Tensor) => x.mul(2).add(x.mul(2)));
    f(zeros([4]));
    const [, traced, compiled] = /traced\n(.*)compiled\n(.*)/s.exec(f.explain()) ?? [];
    assert.match(traced, /mul.*\n.*mul.*\n.*add/);
    assert.match(traced, /3 kernels/);
    assert.match(compiled, /2 kernels/);
  });

  describe('refuses', () => {
    const x = zeros([2]);
    it('what is no function', () => {
      assert.throws(() => compile(3 as never), { code: 'ERR_ARGUMENT', message: /\[compile\] expected a function/ });
    });
    it('reading a value while tracing', () => {
      assert.throws(() => compile((t: Tensor) => t.itemSync())(zeros([])), /being traced/);
      assert.throws(() => compile((t: Tensor) => `${t}`)(x), /being traced/);
    });
    it('an asynchronous function, without a rejection that nobody can catch', async () => {
      const unhandled: unknown[] = [];
      const listener = (reason: unknown) => unhandled.push(reason);
      process.on('unhandledRejection', listener);
      const failing = async (t: Tensor) => t.matmul(zeros([3, 3]));
      assert.throws(() => compile(failing), { code: 'ERR_ARGUMENT', message: /asynchronous/ });
      // Known only once it has returned a promise, here one that rejects.
      assert.throws(() => compile((t: Tensor) => failing(t))(x), { code: 'ERR_ARGUMENT', message: /asynchronous/ });
      assert.throws(() => compile(() => Promise.reject(new Error('late')))(), /asynchronous/);
      await new Promise((resolve) => setTimeout(resolve, 5));
      process.off('unhandledRejection', listener);
      assert.deepEqual(unhandled, []);
    });
    it('results that a run would not compute again', () => {
      for (const value of [5, 'text', true, 5n, Number.NaN]) {
        assert.throws(() => compile(() => value)(), {
          code: 'ERR_ARGUMENT',
          message: /\[compile\] the result: .*received/,
        });
        assert.throws(() => compile((t: Tensor) => ({ t, list: [value] }))(x), /the result\.list\[0\]/);
      }
      for (const nothing of [undefined, null]) assert.equal(compile(() => nothing)(), nothing);
      assert.deepEqual(compile(() => ({ a: null, b: [undefined] }))(), { a: null, b: [undefined] });
    });
    it('arguments and results it cannot name', () => {
      assert.throws(() => compile((_: unknown) => x)(new Map()), /argument/);
      assert.throws(() => compile(() => () => x)(), /result/);
    });
    it('a tensor that was made while tracing', async () => {
      let kept = x;
      const f = compile((t: Tensor) => {
        kept = t.add(1);
        return kept;
      });
      assert.deepEqual(await f(x).array(), [1, 1]);
      assert.throws(() => kept.add(1), /traced|disposed/);
    });
    it('backward into an argument', () => {
      const leaf = tensor([1, 2], { requiresGrad: true });
      assert.throws(() => compile((t: Tensor) => t.sum().backward())(leaf), { code: 'ERR_AUTOGRAD' });
    });
    it('nothing after an error in the function: tracing ends with it', async () => {
      const f = compile((t: Tensor) => t.matmul(zeros([3, 3])));
      assert.throws(() => f(x), { code: 'ERR_SHAPE' });
      assert.deepEqual(await x.add(1).array(), [1, 1]);
      assert.deepEqual(await compile((t: Tensor) => t.add(2))(x).array(), [2, 2]);
    });
  });
});

describe('Module.compile', () => {
  const model = new nn.Sequential(new nn.Linear(40, 30), new nn.ReLU(), new nn.Dropout(0.5), new nn.Linear(30, 5));
  for (const batch of [1, 3, 64]) {
    it(`gives what forward gives in inference mode, batch ${batch}`, async () => {
      const forward = model.compile();
      const x = uniform([batch, 40], { generator });
      const expected = await noGrad(() => model.forward(x)).data();
      for (let i = 0; i < 3; i++) assert.deepEqual(await forward(x).data(), expected);
      assert.equal(forward(x).requiresGrad, false);
    });
  }

  it('sees weights that were updated', async () => {
    const forward = model.compile();
    const x = uniform([16, 40], { generator });
    await forward(x).data();
    for (const parameter of model.parameters()) noGrad(() => parameter.assign(parameter.mul(2)));
    assert.deepEqual(await forward(x).data(), await noGrad(() => model.forward(x)).data());
  });
});
