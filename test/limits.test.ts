// What is known of dtypes, the other name of noGrad, and sequences of different lengths.
import assert from 'node:assert/strict';
import { ArgumentError, type DType, finfo, iinfo, inferenceMode, isGradEnabled, nn, ShapeError, tensor } from 'anneal';
import { suite } from './support/check';

suite('limits', () => {
  it('of floating dtypes are those of IEEE 754', () => {
    const { eps, max, min, tiny, bits } = finfo();
    assert.deepEqual(
      [eps, max, tiny, bits],
      [1.1920928955078125e-7, 3.4028234663852886e38, 1.1754943508222875e-38, 32],
    );
    assert.equal(min, -max);
    assert.equal(
      tensor([1 + eps])
        .sub(1)
        .itemSync(),
      eps,
    );
    assert.deepEqual([finfo('float64').eps, finfo('float64').max], [Number.EPSILON, Number.MAX_VALUE]);
    assert.throws(() => finfo('int32'), ArgumentError);
  });

  it('of integer dtypes are the numbers that they hold', () => {
    assert.deepEqual([iinfo('uint8').min, iinfo('uint8').max], [0, 255]);
    assert.deepEqual([iinfo('int32').min, iinfo('int32').max], [-2147483648, 2147483647]);
    const last: bigint = iinfo('int64').max;
    assert.equal(last, 9223372036854775807n);
    assert.throws(() => iinfo('float32' as DType), ArgumentError);
  });
});

describe('inferenceMode', () => {
  it('records nothing, as noGrad', async () => {
    assert.equal(
      inferenceMode(() => isGradEnabled()),
      false,
    );
    assert.equal(await inferenceMode(async () => isGradEnabled()), false);
    assert.equal(isGradEnabled(), true);
  });
});

suite('padSequence', () => {
  const sequences = () => [
    tensor([
      [1, 1],
      [2, 2],
      [3, 3],
    ]),
    tensor([[4, 4]]),
  ];

  it('stands shorter sequences beside longer ones, and unpadSequence takes them apart', () => {
    const [long, short] = sequences();
    assert.ok(long && short);
    const padded = nn.padSequence([long, short]);
    assert.deepEqual(padded.arraySync(), [
      [
        [1, 1],
        [4, 4],
      ],
      [
        [2, 2],
        [0, 0],
      ],
      [
        [3, 3],
        [0, 0],
      ],
    ]);
    const rows = nn.padSequence([long, short], { batchFirst: true, paddingValue: -1, paddingSide: 'left' });
    assert.deepEqual(rows.select(0, 1).arraySync(), [
      [-1, -1],
      [-1, -1],
      [4, 4],
    ]);
    const back = nn.unpadSequence(padded, [3, 1]).map((x) => x.arraySync());
    assert.deepEqual(back, [long.arraySync(), short.arraySync()]);
  });

  it('refuses what is no list of sequences', () => {
    assert.throws(() => nn.padSequence([]), ArgumentError);
    assert.throws(() => nn.padSequence([tensor(1)]), ShapeError);
    assert.throws(() => nn.padSequence([tensor([1]), tensor([[1]])]), ShapeError);
    assert.throws(() => nn.unpadSequence(tensor([[1]]), [1, 2]), ShapeError);
  });
});
