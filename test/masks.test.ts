// What masks pick, which only their values say: promises. And other functions whose results are promises or random.
import assert from 'node:assert/strict';
import {
  allclose,
  argwhere,
  bincount,
  bincountStatic,
  broadcastShapes,
  compile,
  equal,
  Generator,
  grad,
  normalLike,
  type Tensor,
  tensor,
  uniformLike,
  zeros,
} from 'anneal';
import fc from 'fast-check';

const numbers = (x: Tensor) => Array.from(x.dataSync(), Number);

describe('masks', () => {
  const x = tensor([
    [1, -2, 3],
    [-4, 5, -6],
  ]);

  it('pick the elements at which they hold, and gradients flow back', async () => {
    const leaf = x.clone();
    leaf.requiresGrad = true;
    const positive = await leaf.atAsync(leaf.gt(0));
    assert.deepEqual([positive.shape, numbers(positive)], [[3], [1, 3, 5]]);
    const [dx] = grad(positive.square().sum(), leaf);
    assert.deepEqual(numbers(dx), [2, 0, 6, 0, 10, 0]);
    assert.deepEqual(numbers(await leaf.maskedSelect(leaf.lt(0))), [-2, -4, -6]);
    assert.deepEqual(numbers(await x.maskedSelect(tensor([true, false, true]))), [1, 3, -4, -6]);
  });

  it('pick along their axes, next to other items', async () => {
    const columns = tensor([true, false, true]);
    assert.deepEqual(await (await x.atAsync(':', columns)).array(), [
      [1, 3],
      [-4, -6],
    ]);
    assert.deepEqual(await (await x.atAsync(1, columns)).array(), [-4, -6]);
    assert.deepEqual(await (await x.atAsync(tensor([false, true]), '::-1')).array(), [[-6, 5, -4]]);
    assert.deepEqual((await x.atAsync(x.gt(9))).shape, [0]);
    // Together with an index tensor: pairs of positions.
    const pairs = await x.atAsync(tensor([0, 1], { dtype: 'int64' }), columns);
    assert.deepEqual(await pairs.array(), [1, -6]);
  });

  it('agree with JavaScript on random masks', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(fc.integer({ min: -9, max: 9 }), fc.boolean())), async (list) => {
        const values = tensor(Float64Array.from(list, ([value]) => value));
        const mask = tensor(
          Uint8Array.from(list, ([, holds]) => Number(holds)),
          { dtype: 'bool' },
        );
        const expected = list.flatMap(([value, holds]) => (holds ? [value] : []));
        assert.deepEqual(numbers(await values.maskedSelect(mask)), expected);
      }),
      { numRuns: 50 },
    );
  });

  it('of many blocks pick in order', async () => {
    const n = 300_000;
    const values = tensor(Float64Array.from({ length: n }, (_, i) => i));
    const every = tensor(
      Uint8Array.from({ length: n }, (_, i) => Number(i % 7 === 3)),
      { dtype: 'bool' },
    );
    const picked = numbers(await values.atAsync(every));
    assert.equal(picked.length, Math.ceil((n - 3) / 7));
    assert.ok(picked.every((value, i) => value === 3 + 7 * i));
  });

  it('do not pick within compiled functions, and say what does', () => {
    assert.throws(() => compile((t: Tensor) => t.at(t.gt(0)))(x), /atAsync.*maskedFill/);
  });
});

describe('unique', () => {
  const x = tensor([
    [0, 2, 0],
    [3, 0, 2],
  ]);

  it('give the different values with their counts', async () => {
    const { values, inverse, counts } = await x.unique();
    assert.deepEqual(
      [numbers(values), numbers(counts)],
      [
        [0, 2, 3],
        [3, 2, 1],
      ],
    );
    assert.deepEqual(await inverse.array(), [
      [0, 1, 0],
      [2, 0, 1],
    ]);
    const nans = await tensor([Number.NaN, 1, Number.NaN]).unique();
    assert.deepEqual(numbers(nans.values), [1, Number.NaN, Number.NaN]);
    const longs = tensor([2n ** 60n + 1n, 2n ** 60n, 2n ** 60n + 1n]);
    assert.deepEqual(await (await longs.unique()).values.data(), BigInt64Array.of(2n ** 60n, 2n ** 60n + 1n));
    assert.deepEqual((await tensor([]).unique()).values.shape, [0]);
  });

  it('compare whole entries along an axis', async () => {
    const rows = tensor([
      [2, 1],
      [1, 3],
      [2, 1],
      [1, 2],
    ]);
    const { values, inverse, counts } = await rows.unique({ axis: 0 });
    assert.deepEqual(await values.array(), [
      [1, 2],
      [1, 3],
      [2, 1],
    ]);
    assert.deepEqual(
      [numbers(inverse), numbers(counts)],
      [
        [2, 1, 2, 0],
        [1, 1, 2],
      ],
    );
    const columns = await rows.transpose().unique({ axis: 1 });
    assert.deepEqual(await columns.values.transpose().array(), await values.array());
    assert.deepEqual((await tensor([[], []]).unique({ axis: 0 })).values.shape, [1, 0]);
    await assert.rejects(rows.unique({ axis: 2 }), { name: 'ArgumentError' });
  });

  it('agree with JavaScript on random numbers, of a size that is known too', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: -5, max: 5 }), { maxLength: 80 }), async (list) => {
        const x = tensor(Float32Array.from(list));
        const expected = [...new Set(list)].sort((a, b) => a - b);
        const counts = expected.map((value) => list.filter((other) => other === value).length);
        const found = await x.unique();
        assert.deepEqual([numbers(found.values), numbers(found.counts)], [expected, counts]);
        assert.deepEqual(
          numbers(found.inverse),
          list.map((value) => expected.indexOf(value)),
        );
        const fixed = x.uniqueStatic(expected.length + 2, { fillValue: 9 });
        assert.deepEqual(
          [numbers(fixed.values), numbers(fixed.counts)],
          [
            [...expected, 9, 9],
            [...counts, 0, 0],
          ],
        );
        assert.deepEqual(numbers(fixed.inverse), numbers(found.inverse));
      }),
      { numRuns: 50 },
    );
    const compiled = compile((t: Tensor) => t.uniqueStatic(4).values);
    assert.deepEqual(numbers(compiled(x)), [0, 2, 3, 0]);
  });

  it('of neighbours alone keep the order', async () => {
    const { values, inverse, counts } = await tensor([1, 1, 2, 2, 2, 1, 3]).uniqueConsecutive();
    assert.deepEqual(
      [numbers(values), numbers(inverse), numbers(counts)],
      [
        [1, 2, 1, 3],
        [0, 0, 1, 1, 1, 2, 3],
        [2, 3, 1, 1],
      ],
    );
    const rows = await tensor([
      [1, 2],
      [1, 2],
      [1, 3],
    ]).uniqueConsecutive({ axis: 0 });
    assert.deepEqual(
      [await rows.values.array(), numbers(rows.counts)],
      [
        [
          [1, 2],
          [1, 3],
        ],
        [2, 1],
      ],
    );
  });
});

describe('nonzero', () => {
  it('gives the places of what is not 0', async () => {
    const x = tensor([
      [0, 2, 0],
      [3, 0, Number.NaN],
    ]);
    const expected = [
      [0, 1],
      [1, 0],
      [1, 2],
    ];
    assert.deepEqual(await (await x.nonzero()).array(), expected);
    assert.deepEqual(await (await argwhere(x)).array(), expected);
    const [rows, columns] = (await x.nonzero()).unbind(1) as [Tensor, Tensor];
    assert.deepEqual(numbers(x.at(rows, columns)), [2, 3, Number.NaN]);
    assert.deepEqual((await tensor(5).nonzero()).shape, [1, 0]);
    assert.deepEqual((await zeros([2, 0]).nonzero()).shape, [0, 2]);
    const compiled = compile((t: Tensor) => t.nonzeroStatic(2));
    assert.deepEqual(await compiled(x).array(), expected.slice(0, 2));
  });
});

describe('repeatInterleaveAsync', () => {
  it('repeats each entry as often as is asked for', async () => {
    const x = tensor([
      [1, 2],
      [3, 4],
      [5, 6],
    ]);
    x.requiresGrad = true;
    const repeats = tensor([2, 0, 1], { dtype: 'int64' });
    const y = await x.repeatInterleaveAsync(repeats, 0);
    assert.deepEqual(await y.array(), [
      [1, 2],
      [1, 2],
      [5, 6],
    ]);
    const [dx] = grad(y.sum(), x);
    assert.deepEqual(await dx.array(), [
      [2, 2],
      [0, 0],
      [1, 1],
    ]);
    const each = await tensor([7, 8]).repeatInterleaveAsync(tensor([3], { dtype: 'int32' }));
    assert.deepEqual(numbers(each), [7, 7, 7, 8, 8, 8]);
    await assert.rejects(x.repeatInterleaveAsync(tensor([1, -1, 1], { dtype: 'int64' }), 0), {
      name: 'ArgumentError',
      message: /must not be negative/,
    });
    await assert.rejects(x.repeatInterleaveAsync(repeats, 1), { name: 'ShapeError' });
    assert.throws(() => x.repeatInterleaveStatic(tensor([0.5, 1, 1]), 2, 0), { name: 'DTypeError' });
    await assert.rejects(x.repeatInterleaveStatic(repeats, 4, 0).data(), { name: 'IndexError' });
  });
});

describe('promises of one value', () => {
  it('tell whether tensors are close or equal', async () => {
    const a = tensor([1, 2, Number.NaN]);
    assert.equal(await allclose(a, a), false);
    assert.equal(await allclose(a, a, { equalNan: true }), true);
    assert.equal(await tensor([1, 2]).allclose(tensor([1.000001, 2])), true);
    assert.equal(await tensor([1, 2]).allclose(tensor([1.1, 2])), false);
    assert.equal(await equal(tensor([1, 2]), tensor([1, 2])), true);
    assert.equal(await equal(tensor([1, 2]), tensor([[1, 2]])), false);
    assert.equal(await tensor([]).equal(tensor([])), true);
  });

  it('count integers up to the largest', async () => {
    const x = tensor([1, 3, 1, 0], { dtype: 'int64' });
    assert.deepEqual(numbers(await bincount(x)), [1, 2, 0, 1]);
    assert.deepEqual(numbers(await bincount(x, { minLength: 6 })), [1, 2, 0, 1, 0, 0]);
    assert.deepEqual(numbers(await bincount(x, { weights: tensor([1, 2, 3, 4]) })), [4, 4, 0, 2]);
    await assert.rejects(bincountStatic(x, 3).data(), { name: 'IndexError' });
  });
});

describe('random tensors like others', () => {
  it('have their shape and dtype', () => {
    const like = tensor([[1, 2]], { dtype: 'float64' });
    const generator = new Generator(1);
    const u = uniformLike(like, { low: 2, high: 3, generator });
    assert.deepEqual([u.shape, u.dtype], [[1, 2], 'float64']);
    assert.ok(numbers(u).every((value) => value >= 2 && value < 3));
    assert.equal(normalLike(like, { dtype: 'float32', generator }).dtype, 'float32');
  });
});

describe('broadcastShapes', () => {
  it('gives the common shape, or says which do not fit', () => {
    assert.deepEqual(broadcastShapes([[3, 1], [4], []]), [3, 4]);
    assert.deepEqual(broadcastShapes([[0], [1]]), [0]);
    assert.throws(() => broadcastShapes([[3], [4]]), {
      name: 'ShapeError',
      message: /\[3\] and \[4\] do not broadcast/,
    });
  });
});
