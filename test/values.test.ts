// Values at inputs where formulas have traps: all equal, empty, infinite, NaN, overflowing, of no dimensions; against PyTorch's
// (2.13) and mathematics.
import assert from 'node:assert/strict';
import {
  binaryCrossEntropyWithLogits,
  crossEntropy,
  grad,
  huber,
  indexSelect,
  l1,
  mse,
  nll,
  ones,
  pad,
  ShapeError,
  scatterAdd,
  type Tensor,
  tensor,
  zeros,
} from 'anneal';

const NAN = Number.NaN;
const list = (x: Tensor): number[] => Array.from(x.dataSync(), Number);
const leaf = (values: number[] | number[][], dtype: 'float32' | 'float64' = 'float32') =>
  tensor(values, { requiresGrad: true, dtype });
const gradientOf = (f: (x: Tensor) => Tensor, x: Tensor): number[] => list(grad([f(x).sum()], [x])[0] as Tensor);

/** What the gradient of the gradient gives back to `dout`, as in a check of second derivatives. */
function backToSeed(f: (x: Tensor) => Tensor, x: Tensor): number {
  const seed = tensor(1, { requiresGrad: true });
  const [first] = grad([f(x)], [x], { gradOutputs: [seed], createGraph: true }) as [Tensor];
  return (grad([first.sum()], [seed])[0] as Tensor).itemSync();
}

describe('values', () => {
  it('of the gradient of std where all values are equal: 0, also in one row of many', () => {
    assert.deepEqual(
      gradientOf((x) => x.std(), leaf([2, 2, 2])),
      [0, 0, 0],
    );
    const rows = leaf([
      [1, 1, 1],
      [1, 2, 3],
    ]);
    assert.deepEqual(
      gradientOf((x) => x.std(1), rows),
      [0, 0, 0, -0.5, 0, 0.5],
    );
  });

  it('of a variance that overflows', () => {
    assert.deepEqual(list(tensor([3e38, -3e38, 3e38]).variance()), [Infinity]);
    assert.deepEqual(list(tensor([3e38, 3e38, 3e38]).variance()), [0]);
    assert.deepEqual(list(tensor([1, Infinity]).variance()), [NAN]);
  });

  it('of clamp with a bound that is NaN', () => {
    assert.deepEqual(list(tensor([1, 5, NAN]).clamp(NAN, 3)), [NAN, NAN, NAN]);
    assert.deepEqual(list(tensor([1, 5, NAN]).clamp(0, 3)), [1, 3, NAN]);
  });

  it('of clamp with tensors as bounds, or a tensor and a number', () => {
    const x = tensor([-3, 0, 3, NAN]);
    assert.deepEqual(list(x.clamp(tensor([-1, 1, 1, 1]))), [-1, 1, 3, NAN]);
    assert.deepEqual(list(x.clamp(null, tensor(1))), [-3, 0, 1, NAN]);
    assert.deepEqual(list(x.clamp(-2, tensor([4, -1, 1, 1]))), [-2, -1, 1, NAN]);
    assert.deepEqual(list(x.clamp(tensor([[0], [NAN]]), 2)), [0, 0, 2, NAN, NAN, NAN, NAN, NAN]);
    const integers = tensor([1, 5], { dtype: 'int32' }).clamp(tensor([2], { dtype: 'int64' }), 4);
    assert.deepEqual([integers.dtype, list(integers)], ['int64', [2, 4]]);
    assert.throws(() => x.clamp(zeros([3])), ShapeError);
  });

  it('of std where the variance is no float32, and of its gradient', () => {
    const [large, small] = [tensor([3e38, 3e38, 1, 1]).std(), tensor([1e-30, -1e-30]).std()];
    // The roots of 3e76 and of 2e-60, exact to a unit in the last place of float32.
    assert.ok(Math.abs(large.itemSync() / 1.7320508e38 - 1) < 1.2e-7, `${large}`);
    assert.ok(Math.abs(small.itemSync() / 1.4142136e-30 - 1) < 1.2e-7, `${small}`);
    const rows = tensor([
      [1e-30, 1],
      [-1e-30, 3],
    ]).std(0);
    assert.ok(Math.abs((list(rows)[0] as number) / 1.4142136e-30 - 1) < 1.2e-7, `${rows}`);
    const [up, down] = gradientOf((x) => x.std(), leaf([1e-30, -1e-30])) as [number, number];
    assert.ok(Math.abs(up - Math.SQRT1_2) < 1e-6 && Math.abs(down + Math.SQRT1_2) < 1e-6, `${up} ${down}`);
  });

  it('of the gradient of elu far below 0 and at infinity', () => {
    const [far] = gradientOf((x) => x.elu(), leaf([-17])) as [number];
    assert.ok(Math.abs(far / Math.exp(-17) - 1) < 1e-6, `${far}`); // a few units in the last place of float32
    const x = leaf([Infinity]);
    const [first] = grad([x.elu().sum()], [x], { createGraph: true }) as [Tensor];
    assert.deepEqual(list(first), [1]);
    assert.deepEqual(list(grad([first.sum()], [x], { allowUnused: true })[0] ?? zeros([1])), [0]);
  });

  it('of the second derivative of relu at NaN and infinity', () => {
    const x = leaf([NAN, Infinity, -1]);
    const dout = tensor([1, 1, 1], { requiresGrad: true });
    const [first] = grad([x.relu()], [x], { gradOutputs: [dout], createGraph: true }) as [Tensor];
    assert.deepEqual(list(first), [1, 1, 0]);
    assert.deepEqual(list(grad([first.sum()], [dout])[0] as Tensor), [1, 1, 0]);
  });

  it('of second derivatives over nothing: 0', () => {
    const target = zeros([0]);
    const losses: Record<string, (x: Tensor) => Tensor> = {
      mean: (x) => x.mean(),
      mse: (x) => mse(x, target),
      l1: (x) => l1(x, target),
      huber: (x) => huber(x, target),
      binaryCrossEntropyWithLogits: (x) => binaryCrossEntropyWithLogits(x, target),
    };
    for (const [name, loss] of Object.entries(losses)) {
      assert.equal(backToSeed(loss, leaf([])), 0, name);
    }
    const ignored = tensor([-100, -100], { dtype: 'int64' });
    const logits = leaf([
      [1, 2],
      [3, 4],
    ]);
    assert.equal(
      backToSeed((x) => crossEntropy(x, ignored), logits),
      0,
    );
  });

  it('of the gradient by class weights, against finite differences', () => {
    const input = tensor(
      [
        [0.1, 0.7, -0.3],
        [1.2, -0.4, 0.2],
        [0.3, 0.3, 0.9],
      ],
      { dtype: 'float64' },
    );
    const target = tensor([2, 0, 2], { dtype: 'int64' });
    for (const loss of [crossEntropy, nll]) {
      for (const reduction of ['mean', 'sum'] as const) {
        const f = (weight: Tensor) => loss(input, target, { weight, reduction });
        const at = [0.5, 2, 1.5];
        const found = gradientOf(f, leaf(at, 'float64'));
        for (const [i, value] of found.entries()) {
          const moved = (by: number) =>
            tensor(
              at.map((w, k) => (k === i ? w + by : w)),
              { dtype: 'float64' },
            );
          const slope = (f(moved(1e-6)).itemSync() - f(moved(-1e-6)).itemSync()) / 2e-6;
          // Central differences err by about 1e-10 here: rounding of 1e-16 over the step of 1e-6.
          assert.ok(Math.abs(value - slope) < 1e-8, `${reduction} ${i}: ${value}, ${slope}`);
        }
      }
    }
  });

  it('of gradients that leaves share at first: apart', () => {
    const [a, b] = [leaf([1, 2]), leaf([3, 4])];
    const seed = ones([2]);
    a.add(b).backward(seed);
    for (const x of [a, b]) (x.grad as Tensor).assign((x.grad as Tensor).mul(0.5));
    assert.deepEqual(
      [list(a.grad as Tensor), list(b.grad as Tensor), list(seed)],
      [
        [0.5, 0.5],
        [0.5, 0.5],
        [1, 1],
      ],
    );
  });

  it('of an assignment to a tensor whose elements share memory: refused', () => {
    assert.throws(
      () =>
        zeros([1])
          .expand([3])
          .assign(tensor([1, 2, 3])),
      /share memory.*clone it/,
    );
  });

  it('of tensors without dimensions along axis 0, as PyTorch has them', () => {
    const x = tensor(5);
    const zero = tensor([0], { dtype: 'int64' });
    const results = [
      x.squeeze(0),
      x.transpose(0, -1),
      x.flip(0),
      indexSelect(x, 0, zero),
      x.gather(0, zero.reshape([])),
    ];
    for (const result of results) assert.deepEqual([result.shape, list(result)], [[], [5]]);
    assert.deepEqual(list(scatterAdd(x, 0, zero.reshape([]), tensor(2))), [7]);
    assert.throws(() => x.flip(1), /axis 1/);
  });

  it('of scatterAdd with an index smaller than the source and the base', () => {
    const base = zeros([3, 3]);
    const index = tensor([[0, 2]], { dtype: 'int64' });
    const src = tensor(
      [
        [1, 2, 3],
        [4, 5, 6],
      ],
      { requiresGrad: true },
    );
    const out = scatterAdd(base, 0, index, src);
    assert.deepEqual(list(out), [1, 0, 0, 0, 0, 0, 0, 2, 0]);
    assert.deepEqual(list(grad([out.sum()], [src])[0] as Tensor), [1, 1, 0, 0, 0, 0]);
  });

  it('of padding that is negative: cut off, and its gradient is 0 there', () => {
    const x = leaf([1, 2, 3, 4]);
    assert.deepEqual(list(pad(x, [[-1, 2]], 9)), [2, 3, 4, 9, 9]);
    assert.deepEqual(
      gradientOf((t) => pad(t, [[-1, 2]]), x),
      [0, 1, 1, 1],
    );
    assert.throws(() => pad(x, [[-3, -2]]), ShapeError);
  });
});
