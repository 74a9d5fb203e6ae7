// What the Trainer compiles gives the same as without compiling, and what it does not compile it tells.
import assert from 'node:assert/strict';
import { data, keep, manualSeed, nn, optim, type Tensor, tensor, train, uniform, zeros } from 'anneal';
import { warningsOf } from './support/warnings';

const values = (x: Tensor): number[] => Array.from(x.dataSync(), Number);

/** Counts the steps that run in JavaScript: compiled ones do so only while they are traced. */
class Net extends nn.Module {
  fc = new nn.Linear(3, 2);
  forward(x: Tensor): Tensor {
    forwards++;
    return this.fc.forward(x);
  }
}
let forwards = 0;

interface Setting {
  optimizer?: (params: nn.Parameter[]) => train.TrainerOptions['optimizer'];
  loss?: train.Loss;
  metrics?: () => Record<string, train.Metric>;
  dataset?: () => train.Data;
  fit?: (model: Net) => train.FitOptions;
}

function samples(): [Float32Array, Uint8Array] {
  manualSeed(3);
  return [Float32Array.from(values(uniform([40 * 3]))), Uint8Array.from({ length: 40 }, (_, i) => (i * 7) % 2)];
}

function dataset(): data.ArrayDataset {
  const [x, y] = samples();
  return new data.ArrayDataset({ data: x, shape: [40, 3] }, { data: y, dtype: 'int64' });
}

// Parameters, losses and metrics after three epochs of five batches of 8; how often forward ran in JavaScript; warnings.
async function trained(compile: boolean, setting: Setting = {}) {
  manualSeed(9);
  forwards = 0;
  const model = new Net();
  const trainer = new train.Trainer({
    model,
    optimizer: (setting.optimizer ?? ((params) => new optim.SGD(params, { lr: 0.1, momentum: 0.9 })))(
      model.parameters(),
    ),
    loss: setting.loss ?? nn.crossEntropy,
    metrics: setting.metrics?.() ?? {},
    compile,
    progress: false,
  });
  let history: train.History = { epochs: [] };
  const warnings = await warningsOf(async () => {
    const source = (setting.dataset ?? dataset)();
    history = await trainer.fit(source, { epochs: 3, batchSize: 8, seed: 4, ...setting.fit?.(model) });
    await trainer.fit(source, { batchSize: 8, seed: 5, ...setting.fit?.(model) });
  });
  return {
    outcome: {
      parameters: model.parameters().flatMap(values),
      epochs: history.epochs.map(({ loss, metrics, validation, samples: count }) => [
        loss,
        metrics,
        validation?.loss,
        validation?.metrics,
        count,
      ]),
    },
    forwards,
    warnings,
  };
}

// The same bits; forward runs at most `most` times: once for each shape of batch, and again after a callback.
async function same(setting: Setting, most = 4): Promise<void> {
  const compiled = await trained(true, setting);
  assert.deepEqual(compiled.outcome, (await trained(false, setting)).outcome);
  assert.deepEqual(compiled.warnings, []);
  assert.ok(compiled.forwards <= most, `forward ran ${compiled.forwards} times`);
}

async function told(setting: Setting, message: RegExp): Promise<void> {
  const compiled = await trained(true, setting);
  assert.deepEqual(compiled.outcome, (await trained(false, setting)).outcome);
  assert.deepEqual(
    compiled.warnings.map(({ code }) => code),
    ['ANNEAL_NOT_COMPILED'],
  );
  assert.match(compiled.warnings[0]?.message ?? '', message);
}

/** Mean of the largest output, and the outputs seen. */
class Largest implements train.Metric<number> {
  seen = 0;
  sum = keep(zeros([]));
  reset(): void {
    this.seen = 0;
    this.sum = keep(zeros([]));
  }
  update(output: Tensor, target: Tensor): void {
    assert.equal(output.shape[0], target.shape[0]);
    assert.equal(output.requiresGrad, false);
    this.seen += output.shape[0] as number;
    this.sum = keep(this.sum.add(output.max(1).mul(target.add(1)).sum()));
  }
  async compute(): Promise<number> {
    return (await this.sum.item()) / this.seen;
  }
}

describe('Trainer compiles', () => {
  it('parts of a dataset, nested ones too', async () => {
    const part = (): data.Subset<Tensor[], Tensor[]> =>
      new data.Subset(dataset(), [5, 3, 3, 39, 0, 1, 2, 8, 9, 10, 11, 30, 31, 32, 7, 20, 21, 22, 23, 24, 25]) as never;
    await same({ dataset: part });
    await same({ dataset: () => new data.Subset(part(), [20, 1, 1, 4, 5, 6, 7, 8, 9, 10, 11]) });
    const validation = part();
    await same({ dataset: part, fit: () => ({ validation }) }, 8);
    await same({
      dataset: () => new data.DataLoader(part(), { batchSize: 4 }),
      fit: () => ({ batchSize: undefined, seed: undefined, shuffle: undefined }),
    });
  });

  it('beside metrics of the user, which see every batch', async () => {
    const metrics = () => ({ largest: new Largest(), accuracy: train.accuracy() });
    await same({ metrics });
    await same({ metrics, fit: () => ({ validation: dataset() }) }, 8);
    const wrapped = () => {
      let updates = 0;
      const inner = train.accuracy();
      return {
        counted: {
          ...inner,
          reset() {
            updates = 0;
            inner.reset();
          },
          update(output: Tensor, target: Tensor) {
            updates++;
            inner.update(output, target);
          },
          compute: async () => updates,
        },
      };
    };
    await same({ metrics: wrapped });
  });

  it('optimizers of the user', async () => {
    class Signs extends optim.Optimizer<optim.BaseOptions> {
      scale = 0.5;
      protected check() {}
      protected update({ params, grads }: optim.Batch, { lr }: optim.BaseOptions) {
        for (const [i, param] of params.entries())
          param.assign(param.sub((grads[i] as Tensor).sign().mul(lr * this.scale)));
      }
    }
    class Own extends optim.Adam {
      override get kind(): string {
        return 'Own';
      }
    }
    await same({ optimizer: (params) => new Own(params, { lr: 0.01 }) });
    await same({ optimizer: (params) => new Signs(params, { lr: 0.01 }) });
  });

  it('what callbacks change in variables and arrays, from the next epoch on', async () => {
    let factor = 1;
    const loss = (output: Tensor, target: Tensor) => nn.crossEntropy(output, target).mul(factor);
    const change = (): train.FitOptions => ({
      callbacks: [
        {
          onFitBegin: () => {
            factor = 1;
          },
          onEpochEnd: () => {
            factor *= 3;
          },
        },
      ],
    });
    await same({ loss, fit: change });
    const [x, y] = samples();
    const first = x.slice();
    const rewritten = () => new data.ArrayDataset({ data: x, shape: [40, 3] }, { data: y, dtype: 'int64' });
    const rewrite = (): train.FitOptions => ({
      callbacks: [{ onEpochBegin: ({ epoch }) => x.set(first.map((value) => value * epoch)) }],
    });
    await same({ dataset: rewritten, fit: rewrite });
    const half = () => new data.Subset(rewritten(), [1, 3, 5, 7, 9, 11, 2, 4, 6]);
    await same({ dataset: half, fit: () => ({ ...rewrite(), validation: rewritten() }) }, 12);
  });
});

describe('Trainer tells once', () => {
  it('of optimizers that it cannot see into', async () => {
    const plain = (params: nn.Parameter[]) => {
      const inner = new optim.SGD(params, { lr: 0.1 });
      return { lr: 0.1, step: () => inner.step(), zeroGrad: () => inner.zeroGrad() };
    };
    await told(
      { optimizer: plain },
      /^\[Trainer\] steps are not compiled: Object: it does not extend optim\.Optimizer$/,
    );
    class Every3 extends optim.SGD {
      #steps = 0;
      override step(): void {
        if (this.#steps++ % 3 !== 2) super.step();
      }
    }
    await told(
      { optimizer: (params) => new Every3(params, { lr: 0.1 }) },
      /: Every3: changes of its private field #steps/,
    );
  });

  it('of values that are read', async () => {
    const reading = (output: Tensor, target: Tensor) => {
      const loss = nn.crossEntropy(output, target);
      return loss.mul(loss.itemSync() > 0.7 ? 2 : 1);
    };
    await told({ loss: reading }, /: the loss reading: /);
  });

  it('of a step that can no longer be traced in the middle of an epoch, and goes on there', async () => {
    const odd = (output: Tensor, target: Tensor) => {
      const loss = nn.crossEntropy(output, target);
      return output.shape[0] === 8 ? loss : loss.mul(loss.itemSync());
    };
    const some = () =>
      new data.Subset(
        dataset(),
        Array.from({ length: 21 }, (_, i) => i),
      );
    await told({ loss: odd, dataset: some, metrics: () => ({ largest: new Largest() }) }, /: the loss odd: /);
  });

  it('of nothing where the step itself fails', async () => {
    const failing = () => {
      throw new RangeError('no loss');
    };
    const warnings = await warningsOf(() => assert.rejects(trained(true, { loss: failing }), RangeError));
    assert.deepEqual(warnings, []);
  });

  it('and follows datasets with methods of their own', async () => {
    class Doubled extends data.TensorDataset {
      override getBatch(indices: readonly number[]): Tensor[] {
        const [x, y] = super.getBatch(indices) as [Tensor, Tensor];
        return [x.mul(2), y];
      }
    }
    const [x, y] = samples();
    const doubled = () => new Doubled(tensor(x, { shape: [40, 3] }), tensor(y, { dtype: 'int64' }));
    const { outcome } = await trained(true, { dataset: doubled });
    assert.deepEqual(outcome, (await trained(false, { dataset: doubled })).outcome);
    assert.notDeepEqual(outcome, (await trained(true)).outcome);
  });
});
