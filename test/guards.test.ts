// Compiled means the same as eager: a program holds only while what it was traced from holds. Each case changes something after a
// function was compiled and run, and compares with the same function that is not compiled.
import assert from 'node:assert/strict';
import { compile, manualSeed, nn, ones, optim, type Tensor, tensor } from 'anneal';

const list = (x: Tensor): number[] => Array.from(x.dataSync(), Number);

class Scaled extends nn.Module {
  factor = 2;
  options = { shift: 1 };
  weight = new nn.Parameter(tensor([1, 2]));
  inner: nn.Module & { forward(x: Tensor): Tensor } = new nn.ReLU();
  forward(x: Tensor): Tensor {
    return this.inner.forward(x.mul(this.weight).mul(this.factor).add(this.options.shift));
  }
}

describe('a compiled function', () => {
  const changes: Record<string, (model: Scaled) => void> = {
    'a number in a field': (model) => {
      model.factor = 5;
    },
    'an option in an object of a field': (model) => {
      model.options.shift = -3;
    },
    'a parameter that is replaced': (model) => {
      model.weight = new nn.Parameter(tensor([-4, 7]));
    },
    'a parameter of another shape': (model) => {
      model.weight = new nn.Parameter(tensor([3]));
    },
    'a module that is replaced': (model) => {
      model.inner = new nn.Tanh();
    },
  };
  for (const [what, change] of Object.entries(changes)) {
    it(`follows ${what}`, () => {
      const model = new Scaled();
      const x = tensor([1, -1]);
      const f = compile((input: Tensor) => model.forward(input));
      const served = new Scaled();
      const serve = served.compile();
      assert.deepEqual(list(f(x)), list(model.forward(x)));
      serve(x);
      change(model);
      change(served);
      for (let i = 0; i < 2; i++) {
        assert.deepEqual(list(f(x)), list(model.forward(x)));
        assert.deepEqual(list(serve(x)), list(served.forward(x)));
      }
    });
  }

  for (const Optimizer of [optim.SGD, optim.Adam]) {
    it(`freezes and thaws a parameter with ${Optimizer.name}`, () => {
      const run = (compiled: boolean) => {
        const [a, b] = [new nn.Parameter(tensor([1])), new nn.Parameter(tensor([2]))];
        const optimizer = new Optimizer([a, b], { lr: 0.1 });
        const step = (x: Tensor) => {
          optimizer.zeroGrad();
          const loss = a.mul(x).add(b.mul(b)).sum();
          loss.backward();
          optimizer.step();
          return loss;
        };
        const way = compiled ? compile(step) : step;
        const seen: number[][] = [];
        for (const frozen of [false, false, true, true, false]) {
          a.requiresGrad = !frozen;
          way(tensor([3]));
          seen.push([...list(a), ...list(b)]);
        }
        return seen;
      };
      const found = run(true);
      assert.deepEqual(found, run(false));
      assert.deepEqual(found[1]?.[0], found[3]?.[0]);
      assert.notEqual(found[3]?.[0], found[4]?.[0]);
    });
  }

  it('follows the probability of dropout', () => {
    const drop = new nn.Dropout(0.5);
    const f = compile((x: Tensor) => drop.forward(x));
    manualSeed(1);
    assert.notDeepEqual(list(f(ones([64]))), Array(64).fill(1));
    (drop as { p: number }).p = 0;
    assert.deepEqual(list(f(ones([64]))), Array(64).fill(1));
  });

  it('follows an array that it makes a tensor of', () => {
    const scale = Float32Array.of(2, 3);
    const f = compile((x: Tensor) => x.mul(tensor(scale)));
    assert.deepEqual(list(f(ones([2]))), [2, 3]);
    scale[1] = 10;
    assert.deepEqual(list(f(ones([2]))), [2, 10]);
  });

  it('throws when a tensor that it captured has been disposed', () => {
    const captured = tensor([1, 2]);
    const f = compile((x: Tensor) => x.add(captured));
    assert.deepEqual(list(f(ones([2]))), [2, 3]);
    captured.dispose();
    assert.throws(() => f(ones([2])), { name: 'DisposedError' });
  });

  it('follows modules that are added to a list', () => {
    const layers = new nn.ModuleList([new nn.ReLU()]);
    const f = compile((x: Tensor) => {
      for (const layer of layers) x = layer.forward(x);
      return x;
    });
    assert.deepEqual(list(f(tensor([-1, 2]))), [0, 2]);
    layers.push(new nn.Tanh());
    assert.deepEqual(list(f(tensor([-1, 2]))), list(tensor([0, 2]).tanh()));
  });
});
