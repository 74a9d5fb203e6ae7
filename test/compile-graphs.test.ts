// Compiled means the same as eager, where graphs, gradients and hooks outlive a call: graphs made outside, gradients that the user
// holds, hooks on arguments, tensors kept from a trace, and learning rates that the function reads.
import assert from 'node:assert/strict';
import { compile, data, grad, keep, nn, noGrad, optim, type Tensor, tensor, train } from 'anneal';
import { outcome, type Scenario, sameAsEager, values } from './support/same-as-eager';

const leaf = () => tensor([1, 2], { requiresGrad: true });

describe('a compiled backward through a graph made outside', () => {
  sameAsEager({
    'frees it': (way) => {
      const w = leaf();
      const h = w.mul(w);
      const f = way((x: Tensor) => {
        w.grad = null;
        h.mul(x).sum().backward();
      });
      return [1, 2, 3].map((i) => outcome(() => [f(tensor([i, i])), values(w.grad)]));
    },
    'frees it where no rule needs a saved value': (way) => {
      const w = leaf();
      const h = w.add(1);
      const f = way((x: Tensor) => grad(h.mul(x).sum(), w)[0]);
      return [[1, 2], [3]].map((x) => outcome(() => values(f(tensor(x)))));
    },
    'finds it freed within the function': (way) => {
      const w = leaf();
      const h = w.mul(w);
      const f = way(() => {
        h.sum().backward();
        h.sum().backward();
      });
      return [outcome(f), outcome(() => h.sum().backward())];
    },
    'frees it also where the function is traced again for its arguments': (way) => {
      const w = leaf();
      const h = w.mul(w);
      const a = tensor([3, 4]);
      const f = way((x: Tensor, y: Tensor) => {
        x.assign(x.mul(2));
        return grad(h.mul(y).sum(), w)[0];
      });
      return [1, 2].map(() => outcome(() => [values(f(a, a.reshape([2]))), values(a)]));
    },
    'retains it until somebody frees it': (way) => {
      const w = leaf();
      const h = w.mul(w);
      const f = way(() => grad(h.sum(), w, { retainGraph: true })[0]);
      const seen = [1, 2, 3].map(() => values(f()));
      h.sum().backward();
      return [seen, outcome(() => values(f()))];
    },
    'retains it until what it has saved is updated': (way) => {
      const w = leaf();
      const h = w.mul(w);
      const f = way(() => grad(h.sum(), w, { retainGraph: true })[0]);
      const seen = [1, 2].map(() => values(f()));
      noGrad(() => w.assign(w.add(1)));
      return [seen, outcome(() => values(f()))];
    },
    'retains it and updates itself what it has saved': (way) => {
      const w = leaf();
      const h = w.mul(w);
      const f = way(() => {
        const [dw] = grad(h.sum(), w, { retainGraph: true });
        noGrad(() => w.assign(w.sub(dw)));
        return dw;
      });
      return [1, 2].map(() => outcome(() => [values(f()), values(w)]));
    },
    'runs the hooks that are on it now': (way) => {
      const w = leaf();
      const h = w.mul(w);
      const f = way(() => grad(h.sum(), w, { retainGraph: true })[0]);
      const seen = [values(f())];
      const remove = h.registerHook((g) => g.mul(10));
      seen.push(values(f()));
      remove();
      return [...seen, values(f())];
    },
  });
});

describe('a gradient that a compiled step leaves', () => {
  const step = (w: Tensor) => (x: Tensor) => {
    w.grad = null;
    w.mul(w).mul(x).sum().backward();
  };
  sameAsEager({
    'stays with whoever holds it': (way) => {
      const w = leaf();
      const f = way(step(w));
      const held: (Tensor | null)[] = [];
      for (let i = 1; i < 6; i++) {
        f(tensor([i, -i]));
        held.push(i % 2 === 0 ? w.grad : (w.grad as Tensor).reshape([2, 1]));
      }
      return held.map(values);
    },
    'may be an argument of the next': (way) => {
      const w = leaf();
      const f = way((x: Tensor) => {
        step(w)(x);
        return x.add(w.grad as Tensor);
      });
      let x = tensor([1, 1]);
      return [1, 2, 3, 4].map(() => {
        const y = f(x);
        x = w.grad as Tensor;
        return [values(y), values(x)];
      });
    },
    'may be shared by two leaves': (way) => {
      const [a, b] = [leaf(), leaf()];
      const f = way((x: Tensor) => {
        const g = x.mul(2);
        a.grad = g;
        b.grad = g;
      });
      return [1, 2, 3].map((i) => {
        f(tensor([i, i]));
        return [values(a.grad), values(b.grad)];
      });
    },
    'may be returned, too': (way) => {
      const w = leaf();
      const f = way((x: Tensor) => {
        step(w)(x);
        return w.grad;
      });
      return [1, 2, 3].map((i) => f(tensor([i, i]))).map(values);
    },
    'is scaled in place by another compiled function': (way) => {
      const w = leaf();
      const f = way(step(w));
      const clip = way(() => {
        const g = w.grad as Tensor;
        noGrad(() => g.assign(g.mul(0.5)));
      });
      return [1, 2, 3].map((i) => {
        f(tensor([i, i]));
        clip();
        return values(w.grad);
      });
    },
  });
});

describe('hooks on an argument of a compiled function', () => {
  sameAsEager({
    'run while they are there': (way) => {
      const f = way((x: Tensor) => grad(x.mul(x).sum(), x)[0]);
      const [x, y] = [leaf(), leaf()];
      const seen = [f(x)];
      const remove = x.registerHook((g) => g.mul(10));
      seen.push(f(x), f(y));
      y.registerHook((g) => g.mul(100));
      seen.push(f(y), f(x));
      remove();
      return [...seen, f(x), f(y)].map(values);
    },
    'that the function registers stay': (way) => {
      const f = way((x: Tensor) => {
        x.registerHook((g) => g.mul(10));
        return grad(x.mul(x).sum(), x)[0];
      });
      const x = leaf();
      return [f(x), f(x), f(leaf())].map(values);
    },
    'run where it is the result of an operator': (way) => {
      const f = way((x: Tensor) => grad(x.mul(x).sum(), x)[0]);
      const h = leaf().mul(2);
      const seen = [f(h)];
      h.registerHook((g) => g.mul(10));
      return [...seen, f(h), f(leaf().mul(2))].map(values);
    },
  });
});

describe('a tensor kept from a trace', () => {
  // Traces a function, and returns what it has kept of one of its tensors.
  const kept = (): Tensor => {
    let inside: Tensor | undefined;
    compile((x: Tensor) => {
      inside = keep(x.add(1));
      return inside.mul(2);
    })(tensor([1, 2]));
    return inside as Tensor;
  };
  const uses: Record<string, (stale: Tensor, w: Tensor) => unknown> = {
    'an operand': (stale) => stale.add(1),
    'what is read': (stale) => stale.detach().dataSync(),
    'the start of a gradient': (stale, w) => w.add(1).backward(stale),
    'a gradient': (stale, w) => {
      w.grad = stale;
    },
    'a parameter': (stale) => new nn.Parameter(stale).mul(2).detach(),
  };
  for (const [what, use] of Object.entries(uses)) {
    it(`is refused as ${what}, in however late a trace and outside of one`, () => {
      const stale = kept();
      const w = leaf();
      for (let i = 0; i < 9; i++) {
        const f = compile((x: Tensor) => {
          use(stale, w);
          return x.add(i);
        });
        assert.throws(() => f(tensor([1, 2])), { code: 'ERR_ARGUMENT' });
        assert.equal(w.grad, null);
      }
      assert.throws(() => use(stale, w), { code: 'ERR_ARGUMENT' });
    });
  }

  it('in a graph is refused by the gradient rule that needs it', () => {
    const w = leaf();
    let loss: Tensor | undefined;
    compile((x: Tensor) => {
      loss = keep(w.mul(x).sum());
      return loss.detach();
    })(tensor([1, 2]));
    const f = compile(() => loss?.backward());
    assert.throws(f, { code: 'ERR_ARGUMENT', message: /traced/ });
    for (let i = 0; i < 8; i++) assert.throws(f, { code: 'ERR_AUTOGRAD', message: /freed/ });
  });

  it('in a variable says what to do', () => {
    let inside: Tensor | undefined;
    compile((x: Tensor) => {
      inside = x.mul(3);
      return x.add(1);
    })(tensor([1, 2]));
    assert.throws(() => inside?.add(1), { code: 'ERR_ARGUMENT', message: /'a' was made while a function was traced/ });
    assert.ok(inside?.isDisposed);
  });
});

describe('a tensor put into a field of a module by a compiled function', () => {
  class Recurrent extends nn.Module {
    last: Tensor | null = null;
    state = tensor([0, 0]);
    seen: Tensor[] = [];
    forward(x: Tensor): Tensor {
      this.last = x;
      this.state = this.state.add(x);
      if (this.seen.length < 2) this.seen.push(x.mul(3));
      return this.state.mul(2);
    }
  }
  sameAsEager({
    'is there after every run': (way) => {
      const model = new Recurrent();
      const f = way((x: Tensor) => model.forward(x));
      return [1, 2, 3, 4].map((i) => {
        const x = tensor([i, i]);
        const y = values(f(x));
        return [y, model.last === x, values(model.state), model.seen.map(values)];
      });
    },
    'is handed on to another field by the next run': (way) => {
      class Delayed extends nn.Module {
        now = tensor([0]);
        before = tensor([0]);
        forward(x: Tensor): Tensor {
          this.before = this.now;
          this.now = x.mul(2);
          return x.add(1);
        }
      }
      const model = new Delayed();
      const f = way((x: Tensor) => model.forward(x));
      return [1, 2, 3, 4, 5].map((i) => [f(tensor([i])), model.now, model.before].map(values));
    },
    'is exchanged with another by every run': (way) => {
      class Exchanging extends nn.Module {
        a = tensor([1]);
        b = tensor([2]);
        forward(x: Tensor): Tensor {
          [this.a, this.b] = [this.b, this.a];
          return x.mul(2);
        }
      }
      const model = new Exchanging();
      const f = way((x: Tensor) => model.forward(x));
      return [1, 2, 3, 4, 5].map((i) => [f(tensor([i])), model.a, model.b].map(values));
    },
    'is there when the module itself does not run': (way) => {
      const model = new Recurrent();
      const f = way((x: Tensor) => {
        model.state = x.mul(3);
        model.last = x;
        return x.add(1);
      });
      return [1, 2, 3].map((i) => {
        const x = tensor([i, i]);
        return [values(f(x)), values(model.state), model.last === x];
      });
    },
    'is there once when the function is traced again for its arguments': (way) => {
      const model = new Recurrent();
      const a = tensor([3, 4]);
      const f = way((x: Tensor, y: Tensor) => {
        x.assign(x.mul(2));
        return model.forward(y);
      });
      return [1, 2, 3].map(() => [values(f(a, a.reshape([2]))), values(model.state), model.seen.map(values)]);
    },
  });
});

describe('another field that a compiled function changes', () => {
  class Changing extends nn.Module {
    isOdd = false;
    calls = 0;
    weight = new nn.Parameter(tensor([2]));
    last: Tensor | null = null;
    list: number[] = [];
    forward(x: Tensor): Tensor {
      this.isOdd = !this.isOdd;
      this.last = this.weight;
      return x.mul(this.isOdd ? 10 : 1).mul(this.weight);
    }
  }
  const calls = (
    make: (model: Changing) => (x: Tensor) => Tensor,
    between: (model: Changing, i: number) => void,
  ): Scenario => {
    return (way) => {
      const model = new Changing();
      const f = way(make(model));
      return [1, 2, 3, 4, 5, 6].map((i) => {
        between(model, i);
        const y = values(f(tensor([i])));
        const { isOdd, last, list } = model;
        return [y, isOdd, last === model.weight, model.calls, [...list]];
      });
    };
  };
  sameAsEager({
    'goes back and forth': calls(
      (model) => (x) => model.forward(x).detach(),
      () => {},
    ),
    'is put back by others': calls(
      (model) => (x) => model.forward(x).detach(),
      (model, i) => {
        if (i % 2 === 0) model.isOdd = false;
        model.last = null;
      },
    ),
    'is an item of a list': calls(
      (model) => (x) => {
        model.list.push(model.list.length);
        return model.forward(x).mul(model.list.length).detach();
      },
      (model, i) => {
        if (i % 3 === 0) model.list.length = 0;
      },
    ),
    'is a count': calls(
      (model) => (x) => {
        model.calls++;
        return model.forward(x).mul(model.calls).detach();
      },
      (model, i) => {
        if (i % 3 === 0) model.calls = 0;
      },
    ),
  });

  it('is changed by every batch of a Trainer', async () => {
    const run = async (compiled: boolean) => {
      const model = new (class extends nn.Sequential {
        calls = 0;
        override forward(x: Tensor): Tensor {
          this.calls++;
          return super.forward(x).mul(this.calls % 3 === 0 ? 2 : 1);
        }
      })(new nn.Linear(2, 1));
      for (const p of model.parameters()) noGrad(() => p.assign(p.mul(0).add(0.25)));
      const trainer = new train.Trainer({
        model,
        optimizer: new optim.SGD(model.parameters(), { lr: 0.01 }),
        loss: nn.mseLoss,
        compile: compiled,
      });
      const xs = Float32Array.from({ length: 64 }, (_, i) => i % 7);
      const ys = Float32Array.from({ length: 32 }, (_, i) => i % 3);
      await trainer.fit(new data.ArrayDataset({ data: xs, shape: [32, 2] }, { data: ys, shape: [32, 1] }), {
        epochs: 2,
        batchSize: 4,
        shuffle: false,
      });
      return [model.calls, ...model.parameters().map(values)];
    };
    assert.deepEqual(await run(true), await run(false));
  });

  sameAsEager({
    'or an argument that it disposes': (way) => {
      const f = way((x: Tensor) => {
        const y = x.mul(2);
        x.dispose();
        return y;
      });
      return [1, 2].map((i) => {
        const x = tensor([i]);
        return [values(f(x)), x.isDisposed];
      });
    },
  });
});

describe('a learning rate that a compiled function reads', () => {
  const rates: Record<string, (optimizer: optim.Optimizer) => number> = {
    'from the optimizer': (optimizer) => optimizer.lr,
    'from a group': (optimizer) => (optimizer.paramGroups[0] as optim.BaseOptions).lr,
    'from a copy of a group': (optimizer) => ({ ...optimizer.paramGroups[0] }).lr as number,
  };
  for (const [where, read] of Object.entries(rates)) {
    sameAsEager({
      [`${where} is followed`]: (way) => {
        const w = leaf();
        const optimizer = new optim.SGD([w], { lr: 0.5 });
        const f = way((x: Tensor) => {
          optimizer.zeroGrad();
          w.mul(x).sum().backward();
          optimizer.step();
          return x.mul(read(optimizer));
        });
        return [0.5, 0.25, 0.25, 0.5].map((lr) => {
          optimizer.lr = lr;
          return [values(f(tensor([1, 2]))), values(w)];
        });
      },
    });
  }

  sameAsEager({
    'or sets is followed': (way) => {
      const w = leaf();
      const optimizer = new optim.SGD([w], { lr: 0.5 });
      const f = way((x: Tensor) => {
        optimizer.lr = 0.25;
        w.grad = x;
        optimizer.step();
      });
      return [0.5, 0.25, 0.5, 0.25, 1].map((lr) => {
        optimizer.lr = lr;
        f(tensor([1, 1]));
        return [values(w), optimizer.lr];
      });
    },
  });

  it('is no matter where only the step takes it', () => {
    const w = leaf();
    const optimizer = new optim.SGD([w], { lr: 0.5 });
    const f = compile((x: Tensor) => {
      optimizer.zeroGrad();
      w.mul(x).sum().backward();
      optimizer.step();
    });
    for (const lr of [0.5, 0.25, 0.125]) {
      (optimizer.paramGroups[0] as optim.BaseOptions).lr = lr;
      f(tensor([1, 1]));
    }
    assert.deepEqual(values(w), [0.125, 1.125]);
    assert.equal(f.programs, 1);
  });
});
