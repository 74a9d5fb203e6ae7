// What console.log shows of a tensor: NumPy's layout.
import assert from 'node:assert/strict';
import { inspect } from 'node:util';
import { arange, type Tensor, tensor, zeros } from 'anneal';
import { suite } from './support/check';

suite('printing tensors', () => {
  const prints: [Tensor | (() => Tensor), string][] = [
    [() => tensor(1.5), 'tensor(1.5000)'],
    [() => tensor([1, 2, 3]), 'tensor([1., 2., 3.])'],
    [
      () =>
        tensor([
          [1, 2.5],
          [-3, 4],
        ]),
      'tensor([[ 1.0000,  2.5000],\n        [-3.0000,  4.0000]])',
    ],
    [() => tensor([0.1, 1e-5]), 'tensor([1.0000e-01, 1.0000e-05])'],
    [() => tensor([1e10, 1]), 'tensor([1.0000e+10, 1.0000e+00])'],
    [() => tensor([Number.NaN, 1, Infinity, -Infinity]), 'tensor([ nan,   1.,  inf, -inf])'],
    [() => tensor([-0, 0]), 'tensor([-0.,  0.])'],
    [() => tensor([true, false]), 'tensor([ true, false])'],
    [() => tensor([1n, -20n]), 'tensor([  1, -20], dtype=int64)'],
    [() => tensor([]), 'tensor([], shape=[0])'],
    [() => zeros([2, 0], { dtype: 'int32' }), 'tensor([], shape=[2, 0], dtype=int32)'],
    [() => tensor([1, 2], { dtype: 'float64' }), 'tensor([1., 2.], dtype=float64)'],
    [() => tensor(2, { requiresGrad: true }), 'tensor(2., requiresGrad=true)'],
    [
      () => arange(12).reshape([2, 2, 3]),
      'tensor([[[ 0,  1,  2],\n         [ 3,  4,  5]],\n\n        [[ 6,  7,  8],\n         [ 9, 10, 11]]], dtype=int64)',
    ],
    [
      () => arange(24),
      'tensor([ 0,  1,  2,  3,  4,  5,  6,  7,  8,  9, 10, 11, 12, 13, 14, 15, 16,\n' +
        '        17, 18, 19, 20, 21, 22, 23], dtype=int64)',
    ],
    [() => arange(1001), 'tensor([   0,    1,    2, ...,  998,  999, 1000], shape=[1001], dtype=int64)'],
    [tensor([9007199254740993n, -1n]), 'tensor([9007199254740993,               -1], dtype=int64)'],
    [
      () => arange(2000).reshape([100, 20]).slice(1, 0, 20),
      'tensor([[   0,    1,    2, ...,   17,   18,   19],\n' +
        '        [  20,   21,   22, ...,   37,   38,   39],\n' +
        '        [  40,   41,   42, ...,   57,   58,   59],\n' +
        '        ...,\n' +
        '        [1940, 1941, 1942, ..., 1957, 1958, 1959],\n' +
        '        [1960, 1961, 1962, ..., 1977, 1978, 1979],\n' +
        '        [1980, 1981, 1982, ..., 1997, 1998, 1999]], shape=[100, 20], dtype=int64)',
    ],
  ];
  for (const [make, text] of prints) {
    it(text.split('\n')[0] as string, () => {
      const x = typeof make === 'function' ? make() : make;
      assert.equal(inspect(x), text);
      assert.equal(String(x), text);
    });
  }

  it('of a disposed tensor', () => {
    const x = tensor([1]);
    x.dispose();
    assert.equal(inspect(x), 'tensor(disposed)');
  });
});
