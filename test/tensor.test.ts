// Tensors: making them, reading them, and the class itself.
import assert from 'node:assert/strict';
import { inspect } from 'node:util';
import {
  ArgumentError,
  arange,
  DisposedError,
  type DType,
  DTypeError,
  eye,
  full,
  gather,
  IndexError,
  indexSelect,
  isTensor,
  linspace,
  type NestedArray,
  OutOfMemoryError,
  ones,
  onesLike,
  ShapeError,
  synchronize,
  Tensor,
  tensor,
  zeros,
  zerosLike,
} from 'anneal';
import { suite } from './support/check';
import { throwsWith } from './support/errors';

suite('tensor()', () => {
  const cases: [values: NestedArray | ArrayBufferView, dtype: DType, shape: number[], nested: NestedArray][] = [
    [3, 'float32', [], 3],
    [true, 'bool', [], true],
    [5n, 'int64', [], 5],
    [[1, 2, 3], 'float32', [3], [1, 2, 3]],
    [[[1], [2]], 'float32', [2, 1], [[1], [2]]],
    [[[[1, 2]], [[3, 4]]], 'float32', [2, 1, 2], [[[1, 2]], [[3, 4]]]],
    [[true, false], 'bool', [2], [true, false]],
    [[1n, -2n], 'int64', [2], [1, -2]],
    [[], 'float32', [0], []],
    [[[], []], 'float32', [2, 0], [[], []]],
    [Float32Array.of(1.5), 'float32', [1], [1.5]],
    [Float64Array.of(0.1), 'float64', [1], [0.1]],
    [Int32Array.of(-7), 'int32', [1], [-7]],
    [BigInt64Array.of(-7n), 'int64', [1], [-7]],
    [Uint8Array.of(255), 'uint8', [1], [255]],
    [Uint8ClampedArray.of(255), 'uint8', [1], [255]],
    [Int8Array.of(-128), 'int32', [1], [-128]],
    [Int16Array.of(-32768), 'int32', [1], [-32768]],
    [Uint16Array.of(65535), 'int32', [1], [65535]],
    [Uint32Array.of(4294967295), 'int64', [1], [4294967295]],
    [Buffer.from([1, 2]), 'uint8', [2], [1, 2]],
    [Float32Array.of(0, 1, 2, 3).subarray(1, 3), 'float32', [2], [1, 2]],
  ];
  for (const [values, dtype, shape, nested] of cases) {
    it(`${inspect(values)} is ${dtype} [${shape}]`, async () => {
      const x = tensor(values);
      assert.deepEqual([x.dtype, x.shape, x.rank], [dtype, shape, shape.length]);
      assert.equal(
        x.size,
        shape.reduce((product, extent) => product * extent, 1),
      );
      assert.deepEqual(x.arraySync(), nested);
      assert.deepEqual(await x.array(), nested);
    });
  }

  it('takes a dtype, a shape and requiresGrad', () => {
    const x = tensor([1, 0, 2.9, -2.9], { dtype: 'int32' });
    assert.deepEqual(x.arraySync(), [1, 0, 2, -2]);
    assert.deepEqual(tensor([0, 0.5, -1], { dtype: 'bool' }).arraySync(), [false, true, true]);
    assert.deepEqual(tensor(Float32Array.of(1, 2, 3, 4), { shape: [2, 2] }).arraySync(), [
      [1, 2],
      [3, 4],
    ]);
    assert.deepEqual(tensor(Float64Array.of(1.9, 2), { dtype: 'int64' }).dataSync(), BigInt64Array.of(1n, 2n));
    assert.deepEqual(tensor(BigInt64Array.of(3n), { dtype: 'float32' }).dataSync(), Float32Array.of(3));
    assert.deepEqual(
      tensor(
        [
          [1, 2],
          [3, 4],
        ],
        { shape: [4] },
      ).arraySync(),
      [1, 2, 3, 4],
    );
    assert.equal(tensor([1], { requiresGrad: true }).requiresGrad, true);
  });

  it('copies what it is given', () => {
    const source = Float32Array.of(1, 2);
    const x = tensor(source);
    source[0] = 9;
    assert.deepEqual(x.dataSync(), Float32Array.of(1, 2));
    const read = x.dataSync();
    read[1] = 9;
    assert.deepEqual(x.dataSync(), Float32Array.of(1, 2));
  });

  it('keeps every int64', () => {
    const large = 9007199254740993n;
    assert.deepEqual(tensor([large, -large]).dataSync(), BigInt64Array.of(large, -large));
  });

  it('refuses ragged arrays, shapes that do not fit, and what is no number', () => {
    throwsWith(() => tensor([[1, 2], [3]]), ShapeError, 'ERR_SHAPE', '[tensor]', 'ragged', '2 entries');
    throwsWith(() => tensor([[1], 2]), ShapeError, 'ERR_SHAPE', 'ragged');
    throwsWith(() => tensor([1, [2]]), ShapeError, 'ERR_SHAPE', 'ragged');
    throwsWith(() => tensor([[[1]], [[1, 2]]]), ShapeError, 'ERR_SHAPE', 'ragged');
    throwsWith(() => tensor(Float32Array.of(1, 2), { shape: [3] }), ShapeError, 'ERR_SHAPE', '[3]', '2');
    throwsWith(() => tensor(Float32Array.of(1, 2), { shape: [-2] }), ShapeError, 'ERR_SHAPE');
    throwsWith(() => tensor([1, true]), ArgumentError, 'ERR_ARGUMENT', 'number and boolean');
    const wrong: unknown[] = ['text', null, undefined, {}, [undefined], ['1'], Symbol.iterator, () => 1, new Date()];
    for (const value of wrong) throwsWith(() => tensor(value as number), ArgumentError, 'ERR_ARGUMENT', '[tensor]');
    throwsWith(() => tensor(new DataView(new ArrayBuffer(8))), ArgumentError, 'ERR_ARGUMENT', 'DataView');
    throwsWith(() => tensor([1], { dtype: 'float' as DType }), DTypeError, 'ERR_DTYPE', "'float'", 'float32');
    throwsWith(() => tensor([1], { shape: 1 as unknown as number[] }), ArgumentError, 'ERR_ARGUMENT', "'shape'");
  });
});

suite('tensors from nothing', () => {
  it('zeros, ones, full, eye, and the shapes of others', () => {
    assert.deepEqual(zeros([2, 2]).arraySync(), [
      [0, 0],
      [0, 0],
    ]);
    assert.deepEqual(ones([2], { dtype: 'int64' }).dataSync(), BigInt64Array.of(1n, 1n));
    assert.deepEqual(full([], 7).arraySync(), 7);
    assert.deepEqual(eye(2).arraySync(), [
      [1, 0],
      [0, 1],
    ]);
    const like = tensor([1, 2], { dtype: 'int32' });
    assert.deepEqual([zerosLike(like).dtype, onesLike(like).arraySync()], ['int32', [1, 1]]);
    assert.equal(zeros([3], { requiresGrad: true }).requiresGrad, true);
    throwsWith(() => zeros([-1]), ShapeError, 'ERR_SHAPE', '[full]', '[-1]');
    throwsWith(() => zeros([1.5]), ArgumentError, 'ERR_ARGUMENT');
    throwsWith(() => zeros(3 as unknown as number[]), ArgumentError, 'ERR_ARGUMENT');
  });

  it('ranges', () => {
    assert.deepEqual(arange(4).dataSync(), BigInt64Array.of(0n, 1n, 2n, 3n));
    assert.deepEqual(arange(1, 2, 0.25).arraySync(), [1, 1.25, 1.5, 1.75]);
    assert.deepEqual(arange(3, 0, -1).arraySync(), [3, 2, 1]);
    assert.deepEqual(linspace(0, 1, 5).arraySync(), [0, 0.25, 0.5, 0.75, 1]);
    // The end itself, and not what the steps add up to.
    const thirds = linspace(0, 0.7, 8, { dtype: 'float64' }).dataSync();
    assert.equal(thirds[7], 0.7);
    throwsWith(() => arange(0, 1, 0), ArgumentError, 'ERR_ARGUMENT', '[arange]');
    throwsWith(() => arange(0, Infinity), ArgumentError, 'ERR_ARGUMENT', '[arange]');
    throwsWith(() => arange(0, 5, 1, { dtype: 'bool' }), DTypeError, 'ERR_DTYPE', '[arange]');
    throwsWith(() => linspace(0, 1, -1), ArgumentError, 'ERR_ARGUMENT', '[linspace]', '-1');
  });

  it('too large ones are refused, and the engine works on', () => {
    throwsWith(() => zeros([2 ** 40]), OutOfMemoryError, 'ERR_OUT_OF_MEMORY');
    throwsWith(() => zeros([2 ** 30, 2 ** 30]), OutOfMemoryError, 'ERR_OUT_OF_MEMORY', '1073741824');
    assert.deepEqual(ones([2]).add(1).arraySync(), [2, 2]);
  });
});

suite('reading', () => {
  it('data, array and item wait for the result', async () => {
    const x = tensor([
      [1, 2],
      [3, 4],
    ]).mul(2);
    assert.deepEqual(await x.data(), Float32Array.of(2, 4, 6, 8));
    assert.deepEqual(x.dataSync(), Float32Array.of(2, 4, 6, 8));
    assert.deepEqual(await x.array(), [
      [2, 4],
      [6, 8],
    ]);
    assert.equal(await x.sum().item(), 20);
    assert.equal(x.sum().itemSync(), 20);
    assert.equal(tensor([[5n]]).itemSync(), 5);
    assert.equal(tensor(true).itemSync(), 1);
  });

  it('views are read in their own order', () => {
    const x = tensor([
      [1, 2, 3],
      [4, 5, 6],
    ]);
    assert.deepEqual(x.transpose().arraySync(), [
      [1, 4],
      [2, 5],
      [3, 6],
    ]);
    assert.deepEqual(x.slice(1, 0, 3, 2).dataSync(), Float32Array.of(1, 3, 4, 6));
    assert.deepEqual(tensor([1]).expand([3]).dataSync(), Float32Array.of(1, 1, 1));
  });

  it('a promise keeps the values, though the tensor is disposed meanwhile', async () => {
    const x = ones([1000]).add(1);
    const promise = x.data();
    x.dispose();
    assert.equal((await promise)[999], 2);
  });

  it('item is for single numbers', async () => {
    throwsWith(() => tensor([1, 2]).itemSync(), ArgumentError, 'ERR_ARGUMENT', '[itemSync]', '[2]');
    await assert.rejects(tensor([1, 2]).item(), ArgumentError);
  });

  it('an index outside its dimension rejects the read, and nothing else', async () => {
    const x = tensor([1, 2, 3]);
    const bad = indexSelect(x, 0, tensor([0, 3], { dtype: 'int64' }));
    await assert.rejects(bad.data(), (error: Error) => {
      assert.ok(error instanceof IndexError, String(error));
      assert.equal(error.code, 'ERR_INDEX');
      assert.match(error.message, /\[indexSelect\].*3/);
      return true;
    });
    await synchronize().catch(() => {});
    assert.deepEqual(await x.add(1).data(), Float32Array.of(2, 3, 4));
    const also = gather(x, 0, tensor([-1], { dtype: 'int64' }));
    assert.throws(() => also.dataSync(), IndexError);
    assert.deepEqual(x.arraySync(), [1, 2, 3]);
  });

  it('as JSON', () => {
    assert.equal(JSON.stringify(tensor([[1, 2]])), '{"shape":[1,2],"dtype":"float32","data":[1,2]}');
  });
});

suite('the class', () => {
  it('isTensor', () => {
    assert.equal(isTensor(tensor(1)), true);
    assert.equal(isTensor({}), false);
    assert.ok(tensor(1) instanceof Tensor);
  });

  it('shape is a copy', () => {
    const x = tensor([1, 2]);
    x.shape[0] = 9;
    assert.deepEqual(x.shape, [2]);
  });

  it('clone and contiguous copy, casts to the same dtype too', () => {
    const x = tensor([1, 2]);
    const copies = [x.clone(), x.contiguous()];
    x.assign(tensor([8, 9]));
    for (const copy of copies) assert.deepEqual(copy.arraySync(), [1, 2]);
  });

  it('chains', () => {
    const y = tensor([
      [1, -2],
      [3, -4],
    ])
      .relu()
      .add(1)
      .pow(2)
      .sum(0, true)
      .div(2);
    assert.deepEqual(y.arraySync(), [[10, 1]]);
  });
});

describe('dtypes', () => {
  it('that a read names are those of the tensor, or an error', async () => {
    const x = tensor([1n, -2n]);
    assert.deepEqual(await x.data('int64'), BigInt64Array.of(1n, -2n));
    assert.deepEqual(x.dataSync('int64'), BigInt64Array.of(1n, -2n));
    assert.deepEqual(
      [await x.array('int64'), x.arraySync('int64')],
      [
        [1, -2],
        [1, -2],
      ],
    );
    assert.deepEqual(await tensor([true]).array('bool'), [true]);
    const message = (op: string) => ({
      name: 'DTypeError',
      message: `[${op}] expected a tensor of dtype float32, received int64; .to('float32') converts it`,
    });
    await assert.rejects(x.data('float32'), message('data'));
    await assert.rejects(x.array('float32'), message('array'));
    assert.throws(() => x.dataSync('float32'), message('dataSync'));
    assert.throws(() => x.arraySync('float32'), message('arraySync'));
    throwsWith(() => x.dataSync('int' as DType), DTypeError, 'ERR_DTYPE', '[dataSync]', "'int'");
    x.dispose();
    throwsWith(() => x.dataSync('float32'), DisposedError, 'ERR_DISPOSED', '[dataSync]');
  });

  it("TypeScript's are the engine's, each with a typed array of its size", () => {
    const bytes: Record<DType, number> = { bool: 1, uint8: 1, int32: 4, int64: 8, float32: 4, float64: 8 };
    const refused = assert.throws.bind(null, () => tensor([0], { dtype: 'float128' as DType }));
    refused({ name: 'DTypeError', message: new RegExp(`one of ${Object.keys(bytes).join(', ')} for dtype`) });
    for (const [dtype, size] of Object.entries(bytes)) {
      const read = tensor([1, 0], { dtype: dtype as DType }).dataSync();
      assert.equal(read.BYTES_PER_ELEMENT, size, dtype);
      assert.deepEqual(Array.from(read, Number), [1, 0], dtype);
    }
  });
});
