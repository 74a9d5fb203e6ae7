// optim: trajectories against PyTorch, exact resuming, clipping and the checks of options.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ArgumentError, compile, optim, scope, type Tensor, tensor, zeros } from 'anneal';

type Kind = 'SGD' | 'Adam' | 'AdamW' | 'RMSprop' | 'Adagrad' | 'Adadelta' | 'Adamax' | 'NAdam' | 'RAdam' | 'Rprop';

interface Fixture {
  shapes: number[][];
  start: number[][];
  grads: number[][][];
  skipped: [step: number, parameter: number][];
  cases: { kind: Kind; options: Record<string, unknown>; after: number[][][] }[];
  clips: { maxNorm: number; normType: number | 'Infinity'; total: number; grads: number[][] }[];
}

const fixture = JSON.parse(readFileSync(join(__dirname, 'fixtures/optim.json'), 'utf8')) as Fixture;
const values = (x: Tensor): number[] => Array.from(x.dataSync(), Number);

function parameters(dtype: 'float32' | 'float64' = 'float64'): Tensor[] {
  return fixture.start.map((data, i) => tensor(data, { dtype, shape: fixture.shapes[i], requiresGrad: true }));
}

function make(kind: Kind, params: Tensor[], options: object): optim.Optimizer {
  const Kind = optim[kind] as new (
    params: Tensor[],
    options: object,
  ) => unknown as new (
    params: Tensor[],
    options: object,
  ) => optim.Optimizer;
  return new Kind(params, options);
}

// Gives each parameter the fixture's gradient of this step, except where the fixture skips it.
function setGradients(optimizer: { zeroGrad(): void }, params: Tensor[], step: number): void {
  optimizer.zeroGrad();
  params.forEach((param, i) => {
    if (fixture.skipped.some(([s, p]) => s === step && p === i)) return;
    const grad = tensor(fixture.grads[step][i], { dtype: param.dtype, shape: param.shape });
    param.mul(grad).sum().backward();
  });
}

function assertClose(actual: number[], expected: number[], tolerance: number, what: string): void {
  assert.equal(actual.length, expected.length, what);
  actual.forEach((x, i) => {
    const y = expected[i];
    assert.ok(Math.abs(x - y) <= tolerance * Math.max(1, Math.abs(y)), `${what}[${i}]: ${x}, expected ${y}`);
  });
}

describe('optim against PyTorch', () => {
  for (const { kind, options, after } of fixture.cases) {
    // The fixture has 15 digits; float32 rounds once per step in every state tensor.
    for (const [dtype, tolerance] of [
      ['float64', 1e-13],
      ['float32', 2e-6],
    ] as const) {
      it(`${kind} ${JSON.stringify(options)} ${dtype}`, () => {
        const params = parameters(dtype);
        const optimizer = make(kind, params, options);
        after.forEach((expected, step) => {
          setGradients(optimizer, params, step);
          optimizer.step();
          params.forEach((param, i) => {
            assertClose(values(param), expected[i], tolerance, `step ${step}, parameter ${i}`);
          });
        });
      });
    }
  }
});

describe('optim, compiled', () => {
  for (const { kind, options } of fixture.cases) {
    it(`${kind} ${JSON.stringify(options)} has the bits of eager steps, without a new program for each rate`, () => {
      const run = (compiles: boolean) => {
        const params = parameters('float32');
        const optimizer = make(kind, params, options);
        const eager = (...grads: Tensor[]) => {
          optimizer.zeroGrad();
          for (const [i, param] of params.entries()) param.mul(grads[i]).sum().backward();
          optimizer.step();
        };
        const step = compiles ? compile(eager) : eager;
        for (const [i, grads] of fixture.grads.entries()) {
          optimizer.lr = 0.05 / (i + 1);
          step(...grads.map((data, p) => tensor(data, { shape: fixture.shapes[p] })));
        }
        return { weights: params.map(values), programs: 'programs' in step ? step.programs : 0 };
      };
      const [eager, compiled] = [run(false), run(true)];
      assert.deepEqual(compiled.weights, eager.weights);
      // The first step with dampening is another one; Rprop's state begins with the rate of the first step.
      assert.equal(compiled.programs, kind === 'Rprop' || 'dampening' in options ? 2 : 1);
    });
  }
});

describe('an optimizer of the user', () => {
  it('may give directions alone', () => {
    class Signs extends optim.DirectionOptimizer<optim.DirectionOptions> {
      protected direction({ grad }: optim.DirectionUpdate): Tensor {
        return grad.sign();
      }
    }
    const x = tensor([1, -2], { requiresGrad: true });
    const optimizer = new Signs([x], { lr: 0.5, weightDecay: 0, maximize: false });
    x.square().sum().backward();
    optimizer.step();
    assert.deepEqual(values(x), [0.5, -1.5]);
    assert.deepEqual(optimizer.stateDict().steps, [1]);
  });
});

describe('optim state', () => {
  for (const { kind, options } of fixture.cases) {
    it(`${kind} ${JSON.stringify(options)} resumes exactly, through JSON`, () => {
      const straight = parameters();
      const whole = make(kind, straight, options);
      for (let step = 0; step < 6; step++) {
        setGradients(whole, straight, step);
        whole.step();
      }

      const stopped = parameters();
      const before = make(kind, stopped, options);
      for (let step = 0; step < 3; step++) {
        setGradients(before, stopped, step);
        before.step();
      }
      const { tensors, ...plain } = before.stateDict();
      const copies = Object.fromEntries(Object.entries(tensors).map(([name, x]) => [name, x.clone()]));
      const resumed = stopped.map((x) => tensor(x.dataSync(), { dtype: x.dtype, shape: x.shape, requiresGrad: true }));
      const after = make(kind, resumed, { lr: 123 });
      after.loadStateDict({ ...(JSON.parse(JSON.stringify(plain)) as typeof plain), tensors: copies });
      for (let step = 3; step < 6; step++) {
        setGradients(after, resumed, step);
        after.step();
      }
      for (const [i, x] of resumed.entries()) assert.deepEqual(values(x), values(straight[i]));
    });
  }

  it('survives a scope around each step', () => {
    const params = parameters();
    const optimizer = new optim.Adam(params, { lr: 0.01, amsgrad: true });
    for (let step = 0; step < 4; step++) {
      scope(() => {
        setGradients(optimizer, params, step);
        optimizer.step();
      });
    }
    assert.ok(Object.values(optimizer.stateDict().tensors).every((x) => values(x).every(Number.isFinite)));
  });

  it('refuses a state that does not fit, and stays as it was', () => {
    const params = parameters();
    const optimizer = new optim.SGD(params, { lr: 0.1, momentum: 0.9 });
    setGradients(optimizer, params, 0);
    optimizer.step();
    const state = optimizer.stateDict();
    const refused: [Partial<optim.OptimizerState>, RegExp][] = [
      [{ kind: 'Adam' }, /\[SGD\.loadStateDict\] the state is of Adam/],
      [{ groups: [{ options: {}, params: [0] }] }, /groups of 1 parameters, the optimizer of 2/],
      [
        { tensors: { '0.momentumBuffer': zeros([3, 2]) } },
        /'0\.momentumBuffer' is \[3, 2\], the parameter is \[2, 3\]/,
      ],
      [{ tensors: { '9.momentumBuffer': zeros([2, 3]) } }, /no parameter for '9\.momentumBuffer'/],
      [{ groups: [{ options: { lr: -1 }, params: [0, 1] }] }, /expected lr >= 0/],
    ];
    for (const [change, message] of refused) {
      assert.throws(() => optimizer.loadStateDict({ ...state, ...change }), message);
    }
    assert.equal(optimizer.lr, 0.1);
    assert.deepEqual(Object.keys(optimizer.stateDict().tensors), ['0.momentumBuffer', '1.momentumBuffer']);
  });
});

describe('optim groups', () => {
  it('have options of their own', () => {
    const [a, b] = parameters() as [Tensor, Tensor];
    const groups = [{ params: [a] }, { params: [b], lr: 0 }];
    const optimizer = new optim.SGD(groups, { lr: 0.5 });
    setGradients(optimizer, [a, b], 0);
    optimizer.step();
    assertClose(
      values(a),
      fixture.start[0].map((x, i) => x - 0.5 * fixture.grads[0][0][i]),
      1e-14,
      'a',
    );
    assert.deepEqual(values(b), fixture.start[1]);
    optimizer.lr = 0.25;
    assert.deepEqual(
      optimizer.paramGroups.map((group) => group.lr),
      [0.25, 0.25],
    );
  });

  it('may hold different dtypes', () => {
    const params = [...parameters('float32'), ...parameters('float64')];
    const optimizer = new optim.Adam(params, { lr: 0.1 });
    for (const param of params) param.sum().backward();
    optimizer.step();
    params.forEach((param, i) => {
      assertClose(
        values(param),
        fixture.start[i % 2].map((x) => x - 0.1),
        1e-6,
        `parameter ${i}`,
      );
    });
  });

  it('refuses what cannot be optimized', () => {
    const [a] = parameters() as [Tensor];
    assert.throws(() => new optim.SGD([]), /no parameters/);
    assert.throws(() => new optim.SGD([a, a]), /given twice/);
    assert.throws(() => new optim.SGD([a.mul(2)]), /not a leaf/);
    assert.throws(() => new optim.SGD([tensor([1], { dtype: 'int32' })]), /dtype int32/);
    assert.throws(() => new optim.SGD([1] as unknown as Tensor[]), ArgumentError);
    assert.throws(() => new optim.SGD([a, { params: [] }] as unknown as Tensor[]), /mixture/);
  });

  const wrong: [() => unknown, RegExp][] = [
    [() => new optim.SGD(parameters(), { lr: -1 }), /\[SGD\] expected lr >= 0, received -1/],
    [() => new optim.SGD(parameters(), { lr: Number.NaN }), /lr >= 0/],
    [() => new optim.SGD(parameters(), { momentum: -0.1 }), /momentum >= 0/],
    [() => new optim.SGD(parameters(), { weightDecay: -0.1 }), /weightDecay >= 0/],
    [() => new optim.SGD(parameters(), { nesterov: true }), /nesterov/],
    [() => new optim.SGD(parameters(), { nesterov: true, momentum: 0.9, dampening: 0.1 }), /nesterov/],
    [() => new optim.Adam(parameters(), { betas: [1, 0.9] }), /\[Adam\] expected two betas in \[0, 1\)/],
    [() => new optim.Adam(parameters(), { eps: -1 }), /eps >= 0/],
    [() => new optim.AdamW(parameters(), { weightDecay: -1 }), /\[AdamW\] expected weightDecay >= 0/],
  ];
  for (const [create, message] of wrong) {
    it(`refuses options: ${message.source}`, () => {
      assert.throws(create, (error: Error) => error instanceof ArgumentError && message.test(error.message));
    });
  }
});

describe('optim clipping', () => {
  for (const { maxNorm, normType, total, grads } of fixture.clips) {
    it(`clipGradNorm ${maxNorm} of order ${normType} as PyTorch`, () => {
      const params = parameters();
      setGradients(new optim.SGD(params), params, 0);
      const norm = optim.clipGradNorm(params, maxNorm, { normType: Number(normType) });
      assertClose(values(norm), [total], 1e-13, 'norm');
      params.forEach((param, i) => {
        assertClose(values(param.grad as Tensor), grads[i], 1e-13, `gradient ${i}`);
      });
    });
  }

  it('clipGradNorm without gradients is 0', () => {
    assert.equal(optim.clipGradNorm(parameters(), 1).itemSync(), 0);
    assert.throws(() => optim.clipGradNorm([], -1), ArgumentError);
  });

  it('scales a gradient that two parameters share once, and leaves the one that was read', () => {
    const [a, b] = [tensor([1, 1], { requiresGrad: true }), tensor([1, 1], { requiresGrad: true })];
    a.add(b)
      .mul(tensor([3, 4]))
      .sum()
      .backward();
    const read = a.grad as Tensor;
    const total = optim.clipGradNorm([a, b], 1).itemSync();
    const list = (x: Tensor | null) => Array.from((x as Tensor).dataSync(), Number);
    for (const parameter of [a, b]) {
      // 1e-6 is in the formula of the factor.
      list(parameter.grad).forEach((value, i) => {
        assert.ok(Math.abs(value - (3 + i) / Math.sqrt(50)) < 1e-6, `${value}`);
      });
    }
    assert.ok(Math.abs(total - Math.sqrt(50)) < 1e-5);
    assert.deepEqual(list(read), [3, 4]);
  });

  it('clipGradValue', () => {
    const params = parameters();
    setGradients(new optim.SGD(params), params, 0);
    optim.clipGradValue(params, 0.5);
    params.forEach((param, i) => {
      const expected = fixture.grads[0][i].map((g) => Math.min(0.5, Math.max(-0.5, g)));
      assert.deepEqual(values(param.grad as Tensor), expected);
    });
  });
});
