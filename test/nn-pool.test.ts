// nn: pooling layers against the functions they stand for, and mistakes in the arguments of both.
import assert from 'node:assert/strict';
import {
  adaptiveAvgPool1d,
  adaptiveAvgPool2d,
  adaptiveAvgPool3d,
  adaptiveMaxPool1d,
  adaptiveMaxPool2d,
  adaptiveMaxPool3d,
  affineGrid,
  avgPool1d,
  avgPool2d,
  avgPool3d,
  DTypeError,
  gridSample,
  IndexError,
  interpolate,
  lpPool1d,
  lpPool2d,
  lpPool3d,
  maxPool1d,
  maxPool2d,
  maxPool3d,
  maxUnpool2d,
  nn,
  normal,
  ShapeError,
  type Tensor,
  tensor,
  zeros,
} from 'anneal';

const values = (x: Tensor): number[] => Array.from(x.dataSync(), Number);

describe('nn pooling', () => {
  it('layers are the functions of the same name', () => {
    const image = (dimensions: number) => normal([2, 3, ...new Array<number>(dimensions).fill(7)]);
    const [a, b, c] = [image(1), image(2), image(3)];
    const max = { stride: 2, padding: 1, ceilMode: true };
    const avg = { ...max, countIncludePad: false };
    const pairs: [nn.Layer, Tensor, Tensor][] = [
      [new nn.MaxPool1d(3, max), a, maxPool1d(a, 3, max)],
      [new nn.MaxPool2d([3, 2], { dilation: 2 }), b, maxPool2d(b, [3, 2], { dilation: 2 })],
      [new nn.MaxPool3d(2), c, maxPool3d(c, 2)],
      [new nn.AvgPool1d(3, avg), a, avgPool1d(a, 3, avg)],
      [new nn.AvgPool2d(3, { divisorOverride: 2 }), b, avgPool2d(b, 3, { divisorOverride: 2 })],
      [new nn.AvgPool3d(2, { stride: 1 }), c, avgPool3d(c, 2, { stride: 1 })],
      [new nn.LPPool1d(2, 3), a, lpPool1d(a, 2, 3)],
      [new nn.LPPool2d(2, 3, { stride: 2 }), b, lpPool2d(b, 2, 3, { stride: 2 })],
      [new nn.LPPool3d(2, 2), c, lpPool3d(c, 2, 2)],
      [new nn.AdaptiveAvgPool1d(3), a, adaptiveAvgPool1d(a, 3)],
      [new nn.AdaptiveAvgPool2d([2, null]), b, adaptiveAvgPool2d(b, [2, 7])],
      [new nn.AdaptiveAvgPool3d(1), c, adaptiveAvgPool3d(c, 1)],
      [new nn.AdaptiveMaxPool1d(3), a, adaptiveMaxPool1d(a, 3)],
      [new nn.AdaptiveMaxPool2d(2), b, adaptiveMaxPool2d(b, 2)],
      [new nn.AdaptiveMaxPool3d([1, 2, 3]), c, adaptiveMaxPool3d(c, [1, 2, 3])],
    ];
    for (const [layer, x, expected] of pairs) {
      assert.deepEqual(layer.forward(x).shape, expected.shape, String(layer));
      assert.deepEqual(values(layer.forward(x)), values(expected), String(layer));
    }
    assert.equal(`${new nn.MaxPool2d([3, 2], max)}`, 'MaxPool2d([3, 2], stride=2, padding=1, ceilMode=true)');
    assert.equal(`${new nn.AdaptiveAvgPool2d([2, null])}`, 'AdaptiveAvgPool2d([2, null])');
  });

  it('layers of upsampling are interpolate', () => {
    const x = normal([2, 3, 4, 5]);
    const same = (layer: nn.Layer, expected: Tensor) =>
      assert.deepEqual(values(layer.forward(x)), values(expected), String(layer));
    same(new nn.Upsample({ scaleFactor: 2 }), interpolate(x, { scaleFactor: 2 }));
    same(new nn.Upsample({ size: [7, 6], mode: 'bicubic' }), interpolate(x, { size: [7, 6], mode: 'bicubic' }));
    same(new nn.UpsamplingNearest2d({ size: 9 }), interpolate(x, { size: 9, mode: 'nearest' }));
    const aligned = interpolate(x, { scaleFactor: 1.5, mode: 'bilinear', alignCorners: true });
    same(new nn.UpsamplingBilinear2d({ scaleFactor: 1.5 }), aligned);
    assert.equal(`${new nn.Upsample({ size: [7, 6], mode: 'bicubic' })}`, 'Upsample(size=[7, 6], mode=bicubic)');
  });

  it('layers give places, from which the inverse puts elements back', () => {
    const max = [new nn.MaxPool1d(2), new nn.MaxPool2d(2), new nn.MaxPool3d(2)];
    const back = [new nn.MaxUnpool1d(2), new nn.MaxUnpool2d(2), new nn.MaxUnpool3d(2)];
    for (const [i, layer] of max.entries()) {
      const x = normal([2, 3, ...new Array<number>(i + 1).fill(5)]);
      const [y, places] = layer.withIndices(x);
      assert.equal(places.dtype, 'int64');
      const whole = (back[i] as nn.MaxUnpool1d).forward(y, places, x.shape);
      assert.deepEqual(whole.shape, x.shape);
      // What is there is a maximum, and every maximum is there.
      const [found, original] = [values(whole), values(x)];
      assert.ok(found.every((value, at) => value === 0 || value === original[at]));
      assert.equal(found.filter((value) => value !== 0).length, y.size);
    }
    const [y, places] = new nn.AdaptiveMaxPool2d(1).withIndices(
      tensor([
        [
          [1, 5],
          [7, 2],
        ],
      ]),
    );
    assert.deepEqual([values(y), values(places)], [[7], [2]]);
  });

  it('mistakes are named', () => {
    const x = zeros([2, 3, 6, 6]);
    assert.throws(() => maxPool2d(zeros([6, 6]), 2), /\[maxPool2d\] expected \[batch, channels, height, width\]/);
    assert.throws(() => maxPool2d(x, 2, { padding: 2 }), /\[maxPool2d\] padding must be at most half of kernelSize/);
    assert.throws(() => maxPool2d(x, [2, 2, 2]), /expected a number or 2 of them for 'kernelSize'/);
    assert.throws(() => maxPool2d(x, 7), /a window of 7 does not fit a dimension of size 6/);
    assert.throws(() => maxPool2d(x, 2, { stride: 0 }), /expected an integer of at least 1 for 'stride'/);
    assert.throws(() => maxPool2d(zeros([1, 4, 4], { dtype: 'bool' }), 2), DTypeError);
    assert.throws(() => avgPool2d(zeros([1, 4, 4], { dtype: 'int32' }), 2), DTypeError);
    assert.throws(() => avgPool2d(x, 2, { divisorOverride: 0 }), /divisorOverride must not be 0/);
    assert.throws(() => maxPool2d(zeros([1, 0, 4]), 2), ShapeError);
    assert.throws(() => adaptiveAvgPool2d(x, [1]), /expected a number or 2 of them for 'outputSize'/);
    assert.throws(() => interpolate(x, {}), /expected either size or scaleFactor/);
    assert.throws(() => interpolate(x, { size: 3, scaleFactor: 2 }), /expected either size or scaleFactor/);
    assert.throws(() => interpolate(x, { size: 3, mode: 'linear' }), ShapeError);
    assert.throws(() => interpolate(x, { size: 3, alignCorners: false }), /'nearest' has no alignCorners/);
    assert.throws(() => interpolate(x, { size: 3, antialias: true }), /antialias is for bilinear and bicubic/);
    assert.throws(() => interpolate(x, { scaleFactor: 0.1 }), /sizes must be at least 1/);
    assert.throws(() => interpolate(x.to('int32'), { size: 3 }), DTypeError);
    assert.throws(() => gridSample(x, zeros([1, 2, 2, 2])), ShapeError);
    assert.throws(() => gridSample(x, zeros([2, 2, 2, 2], { dtype: 'float64' })), DTypeError);
    assert.throws(() => affineGrid(zeros([1, 2, 3]), [2, 1, 3, 3]), ShapeError);
    const [y, places] = maxPool2d(x, 2, { returnIndices: true });
    assert.throws(() => maxUnpool2d(y, places, 2, { outputSize: [9, 6] }), /an outputSize of \[9, 6\]/);
    assert.throws(() => maxUnpool2d(y.slice(0, 1), places, 2), ShapeError);
    assert.throws(() => maxUnpool2d(y, places.add(99), 2).dataSync(), IndexError);
  });
});
