// Order: what the functions of lib/ops/sort.ts make of the operators, options and mistakes; draws; and rows against JavaScript's sort.
import assert from 'node:assert/strict';
import {
  bucketize,
  compile,
  Generator,
  getNumThreads,
  multinomial,
  searchsorted,
  setNumThreads,
  type Tensor,
  tensor,
} from 'anneal';
import fc from 'fast-check';

const numbers = (x: Tensor) => Array.from(x.dataSync(), Number);
const bits = (x: Tensor) => Buffer.from(x.dataSync().buffer).toString('hex');
const int64 = { dtype: 'int64' } as const;

describe('sort', () => {
  it('agrees with JavaScript on random rows, with equal elements in their order', () => {
    const element = fc.oneof(fc.integer({ min: -4, max: 4 }), fc.constantFrom(Number.NaN, Infinity, -Infinity, -0));
    fc.assert(
      fc.property(fc.array(element, { minLength: 1, maxLength: 200 }), fc.boolean(), (list, descending) => {
        const x = tensor(Float32Array.from(list));
        const order = [...list.keys()].sort((i, j) => {
          const [a, b] = [list[i] as number, list[j] as number];
          const ascending = a < b ? -1 : a > b ? 1 : Number(Number.isNaN(a)) - Number(Number.isNaN(b));
          return (descending ? -ascending : ascending) || i - j;
        });
        const [values, indices] = x.sort(-1, { descending });
        assert.deepEqual(numbers(indices), order);
        assert.deepEqual(
          numbers(values),
          order.map((i) => list[i]),
        );
        const k = Math.ceil(list.length / 3);
        const [first, places] = x.topk(k, -1, { largest: descending });
        assert.deepEqual(numbers(places), order.slice(0, k));
        assert.deepEqual(numbers(first), numbers(values).slice(0, k));
      }),
      { numRuns: 200 },
    );
  });

  it('gives the same bits on any number of threads', () => {
    const threads = getNumThreads();
    const generator = new Generator(3);
    const draw = () =>
      multinomial(tensor(Float32Array.from({ length: 500 }, (_, i) => (i % 7) + 1)), 300, { generator });
    const all = [1, 2].map((count) => {
      setNumThreads(count);
      generator.manualSeed(3);
      return bits(draw());
    });
    setNumThreads(threads);
    assert.equal(all[0], all[1]);
  });

  it('refuses what it cannot choose', () => {
    const x = tensor([[1, 2, 3]]);
    assert.throws(() => x.topk(4), { name: 'ArgumentError', message: /\[topk\] k is from 0 to the 3 elements/ });
    assert.throws(() => x.kthvalue(0), {
      name: 'ArgumentError',
      message: /\[kthvalue\] k is from 1 to the 3 elements/,
    });
    assert.throws(() => tensor([]).median(), { name: 'ShapeError', message: /nothing to choose from/ });
    assert.throws(() => x.sort(2), { name: 'ArgumentError' });
    assert.throws(() => x.quantile(1.5), { name: 'ArgumentError', message: /parts from 0 to 1/ });
    assert.throws(() => tensor([1], int64).quantile(0.5), { name: 'DTypeError' });
    assert.throws(() => searchsorted(x, tensor([1, 2])), { name: 'ShapeError' });
    assert.throws(() => searchsorted(tensor([1]), 1, { side: 'left', right: true }), { name: 'ArgumentError' });
  });
});

describe('medians', () => {
  const x = tensor([
    [3, 1, 2, Number.NaN],
    [7, 5, 8, 6],
  ]);

  it('of all elements and along an axis', () => {
    assert.deepEqual(numbers(x.median()), [Number.NaN]);
    assert.deepEqual(numbers(x.nanmedian()), [5]);
    assert.deepEqual(x.nanmedian(null, true).shape, [1, 1]);
    assert.deepEqual(numbers(x.median(1)), [Number.NaN, 6]);
    assert.deepEqual(numbers(x.nanmedian(1)), [2, 6]);
    assert.deepEqual(numbers(tensor(4).median()), [4]);
    assert.deepEqual(tensor(4).median(null, true).shape, []);
  });
});

describe('searchsorted', () => {
  it('takes a number, words for sides, and another integer dtype', () => {
    const sequence = tensor([1, 2, 2, 5]);
    assert.equal(searchsorted(sequence, 2).itemSync(), 1);
    assert.equal(searchsorted(sequence, 2, { side: 'right' }).itemSync(), 3);
    assert.equal(bucketize(2, sequence, { right: true, outInt32: true }).dtype, 'int32');
    const order = tensor([3, 0, 1, 2], int64);
    assert.deepEqual(numbers(searchsorted(tensor([2, 2, 5, 1]), tensor([0, 2, 9]), { sorter: order })), [0, 1, 4]);
  });

  it('rejects the read where the sorter is no order', async () => {
    const found = searchsorted(tensor([1, 2]), tensor([1]), { sorter: tensor([0, 2], int64) });
    await assert.rejects(found.data(), { name: 'IndexError', message: /sorter: index 2 is outside \[0, 2\)/ });
  });
});

describe('multinomial', () => {
  const weights = tensor([
    [0, 1, 3],
    [2, 0, 0],
  ]);

  it('draws the same places with the same seed, and moves the generator on', () => {
    const generator = new Generator(5);
    const first = weights.multinomial(8, { replacement: true, generator });
    const second = weights.multinomial(8, { replacement: true, generator });
    assert.notEqual(bits(first), bits(second));
    generator.manualSeed(5);
    assert.equal(bits(weights.multinomial(8, { replacement: true, generator })), bits(first));
    assert.deepEqual([...new Set(numbers(first).slice(8))], [0]);
    assert.ok(!numbers(first).slice(0, 8).includes(0));
  });

  it('draws anew at each run of a compiled function', () => {
    const generator = new Generator(6);
    const sample = compile((w: Tensor) => w.multinomial(3, { generator }));
    const w = tensor(Float32Array.from({ length: 50 }, () => 1));
    const found = [1, 2, 3].map(() => bits(sample(w)));
    assert.equal(new Set(found).size, 3);
    generator.manualSeed(6);
    assert.deepEqual(
      [1, 2, 3].map(() => bits(w.multinomial(3, { generator }))),
      found,
    );
  });

  it('refuses weights that say no distribution', async () => {
    assert.throws(() => weights.multinomial(4), { name: 'ArgumentError', message: /cannot draw 4 of 3 classes/ });
    assert.throws(() => tensor([1, 2], int64).multinomial(1), { name: 'DTypeError' });
    for (const [values, message] of [
      [[1, -1], /negative/],
      [[1, Number.NaN], /NaN/],
      [[0, 0], /nothing but 0/],
    ] as const) {
      await assert.rejects(
        tensor([...values])
          .multinomial(1, { replacement: true })
          .data(),
        {
          name: 'ArgumentError',
          message,
        },
      );
    }
    await assert.rejects(weights.multinomial(2).data(), { name: 'ArgumentError', message: /row 1 has fewer than 2/ });
  });
});
