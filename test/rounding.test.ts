// Division of integers: what a divisor of 0 does, beside what else is computed; signs of remainders; and modes of rounding.
import assert from 'node:assert/strict';
import { ArgumentError, arange, bitwiseAnd, compile, DTypeError, fmod, remainder, type Tensor, tensor } from 'anneal';
import { suite } from './support/check';

const integers = (...values: number[]) => tensor(values, { dtype: 'int64' });
const numbers = (x: Tensor) => Array.from(x.dataSync(), Number);

suite('division to whole quotients', () => {
  it('has the signs of Python, or those of JavaScript', () => {
    const [a, b] = [integers(7, -7, 7, -7), integers(2, 2, -2, -2)];
    assert.deepEqual(numbers(a.floorDivide(b)), [3, -4, -4, 3]);
    assert.deepEqual(numbers(a.remainder(b)), [1, 1, -1, -1]);
    assert.deepEqual(numbers(a.div(b, { roundingMode: 'trunc' })), [3, -3, -3, 3]);
    assert.deepEqual(
      numbers(a.fmod(b)),
      [7, -7, 7, -7].map((x, i) => x % [2, 2, -2, -2][i]!),
    );
  });

  it('of an integer by 0 rejects the read of that result, and of no other', async () => {
    const [a, zero] = [integers(1, 2, 3), integers(1, 0, 1)];
    for (const lost of [a.remainder(zero), a.fmod(zero), a.floorDivide(zero), a.div(zero, { roundingMode: 'trunc' })]) {
      const kept = a.add(zero);
      await assert.rejects(lost.data(), (error: Error) => {
        assert.ok(error instanceof ArgumentError);
        assert.match(error.message, /an integer cannot be divided by 0, as 2 is here/);
        return true;
      });
      assert.deepEqual(numbers(kept), [2, 2, 4]);
    }
  });

  it('of an integer by 0 fails alike in compiled functions, and floats give what IEEE 754 says', async () => {
    const step = compile((x: Tensor, y: Tensor) => [x.add(1).remainder(y).mul(2), x.mul(3)]);
    const [lost, kept] = step(integers(1, 2), integers(2, 0)) as [Tensor, Tensor];
    await assert.rejects(lost.data(), ArgumentError);
    assert.deepEqual(numbers(kept), [3, 6]);
    const [fine] = step(integers(1, 2), integers(2, 2)) as [Tensor];
    assert.deepEqual(numbers(fine), [0, 2]);
    assert.deepEqual(numbers(tensor([1, -1, 0]).floorDivide(0)), [Infinity, -Infinity, Number.NaN]);
    assert.deepEqual(numbers(remainder(tensor([1]), 0)), [Number.NaN]);
  });

  it('of the lowest integer by -1 wraps around', () => {
    const lowest = tensor([-2147483648], { dtype: 'int32' });
    assert.deepEqual(numbers(lowest.floorDivide(-1)), [-2147483648]);
    assert.deepEqual(numbers(fmod(lowest, -1)), [0]);
  });

  it('of many elements is that of each', () => {
    const x = arange(-5000, 5000, 1, { dtype: 'float64' });
    const found = numbers(x.remainder(7));
    assert.ok(found.every((r, i) => r === (((i - 5000) % 7) + 7) % 7));
  });

  it('refuses modes, decimals and dtypes that there are not', () => {
    assert.throws(() => tensor([1]).div(2, { roundingMode: 'up' as 'floor' }), /'roundingMode'/);
    assert.throws(() => tensor([1]).round(0.5), ArgumentError);
    assert.throws(() => integers(1).round(1), DTypeError);
    assert.throws(() => bitwiseAnd(tensor([1]), 1), /\[bitwiseAnd\] takes integers, not float32/);
    assert.throws(() => tensor([true]).floor(), DTypeError);
    assert.throws(() => tensor([1]).polygamma(-1), /from 0 to 32 for 'n', received -1/);
  });
});
