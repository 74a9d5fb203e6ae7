// Eight dimensions, the most there are: no operator needs a ninth for itself, forward or in either derivative.
import assert from 'node:assert/strict';
import * as anneal from 'anneal';
import { grad, type Tensor, tensor, zeros } from 'anneal';

const SHAPE = [2, 1, 2, 1, 2, 1, 2, 3];
const ALL = [0, 1, 2, 3, 4, 5, 6, 7];
const options = { dtype: 'float64', requiresGrad: true } as const;

function sweep(x: Tensor, y: Tensor): Record<string, () => Tensor> {
  const index = zeros(SHAPE, { dtype: 'int64' });
  const classes = zeros([2, 2, 1, 2, 1, 2, 3], { dtype: 'int64' });
  return {
    softmax: () => x.softmax(2),
    logSoftmax: () => x.logSoftmax(0),
    logSumExp: () => x.logSumExp([0, 4]),
    sum: () => x.sum([1, 3, 7]),
    max: () => x.max([0, 2]),
    prod: () => x.prod([0, 7]),
    variance: () => x.variance([0, 2, 7]),
    argmax: () => x.argmax(2),
    'add, broadcast': () => x.add(anneal.ones([1, 2, 1, 2, 1, 2, 1, 1])),
    'mul, permuted': () => x.mul(y.permute([6, 1, 4, 3, 2, 5, 0, 7])),
    matmul: () => x.transpose().matmul(y),
    linear: () => anneal.linear(x, anneal.ones([4, 3], { dtype: 'float64' })),
    pad: () => x.pad(ALL.map((axis): [number, number] => [axis % 2, 1])),
    flip: () => x.flip(ALL),
    concat: () => anneal.concat([x, y], 4),
    split: () => x.split(1, 7)[1] as Tensor,
    slice: () => x.slice(7, 0, 3, 2),
    gather: () => x.gather(2, index),
    scatterAdd: () => x.scatterAdd(2, index, y),
    indexSelect: () => x.indexSelect(4, tensor(Int32Array.of(1, 0, 0))),
    at: () => x.at(':', null, 0, '...', '::-1').at('...', 0, ':'),
    'at, by tensors': () => x.at(tensor(Int32Array.of(1, 0)), '...', tensor(Int32Array.of(2, 0))),
    withAt: () => x.withAt(['...', tensor(Int32Array.of(2, 0))], y.at('...', '0:2')),
    repeat: () => x.repeat([1, 2, 2, 1, 2, 1, 2, 1]),
    repeatInterleave: () => x.repeatInterleave(2, 2),
    roll: () => x.roll([1, 2], [0, 7]),
    tril: () => x.tril(),
    diagonal: () => x.diagonal(0, 0, 7),
    'pad, reflect': () => x.pad([1, 1, 1, 0], { mode: 'reflect' }),
    einsum: () => anneal.einsum('abcdefgh,abcdefgh->aceg', x, y),
    scatterReduce: () => x.scatterReduce(2, index, y, 'max'),
    norm: () => x.norm(2, [0, 7]),
    expand: () => x.expand([2, 2, 2, 1, 2, 1, 2, 3]),
    'reshape, transposed': () => x.transpose(0, 7).reshape([-1]),
    'stack to eight': () => anneal.stack([x.sum(0), y.sum(0)], 3),
    where: () => anneal.where(x.gt(0), x, y),
    'crossEntropy, classes': () => anneal.crossEntropy(x, classes),
    'crossEntropy, probabilities': () => anneal.crossEntropy(x, y.softmax(1)),
    nll: () => anneal.nll(x, classes),
  };
}

describe('tensors of eight dimensions', () => {
  const x = anneal.normal(SHAPE, { ...options, generator: new anneal.Generator(1) });
  const y = anneal.normal(SHAPE, { ...options, generator: new anneal.Generator(2) });
  for (const [name, make] of Object.entries(sweep(x, y))) {
    it(name, () => {
      const result = make();
      result.dataSync();
      if (!result.requiresGrad) return;
      const gradients = grad(result.square().sum(), [x, y], { createGraph: true, allowUnused: true });
      const norms = gradients.filter((g): g is Tensor => g !== null).map((g) => g.square().sum());
      assert.ok(norms.length > 0);
      const total = norms.reduce((sum, norm) => sum.add(norm));
      for (const second of grad(total, [x, y], { allowUnused: true })) second?.dataSync();
    });
  }

  it('softmax along an axis that is not the last agrees with exp over sum', () => {
    const expected = x.exp().div(x.exp().sum(2, true));
    assert.ok(x.softmax(2).sub(expected).abs().max().itemSync() < 1e-14);
  });
});
