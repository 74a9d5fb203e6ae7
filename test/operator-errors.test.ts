// The errors of operators called wrongly: their class, their code, and what their text names.
import assert from 'node:assert/strict';
import {
  ArgumentError,
  concat,
  type DType,
  DTypeError,
  indexSelect,
  invoke,
  ones,
  ShapeError,
  split,
  type Tensor,
  tensor,
  zeros,
} from 'anneal';
import { suite } from './support/check';
import { throwsWith } from './support/errors';

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
