// Tensors: making them, reading them, giving them back, and the errors of wrong arguments.
import assert from 'node:assert/strict';
import { inspect } from 'node:util';
import {
  AnnealError,
  ArgumentError,
  arange,
  concat,
  DisposedError,
  type DType,
  DTypeError,
  eye,
  full,
  gather,
  IndexError,
  indexSelect,
  invoke,
  isTensor,
  keep,
  linspace,
  type NestedArray,
  OutOfMemoryError,
  ones,
  onesLike,
  ShapeError,
  scope,
  split,
  synchronize,
  Tensor,
  tensor,
  zeros,
  zerosLike,
} from 'anneal';
import { suite } from './support/check';
import { liveTensors } from './support/collect';

type ErrorClass = new (message: string) => AnnealError;

/** The call must throw this class with its code, and a message in which each of the parts appears. */
function throwsWith(run: () => unknown, kind: ErrorClass, code: string, ...parts: string[]): void {
  assert.throws(run, (error: Error) => {
    assert.ok(error instanceof kind, `${error.name}: ${error.message}`);
    assert.ok(error instanceof AnnealError);
    assert.equal(error.code, code);
    assert.equal(error.name, kind.name);
    for (const part of parts) assert.ok(error.message.includes(part), `'${part}' is not in: ${error.message}`);
    return true;
  });
}

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

suite('giving back', () => {
  it('dispose, once or more', () => {
    const x = tensor([1]);
    assert.equal(x.isDisposed, false);
    x.dispose();
    x.dispose();
    assert.equal(x.isDisposed, true);
    throwsWith(() => x.dataSync(), DisposedError, 'ERR_DISPOSED', '[dataSync]');
    throwsWith(() => x.add(1), DisposedError, 'ERR_DISPOSED', '[add]', "'a'");
    throwsWith(() => x.shape, DisposedError, 'ERR_DISPOSED');
  });

  it('a view keeps the memory that it shows', () => {
    const x = tensor([
      [1, 2],
      [3, 4],
    ]);
    const view = x.transpose();
    x.dispose();
    assert.deepEqual(view.arraySync(), [
      [1, 3],
      [2, 4],
    ]);
  });

  it('by using, through Symbol.dispose', () => {
    const x = tensor([1]);
    x[Symbol.dispose]();
    assert.equal(x.isDisposed, true);
  });

  it('scope keeps what is returned: alone, in arrays, in objects and maps', () => {
    let inner: Tensor | undefined;
    const one = scope(() => {
      inner = tensor([1]);
      return inner.add(1);
    });
    assert.deepEqual([inner?.isDisposed, one.isDisposed], [true, false]);
    const [a, { b, list }, map] = scope(
      () => [tensor(1), { b: tensor(2), list: [tensor(3)] }, new Map([['c', tensor(4)]])] as const,
    );
    assert.deepEqual(
      [a, b, list[0], map.get('c')].map((x) => x?.itemSync()),
      [1, 2, 3, 4],
    );
  });

  it('scopes nest: the inner one hands its result to the outer', () => {
    let result: Tensor | undefined;
    scope(() => {
      result = scope(() => tensor([1]).add(1));
      assert.equal(result.isDisposed, false);
    });
    assert.equal(result?.isDisposed, true);
  });

  it('scope leaves alone what was made before, and what is kept', () => {
    const before = tensor([1]);
    let kept: Tensor | undefined;
    scope(() => {
      before.add(1);
      kept = keep(tensor([2]));
    });
    assert.deepEqual([before.isDisposed, kept?.isDisposed], [false, false]);
    kept?.dispose();
  });

  it('scope gives back when its function throws', () => {
    let inner: Tensor | undefined;
    assert.throws(
      () =>
        scope(() => {
          inner = tensor([1]);
          throw new Error('inside');
        }),
      /inside/,
    );
    assert.equal(inner?.isDisposed, true);
  });

  it('scope follows asynchronous code, and only that', async () => {
    const pause = () => new Promise((resolve) => setTimeout(resolve, 5));
    let inner: Tensor | undefined;
    const running = scope(async () => {
      inner = tensor([1]);
      await pause();
      const late = inner.add(1);
      return late.mul(2);
    });
    const beside = tensor([3]);
    const result = await running;
    assert.deepEqual([inner?.isDisposed, result.isDisposed, beside.isDisposed], [true, false, false]);
    assert.deepEqual(result.arraySync(), [4]);
    await assert.rejects(
      scope(async () => {
        inner = tensor([1]);
        await pause();
        throw new Error('inside');
      }),
      /inside/,
    );
    assert.equal(inner?.isDisposed, true);
  });

  it('a graph keeps what backward needs', () => {
    const x = tensor([2, 3], { requiresGrad: true });
    const loss = scope(() => x.square().mul(x).sum());
    loss.backward();
    assert.deepEqual(x.grad?.arraySync(), [12, 27]);
  });

  it('is the collector’s work where nobody does it', async () => {
    const held = await liveTensors();
    for (let i = 0; i < 1000; i++) ones([8]).add(i);
    assert.ok((await liveTensors()) <= held);
  });
});

suite('errors of operators', () => {
  const x = () =>
    tensor([
      [1, 2, 3],
      [4, 5, 6],
    ]);

  it('name the operator and the shapes', () => {
    throwsWith(() => x().add(ones([4])), ShapeError, 'ERR_SHAPE', '[add]', '[2, 3]', '[4]');
    throwsWith(() => x().matmul(x()), ShapeError, 'ERR_SHAPE', '[matmul]', '[2, 3] x [2, 3]');
    throwsWith(() => x().matmul(tensor(1)), ShapeError, 'ERR_SHAPE', '[matmul]');
    throwsWith(() => x().reshape([4]), ShapeError, 'ERR_SHAPE', '[reshape]', '[2, 3]', '[4]');
    throwsWith(() => x().reshape([-1, -1]), ShapeError, 'ERR_SHAPE', '[reshape]');
    throwsWith(() => x().expand([2, 4]), ShapeError, 'ERR_SHAPE', '[expand]', '[2, 3]', '[2, 4]');
    throwsWith(() => concat([x(), ones([2, 2])], 0), ShapeError, 'ERR_SHAPE', '[concat]', '[2, 3]', '[2, 2]');
    throwsWith(() => split(x(), [1, 1], 1), ShapeError, 'ERR_SHAPE', '[split]', '[2, 3]');
    throwsWith(() => zeros([0]).max(), ShapeError, 'ERR_SHAPE', '[max]');
    throwsWith(() => zeros([1, 1, 1, 1, 1, 1, 1, 1]).unsqueeze(0), ShapeError, 'ERR_SHAPE', '8');
  });

  it('name the axis', () => {
    for (const run of [() => x().sum(2), () => x().softmax(-3), () => x().transpose(0, 5), () => x().permute([0, 2])]) {
      throwsWith(run, ArgumentError, 'ERR_ARGUMENT', 'axis', '2 dimensions');
    }
    throwsWith(() => x().sum([0, 0]), ArgumentError, 'ERR_ARGUMENT', '[sum]', 'twice');
    throwsWith(() => x().permute([0]), ArgumentError, 'ERR_ARGUMENT', '[permute]');
  });

  it('name the dtype', () => {
    const truth = tensor([true, false]);
    throwsWith(() => truth.sub(truth), DTypeError, 'ERR_DTYPE', '[sub]', 'bool');
    throwsWith(() => truth.matmul(truth), DTypeError, 'ERR_DTYPE', '[matmul]', 'bool');
    throwsWith(() => indexSelect(x(), 0, tensor([0.5])), DTypeError, 'ERR_DTYPE', '[indexSelect]', 'float32');
    throwsWith(() => x().cast('float16' as DType), DTypeError, 'ERR_DTYPE', '[cast]', "'float16'");
  });

  it('name the parameter and what was received', () => {
    const wrong: [unknown, string][] = [
      [null, 'null'],
      [undefined, 'undefined'],
      ['1', "string '1'"],
      [[1], 'array'],
      [{}, 'Object'],
      [1n, 'bigint'],
    ];
    for (const [value, received] of wrong) {
      throwsWith(() => x().add(value as number), ArgumentError, 'ERR_ARGUMENT', '[add]', "'b'", received);
    }
    throwsWith(() => x().matmul(2 as unknown as Tensor), ArgumentError, 'ERR_ARGUMENT', '[matmul]', "'b'", 'number 2');
    throwsWith(() => x().sum('0' as unknown as number), ArgumentError, 'ERR_ARGUMENT', '[sum]');
    throwsWith(() => x().sum(0.5), ArgumentError, 'ERR_ARGUMENT', '[sum]');
    throwsWith(() => x().sum(0, 1 as unknown as boolean), ArgumentError, 'ERR_ARGUMENT', '[sum]', 'keepDims');
    throwsWith(() => x().slice(0, 0, 1, 0), ArgumentError, 'ERR_ARGUMENT', '[slice]', 'step');
    throwsWith(() => concat([], 0), ArgumentError, 'ERR_ARGUMENT', '[concat]');
    throwsWith(() => concat([x(), 1 as unknown as Tensor]), ArgumentError, 'ERR_ARGUMENT', '[concat]', 'tensors[1]');
    throwsWith(() => invoke('nothing', []), ArgumentError, 'ERR_ARGUMENT', "'nothing'");
    throwsWith(() => invoke('add', [x()]), ArgumentError, 'ERR_ARGUMENT', '[add]', 'a, b');
  });

  it('refuse a number that the dtype next to it cannot hold', () => {
    const bytes = tensor([1, 2], { dtype: 'uint8' });
    throwsWith(() => bytes.add(300), ArgumentError, 'ERR_ARGUMENT', '300', 'uint8');
    throwsWith(
      () => tensor([1], { dtype: 'int32' }).mul(2 ** 31),
      ArgumentError,
      'ERR_ARGUMENT',
      '2147483648',
      'int32',
    );
    assert.deepEqual(bytes.sub(1).arraySync(), [0, 1]);
    assert.deepEqual(
      tensor([1], { dtype: 'int32' })
        .add(-(2 ** 31))
        .arraySync(),
      [1 - 2 ** 31],
    );
  });

  it('assign is for leaves of the same shape', () => {
    const w = tensor([1, 2], { requiresGrad: true });
    throwsWith(() => w.mul(2).assign(tensor([1, 2])), ArgumentError, 'ERR_ARGUMENT', '[assign]');
    throwsWith(() => w.assign(tensor([1, 2, 3])), ShapeError, 'ERR_SHAPE', '[assign]', '[3]', '[2]');
    assert.equal(w.assign(tensor([5, 6])), w);
    assert.deepEqual(w.arraySync(), [5, 6]);
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
