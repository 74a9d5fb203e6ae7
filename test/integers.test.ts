// Integers: what users give must fit the dtype, what `.to` converts is stated, and ranges, products and comparisons are exact.
// Values from PyTorch 2.13, which also refuses what does not fit, and from arithmetic modulo 2^8.
import assert from 'node:assert/strict';
import {
  ArgumentError,
  arange,
  type DType,
  DTypeError,
  full,
  linear,
  linspace,
  matmul,
  pad,
  type Tensor,
  tensor,
} from 'anneal';

const list = (x: Tensor): number[] => Array.from(x.dataSync(), Number);
const u8 = (values: number[]) => tensor(values, { dtype: 'uint8' });

function refuses(make: () => unknown, message: RegExp): void {
  assert.throws(make, (error: unknown) => error instanceof ArgumentError && message.test(error.message));
}

describe('integers that are given', () => {
  const outside: [DType, (number | bigint)[]][] = [
    ['uint8', [256, -1, 300, Number.NaN, Infinity, -Infinity]],
    ['int32', [3e9, -3e9, 2 ** 31, -(2 ** 31) - 1, Number.NaN, Infinity, -Infinity]],
    ['int64', [2n ** 63n, -(2n ** 63n) - 1n, 2 ** 63, 1e300, Number.NaN, Infinity, -Infinity]],
  ];
  for (const [dtype, values] of outside) {
    it(`must fit ${dtype}`, () => {
      for (const value of values) {
        refuses(() => tensor([value], { dtype }), /^\[tensor\] .* does not fit/);
        if (typeof value === 'bigint') continue;
        refuses(() => tensor(Float64Array.of(value), { dtype }), /^\[tensor\] .* does not fit/);
        refuses(() => full([2], value, { dtype }), /^\[full\] .* does not fit/);
        refuses(() => linspace(0, value, 3, { dtype }), /^\[linspace\] .* does not fit/);
      }
    });
  }

  it('may be the least and the greatest, and are truncated', () => {
    assert.deepEqual(list(u8([0, 255, 1.9, -0.9, 255.9])), [0, 255, 1, 0, 255]);
    assert.deepEqual(list(tensor([-(2 ** 31), 2 ** 31 - 1, -1.9], { dtype: 'int32' })), [-(2 ** 31), 2 ** 31 - 1, -1]);
    const wide = tensor([-(2n ** 63n), 2n ** 63n - 1n]).dataSync();
    assert.deepEqual([...wide], [-(2n ** 63n), 2n ** 63n - 1n]);
    assert.deepEqual([...tensor([-(2 ** 63)], { dtype: 'int64' }).dataSync()], [-(2n ** 63n)]);
    assert.deepEqual(list(full([1], 255.9, { dtype: 'uint8' })), [255]);
    assert.deepEqual(list(full([1], -(2 ** 31), { dtype: 'int32' })), [-(2 ** 31)]);
  });

  it('of another array are values too', () => {
    refuses(() => tensor(Int32Array.of(-1), { dtype: 'uint8' }), /-1 does not fit uint8/);
    refuses(() => tensor(BigInt64Array.of(2n ** 40n), { dtype: 'int32' }), /1099511627776 does not fit int32/);
    assert.deepEqual(list(tensor(Uint32Array.of(2 ** 32 - 1))), [2 ** 32 - 1]);
  });

  it('pad with what fits', () => {
    refuses(() => pad(u8([1]), [[1, 0]], 256), /^\[pad\] 256 does not fit uint8/);
    assert.deepEqual(list(pad(u8([1]), [[1, 0]], 255)), [255, 1]);
  });
});

describe('integers that are converted', () => {
  it('saturate from floats, NaN gives 0', () => {
    const x = tensor([3e9, -3e9, Number.NaN, -1.5, 300.5, Infinity]);
    assert.deepEqual(list(x.to('uint8')), [255, 0, 0, 0, 255, 255]);
    assert.deepEqual(list(x.to('int32')), [2 ** 31 - 1, -(2 ** 31), 0, -1, 300, 2 ** 31 - 1]);
  });

  it('wrap around from integers', () => {
    const x = tensor([-1n, 256n, 2n ** 31n]);
    assert.deepEqual(list(x.to('uint8')), [255, 0, 0]);
    assert.deepEqual(list(x.to('int32')), [-1, 256, -(2 ** 31)]);
  });
});

describe('integers beside numbers', () => {
  it('are not compared with what the dtype does not hold', () => {
    const x = u8([1, 200]);
    for (const value of [-19, 256, 300]) {
      refuses(() => x.ge(value), /does not fit uint8/);
      refuses(() => x.eq(value), /does not fit uint8/);
      refuses(() => x.maximum(value), /does not fit uint8/);
      refuses(() => x.minimum(value), /does not fit uint8/);
    }
    refuses(() => tensor([1], { dtype: 'int32' }).lt(2 ** 31), /does not fit int32/);
    assert.deepEqual(list(x.ge(200)), [0, 1]);
    assert.deepEqual(list(tensor([1], { dtype: 'int32' }).gt(-(2 ** 31))), [1]);
  });

  it('wrap around in sums and products', () => {
    const x = u8([1, 200]);
    assert.deepEqual(list(x.add(-2)), [255, 198]);
    assert.deepEqual(list(x.sub(-100)), [101, 44]);
    assert.deepEqual(list(x.mul(-1)), [255, 56]);
    assert.deepEqual(list(tensor([1], { dtype: 'int32' }).add(-(2 ** 31))), [1 - 2 ** 31]);
  });
});

describe('integers in ranges', () => {
  it('are exact beyond 2^53', () => {
    const range = arange(2 ** 53, 2 ** 53 + 6, 1);
    assert.deepEqual(
      [...range.dataSync()],
      [0n, 1n, 2n, 3n, 4n, 5n].map((i) => 2n ** 53n + i),
    );
    assert.deepEqual(
      [...arange(-(2 ** 60), -(2 ** 60) + 512, 171).dataSync()],
      [0n, 171n, 342n].map((i) => -(2n ** 60n) + i),
    );
  });

  it('fit the dtype', () => {
    refuses(() => arange(250, 260, 1, { dtype: 'uint8' }), /^\[arange\] 259 does not fit uint8/);
    refuses(() => arange(3, -3, -2, { dtype: 'uint8' }), /^\[arange\] -1 does not fit uint8/);
    assert.deepEqual(list(arange(250, 256, 1, { dtype: 'uint8' })), [250, 251, 252, 253, 254, 255]);
    assert.deepEqual(list(arange(3, -1, -2, { dtype: 'uint8' })), [3, 1]);
    assert.equal(arange(5, 5, 1, { dtype: 'uint8' }).size, 0);
  });

  it('arange takes options after its last number', () => {
    // As torch.arange(5, dtype=...), (2, 5, dtype=...), (2, 8, 2, dtype=...).
    const cases: [Tensor, string, number[]][] = [
      [arange(4, { dtype: 'float32' }), 'float32', [0, 1, 2, 3]],
      [arange(2, 5, { dtype: 'uint8' }), 'uint8', [2, 3, 4]],
      [arange(2, 8, 2, { dtype: 'float64' }), 'float64', [2, 4, 6]],
      [arange(3, null, 1, { dtype: 'int32' }), 'int32', [0, 1, 2]],
      [arange(3, undefined, undefined, { dtype: 'int32' }), 'int32', [0, 1, 2]],
      [arange(3, {}), 'int64', [0, 1, 2]],
      [arange(2.5, { dtype: 'int64' }), 'int64', [0, 1, 2]],
    ];
    for (const [found, dtype, values] of cases) assert.deepEqual([found.dtype, list(found)], [dtype, values]);
    assert.equal(arange(3, { dtype: 'float32', requiresGrad: true }).requiresGrad, true);
    refuses(() => arange(3, { dtyp: 'int32' } as never), /^\[arange\] there is no option 'dtyp'/);
    const untyped = arange as (...args: unknown[]) => Tensor;
    refuses(() => untyped(3, { dtype: 'int32' }, 2), /^\[arange\] expected nothing after the options/);
  });
});

describe('products of uint8', () => {
  it('are modulo 256', () => {
    const x = tensor(
      [
        [200, 2],
        [255, 255],
      ],
      { dtype: 'uint8' },
    );
    const product = matmul(x, tensor([[2], [3]], { dtype: 'uint8' }));
    assert.equal(product.dtype, 'uint8');
    assert.deepEqual(list(product), [150, 251]);
    assert.deepEqual(list(linear(x, u8([2, 3]).reshape([1, 2]), u8([10]))), [160, 5]);
    assert.deepEqual(list(matmul(x.transpose(), u8([1, 1]))), [199, 1]);
    assert.equal(matmul(x.reshape([1, 2, 2]), x).dtype, 'uint8');
  });

  it('are not defined for bool, as in PyTorch', () => {
    assert.throws(() => matmul(tensor([[true]]), tensor([[true]])), DTypeError);
  });
});
