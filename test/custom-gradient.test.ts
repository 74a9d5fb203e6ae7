// Functions with gradients of their own, and hooks of modules.
import assert from 'node:assert/strict';
import { compile, customGradient, grad, nn, noGrad, type Tensor, tensor } from 'anneal';

const numbers = (x: Tensor | null | undefined) => (x ? Array.from(x.dataSync(), Number) : null);
const leaf = (values: number[]) => tensor(values, { dtype: 'float64', requiresGrad: true });

describe('customGradient', () => {
  const roundThrough = customGradient((x: Tensor) => ({
    value: x.add(0.5).to('int64').to('float64'),
    gradient: (dout) => dout,
  }));

  it('replaces the gradient of what it computes', () => {
    const x = leaf([0.4, 1.6]);
    const y = roundThrough(x);
    assert.deepEqual(numbers(y), [0, 2]);
    assert.deepEqual(numbers(grad(y.mul(tensor([3, 5])).sum(), x)[0]), [3, 5]);
    roundThrough(x).sum().backward();
    assert.deepEqual(numbers(x.grad), [1, 1]);
  });

  it('takes several inputs and gives several results, any of which may be left out', () => {
    const fn = customGradient((a: Tensor, b: Tensor) => ({
      value: [a.mul(b), a.add(b)] as const,
      gradient: (product, total) => [product.mul(10).add(total), null],
    }));
    const [a, b] = [leaf([1, 2]), leaf([3, 4])];
    const [product, total] = fn(a, b);
    assert.deepEqual(
      [numbers(product), numbers(total)],
      [
        [3, 8],
        [4, 6],
      ],
    );
    const [da, db] = grad([product.sum(), total.sum()], [a, b]);
    assert.deepEqual(
      [numbers(da), numbers(db)],
      [
        [11, 11],
        [0, 0],
      ],
    );
    assert.deepEqual(numbers(grad(fn(a, b)[1].sum(), a)[0]), [1, 1]);
    // A constant input has no gradient, and is not asked for one.
    const [half] = fn(a, tensor([1, 1], { dtype: 'float64' }));
    assert.deepEqual(numbers(grad(half.sum(), a)[0]), [10, 10]);
  });

  it('can be differentiated again through its gradient', () => {
    const cube = customGradient((x: Tensor) => ({ value: x.pow(3), gradient: (dout) => dout.mul(x.square()).mul(3) }));
    const x = leaf([2, -1]);
    const [first] = grad(cube(x).sum(), x, { createGraph: true });
    assert.deepEqual(numbers(first), [12, 3]);
    assert.deepEqual(numbers(grad(first.sum(), x)[0]), [12, -6]);
  });

  it('works in compiled functions, and again in each backward', () => {
    const x = leaf([0.4, 1.6]);
    const step = compile(() => grad(roundThrough(x.mul(2)).square().sum(), x)[0]);
    assert.deepEqual(numbers(step()), [4, 12]);
    assert.deepEqual(numbers(step()), [4, 12]);
    const y = roundThrough(x).sum();
    for (const factor of [1, 2]) {
      assert.deepEqual(numbers(grad(y.mul(factor), x, { retainGraph: true })[0]), [factor, factor]);
    }
  });

  it('is the function alone where nothing needs a gradient', () => {
    let calls = 0;
    const counted = customGradient((x: Tensor) => ({
      value: x.neg(),
      gradient: (dout) => {
        calls++;
        return dout;
      },
    }));
    assert.equal(counted(tensor([1])).requiresGrad, false);
    assert.equal(noGrad(() => counted(leaf([1]))).requiresGrad, false);
    assert.equal(calls, 0);
  });

  it('keeps the sign of zero and infinities', () => {
    const same = customGradient((x: Tensor) => ({ value: x, gradient: (dout) => dout }));
    assert.deepEqual(numbers(same(leaf([-0, Number.POSITIVE_INFINITY, Number.NaN]))), [-0, Infinity, Number.NaN]);
  });

  it('names what is wrong with the function', () => {
    assert.throws(() => customGradient(3 as never), /\[customGradient\] expected a function, received number 3/);
    assert.throws(() => customGradient((() => 1) as never)(), /return \{ value, gradient \}/);
    const wrong = (gradient: (dout: Tensor) => never) => {
      const x = leaf([1, 2]);
      return () => grad(customGradient((t: Tensor) => ({ value: t.mul(2), gradient }))(x).sum(), x);
    };
    assert.throws(
      wrong(() => [] as never),
      /expected 1 gradients, received 0/,
    );
    assert.throws(
      wrong(() => tensor([1]) as never),
      { name: 'ShapeError', message: /gradient 0 is \[1\], its input \[2\]/ },
    );
    assert.throws(
      wrong(() => [3] as never),
      /expected a Tensor for 'gradient\[0\]'/,
    );
  });
});

describe('hooks of modules', () => {
  const layer = () => {
    const linear = new nn.Linear(2, 2, { bias: false, dtype: 'float64' });
    linear.weight.assign(
      tensor(
        [
          [1, 2],
          [3, 4],
        ],
        { dtype: 'float64' },
      ),
    );
    return linear;
  };
  const x = tensor([[1, 1]], { dtype: 'float64' });

  it('see inputs and outputs of forward, replace them, and can be removed', () => {
    const linear = layer();
    const seen: unknown[] = [];
    const removePre = linear.registerForwardPreHook((module, [input]) => {
      seen.push(['pre', module === linear, numbers(input as Tensor)]);
      return (input as Tensor).mul(2);
    });
    const removePost = linear.registerForwardHook((_module, [input], output) => {
      seen.push(['post', numbers(input as Tensor), numbers(output as Tensor)]);
      return (output as Tensor).neg();
    });
    assert.deepEqual(numbers(linear.forward(x)), [-6, -14]);
    assert.deepEqual(seen, [
      ['pre', true, [1, 1]],
      ['post', [2, 2], [6, 14]],
    ]);
    removePre();
    assert.deepEqual(numbers(linear.forward(x)), [-3, -7]);
    removePost();
    assert.deepEqual(numbers(linear.forward(x)), [3, 7]);
    assert.deepEqual(Object.keys(linear.stateDict()), ['weight']);
  });

  it('run once where a forward calls that of its base class', () => {
    class Doubled extends nn.Linear {
      override forward(input: Tensor): Tensor {
        return super.forward(input).mul(2);
      }
    }
    let calls = 0;
    const doubled = new Doubled(2, 2);
    doubled.registerForwardHook(() => {
      calls++;
    });
    doubled.forward(tensor([[1, 1]]));
    assert.equal(calls, 1);
  });

  it('see the gradients of backward, and replace those by the inputs', () => {
    const linear = layer();
    const seen: unknown[] = [];
    const remove = linear.registerBackwardHook((_module, gradInputs, gradOutputs) => {
      seen.push([gradInputs.map(numbers), gradOutputs.map(numbers)]);
      return [(gradInputs[0] as Tensor).mul(10)];
    });
    const input = tensor([[1, 1]], { dtype: 'float64', requiresGrad: true });
    linear.forward(input).sum().backward();
    assert.deepEqual(seen, [[[[4, 6]], [[1, 1]]]]);
    assert.deepEqual(numbers(input.grad), [40, 60]);
    assert.deepEqual(numbers(linear.weight.grad), [1, 1, 1, 1]);
    remove();
    input.grad = null;
    linear.forward(input).sum().backward();
    assert.deepEqual(numbers(input.grad), [4, 6]);
  });

  it('see the gradients by outputs where no input has one', () => {
    const linear = layer();
    const seen: unknown[] = [];
    linear.registerBackwardHook((_module, gradInputs, gradOutputs) => {
      seen.push([gradInputs, gradOutputs.map(numbers)]);
    });
    linear.forward(x).sum().backward();
    assert.deepEqual(seen, [[[null], [[1, 1]]]]);
  });

  it('that are added or removed are seen by compiled functions', () => {
    const linear = layer();
    const run = compile((t: Tensor) => linear.forward(t));
    assert.deepEqual(numbers(run(x)), [3, 7]);
    const remove = linear.registerForwardHook((_module, _inputs, output) => (output as Tensor).add(1));
    assert.deepEqual(numbers(run(x)), [4, 8]);
    remove();
    assert.deepEqual(numbers(run(x)), [3, 7]);
  });

  it('must be functions', () => {
    assert.throws(
      () => layer().registerForwardHook(1 as never),
      /\[registerForwardHook\] expected a function, received number 1/,
    );
    const linear = layer();
    linear.registerBackwardHook(() => [] as never);
    const input = tensor([[1, 1]], { dtype: 'float64', requiresGrad: true });
    assert.throws(() => linear.forward(input).sum().backward(), /expected 1 gradients or nothing from the hook/);
  });
});
