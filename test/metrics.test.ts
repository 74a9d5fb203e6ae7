// train metrics: values worked out by hand, in one batch and in several.
import assert from 'node:assert/strict';
import { ArgumentError, type Tensor, tensor, train } from 'anneal';

// Rows: true class 0..2, columns: predicted.        0 1 2
const TRUE = [0, 0, 0, 0, 1, 1, 1, 2, 2, 2]; //   0  3 1 0
const PREDICTED = [0, 0, 0, 1, 1, 1, 2, 2, 0, 0]; // 1  0 2 1
//                                                2  2 0 1
const SCORES = {
  precision: [3 / 5, 2 / 3, 1 / 2],
  recall: [3 / 4, 2 / 3, 1 / 3],
  f1: [6 / 9, 4 / 6, 2 / 5],
};

const oneHot = (classes: number[], n: number): Tensor =>
  tensor(classes.map((c) => Array.from({ length: n }, (_, i) => (i === c ? 2 : 0.5 * i - 1))));

// The same samples as one batch, and as three of unequal sizes.
async function both<V extends train.MetricValue>(
  metric: train.Metric<V>,
  batch: (from: number, to: number) => [Tensor, Tensor],
  samples: number,
): Promise<V> {
  metric.update(...batch(0, samples));
  const whole = await metric.compute();
  metric.reset();
  for (const [from, to] of [
    [0, 1],
    [1, 5],
    [5, samples],
  ] as const)
    metric.update(...batch(from, to));
  assert.deepEqual(await metric.compute(), whole);
  return whole;
}

const multiclass = (from: number, to: number): [Tensor, Tensor] => [
  oneHot(PREDICTED.slice(from, to), 3),
  tensor(TRUE.slice(from, to), { dtype: 'int64' }),
];

const close = (actual: unknown, expected: number): void => {
  assert.ok(
    typeof actual === 'number' && Math.abs(actual - expected) < 1e-12,
    `${String(actual)}, expected ${expected}`,
  );
};
const mean = (x: number[], w: number[]): number =>
  x.reduce((sum, v, i) => sum + v * w[i], 0) / w.reduce((sum, v) => sum + v, 0);

describe('metrics of several classes', () => {
  it('confusionMatrix and accuracy', async () => {
    assert.deepEqual(await both(train.confusionMatrix(), multiclass, 10), [
      [3, 1, 0],
      [0, 2, 1],
      [2, 0, 1],
    ]);
    close(await both(train.accuracy(), multiclass, 10), 0.6);
  });

  for (const name of ['precision', 'recall', 'f1'] as const) {
    it(`${name} in every average`, async () => {
      const make = train[name];
      const none = (await both(make({ average: 'none' }), multiclass, 10)) as number[];
      for (const [i, x] of none.entries()) close(x, SCORES[name][i]);
      close(await both(make(), multiclass, 10), mean(SCORES[name], [1, 1, 1]));
      close(await both(make({ average: 'macro' }), multiclass, 10), mean(SCORES[name], [1, 1, 1]));
      close(await both(make({ average: 'weighted' }), multiclass, 10), mean(SCORES[name], [4, 3, 3]));
      close(await both(make({ average: 'micro' }), multiclass, 10), 0.6);
      const binary = make({ average: 'binary' });
      binary.update(...multiclass(0, 10));
      await assert.rejects(binary.compute(), ArgumentError);
    });
  }

  it('targets may be one-hot, uint8 or a column', async () => {
    const targets = [
      oneHot(TRUE, 3),
      tensor(TRUE, { dtype: 'uint8' }),
      tensor(TRUE, { dtype: 'int32', shape: [10, 1] }),
    ];
    for (const target of targets) {
      const metric = train.accuracy();
      metric.update(oneHot(PREDICTED, 3), target);
      close(await metric.compute(), 0.6);
    }
  });

  it('macro leaves out classes that do not occur, and nothing over nothing is 0', async () => {
    const metric = train.f1();
    metric.update(oneHot([0, 0, 1], 4), tensor([0, 1, 1], { dtype: 'int64' }));
    close(await metric.compute(), (2 / 3 + 2 / 3) / 2);
    const precision = train.precision({ average: 'none' });
    precision.update(oneHot([0, 0], 3), tensor([0, 1], { dtype: 'int64' }));
    assert.deepEqual(await precision.compute(), [0.5, 0, 0]);
  });
});

describe('metrics of two classes', () => {
  const probabilities = [0.9, 0.8, 0.3, 0.5, 0.1, 0.7, 0.51, 0.2];
  const truth = [1, 1, 1, 1, 0, 0, 1, 0];
  // Above one half: 1 1 0 0 0 1 1 0, so tp 3, fp 1, fn 2, tn 2.
  const batch = (from: number, to: number): [Tensor, Tensor] => [
    tensor(probabilities.slice(from, to), { shape: [to - from, 1] }),
    tensor(truth.slice(from, to), { shape: [to - from, 1] }),
  ];

  it('of probabilities', async () => {
    assert.deepEqual(await both(train.confusionMatrix(), batch, 8), [
      [2, 1],
      [2, 3],
    ]);
    close(await both(train.accuracy(), batch, 8), 5 / 8);
    close(await both(train.precision(), batch, 8), 3 / 4);
    close(await both(train.recall(), batch, 8), 3 / 5);
    close(await both(train.f1(), batch, 8), 6 / 9);
    close(await both(train.f1({ average: 'macro' }), batch, 8), (6 / 9 + 4 / 7) / 2);
  });

  it('by another threshold, and of logits', async () => {
    close(await both(train.recall({ threshold: 0.25 }), batch, 8), 1);
    const logits = (from: number, to: number): [Tensor, Tensor] => [
      tensor(probabilities.slice(from, to).map((p) => Math.log(p / (1 - p)))),
      tensor(truth.slice(from, to), { dtype: 'int64' }),
    ];
    close(await both(train.accuracy({ logits: true }), logits, 8), 5 / 8);
    close(await both(train.recall({ logits: true, threshold: 0.25 }), logits, 8), 1);
  });

  it('of two outputs, and of several labels a sample', async () => {
    const two = train.precision();
    two.update(oneHot([1, 1, 0, 1], 2), tensor([1, 0, 1, 1], { dtype: 'int64' }));
    close(await two.compute(), 2 / 3);
    const labels = train.accuracy({ task: 'binary' });
    labels.update(
      tensor([
        [0.9, 0.2, 0.6],
        [0.1, 0.7, 0.8],
      ]),
      tensor([
        [1, 0, 0],
        [0, 1, 1],
      ]),
    );
    close(await labels.compute(), 5 / 6);
  });

  it('refuse shapes and options that do not fit', () => {
    assert.throws(() => train.accuracy().update(tensor([0.5, 0.2]), tensor([1, 0, 1])), /\[accuracy\] a target \[3\]/);
    assert.throws(() => train.accuracy().update(oneHot([0, 1], 3), tensor([1, 0, 1])), /\[accuracy\]/);
    assert.throws(() => train.f1({ threshold: 2 }), ArgumentError);
    assert.throws(() => train.f1({ average: 'middle' as 'macro' }), ArgumentError);
    const metric = train.accuracy();
    metric.update(oneHot([0, 1], 3), tensor([1, 0], { dtype: 'int64' }));
    assert.throws(
      () => metric.update(oneHot([0, 1], 4), tensor([1, 0], { dtype: 'int64' })),
      /4 classes after some of 3/,
    );
  });

  it('are NaN before the first sample', async () => {
    assert.ok(Number.isNaN(await train.accuracy().compute()));
    assert.deepEqual(await train.confusionMatrix().compute(), []);
  });
});
