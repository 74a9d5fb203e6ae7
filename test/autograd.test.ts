// The tape: what backward and grad do, what they refuse, and what hooks see.
import assert from 'node:assert/strict';
import {
  AutogradError,
  DTypeError,
  enableGrad,
  grad,
  isGradEnabled,
  noGrad,
  ShapeError,
  scope,
  type Tensor,
  tensor,
} from 'anneal';
import { suite } from './support/check';
import { liveTensors } from './support/collect';

const leaf = (values: number[], dtype: 'float32' | 'float64' = 'float64') =>
  tensor(values, { dtype, requiresGrad: true });
const values = (x: Tensor | null): number[] => Array.from((x as Tensor).dataSync(), Number);

function throwsAutograd(run: () => unknown, message: RegExp): void {
  assert.throws(run, (error: Error) => {
    assert.ok(error instanceof AutogradError, String(error));
    assert.equal(error.code, 'ERR_AUTOGRAD');
    assert.match(error.message, message);
    return true;
  });
}

suite('backward', () => {
  it('adds to what is there', () => {
    const x = leaf([1, 2, 3]);
    assert.equal(x.grad, null);
    x.square().sum().backward();
    assert.deepEqual(values(x.grad), [2, 4, 6]);
    x.mul(10).sum().backward();
    assert.deepEqual(values(x.grad), [12, 14, 16]);
    x.grad = null;
    assert.equal(x.grad, null);
    x.sum().backward();
    assert.deepEqual(values(x.grad), [1, 1, 1]);
  });

  it('sums over every use of a tensor', () => {
    const x = leaf([3]);
    const y = x.mul(x).add(x);
    y.add(y).sum().backward();
    assert.deepEqual(values(x.grad), [14]);
  });

  it('starts from a gradient that is given', () => {
    const x = leaf([1, 2, 3]);
    x.mul(2).backward(tensor([1, 10, 100], { dtype: 'float64' }));
    assert.deepEqual(values(x.grad), [2, 20, 200]);
  });

  it('refuses to start from anything but a scalar without one', () => {
    const x = leaf([1, 2, 3]);
    throwsAutograd(() => x.mul(2).backward(), /\[backward\].*\[3\].*not a scalar/);
    assert.throws(() => x.mul(2).backward(tensor([1, 2])), ShapeError);
    x.slice(0, 0, 1).backward();
    assert.deepEqual(values(x.grad), [1, 0, 0]);
  });

  it('refuses a tensor outside of any graph', () => {
    throwsAutograd(() => tensor(1).backward(), /does not depend on any tensor that requires a gradient/);
    throwsAutograd(() => leaf([1]).detach().sum().backward(), /requires a gradient/);
  });

  it('frees the graph, unless told to retain it', () => {
    const x = leaf([2]);
    const y = x.square().sum();
    y.backward(null, { retainGraph: true });
    y.backward();
    assert.deepEqual(values(x.grad), [8]);
    throwsAutograd(() => y.backward(), /\[\w+\].*second time.*retainGraph/);
    throwsAutograd(() => grad(y, x), /second time/);
  });

  it('frees the shared part of two graphs with the first', () => {
    const x = leaf([2]);
    const shared = x.square();
    const [a, b] = [shared.mul(2).sum(), shared.mul(3).sum()];
    a.backward();
    throwsAutograd(() => b.backward(), /freed/);
  });

  it('gives a leaf of its own its gradient', () => {
    const x = leaf([5]);
    x.backward();
    assert.deepEqual(values(x.grad), [1]);
  });

  it('works on float32 next to float64', () => {
    const x = leaf([1, 2], 'float32');
    const y = leaf([3, 4], 'float64');
    x.mul(y).sum().backward();
    assert.equal(x.grad?.dtype, 'float32');
    assert.equal(y.grad?.dtype, 'float64');
    assert.deepEqual(
      [values(x.grad), values(y.grad)],
      [
        [3, 4],
        [1, 2],
      ],
    );
  });

  it('refuses a tensor that was updated in place after the forward pass', () => {
    const x = leaf([1, 2]);
    const y = x.square().sum();
    noGrad(() => x.assign(tensor([5, 6])));
    throwsAutograd(() => y.backward(), /\[square\].*updated in place/);
    // The sum does not need what it added up.
    const z = x.sum();
    x.assign(tensor([7, 8]));
    z.backward();
    assert.deepEqual(values(x.grad), [1, 1]);
  });

  it('notices an update through a view', () => {
    const w = leaf([1, 2]);
    const y = w
      .detach()
      .reshape([2, 1])
      .mul(leaf([3]))
      .sum();
    w.assign(tensor([0, 0]));
    throwsAutograd(() => y.backward(), /updated in place/);
  });

  it('goes through a chain of 100,000 operators and frees it', async () => {
    const x = leaf([1]);
    scope(() => {
      let y: Tensor = x;
      for (let i = 0; i < 100_000; i++) y = scope(() => y.add(1));
      assert.equal(y.itemSync(), 100_001);
      y.sum().backward();
      assert.deepEqual(values(x.grad), [1]);
    });
    scope(() => {
      let y: Tensor = x;
      for (let i = 0; i < 100_000; i++) y = scope(() => y.mul(1));
    });
    await liveTensors();
  });

  it('goes through a fan of operators once each', () => {
    // 2^40 paths, but 40 operators.
    const x = leaf([1]);
    let y: Tensor = x;
    for (let i = 0; i < 40; i++) y = y.add(y);
    y.sum().backward();
    assert.deepEqual(values(x.grad), [2 ** 40]);
  });
});

suite('requiresGrad', () => {
  it('spreads to results, and is of floating tensors', () => {
    const x = leaf([1]);
    assert.deepEqual([x.requiresGrad, x.isLeaf], [true, true]);
    const y = x.mul(2);
    assert.deepEqual([y.requiresGrad, y.isLeaf], [true, false]);
    assert.deepEqual([x.gt(0).requiresGrad, x.cast('int32').requiresGrad], [false, false]);
    assert.equal(tensor([1]).mul(2).requiresGrad, false);
    assert.throws(() => tensor([1], { dtype: 'int32', requiresGrad: true }), DTypeError);
    throwsAutograd(() => {
      y.requiresGrad = false;
    }, /detach/);
    x.requiresGrad = false;
    assert.equal(x.mul(2).requiresGrad, false);
  });

  it('detach leaves the graph and shares the values', () => {
    const x = leaf([2, 3]);
    const y = x.square();
    const constant = y.detach();
    assert.deepEqual([constant.requiresGrad, constant.isLeaf], [false, true]);
    assert.deepEqual(values(constant), [4, 9]);
    constant.mul(x).sum().backward();
    assert.deepEqual(values(x.grad), [4, 9]);
  });

  it('a gradient must fit', () => {
    const x = leaf([1, 2]);
    x.grad = tensor([5, 6], { dtype: 'float64' });
    x.sum().backward();
    assert.deepEqual(values(x.grad), [6, 7]);
    assert.throws(() => {
      x.grad = tensor([1], { dtype: 'float64' });
    }, ShapeError);
  });
});

suite('noGrad', () => {
  it('leaves operators out of the graph', () => {
    const x = leaf([1]);
    assert.equal(isGradEnabled(), true);
    const y = noGrad(() => {
      assert.equal(isGradEnabled(), false);
      const inner = enableGrad(() => x.mul(2));
      assert.equal(inner.requiresGrad, true);
      return x.mul(2);
    });
    assert.equal(y.requiresGrad, false);
    assert.equal(isGradEnabled(), true);
    assert.equal(x.mul(2).requiresGrad, true);
  });

  it('ends with its function, also when that throws', () => {
    assert.throws(() =>
      noGrad(() => {
        throw new Error('inside');
      }),
    );
    assert.equal(isGradEnabled(), true);
  });

  it('follows asynchronous code, and only that', async () => {
    const x = leaf([1]);
    const pause = () => new Promise((resolve) => setTimeout(resolve, 5));
    const inside = noGrad(async () => {
      await pause();
      return x.mul(2).requiresGrad;
    });
    // While it waits, others record.
    assert.equal(x.mul(2).requiresGrad, true);
    const beside = (async () => {
      await pause();
      return x.mul(2).requiresGrad;
    })();
    assert.deepEqual(await Promise.all([inside, beside]), [false, true]);
    await assert.rejects(
      noGrad(async () => {
        await pause();
        throw new Error('inside');
      }),
      /inside/,
    );
    assert.equal(isGradEnabled(), true);
  });
});

suite('grad', () => {
  it('gives gradients and leaves .grad alone', () => {
    const x = leaf([1, 2]);
    const y = leaf([3, 4]);
    const [dx, dy] = grad(x.mul(y).sum(), [x, y]);
    assert.deepEqual(
      [values(dx), values(dy)],
      [
        [3, 4],
        [1, 2],
      ],
    );
    assert.deepEqual([x.grad, y.grad], [null, null]);
    assert.equal(dx?.requiresGrad, false);
  });

  it('refuses an input that the output does not depend on, or gives null for it', () => {
    const x = leaf([1]);
    const unused = leaf([1]);
    throwsAutograd(() => grad(x.mul(2).sum(), [x, unused]), /no output depends on input 1; allowUnused/);
    const [dx, du] = grad(x.mul(2).sum(), [x, unused], { allowUnused: true });
    assert.deepEqual(values(dx), [2]);
    assert.equal(du, null);
    throwsAutograd(() => grad(x.sum(), tensor([1])), /does not require a gradient/);
  });

  it('differentiates by results in the middle, and stops there', () => {
    const x = leaf([3]);
    const middle = x.square();
    const calls: string[] = [];
    x.registerHook(() => void calls.push('x'));
    const [dm] = grad(middle.mul(5).sum(), middle);
    assert.deepEqual(values(dm), [5]);
    // Nothing before the middle was visited or freed.
    assert.deepEqual(calls, []);
    middle.sum().backward();
    assert.deepEqual(values(x.grad), [6]);
  });

  it('adds up several outputs, each with its own start', () => {
    const x = leaf([1, 2]);
    const [dx] = grad([x.mul(2), x.square()], x, {
      gradOutputs: [tensor([1, 1], { dtype: 'float64' }), tensor([10, 10], { dtype: 'float64' })],
    });
    assert.deepEqual(values(dx), [22, 42]);
  });

  it('gives derivatives of any order with createGraph', () => {
    const x = leaf([2]);
    let y: Tensor = x.pow(4).sum();
    const found: number[] = [];
    for (let order = 0; order < 4; order++) {
      const [dy] = grad(y, x, { createGraph: true });
      found.push(...values(dy));
      y = (dy as Tensor).sum();
    }
    assert.deepEqual(found, [32, 48, 48, 24]);
  });

  it('counts a derivative once where an operator is its own factor', () => {
    // f = x silu(x): the backward formula of silu gets x twice, as its input and through dout.
    const x = leaf([0.7]);
    const [first] = grad(x.mul(x.silu()).sum(), x, { createGraph: true });
    const second = (options: object) => values(grad((first as Tensor).sum(), x, options)[0] as Tensor)[0] as number;
    const s = 1 / (1 + Math.exp(-0.7));
    const slope = s * (1 - s);
    const expected = 2 * s + 4 * 0.7 * slope + 0.49 * slope * (1 - 2 * s);
    for (const options of [{ retainGraph: true }, { createGraph: true }]) {
      assert.ok(Math.abs(second(options) - expected) < 1e-14, JSON.stringify(options));
    }
  });

  it('differentiates a gradient penalty by parameters', () => {
    // p = |d(w x^2)/dx|^2 = (2 w x)^2; dp/dw = 8 w x^2.
    const w = leaf([3]);
    const x = leaf([2]);
    const [dx] = grad(w.mul(x.square()).sum(), x, { createGraph: true });
    (dx as Tensor).square().sum().backward();
    assert.deepEqual(values(w.grad), [96]);
  });
});
