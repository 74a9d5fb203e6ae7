// Layers that normalise: PyTorch's outputs and running statistics, training and inference, compiled and not, failures and mistakes.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  ArgumentError,
  batchNorm,
  compile,
  concat,
  DTypeError,
  data,
  groupNorm,
  instanceNorm,
  layerNorm,
  localResponseNorm,
  manualSeed,
  nn,
  noGrad,
  ones,
  optim,
  rmsNorm,
  ShapeError,
  synchronize,
  type Tensor,
  tensor,
  train,
  uniform,
  zeros,
} from 'anneal';
import { counterValues } from './support/counter';
import { bad, lostTo } from './support/lost';
import { warningsOf } from './support/warnings';

const values = (x: Tensor | null): number[] => Array.from((x as Tensor).dataSync(), Number);

// float32 rounds a mean, a variance and their running averages in other places than PyTorch does.
const TOLERANCE = 2e-6;

function close(found: readonly number[], expected: readonly number[], tolerance = TOLERANCE): void {
  assert.equal(found.length, expected.length);
  for (const [i, value] of expected.entries()) {
    const x = found[i] as number;
    assert.ok(Math.abs(x - value) <= tolerance * Math.max(1, Math.abs(value)), `${i}: ${x}, expected ${value}`);
  }
}

interface LayerFixture {
  name: 'BatchNorm1d';
  options: nn.ChannelNormOptions;
  shape: number[];
  trained: number[];
  inferred: number[];
  runningMean: number[] | null;
  runningVar: number[] | null;
  batches: number | null;
}

const { layers } = JSON.parse(readFileSync(join(__dirname, 'fixtures', 'norm-layers.json'), 'utf8')) as {
  layers: LayerFixture[];
};

function counted(seed: number, shape: number[]): Tensor {
  const size = shape.reduce((product, extent) => product * extent, 1);
  return tensor(counterValues(seed, size, -2, 3), { dtype: 'float32', shape });
}

describe('BatchNorm and InstanceNorm', () => {
  for (const { name, options, shape, trained, inferred, runningMean, runningVar, batches } of layers) {
    it(`have the values of PyTorch: ${name} of [${shape}] with ${JSON.stringify(options)}`, () => {
      const channels = shape[name.startsWith('Instance') && shape.length === 2 ? 0 : 1] as number;
      const layer = new nn[name](channels, options);
      noGrad(() => {
        layer.weight?.assign(counted(1, [channels]));
        layer.bias?.assign(counted(2, [channels]));
      });
      const outputs = [10, 11, 12].map((seed) => layer.forward(counted(seed, shape)));
      close(values(outputs[2] as Tensor), trained);
      close(values(layer.eval().forward(counted(10, shape))), inferred);
      assert.equal(layer.runningMean === null, runningMean === null);
      if (runningMean === null || runningVar === null) return;
      close(values(layer.runningMean), runningMean);
      close(values(layer.runningVar), runningVar);
      assert.deepEqual(values(layer.numBatchesTracked), [batches]);
    });
  }

  it('hold parameters and buffers in their state, and start over', () => {
    const layer = new nn.BatchNorm1d(2);
    const names = ['weight', 'bias', 'runningMean', 'runningVar', 'numBatchesTracked'];
    assert.deepEqual(Object.keys(layer.stateDict()), names);
    assert.equal(String(layer), 'BatchNorm1d(2, eps=0.00001, momentum=0.1, affine=true, trackRunningStats=true)');
    layer.forward(
      tensor([
        [1, 2],
        [3, 8],
      ]),
    );
    const other = new nn.BatchNorm1d(2);
    other.loadStateDict(layer.stateDict());
    close(values(other.runningMean), [0.2, 0.5]);
    close(values(other.runningVar), [1.1, 2.7]);
    assert.deepEqual(values(other.numBatchesTracked), [1]);
    other.resetRunningStats();
    assert.deepEqual([...values(other.runningMean), ...values(other.runningVar)], [0, 0, 1, 1]);
    assert.deepEqual(values(other.numBatchesTracked), [0]);
    assert.equal(layer.to('float64').runningVar?.dtype, 'float64');
    assert.equal(layer.numBatchesTracked?.dtype, 'int64');
    assert.deepEqual(Object.keys(new nn.InstanceNorm2d(3).stateDict()), []);
  });

  it('normalise values whose mean is large', () => {
    const x = tensor(counterValues(3, 6000, 0, 1), { dtype: 'float32', shape: [100, 2, 30] }).add(4096);
    const exact = x.to('float64').sub(x.to('float64').mean([0, 2], true));
    const deviation = exact.square().mean([0, 2], true).add(1e-5).sqrt();
    // Of x itself 2^-11 is left behind its mean, exactly; the mean is rounded to that.
    close(values(batchNorm(x, { training: true })), values(exact.div(deviation)), 1e-5);
    const rows = x.reshape([200, 30]);
    const middle = rows.to('float64').sub(rows.to('float64').mean(1, true));
    const spread = middle.square().mean(1, true).add(1e-5).sqrt();
    close(values(layerNorm(rows, 30)), values(middle.div(spread)), 1e-5);
  });
});

/** A classifier with batch norm between its layers. */
class Net extends nn.Module {
  fc1 = new nn.Linear(6, 8, { bias: false });
  norm = new nn.BatchNorm1d(8);
  fc2 = new nn.Linear(8, 3);
  forward(x: Tensor): Tensor {
    return this.fc2.forward(this.norm.forward(this.fc1.forward(x)).relu());
  }
}

const state = (model: nn.Module): number[][] => Object.values(model.stateDict()).map(values);

describe('batch norm in compiled steps', () => {
  function trainedBy(way: typeof compile | undefined, momentum?: number | null) {
    manualSeed(5);
    const model = new Net();
    if (momentum !== undefined) model.norm = new nn.BatchNorm1d(8, { momentum });
    const optimizer = new optim.Adam(model.parameters(), { lr: 0.01 });
    const step = (x: Tensor, target: Tensor): Tensor => {
      optimizer.zeroGrad();
      const loss = nn.crossEntropy(model.forward(x), target);
      loss.backward();
      optimizer.step();
      return loss;
    };
    const run = way ? way(step) : step;
    const target = tensor([0, 1, 2, 0, 1], { dtype: 'int64' });
    const losses = Array.from({ length: 6 }, (_, i) => {
      if (i === 4) model.eval();
      return values(run(counted(20 + i, [5, 6]), target));
    });
    return { losses, state: state(model) };
  }

  it('gives the bits of eager code, running statistics included, also after a change of mode', () => {
    for (const momentum of [undefined, null]) {
      const eager = trainedBy(undefined, momentum);
      assert.deepEqual(trainedBy(compile, momentum), eager);
      assert.deepEqual(eager.state[5], [4]); // numBatchesTracked: two batches ran in inference mode
    }
  });

  it('is what a Trainer compiles', async () => {
    const fitted = async (compiled: boolean) => {
      manualSeed(5);
      const model = new Net();
      let forwards = 0;
      model.registerForwardPreHook(() => {
        forwards++;
      });
      const trainer = new train.Trainer({
        model,
        optimizer: new optim.SGD(model.parameters(), { lr: 0.1 }),
        loss: nn.crossEntropy,
        compile: compiled,
        progress: false,
      });
      const samples = {
        x: uniform([40, 6]),
        y: tensor(
          Array.from({ length: 40 }, (_, i) => i % 3),
          { dtype: 'int64' },
        ),
      };
      const warnings = await warningsOf(async () => {
        const source = new data.TensorDataset(samples.x, samples.y);
        await trainer.fit(source, { epochs: 3, batchSize: 8, seed: 4 });
      });
      return { state: state(model), forwards, warnings };
    };
    const compiled = await fitted(true);
    const eager = await fitted(false);
    assert.deepEqual(compiled.state, eager.state);
    assert.deepEqual(compiled.warnings, []);
    assert.ok(compiled.forwards < eager.forwards, `${compiled.forwards} of ${eager.forwards}`);
  });

  it('leaves running statistics as they were after a batch that is lost', async () => {
    for (const way of [compile, undefined]) {
      const layer = new nn.BatchNorm1d(1);
      const forward = (x: Tensor): Tensor => layer.forward(x);
      const run = way ? way(forward) : forward;
      run(tensor([[1], [3]]));
      const y = run(concat([tensor([1]), bad()]).reshape([2, 1]));
      await lostTo(y.reshape([2]));
      close(values(layer.runningMean), [0.2]);
      assert.deepEqual(values(layer.numBatchesTracked), [1]);
      run(tensor([[1], [3]]));
      close(values(layer.runningMean), [0.38]);
      assert.deepEqual(values(layer.numBatchesTracked), [2]);
      await synchronize().catch(() => {});
    }
  });
});

describe('LayerNorm, RMSNorm, GroupNorm and LocalResponseNorm', () => {
  it('are the functions of the same name', () => {
    const x = counted(4, [2, 4, 3]);
    const pairs: [nn.Layer, Tensor][] = [
      [new nn.LayerNorm(3), layerNorm(x, [3], { weight: ones([3]), bias: zeros([3]) })],
      [new nn.LayerNorm([4, 3], { elementwiseAffine: false, eps: 0.1 }), layerNorm(x, [4, 3], { eps: 0.1 })],
      [new nn.LayerNorm(3, { bias: false }), layerNorm(x, 3, { weight: ones([3]) })],
      [new nn.RMSNorm(3), rmsNorm(x, 3, { weight: ones([3]) })],
      [new nn.RMSNorm([4, 3], { elementwiseAffine: false, eps: 0.1 }), rmsNorm(x, [4, 3], { eps: 0.1 })],
      [new nn.GroupNorm(2, 4), groupNorm(x, 2, { weight: ones([4]), bias: zeros([4]) })],
      [new nn.GroupNorm(2, 4, { affine: false, eps: 0.1 }), groupNorm(x, 2, { eps: 0.1 })],
      [new nn.LocalResponseNorm(3, { alpha: 0.5 }), localResponseNorm(x, 3, { alpha: 0.5 })],
      [new nn.InstanceNorm1d(4), instanceNorm(x)],
    ];
    for (const [layer, expected] of pairs) assert.deepEqual(values(layer.forward(x)), values(expected), String(layer));
    assert.equal(new nn.LayerNorm(3, { bias: false }).bias, null);
    assert.deepEqual(Object.keys(new nn.LayerNorm(3).stateDict()), ['weight', 'bias']);
    assert.equal(String(new nn.LayerNorm([4, 3])), 'LayerNorm([4, 3], eps=0.00001, elementwiseAffine=true)');
    assert.equal(String(new nn.GroupNorm(2, 4)), 'GroupNorm(2, 4, eps=0.00001, affine=true)');
  });

  it('has an RMS norm whose default eps is the spacing of the dtype', () => {
    // With equal elements a: a / sqrt(a^2 + eps).
    for (const [dtype, eps] of [
      ['float32', 2 ** -23],
      ['float64', 2 ** -52],
    ] as const) {
      const a = Math.sqrt(eps);
      close(values(rmsNorm(tensor([a, a], { dtype }), 2)), [Math.SQRT1_2, Math.SQRT1_2]);
    }
  });
});

describe('mistakes with normalisation', () => {
  const x = counted(4, [2, 4, 3]);
  const mistakes: [string, () => unknown, new (...args: never[]) => Error, RegExp][] = [
    ['another shape', () => layerNorm(x, [4]), ShapeError, /\[layerNorm\] normalizedShape \[4\] is not how .* ends/],
    ['no shape', () => rmsNorm(x, []), ShapeError, /\[rmsNorm\] normalizedShape/],
    ['another weight', () => layerNorm(x, 3, { weight: ones([4]) }), ShapeError, /expected 'weight' of \[3\]/],
    ['integers', () => layerNorm(x.to('int64'), 3), DTypeError, /floating/],
    ['two dtypes', () => layerNorm(x, 3, { weight: ones([3], { dtype: 'float64' }) }), DTypeError, /float64/],
    ['groups', () => groupNorm(x, 3), ArgumentError, /numGroups must divide the 4 channels/],
    ['one value in a group', () => groupNorm(ones([1, 2]), 2), ShapeError, /more than 1 value/],
    ['one value in a channel', () => batchNorm(ones([1, 3]), { training: true }), ShapeError, /more than 1 value/],
    ['one value in an instance', () => instanceNorm(ones([2, 3, 1])), ShapeError, /more than 1 value/],
    ['no running statistics', () => batchNorm(x), ArgumentError, /runningMean and runningVar are needed/],
    ['half of them', () => batchNorm(x, { runningMean: ones([4]) }), ArgumentError, /both or neither/],
    [
      'no counter',
      () => batchNorm(x, { training: true, runningMean: ones([4]), runningVar: ones([4]), momentum: null }),
      ArgumentError,
      /numBatchesTracked/,
    ],
    [
      'running statistics of another size',
      () => batchNorm(x, { runningMean: ones([3]), runningVar: ones([3]) }),
      ShapeError,
      /expected 'runningMean' of \[4\]/,
    ],
    ['too few dimensions', () => localResponseNorm(ones([2, 3]), 2), ShapeError, /3 dimensions/],
    ['a vector', () => batchNorm(ones([3]), { training: true }), ShapeError, /\[batch, channels, ...\]/],
    ['channels', () => new nn.BatchNorm1d(3).forward(x), ShapeError, /\[BatchNorm1d\] expected 3 channels/],
    ['dimensions', () => new nn.BatchNorm2d(4).forward(x), ShapeError, /\[BatchNorm2d\] expected 4 dimensions/],
    ['a size', () => new nn.BatchNorm1d(0), ArgumentError, /numFeatures/],
    ['groups of a layer', () => new nn.GroupNorm(3, 4), ArgumentError, /divide/],
    ['a shape of a layer', () => new nn.LayerNorm([]), ArgumentError, /normalizedShape/],
  ];
  for (const [name, call, type, message] of mistakes) {
    it(`are named: ${name}`, () => {
      assert.throws(call, (error: Error) => error instanceof type && message.test(error.message));
    });
  }
});
