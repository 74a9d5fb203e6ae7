// Options of optimizers that change between runs of a compiled step: momenta, which kernels look up at every run, and others.
import assert from 'node:assert/strict';
import { compile, nn, optim, type Tensor, tensor, train } from 'anneal';
import { sameAsEager, values } from './support/same-as-eager';
import { warningsOf } from './support/warnings';

const leaf = () => tensor([1, 2], { requiresGrad: true });

type Momenta = optim.BaseOptions & { momentum: number; betas: [number, number] };
const groupOf = (optimizer: optim.Optimizer) => optimizer.paramGroups[0] as unknown as Momenta;

const setMomentum = (group: Momenta, momentum: number) => {
  group.momentum = momentum;
};

/** What makes an optimizer, and sets a momentum of it. */
const kinds: Record<string, [(w: Tensor) => optim.Optimizer, (group: Momenta, momentum: number) => void]> = {
  SGD: [(w) => new optim.SGD([w], { lr: 0.5, momentum: 0.9 }), setMomentum],
  'SGD with Nesterov momentum': [(w) => new optim.SGD([w], { lr: 0.5, momentum: 0.9, nesterov: true }), setMomentum],
  Adam: [
    (w) => new optim.Adam([w], { lr: 0.5 }),
    (group, momentum) => {
      group.betas = [momentum, group.betas[1]];
    },
  ],
  'AdamW, both betas': [
    (w) => new optim.AdamW([w], { lr: 0.5 }),
    (group, momentum) => {
      group.betas = [momentum, (1 + momentum) / 2];
    },
  ],
};
const momenta = [0.9, 0.5, 0.75, 0.25, 0.9];

function stepOf(w: Tensor, optimizer: optim.Optimizer) {
  return (x: Tensor) => {
    optimizer.zeroGrad();
    w.mul(w).mul(x).sum().backward();
    optimizer.step();
  };
}

describe('momenta that change between runs of a compiled step', () => {
  for (const [kind, [make, set]] of Object.entries(kinds)) {
    sameAsEager({
      [`${kind}: are followed`]: (way) => {
        const w = leaf();
        const optimizer = make(w);
        const f = way(stepOf(w, optimizer));
        return momenta.map((momentum) => {
          set(groupOf(optimizer), momentum);
          f(tensor([0.1, 0.2]));
          return values(w);
        });
      },
      [`${kind}: are followed where the function reads them`]: (way) => {
        const w = leaf();
        const optimizer = make(w);
        const step = stepOf(w, optimizer);
        const f = way((x: Tensor) => {
          step(x);
          const { momentum, betas } = groupOf(optimizer);
          return x.mul(betas?.[0] ?? momentum);
        });
        return momenta.map((momentum) => {
          set(groupOf(optimizer), momentum);
          return [values(f(tensor([0.1, 0.2]))), values(w)];
        });
      },
      [`${kind}: are followed where the function sets them`]: (way) => {
        const w = leaf();
        const optimizer = make(w);
        const step = stepOf(w, optimizer);
        const f = way((x: Tensor) => {
          const group = groupOf(optimizer);
          set(group, (group.betas?.[0] ?? group.momentum) / 2);
          step(x);
        });
        return momenta.map((momentum, i) => {
          if (i % 2 === 1) set(groupOf(optimizer), momentum);
          f(tensor([0.1, 0.2]));
          const group = groupOf(optimizer);
          return [values(w), group.betas?.[0] ?? group.momentum];
        });
      },
    });

    it(`${kind}: cost no new trace`, () => {
      const w = leaf();
      const optimizer = make(w);
      const f = compile(stepOf(w, optimizer));
      for (const momentum of momenta) {
        set(groupOf(optimizer), momentum);
        f(tensor([0.1, 0.2]));
      }
      assert.equal(f.programs, 1);
    });
  }

  sameAsEager({
    'come and go': (way) => {
      const w = leaf();
      const optimizer = new optim.SGD([w], { lr: 0.5, momentum: 0.9 });
      const f = way(stepOf(w, optimizer));
      return [0.9, 0, 0.5, 0, 0.25].map((momentum) => {
        groupOf(optimizer).momentum = momentum;
        f(tensor([0.1, 0.2]));
        return values(w);
      });
    },
    'are those of each group': (way) => {
      const [v, w] = [leaf(), leaf()];
      const optimizer = new optim.SGD([{ params: [v] }, { params: [w], momentum: 0.5 }], { lr: 0.5, momentum: 0.9 });
      const f = way((x: Tensor) => {
        optimizer.zeroGrad();
        v.mul(w).mul(x).sum().backward();
        optimizer.step();
      });
      return momenta.map((momentum) => {
        for (const [i, group] of optimizer.paramGroups.entries()) group.momentum = momentum / (1 + i);
        f(tensor([0.1, 0.2]));
        return [values(v), values(w)];
      });
    },
    'of an optimizer that computes with them': (way) => {
      class Halved extends optim.SGD {
        protected override update(batch: optim.Batch, options: optim.SGDOptions) {
          super.update(batch, { ...options, momentum: options.momentum / 2 });
        }
      }
      const w = leaf();
      const optimizer = new Halved([w], { lr: 0.5, momentum: 0.9 });
      const f = way(stepOf(w, optimizer));
      return momenta.map((momentum) => {
        groupOf(optimizer).momentum = momentum;
        f(tensor([0.1, 0.2]));
        return values(w);
      });
    },
    'of RMSprop, whose step is made of operators': (way) => {
      const w = leaf();
      const optimizer = new optim.RMSprop([w], { lr: 0.1, momentum: 0.9 });
      const f = way(stepOf(w, optimizer));
      return momenta.map((momentum) => {
        groupOf(optimizer).momentum = momentum;
        f(tensor([0.1, 0.2]));
        return values(w);
      });
    },
  });

  it('are options that a program does not hold for', () => {
    const w = leaf();
    const optimizer = new optim.SGD([w], { lr: 0.5, momentum: 0.9 });
    const f = compile(stepOf(w, optimizer));
    f(tensor([1, 1]));
    assert.match(f.explain(), /looks up at every run: lr, momentum/);
  });

  it('of OneCycleLR leave the Trainer its compiled step', async () => {
    const model = new nn.Linear(1, 1);
    const optimizer = new optim.AdamW(model.parameters(), { lr: 0.01 });
    const before = groupOf(optimizer).betas[0];
    const scheduler = new optim.OneCycleLR(optimizer, { maxLr: 0.1, totalSteps: 40 });
    const trainer = new train.Trainer({
      model,
      optimizer,
      loss: nn.mseLoss,
      callbacks: [new train.LearningRateScheduler(scheduler, { per: 'batch' })],
    });
    const data = [tensor([[1], [2], [3], [4]]), tensor([[2], [4], [6], [8]])] as const;
    const warnings = await warningsOf(() => trainer.fit([...data], { epochs: 20, batchSize: 2 }));
    assert.notEqual(groupOf(optimizer).betas[0], before);
    assert.deepEqual(warnings, []);
  });
});
