// Functions whose programs do not last run without compiling for a while, and say why; explain() says what programs depend on.
import assert from 'node:assert/strict';
import { compile, nn, ones, optim, type Tensor, tensor } from 'anneal';
import { collect } from './support/collect';
import { warningsOf } from './support/warnings';

const list = (x: Tensor): number[] => Array.from(x.dataSync(), Number);

const quietly = async (fn: () => void): Promise<void> => void (await warningsOf(fn));

class Scaled extends nn.Module {
  k = 1;
  other = 1;
  weight = new nn.Parameter(tensor([1, 2]));
  calls = 0;
  forward(x: Tensor): Tensor {
    this.traced();
    return x.mul(this.weight).mul(this.k);
  }
  traced = (): void => {};
}

// A compiled model, and how often forward ran in JavaScript.
function counted(): { model: Scaled; f: ReturnType<typeof compile<[Tensor], Tensor>>; runs: () => number } {
  const model = new Scaled();
  let runs = 0;
  model.traced = () => {
    runs++;
  };
  return { model, f: compile((x: Tensor) => model.forward(x)), runs: () => runs };
}

describe('programs that do not last', () => {
  it('give way to calls without compiling, and come back', async () => {
    const { model, f, runs } = counted();
    const [told, ...others] = await warningsOf(() => {
      for (let i = 1; i <= 10; i++) {
        model.k = i;
        assert.deepEqual(list(f(ones([2]))), [i, 2 * i]);
      }
    });
    assert.equal(f.programs, 0); // 4 were traced, none is kept
    assert.deepEqual(others, []);
    assert.equal(told?.code, 'ANNEAL_NOT_COMPILED');
    assert.match(
      told?.message ?? '',
      /^\[compile\] a function runs without compiling for a while: Scaled\.k changed at each of the last 4 calls: .* 0-d tensor/,
    );
    assert.match(f.explain(), /^the next 58 calls run without compiling, since Scaled\.k kept changing\n/);
    const result = f(ones([2]));
    assert.equal(result.requiresGrad, false); // as those of a program
    for (let i = 0; i < 57; i++) f(ones([2]));
    assert.deepEqual([runs(), f.programs], [68, 0]);
    for (let i = 0; i < 20; i++) f(ones([2]));
    assert.deepEqual([runs(), f.programs], [69, 1]);
  });

  it('wait longer each time, unless one has lasted', () =>
    quietly(() => {
      const { model, f, runs } = counted();
      const spoil = (calls: number) => {
        for (let i = 0; i < calls; i++) {
          model.k = Math.random();
          f(ones([2]));
        }
      };
      const pause = () => Number(/^the next (\d+) calls/.exec(f.explain())?.[1] ?? 0);
      for (const expected of [63, 127, 255]) {
        spoil(5); // the fifth finds the fourth program stale
        assert.equal(pause(), expected);
        spoil(expected);
      }
      const before = runs();
      for (let i = 0; i < 20; i++) f(ones([2]));
      assert.equal(runs() - before, 1);
      spoil(4);
      assert.equal(pause(), 0); // the one that lasted is no strike
      spoil(1);
      assert.equal(pause(), 63);
    }));

  it('are also those of numbers among the arguments, and of too many shapes', async () => {
    let traced = 0;
    const f = compile((x: Tensor, factor: number) => {
      traced++;
      return x.mul(factor);
    });
    const told = await warningsOf(() => {
      for (let i = 0; i < 12; i++) assert.deepEqual(list(f(ones([1]), i)), [i]);
    });
    assert.match(told[0]?.message ?? '', /: argument\[1\] changed at each/);
    assert.equal(f.programs, 0);
    const g = compile((x: Tensor) => x.mul(2), { maxPrograms: 3 });
    const toldOfShapes = await warningsOf(() => {
      for (let i = 1; i < 20; i++) assert.equal(g(ones([i])).size, i);
    });
    assert.match(toldOfShapes[0]?.message ?? '', /: the shapes of the arguments changed at each/);
    assert.ok(traced > 0 && g.programs <= 3);
  });

  it('are not those that take turns', async () => {
    const { model, f, runs } = counted();
    const told = await warningsOf(() => {
      for (let i = 0; i < 100; i++) {
        model.k = i % 4;
        assert.deepEqual(list(f(ones([2]))), [model.k, 2 * model.k]);
      }
    });
    assert.deepEqual([told.length, runs(), f.programs], [0, 4, 4]);
    model.k = 9;
    f(ones([2]));
    assert.equal(f.programs, 4); // the one used longest ago has gone
    model.k = 3;
    f(ones([2]));
    assert.equal(runs(), 5);
  });

  it('do not hold layers that were replaced', async () => {
    const model = new Scaled();
    const f = compile((x: Tensor) => model.forward(x));
    const old: WeakRef<Tensor>[] = [];
    await quietly(() => {
      for (let i = 0; i < 30; i++) {
        old.push(new WeakRef(model.weight));
        f(ones([2]));
        model.weight = new nn.Parameter(tensor([i, i]));
      }
    });
    await collect();
    assert.ok(old.filter((ref) => ref.deref() !== undefined).length <= 4);
  });
});

describe('explain()', () => {
  it('begins with what a program depends on', () => {
    const model = new Scaled();
    const dropout = new nn.Dropout(0.25);
    const optimizer = new optim.Adam(model.parameters(), { lr: 0.1 });
    const table = new Map(Array.from({ length: 100 }, (_, i) => [i, i]));
    Object.assign(model, { table });
    const f = compile((x: Tensor) => {
      const loss = dropout.forward(model.forward(x)).sum();
      loss.backward();
      optimizer.step();
      optimizer.zeroGrad();
      return loss;
    });
    f(ones([2]));
    f(ones([2]));
    const [head = ''] = f.explain().split('traced\n');
    assert.match(head, /^\[float32\[2\]\]\n {2}depends on\n/);
    assert.match(head, /\n {4}Scaled \(training\) \{ k: 1, other: 1, /);
    assert.match(head, /\n {4}Dropout \(training\) \{ p: 0\.25/);
    assert.match(head, /\n {4}Adam\.paramGroups\.0 \{ lr: any, betas: any, eps: 1e-8/);
    assert.match(head, /\n {4}Scaled\.weight float32\[2\], requires gradients\n/);
    assert.match(head, /\n {2}looks up at every run: .*lr/);
    assert.match(head, /\n {2}does not watch: variables in closures/);
    assert.match(head, /\n {2}does not watch: Scaled\.table \(100 entries\)\n/);
    assert.match(head, /\n {2}ran 2 times\n/);
    model.k = 3;
    f(ones([2]));
    assert.match(f.explain(), /^strikes: 1 of 4, by Scaled\.k\nlast traced anew because of Scaled\.k: 1 -> 3\n/);
  });
});
