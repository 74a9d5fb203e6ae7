// Datasets, splits and scaling.
import assert from 'node:assert/strict';
import {
  ArgumentError,
  DTypeError,
  data,
  FormatError,
  IndexError,
  manualSeed,
  ShapeError,
  type Tensor,
  tensor,
} from 'anneal';
import fc from 'fast-check';
import { expectNoLeaks } from './live-tensors';

const { ArrayDataset, StandardScaler, Subset, TensorDataset, randomSplit, trainValidationSplit } = data;

type Kind = new (message: string) => Error;

function throwsAs(kind: Kind, message: RegExp): (error: unknown) => true {
  return (error) => {
    assert.ok(error instanceof kind, `${error}`);
    assert.match(error.message, message);
    return true;
  };
}

// dtype, shape and elements of each tensor, which are then disposed.
async function read(...tensors: Tensor[]): Promise<[dtype: string, shape: number[], elements: number[]][]> {
  const result = tensors.map(async (value): Promise<[string, number[], number[]]> => {
    return [value.dtype, value.shape, Array.from(await value.data(), Number)];
  });
  const described = await Promise.all(result);
  for (const value of tensors) value.dispose();
  return described;
}

// A dataset of the numbers 0 ... n - 1 whose batches say which samples they hold.
function numbers(length: number): data.Dataset<number[], number> {
  return { length, get: (index) => index, getBatch: (indices) => [...indices] };
}

const sorted = (list: readonly number[]) => [...list].sort((a, b) => a - b);
const range = (length: number) => Array.from({ length }, (_, i) => i);

describe('data.TensorDataset', () => {
  expectNoLeaks();

  it('takes samples and batches of rows', async () => {
    const x = tensor(Float32Array.of(1, 2, 3, 4, 5, 6), { shape: [3, 2] });
    const y = tensor(BigInt64Array.of(7n, 8n, 9n));
    const dataset = new TensorDataset(x, y);
    assert.equal(dataset.length, 3);
    const [features, labels] = dataset.getBatch([2, 0, 2]);
    assert.deepEqual(await read(features, labels), [
      ['float32', [3, 2], [5, 6, 1, 2, 5, 6]],
      ['int64', [3], [9, 7, 9]],
    ]);
    assert.deepEqual(await read(...dataset.get(1)), [
      ['float32', [2], [3, 4]],
      ['int64', [], [8]],
    ]);
    x.dispose();
    y.dispose();
  });

  it('refuses what does not fit together', () => {
    const x = tensor([1, 2]);
    const y = tensor([1, 2, 3]);
    const scalar = tensor(1);
    assert.throws(
      () => new TensorDataset(x, y),
      throwsAs(ShapeError, /^\[TensorDataset\] .* received \[2\] and \[3\]$/),
    );
    assert.throws(() => new TensorDataset(scalar), throwsAs(ShapeError, /received \[\]/));
    assert.throws(() => new TensorDataset(), throwsAs(ArgumentError, /one tensor or more/));
    assert.throws(() => new TensorDataset([1] as never), throwsAs(ArgumentError, /to be tensors but received \[ 1 \]/));
    const dataset = new TensorDataset(x);
    for (const index of [-1, 2, 0.5, Number.NaN]) {
      assert.throws(() => dataset.getBatch([0, index]), throwsAs(IndexError, /from 0 to 1 but received/));
    }
    for (const held of [x, y, scalar]) held.dispose();
  });
});

describe('data.ArrayDataset', () => {
  expectNoLeaks();

  it('converts bytes per batch at a time', async () => {
    const dataset = new ArrayDataset(
      { data: Uint8Array.of(0, 51, 102, 153, 204, 255), shape: [3, 1, 2], scale: 1 / 4 },
      { data: Uint8Array.of(3, 4, 5), dtype: 'int64' },
    );
    const [images, labels] = dataset.getBatch([2, 0]);
    assert.deepEqual(await read(images, labels), [
      ['float32', [2, 1, 2], [51, 63.75, 0, 12.75]],
      ['int64', [2], [5, 3]],
    ]);
    assert.deepEqual(await read(...dataset.get(1)), [
      ['float32', [1, 2], [25.5, 38.25]],
      ['int64', [], [4]],
    ]);
  });

  const kinds: [data.ColumnData, string][] = [
    [Uint8Array.of(1, 255), 'uint8'],
    [Uint8ClampedArray.of(1, 255), 'uint8'],
    [Int8Array.of(1, -128), 'int32'],
    [Int16Array.of(1, -32768), 'int32'],
    [Uint16Array.of(1, 65535), 'int32'],
    [Int32Array.of(1, -(2 ** 31)), 'int32'],
    [BigInt64Array.of(1n, -(2n ** 53n)), 'int64'],
    [Float32Array.of(1, 0.5), 'float32'],
    [Float64Array.of(1, 1 / 3), 'float64'],
  ];
  for (const [column, dtype] of kinds) {
    it(`keeps the elements of a ${column.constructor.name}`, async () => {
      const dataset = new ArrayDataset({ data: column });
      assert.deepEqual(await read(...dataset.getBatch([1, 0])), [[dtype, [2], Array.from(column, Number).reverse()]]);
    });
  }

  it('reads a view that does not begin its buffer', async () => {
    const dataset = new ArrayDataset({ data: Float32Array.of(9, 1, 2, 3, 4).subarray(1), shape: [2, 2] });
    assert.deepEqual(await read(...dataset.getBatch([1])), [['float32', [1, 2], [3, 4]]]);
  });

  it('refuses what does not fit together', () => {
    const bytes = new Uint8Array(6);
    assert.throws(
      () => new ArrayDataset({ data: bytes, shape: [2, 2] }),
      throwsAs(ShapeError, /has 4 elements but data has 6/),
    );
    assert.throws(
      () => new ArrayDataset({ data: bytes }, { data: new Uint8Array(5) }),
      throwsAs(ShapeError, /\[6\] and \[5\]/),
    );
    assert.throws(
      () => new ArrayDataset({ data: bytes, shape: [] }),
      throwsAs(ArgumentError, /expected shape to be sizes/),
    );
    assert.throws(
      () => new ArrayDataset({ data: [1] as never }),
      throwsAs(ArgumentError, /expected data to be a typed array/),
    );
    assert.throws(
      () => new ArrayDataset({ data: new Uint32Array(1) as never }),
      throwsAs(DTypeError, /Uint32Array is not/),
    );
    assert.throws(
      () => new ArrayDataset({ data: bytes, scale: 2, dtype: 'int64' }),
      throwsAs(ArgumentError, /received int64/),
    );
    assert.throws(
      () => new ArrayDataset({ data: bytes, scale: Number.NaN }),
      throwsAs(ArgumentError, /a finite number/),
    );
    assert.throws(() => new ArrayDataset({ data: bytes }).get(6), throwsAs(IndexError, /from 0 to 5 but received 6/));
    const dataset = new ArrayDataset({ data: bytes });
    structuredClone(bytes, { transfer: [bytes.buffer] });
    assert.throws(() => dataset.get(0), throwsAs(ArgumentError, /the buffer of a Uint8Array was detached/));
  });
});

describe('data: parts of a dataset', () => {
  expectNoLeaks();

  it('takes a subset, and a subset of a subset', async () => {
    const subset = new Subset(new Subset(numbers(10), [9, 3, 5, 3]), [3, 0]);
    assert.equal(subset.length, 2);
    assert.deepEqual(await subset.getBatch?.([1, 0, 1]), [9, 3, 9]);
    assert.equal(await subset.get(0), 3);
    assert.equal(new Subset({ length: 1, get: (index) => index }, [0]).getBatch, undefined);
    assert.throws(() => new Subset(numbers(3), [3]), throwsAs(IndexError, /^\[Subset\] .* from 0 to 2 but received 3/));
    assert.throws(() => subset.get(2), throwsAs(IndexError, /from 0 to 1/));
    assert.throws(
      () => new Subset([1] as never, []),
      throwsAs(ArgumentError, /expected dataset to be an object with length/),
    );
  });

  it('splits at random: every sample once, the same for the same seed', async () => {
    const partition = fc.array(fc.nat(20), { minLength: 1, maxLength: 5 });
    await fc.assert(
      fc.asyncProperty(partition, fc.nat(), async (counts, seed) => {
        const length = counts.reduce((sum, count) => sum + count, 0);
        const parts = await randomSplit(numbers(length), counts, { seed });
        const again = await randomSplit(numbers(length), counts, { seed });
        assert.deepEqual(
          parts.map((part) => part.length),
          counts,
        );
        assert.deepEqual(sorted(parts.flatMap((part) => [...part.indices])), range(length));
        assert.deepEqual(
          parts.map((part) => part.indices),
          again.map((part) => part.indices),
        );
      }),
      { numRuns: 50 },
    );
  });

  it('splits by shares', async () => {
    const lengths = async (length: number, shares: number[]) =>
      (await randomSplit(numbers(length), shares)).map((part) => part.length);
    assert.deepEqual(await lengths(10, [0.7, 0.2, 0.1]), [7, 2, 1]);
    assert.deepEqual(await lengths(11, [0.5, 0.5]), [6, 5]);
    assert.deepEqual(await lengths(5, [1 / 3, 1 / 3, 1 / 3]), [2, 2, 1]);
    for (const parts of [[0.5, 0.4], [5, 6], [-1, 11], []]) {
      await assert.rejects(
        lengths(10, parts),
        throwsAs(ArgumentError, /^\[randomSplit\] expected parts to be sample counts/),
      );
    }
  });

  it('splits arrays of samples', async () => {
    const words = ['a', 'b', 'c', 'd', 'e'];
    const parts = await randomSplit(words, [3, 2], { seed: 1 });
    const found = await Promise.all(parts.map((part) => Promise.all(range(part.length).map((i) => part.get(i)))));
    assert.deepEqual(
      found.map((part) => part.length),
      [3, 2],
    );
    assert.deepEqual(found.flat().sort(), words);
    const [first, last] = await trainValidationSplit(words, { validation: 1, shuffle: false });
    assert.deepEqual([first.get(3), last.get(0)], ['d', 'e']);
    const loader = new data.DataLoader(parts[0]!, { batchSize: 3, collate: (samples) => samples.join('') as never });
    for await (const batch of loader) assert.equal(batch as unknown as string, found[0]!.join(''));
    await assert.rejects(
      randomSplit('abcde' as never, [3, 2]),
      throwsAs(ArgumentError, /^\[randomSplit\] expected dataset to be a dataset .* or an array of samples/),
    );
  });

  it('splits training from validation', async () => {
    const [training, validation] = await trainValidationSplit(numbers(100), { validation: 0.2, seed: 3 });
    assert.deepEqual([training.length, validation.length], [80, 20]);
    assert.deepEqual(sorted([...training.indices, ...validation.indices]), range(100));
    assert.notDeepEqual(sorted(validation.indices), [...validation.indices]);
    const [other] = await trainValidationSplit(numbers(100), { validation: 0.2, seed: 4 });
    assert.notDeepEqual(other.indices, training.indices);
    const [first, last] = await trainValidationSplit(numbers(5), { validation: 2, shuffle: false });
    assert.deepEqual(
      [first.indices, last.indices],
      [
        [0, 1, 2],
        [3, 4],
      ],
    );
    const [, least] = await trainValidationSplit(numbers(3), { validation: 0.01 });
    assert.equal(least.length, 1);
    manualSeed(5);
    const [drawn] = await trainValidationSplit(numbers(50), { validation: 0.5 });
    manualSeed(5);
    const [drawnAgain] = await trainValidationSplit(numbers(50), { validation: 0.5 });
    assert.deepEqual(drawn.indices, drawnAgain.indices);
    for (const share of [0, 1.5, -1, 3, Number.NaN, '0.2' as never]) {
      await assert.rejects(
        trainValidationSplit(numbers(3), { validation: share }),
        throwsAs(ArgumentError, /expected validation/),
      );
    }
    await assert.rejects(
      trainValidationSplit(numbers(1), { validation: 0.5 }),
      throwsAs(ArgumentError, /to be 2 or more/),
    );
    await assert.rejects(randomSplit(numbers(1), [1], { seed: -1 }), throwsAs(ArgumentError, /expected seed to be/));
  });
});

describe('data.StandardScaler', () => {
  expectNoLeaks();

  it('brings columns to mean 0 and deviation 1, and back', async () => {
    const rows = Float64Array.of(1, 100, 0.1, 2, 300, 0.1, 3, 200, 0.1, 6, 400, 0.1);
    const x = tensor(rows, { shape: [4, 3] });
    const scaler = await new StandardScaler().fit(x);
    const { mean, scale } = scaler.state();
    const expected = { mean: [3, 250, 0.1], scale: [Math.sqrt(3.5), Math.sqrt(12500), 1] };
    for (const [i, value] of expected.mean.entries())
      assert.ok(Math.abs(mean[i] / value - 1) < 1e-14, `mean ${mean[i]}`);
    for (const [i, value] of expected.scale.entries())
      assert.ok(Math.abs(scale[i] / value - 1) < 1e-14, `scale ${scale[i]}`);
    const z = scaler.transform(x);
    const [[dtype, shape, standardised]] = await read(z.clone());
    assert.deepEqual([dtype, shape], ['float64', [4, 3]]);
    for (const [i, value] of standardised.entries()) {
      assert.ok(Math.abs(value - (rows[i] - expected.mean[i % 3]) / expected.scale[i % 3]) < 1e-13, `${value}`);
    }
    const [[, , restored]] = await read(scaler.inverseTransform(z));
    for (const [i, value] of restored.entries()) assert.ok(Math.abs(value / rows[i] - 1) < 1e-14);
    z.dispose();
    x.dispose();
  });

  it('keeps float32, widens integers, and stays exact far from zero', async () => {
    const x = tensor(Float32Array.of(16777214, 16777216), { shape: [2, 1] });
    const scaler = await new StandardScaler().fit(x);
    assert.deepEqual(scaler.state(), { mean: [16777215], scale: [1] });
    assert.deepEqual(await read(scaler.transform(x)), [['float32', [2, 1], [-1, 1]]]);
    const integers = tensor(Int32Array.of(16777216, 16777217), { shape: [2, 1] });
    assert.deepEqual(await read(scaler.transform(integers)), [['float32', [2, 1], [1, 2]]]);
    x.dispose();
    integers.dispose();
  });

  it('treats a constant column as constant, whatever its rounding', async () => {
    for (const samples of [1, 2, 3, 7, 100, 10007]) {
      const x = tensor(new Float64Array(samples).fill(0.1), { shape: [samples, 1] });
      const { scale } = (await new StandardScaler().fit(x)).state();
      assert.deepEqual(scale, [1], `${samples} samples`);
      x.dispose();
    }
  });

  it('lives on as JSON', async () => {
    const x = tensor(Float64Array.of(1 / 3, 2, 5 / 7, 4), { shape: [2, 2] });
    const scaler = await new StandardScaler().fit(x);
    const revived = new StandardScaler().setState(JSON.parse(JSON.stringify(scaler.state())));
    assert.deepEqual(revived.state(), scaler.state());
    assert.deepEqual(await read(revived.transform(x)), await read(scaler.transform(x)));
    x.dispose();
    for (const state of [{}, { mean: [1], scale: [0] }, { mean: [1], scale: [] }, { mean: [null], scale: [1] }, null]) {
      assert.throws(() => new StandardScaler().setState(state as never), throwsAs(FormatError, /expected a state/));
    }
  });

  it('refuses what it cannot scale', async () => {
    const table = tensor([
      [1, 2],
      [3, 4],
    ]);
    const list = tensor([1, 2]);
    const empty = tensor(new Float32Array(0), { shape: [0, 2] });
    const hole = tensor(Float32Array.of(1, Number.NaN), { shape: [1, 2] });
    const wide = tensor(new Float32Array(3), { shape: [1, 3] });
    const scaler = new StandardScaler();
    assert.throws(
      () => scaler.transform(table),
      throwsAs(ArgumentError, /\[StandardScaler.transform\] .* not been fitted/),
    );
    await assert.rejects(
      scaler.fit(list),
      throwsAs(ShapeError, /expected x to be \[samples, features\] but received \[2\]/),
    );
    await assert.rejects(scaler.fit(empty), throwsAs(ShapeError, /one sample or more/));
    await assert.rejects(scaler.fit(hole), throwsAs(ArgumentError, /column 1 holds NaN/));
    await assert.rejects(scaler.fit([1] as never), throwsAs(ArgumentError, /expected x to be a tensor/));
    await scaler.fit(table);
    assert.throws(
      () => scaler.transform(wide),
      throwsAs(ShapeError, /expected 2 columns, as fitted, but received \[1, 3\]/),
    );
    for (const held of [table, list, empty, hole, wide]) held.dispose();
  });
});
