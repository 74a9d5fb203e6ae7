// Schedules of learning rates: rates and momenta against PyTorch, resuming, compiled steps, the Trainer, and the checks of options.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ArgumentError, compile, mse, nn, optim, type Tensor, tensor, train } from 'anneal';
import { warningsOf } from './support/warnings';

interface Description {
  kind: string;
  options: Record<string, unknown>;
}
interface Fixture {
  initial: number[];
  cases: (Description & { parts: Description[]; optimizer: 'Adam' | 'SGD'; rates: number[][]; momenta: number[][] })[];
  figures: (number | null)[];
  plateaus: { options: optim.ReduceLROnPlateauOptions; rates: number[][] }[];
  lambdas: Record<'LambdaLR' | 'MultiplicativeLR', number[][]>;
}

const fixture = JSON.parse(readFileSync(join(__dirname, 'fixtures/schedulers.json'), 'utf8')) as Fixture;

function optimizerOf(kind: 'Adam' | 'SGD' = 'SGD'): optim.Optimizer {
  const groups = fixture.initial.map((lr) => ({ params: [tensor([1], { requiresGrad: true })], lr }));
  return (kind === 'Adam' ? new optim.Adam(groups) : new optim.SGD(groups, { momentum: 0.9 })) as optim.Optimizer;
}

// The optimizer's own step, which is to come before a schedule's.
function update(optimizer: optim.Optimizer): void {
  for (const { params } of optimizer.paramGroups) for (const param of params) param.mul(1e-3).sum().backward();
  optimizer.step();
  optimizer.zeroGrad();
}

type Maker = new (first: unknown, options?: unknown) => optim.LRScheduler;

function make(
  optimizer: optim.Optimizer,
  { kind, options, parts = [] }: Description & { parts?: Description[] },
): optim.LRScheduler {
  const Kind = (optim as unknown as Record<string, Maker>)[kind] as Maker;
  const made = parts.map((part) => make(optimizer, part));
  if (kind === 'ChainedScheduler') return new Kind(made);
  return new Kind(parts.length > 0 ? made : optimizer, options);
}

const rates = (optimizer: optim.Optimizer) => optimizer.paramGroups.map(({ lr }) => lr);
const momenta = (optimizer: optim.Optimizer) =>
  optimizer.paramGroups.map((group) => {
    const { betas, momentum } = group as unknown as { betas?: number[]; momentum?: number };
    return betas?.[0] ?? momentum;
  });

// PyTorch multiplies the last rate where we compute each from the first one: a few roundings per step.
function assertClose(actual: readonly (number | undefined)[], expected: readonly number[], what: string): void {
  assert.equal(actual.length, expected.length);
  for (const [i, x] of actual.entries()) {
    const y = expected[i] as number;
    assert.ok(Math.abs((x as number) - y) <= 1e-12 * Math.max(1e-3, Math.abs(y)), `${what}[${i}]: ${x}, expected ${y}`);
  }
}

describe('schedules against PyTorch', () => {
  for (const { optimizer: used, rates: expected, momenta: expectedMomenta, ...description } of fixture.cases) {
    const { kind, options, parts } = description;
    const name = parts.map((part) => ` ${part.kind} ${JSON.stringify(part.options)}`).join('');
    it(`${kind} ${JSON.stringify(options)}${name} on ${used}`, () => {
      const optimizer = optimizerOf(used);
      const scheduler = make(optimizer, description);
      for (const [step, row] of expected.entries()) {
        if (step > 0) {
          update(optimizer);
          scheduler.step();
        }
        assert.equal(scheduler.count, step);
        assertClose(rates(optimizer), row, `rates after step ${step}`);
        assertClose(momenta(optimizer), expectedMomenta[step] as number[], `momenta after step ${step}`);
      }
    });

    it(`${kind} ${JSON.stringify(options)}${name} resumes, through JSON`, () => {
      const first = optimizerOf(used);
      const scheduler = make(first, description);
      update(first);
      for (let step = 0; step < 7; step++) scheduler.step();
      const states = JSON.parse(JSON.stringify([first.stateDict().groups, scheduler.stateDict()]));
      const second = optimizerOf(used);
      // As a program does that sets other rates at first.
      second.loadStateDict({ ...first.stateDict(), groups: states[0] });
      const resumed = make(second, description);
      resumed.loadStateDict(states[1]);
      for (let step = 7; step < expected.length; step++) {
        assertClose(rates(second), expected[step] as number[], `rates after step ${step}`);
        if (step + 1 < expected.length) resumed.step();
      }
    });
  }

  for (const kind of ['LambdaLR', 'MultiplicativeLR'] as const) {
    it(kind, () => {
      const optimizer = optimizerOf();
      const scheduler = new optim[kind](optimizer, [(n) => 1 / (1 + n), (n) => 0.95 + 0.001 * n]);
      update(optimizer);
      for (const [step, row] of fixture.lambdas[kind].entries()) {
        if (step > 0) scheduler.step();
        assertClose(rates(optimizer), row, `rates after step ${step}`);
      }
    });
  }

  for (const { options, rates: expected } of fixture.plateaus) {
    it(`ReduceLROnPlateau ${JSON.stringify(options)}, and resumed at each step`, () => {
      const optimizer = optimizerOf();
      let scheduler = new optim.ReduceLROnPlateau(optimizer, options);
      for (const [step, row] of expected.entries()) {
        if (step > 0) {
          scheduler.step(fixture.figures[step - 1] ?? Number.NaN);
          const state = JSON.parse(JSON.stringify(scheduler.stateDict()));
          scheduler = new optim.ReduceLROnPlateau(optimizer, options);
          scheduler.loadStateDict(state);
        }
        assertClose(rates(optimizer), row, `rates after step ${step}`);
      }
    });
  }
});

describe('schedules', () => {
  it('are functions of the count that can be drawn', () => {
    const optimizer = optimizerOf();
    update(optimizer);
    const scheduler = new optim.CosineAnnealingWarmRestarts(optimizer, { t0: 4, tMult: 2, etaMin: 0.1 });
    assert.equal(scheduler.rateAt(0, 1), 1);
    assert.ok(Math.abs(scheduler.rateAt(2, 1) - 0.55) < 1e-15);
    assert.equal(scheduler.rateAt(4, 1), 1);
    assert.equal(scheduler.rateAt(12, 1), 1);
    scheduler.step(2.5); // between two steps
    assertClose(
      rates(scheduler.optimizer),
      fixture.initial.map((lr) => scheduler.rateAt(2.5, lr)),
      'rates',
    );
  });

  it('change the rate of compiled steps without a new trace', async () => {
    const weight = tensor([0], { requiresGrad: true });
    const optimizer = new optim.SGD([weight], { lr: 1 });
    const scheduler = new optim.StepLR(optimizer, { stepSize: 1, gamma: 0.5 });
    const step = compile((x: Tensor) => {
      optimizer.zeroGrad();
      weight.mul(x).sum().backward();
      optimizer.step();
    });
    for (let i = 0; i < 5; i++) {
      step(tensor([1]));
      scheduler.step();
    }
    assert.equal(await weight.item(), -(1 + 0.5 + 0.25 + 0.125 + 0.0625));
    assert.equal(step.programs, 1);
  });

  it('know groups that are added later', () => {
    const optimizer = optimizerOf();
    const scheduler = new optim.ExponentialLR(optimizer, { gamma: 0.5 });
    update(optimizer);
    scheduler.step();
    optimizer.addParamGroup({ params: [tensor([1], { requiresGrad: true })], lr: 8 });
    scheduler.step();
    assertClose(rates(optimizer), [0.025, 0.005, 2], 'rates');
  });

  it('may be written by the user', () => {
    class HalfWay extends optim.LRScheduler {
      constructor(optimizer: optim.Optimizer) {
        super(optimizer);
        this.begin();
      }
      rateAt(count: number, initial: number): number {
        return count >= 2 ? initial / 2 : initial;
      }
    }
    const optimizer = optimizerOf();
    const scheduler = new HalfWay(optimizer);
    update(optimizer);
    for (let i = 0; i < 2; i++) scheduler.step();
    assertClose(rates(optimizer), [0.05, 0.01], 'rates');
    assert.equal(scheduler.stateDict().kind, 'HalfWay');
  });

  it('warn where the optimizer has taken no step yet', async () => {
    const told = await warningsOf(() => {
      const scheduler = new optim.StepLR(optimizerOf(), { stepSize: 1 });
      scheduler.step();
      scheduler.step();
    });
    assert.deepEqual(
      told.map(({ code }) => code),
      ['ANNEAL_SCHEDULER_BEFORE_OPTIMIZER'],
    );
    assert.match(told[0]?.message as string, /\[StepLR\] step\(\) came before the optimizer's first step/);
  });

  it('leave everything as it was where they fail', () => {
    const optimizer = optimizerOf();
    const scheduler = new optim.LambdaLR(optimizer, [() => 2, (n) => (n === 1 ? Number.NaN : 3)]);
    update(optimizer);
    assert.throws(() => scheduler.step(), {
      code: 'ERR_ARGUMENT',
      message: /\[LambdaLR\] expected lr >= 0, received NaN/,
    });
    assert.equal(scheduler.count, 0);
    assertClose(rates(optimizer), [0.2, 0.06], 'rates');
    const cycle = new optim.OneCycleLR(optimizer, { maxLr: 1, totalSteps: 2 });
    cycle.step();
    cycle.step();
    const before = rates(optimizer);
    assert.throws(() => cycle.step(), /the cycle has 2 steps and is over: this is step 3/);
    assert.deepEqual(rates(optimizer), before);
  });

  it('say what is wrong with their options', () => {
    const optimizer = optimizerOf();
    const other = new optim.StepLR(optimizerOf(), { stepSize: 1 });
    const own = new optim.StepLR(optimizer, { stepSize: 1 });
    const plateau = new optim.ReduceLROnPlateau(optimizer);
    const wrong: [() => unknown, RegExp][] = [
      [() => new optim.StepLR({} as optim.Optimizer, { stepSize: 1 }), /\[StepLR\] expected an optimizer/],
      [
        () => new optim.StepLR(optimizer, { stepSize: 0 }),
        /\[StepLR\] expected a whole number of at least 1 for stepSize/,
      ],
      [() => new optim.StepLR(optimizer, { stepsize: 2 } as never), /\[StepLR\].*stepsize/],
      [() => new optim.MultiStepLR(optimizer, { milestones: 3 as never }), /expected a list of milestones/],
      [() => new optim.ExponentialLR(optimizer, { gamma: -1 }), /expected a number of at least 0 for gamma/],
      [() => new optim.LambdaLR(optimizer, 0.5 as never), /expected a function/],
      [() => new optim.LambdaLR(optimizer, [() => 1]), /lambda has 1 values, the optimizer 2 groups/],
      [() => new optim.OneCycleLR(optimizer, { maxLr: 1 }), /expected totalSteps, or epochs and stepsPerEpoch/],
      [
        () => new optim.OneCycleLR(optimizer, { maxLr: 1, totalSteps: 9, annealStrategy: 'sin' as never }),
        /cos or linear/,
      ],
      [() => new optim.CyclicLR(optimizer, { baseLr: 0, maxLr: 1, mode: 'square' as never }), /triangular2/],
      [() => new optim.SequentialLR([own, other], { milestones: [1] }), /item 1 is a schedule of another optimizer/],
      [() => new optim.SequentialLR([own, own], { milestones: [] }), /expected 1 milestones for 2 schedules/],
      [() => new optim.SequentialLR([own, own, own], { milestones: [5, 2] }), /at least 5 for milestones/],
      [() => new optim.ChainedScheduler([]), /expected at least one schedule/],
      [() => new optim.ChainedScheduler([plateau as never]), /item 0 is no schedule whose rate depends on the count/],
      [() => new optim.ReduceLROnPlateau(optimizer, { factor: 1 }), /expected a number below 1 for factor/],
      [() => plateau.step(tensor(1) as never), /expected a number, such as await loss\.item\(\)/],
      [() => own.step(-1), /expected a count of steps/],
      [() => own.loadStateDict({ ...own.stateDict(), kind: 'LinearLR' }), /the state is of LinearLR/],
      [() => own.loadStateDict({ ...own.stateDict(), initialRates: [1] }), /the state has 1 groups, the optimizer 2/],
      [() => plateau.loadStateDict(own.stateDict() as never), /expected a state of ReduceLROnPlateau/],
    ];
    for (const [attempt, message] of wrong) {
      assert.throws(
        attempt,
        (error: Error) => error instanceof ArgumentError && message.test(error.message),
        String(message),
      );
    }
    class Own {
      step(): void {}
    }
    assert.throws(() => new optim.CyclicLR(new Own() as never, { baseLr: 0, maxLr: 1 }), /expected an optimizer/);
  });
});

describe('train.LearningRateScheduler', () => {
  const set: [Tensor, Tensor] = [tensor([[1], [2], [3], [4]]), tensor([[2], [4], [6], [8]])];
  function trainer(use: (optimizer: optim.SGD) => train.Callback) {
    const model = new nn.Linear(1, 1);
    const optimizer = new optim.SGD(model.parameters(), { lr: 0.01 });
    return new train.Trainer({ model, optimizer, loss: mse, callbacks: [use(optimizer)] });
  }
  const learningRates = ({ epochs }: train.History) => epochs.map(({ learningRate }) => learningRate);

  it('takes a step after each epoch', async () => {
    const fit = trainer((optimizer) => {
      return new train.LearningRateScheduler(new optim.StepLR(optimizer, { stepSize: 2, gamma: 0.5 }));
    }).fit(set, { epochs: 5, batchSize: 2 });
    assert.deepEqual(learningRates(await fit), [0.01, 0.01, 0.005, 0.005, 0.0025]);
  });

  it('or after each batch', async () => {
    const fit = trainer((optimizer) => {
      const scheduler = new optim.StepLR(optimizer, { stepSize: 2, gamma: 0.5 });
      return new train.LearningRateScheduler(scheduler, { per: 'batch' });
    }).fit(set, { epochs: 3, batchSize: 2 });
    assert.deepEqual(learningRates(await fit), [0.005, 0.0025, 0.00125]);
  });

  it('or when a figure no longer improves', async () => {
    const fit = trainer((optimizer) => {
      const scheduler = new optim.ReduceLROnPlateau(optimizer, { mode: 'max', patience: 1, factor: 0.5 });
      return new train.LearningRateScheduler(scheduler, { monitor: 'loss' }); // which falls: never better than at first
    }).fit(set, { epochs: 5, batchSize: 2 });
    assert.deepEqual(learningRates(await fit), [0.01, 0.01, 0.01, 0.005, 0.005]);
  });

  it('refuses what it cannot use', async () => {
    const optimizer = optimizerOf();
    const plateau = new optim.ReduceLROnPlateau(optimizer);
    assert.throws(() => new train.LearningRateScheduler({} as never), /expected a schedule/);
    assert.throws(() => new train.LearningRateScheduler(plateau, { per: 'batch' }), /per epoch, not per batch/);
    assert.throws(() => new train.LearningRateScheduler(plateau, { per: 'step' as never }), /expected epoch or batch/);
    await assert.rejects(
      trainer(() => new train.LearningRateScheduler(new optim.StepLR(optimizer, { stepSize: 1 }))).fit(set, {
        epochs: 1,
      }),
      /the schedule is of another optimizer/,
    );
    await assert.rejects(
      trainer((own) => new train.LearningRateScheduler(new optim.ReduceLROnPlateau(own))).fit(set, { epochs: 1 }),
      /there is no number 'validation.loss' to monitor/,
    );
  });
});
