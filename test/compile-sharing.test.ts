// Compiled means the same as eager, where tensors share memory: arguments that alias each other, a parameter or a captured tensor,
// arguments that are written, results that are arguments or views of them.
import assert from 'node:assert/strict';
import { type Compiled, compile, grad, nn, noGrad, ones, optim, type Tensor, tensor } from 'anneal';
import { type Scenario, sameAsEager, values } from './support/same-as-eager';

const square = () =>
  tensor([
    [1, 2],
    [3, 4],
  ]);
const doubled = (x: Tensor) => x.assign(x.mul(2));

// Calls a function several times, and looks at a tensor after each call.
const repeatedly = (f: () => unknown, seen: Tensor) => Array.from({ length: 3 }, () => [f(), values(seen)]);

describe('a compiled function that writes an argument', () => {
  const writes: Record<string, Scenario> = {
    'writes it where it is, whichever it is given': (way) => {
      const f = way((x: Tensor) => {
        const before = x.mul(1);
        doubled(x);
        return [before, x.add(1)];
      });
      const [a, b] = [tensor([1, 2]), tensor([3, 4])];
      return [a, b, a, b].map((x) => [...f(x).map(values), values(x)]);
    },
    'and returns nothing': (way) => {
      const x = tensor([1, 2]);
      const f = way((y: Tensor) => void doubled(y));
      return repeatedly(() => f(x), x);
    },
    'with a kernel that converts': (way) => {
      const x = tensor([1, 2]);
      const f = way((y: Tensor) => {
        y.assign(tensor([0.5, 3], { dtype: 'float64' }).mul(y.to('float64')));
        return y.mul(3).exp();
      });
      return repeatedly(() => values(f(x)), x);
    },
    'that is not dense': (way) => {
      const base = square();
      const f = way((x: Tensor) => {
        x.assign(x.mul(square()));
        return x.add(1);
      });
      return repeatedly(() => values(f(base.transpose(0, 1))), base);
    },
    'that is a part of a larger tensor': (way) => {
      const base = tensor([1, 2, 3, 4]);
      const f = way((x: Tensor) => void doubled(x));
      return [0, 2, 1].map((start) => [f(base.slice(0, start, start + 2)), values(base)]);
    },
    'that another argument shares memory with': (way) => {
      const a = tensor([1, 2, 3, 4]);
      const f = way((x: Tensor, y: Tensor) => {
        const before = y.mul(1);
        doubled(x);
        return [before, y.add(1)];
      });
      const given: [Tensor, Tensor][] = [
        [a, ones([4])],
        [a, a.reshape([4])],
        [a, a],
        [a, ones([4])],
        [a.reshape([4]), a],
        [ones([4]), a],
      ];
      return given.map(([x, y]) => [...f(x, y).map(values), values(a)]);
    },
    'that another one is a transposed view of': (way) => {
      const a = square();
      const f = way((x: Tensor, y: Tensor) => {
        const before = y.mul(1);
        doubled(x);
        return [before, y.add(1)];
      });
      return repeatedly(() => f(a, a.transpose(0, 1)).map(values), a);
    },
    'that is captured, too': (way) => {
      const c = tensor([1, 2]);
      const f = way((x: Tensor) => {
        const before = c.mul(1);
        doubled(x);
        return [before, c.mul(1)];
      });
      return [c, tensor([7, 7]), c, c.reshape([2])].map((x) => [...f(x).map(values), values(c)]);
    },
    'that is the captured operand of a product': (way) => {
      const c = ones([8, 8]);
      const x = ones([2, 8]);
      const f = way((y: Tensor) => {
        const before = x.matmul(c);
        doubled(y);
        return [before, x.matmul(c)];
      });
      return repeatedly(() => f(c).map(values), c);
    },
    'that is the gradient of a parameter': (way) => {
      const w = new nn.Parameter(tensor([1, 2]));
      w.grad = tensor([1, 1]);
      const f = way((x: Tensor) => {
        doubled(x);
        return (w.grad as Tensor).add(1);
      });
      return Array.from({ length: 3 }, () => [values(f(w.grad as Tensor)), values(w.grad)]);
    },
    'that a graph outside has saved': (way) => {
      const w = new nn.Parameter(tensor([1, 2]));
      const x = tensor([3, 4]);
      const f = way((y: Tensor) => void doubled(y));
      f(x);
      const loss = w.mul(x).sum();
      f(x);
      assert.throws(() => loss.backward(), { code: 'ERR_AUTOGRAD' });
      return values(x);
    },
  };
  sameAsEager(writes);

  it('is traced once for dense arguments of its own', () => {
    const f = compile((x: Tensor) => void doubled(x));
    for (let i = 0; i < 5; i++) f(tensor([i, i]));
    assert.equal(f.programs, 1);
  });
});

describe('a compiled function that writes captured memory', () => {
  // Steps of an optimizer, on an argument that may be a view of the parameter.
  const training =
    (views: (p: nn.Parameter) => Tensor[]): Scenario =>
    (way) => {
      const p = new nn.Parameter(square());
      const optimizer = new optim.SGD([p], { lr: 0.1 });
      const f = way((x: Tensor) => {
        optimizer.zeroGrad();
        p.mul(square()).sum().backward();
        const before = x.mul(1);
        optimizer.step();
        return [before, x.mul(1)];
      });
      return views(p).map((x) => [...f(x).map(values), values(p)]);
    };
  sameAsEager({
    'reads an argument that is a view of it': training((p) => [p.detach(), p.detach(), ones([2, 2]), p.detach()]),
    'reads an argument that is a transposed view of it': training((p) => {
      const x = p.detach().transpose(0, 1);
      return [ones([2, 2]), x, x, ones([2, 2]), x];
    }),
    'reads an argument that is a row of it': training((p) => {
      const row = p.detach().slice(0, 1, 2).expand([2, 2]);
      return [row, row, row];
    }),
    'reads a gradient that is captured, too': (way) => {
      const w = new nn.Parameter(tensor([1, 2]));
      w.grad = tensor([1, 1]);
      const { grad: g } = w;
      const f = way(() => {
        doubled(g as Tensor);
        return (w.grad as Tensor).add(1);
      });
      return Array.from({ length: 3 }, () => [values(f()), values(w.grad)]);
    },
    'makes its literals anew': (way) => {
      const f = way((x: Tensor) => {
        const sum = tensor([0, 0]);
        sum.assign(sum.add(x));
        return [sum.mul(1), tensor([5, 6])];
      });
      return [1, 2, 3].map((i) => {
        const [sum, literal] = f(tensor([i, i]));
        doubled(literal as Tensor);
        return [values(sum), values(literal)];
      });
    },
    'makes a gradient of a literal anew': (way) => {
      const w = new nn.Parameter(tensor([1, 2]));
      const f = way(() => {
        w.grad = tensor([1, 1]);
      });
      return [1, 2, 3].map(() => {
        f();
        const seen = values(w.grad);
        doubled(w.grad as Tensor);
        return seen;
      });
    },
  });
});

describe('a compiled function returns', () => {
  it('its arguments, parameters and captured tensors as the same objects', () => {
    const p = new nn.Parameter(tensor([1, 2]));
    const c = tensor([3]);
    const f = compile((x: Tensor, y: Tensor) => ({ x, list: [y, x, x.add(1)], p, c }));
    for (const [x, y] of [
      [tensor([1, 2]), tensor([3])],
      [tensor([4, 5]), tensor([6])],
    ] as const) {
      const result = f(x, y);
      assert.ok(result.x === x && result.list[0] === y && result.list[1] === x);
      assert.ok(result.p === p && result.p.requiresGrad && result.c === c);
      assert.deepEqual(values(result.list[2]), values(x.add(1)));
    }
    assert.equal(f.programs, 1);
  });

  const view = (make: (x: Tensor) => Tensor): Scenario => {
    return (way) => {
      const f = way(make);
      const base = square();
      return [base, base.transpose(0, 1), base.slice(0, 1, 2).expand([2, 2])].map((x) => {
        const y = f(x);
        doubled(base);
        return values(y);
      });
    };
  };
  sameAsEager({
    'views of arguments that share their memory': view((x) => x.slice(1, 1, 2)),
    'transposed arguments that share their memory': view((x) => x.transpose(0, 1)),
    'the part of an argument at its place': (way) => {
      const f = way((x: Tensor) => x.reshape([2, 1]));
      const base = tensor([1, 2, 3, 4]);
      const y = f(base.slice(0, 2, 4));
      doubled(base);
      return [values(y), y.shape];
    },
    'views of parameters that share their memory': (way) => {
      const p = new nn.Parameter(square());
      const f = way(() => p.detach().transpose(0, 1));
      return [1, 2].map(() => {
        const y = f();
        noGrad(() => doubled(p));
        return values(y);
      });
    },
  });
});

describe('a compiled function that is given the same tensor twice', () => {
  const [w, v] = [tensor([1, 2], { requiresGrad: true }), tensor([3, 4], { requiresGrad: true })];
  sameAsEager({
    'takes gradients by both': (way) => {
      const f = way((a: Tensor, b: Tensor) => grad(a.mul(b).sum(), a)[0]);
      return [f(w, v), f(w, w), f(v, w), f(v, v)].map(values);
    },
    'as an argument and captured, takes gradients by both': (way) => {
      const f = way((x: Tensor) => grad(x.mul(w).sum(), w)[0]);
      return [f(v), f(w), f(v), f(w)].map(values);
    },
    'as an argument and captured, the result of an operator, takes gradients by both': (way) => {
      const [h, other] = [w.mul(3), w.mul(5)];
      const f = way((x: Tensor) => grad(x.mul(h).sum(), h, { retainGraph: true })[0]);
      return [f(other.detach()), f(h), f(other.detach()), f(h)].map(values);
    },
    'as an argument and captured, runs backward into it': (way) => {
      const f = way((x: Tensor) => {
        w.grad = null;
        x.mul(w).sum().backward();
      });
      const seen = [1, 2].map(() => {
        f(w);
        return values(w.grad);
      });
      w.grad = null;
      return seen;
    },
    'sees that they are the same': (way) => {
      const f = way((a: Tensor, b: Tensor) => (a === b ? a.mul(10) : a.add(b)));
      return [f(w.detach(), v.detach()), f(v, v), f(w.detach(), v.detach())].map(values);
    },
  });

  it('refuses a gradient that goes on beyond an argument', () => {
    const f = compile((x: Tensor) => grad(x.mul(w).sum(), w)[0]) as Compiled<[Tensor], Tensor>;
    assert.deepEqual(values(f(v)), [3, 4]);
    assert.throws(() => f(w.mul(3)), { code: 'ERR_AUTOGRAD', message: /an argument of the function.*detach/ });
    assert.deepEqual(values(f(w.mul(3).detach())), [3, 6]);
  });
});
