// The GPU: values and bits beside the CPU's, what goes between the two, failures that a kernel finds, and what is said where there is
// no GPU.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import {
  add,
  arange,
  bernoulli,
  compile,
  crossEntropy,
  cudaInfo,
  type DType,
  defaultDevice,
  device,
  dropout,
  eye,
  Generator,
  grad,
  io,
  linspace,
  manualSeed,
  memory,
  nn,
  noGrad,
  normal,
  optim,
  randperm,
  scatterAdd,
  setDefaultDevice,
  setMemoryLimit,
  synchronize,
  type Tensor,
  tensor,
  train,
  trim,
  uniform,
  zeros,
} from 'anneal';
import { bitsOf, differs, resultsOn } from './support/beside-cpu';
import { checkAll } from './support/check';
import { onCpuByDefault } from './support/default-device';
import { gpu, hasGpu } from './support/gpu';
import { samples } from './support/samples';

const fails = (fn: () => unknown, name: string, message: RegExp) =>
  assert.throws(fn, (error: Error) => {
    assert.equal(error.name, name);
    assert.match(error.message, message);
    return true;
  });

(hasGpu ? describe : describe.skip)('cuda', () => {
  onCpuByDefault();

  it('computes what the CPU computes', async () => {
    const x = tensor([1, 2], { device: 'cuda' });
    assert.equal(x.device, 'cuda:0');
    assert.deepEqual(await x.mul(2).data(), Float32Array.of(2, 4));
    assert.deepEqual(add(3, x).dataSync(), Float32Array.of(4, 5));
    const strided = arange(12, null, 1, { device: gpu }).reshape([3, 4]).transpose();
    assert.deepEqual(strided.dataSync(), arange(12).reshape([3, 4]).transpose().dataSync());
    assert.deepEqual(strided.to('cpu').dataSync(), strided.dataSync());
    assert.deepEqual(zeros([0, 2], { device: gpu }).sum().dataSync(), Float32Array.of(0));
  });

  it('runs every operator of the table, forward and backward, as the CPU does', function () {
    this.timeout(300_000);
    checkAll(
      samples.filter(({ op }) => op !== 'toDevice'),
      (sample) => {
        const other = resultsOn(gpu, sample);
        const astray = other.find((result) => result.device !== gpu);
        if (astray) return `a result is on ${astray.device}`;
        const expected = resultsOn('cpu', sample);
        for (const [i, result] of other.entries()) {
          const problem = differs(result, expected[i] as Tensor, sample.op);
          if (problem) return `result ${i}: ${problem}`;
        }
        return undefined;
      },
    );
  });

  it('has the bits of the CPU in every float32 formula', function () {
    this.timeout(60_000);
    const names = `exp log sqrt rsqrt sin cos erf relu elu sigmoid tanh gelu geluTanh silu softplus softsign square neg abs sign
      leakyRelu`;
    const values = (target: typeof gpu | 'cpu') => {
      const generator = new Generator(5);
      return normal([40_000], { generator }).mul(4).to(target);
    };
    const [a, b] = [values('cpu'), values(gpu)];
    const second = (target: 'cpu' | typeof gpu) =>
      uniform([40_000], { low: -3, high: 3, generator: new Generator(6) }).to(target);
    const [c, d] = [second('cpu'), second(gpu)];
    const unlike: string[] = [];
    const compare = (name: string, of: (x: Tensor, y: Tensor) => Tensor) => {
      if (bitsOf(of(a, c)) !== bitsOf(of(b, d))) unlike.push(name);
    };
    for (const name of names.split(/\s+/)) {
      const unary = (x: Tensor) => (x as unknown as Record<string, () => Tensor>)[name]?.() as Tensor;
      if (typeof (a as unknown as Record<string, unknown>)[name] !== 'function') continue;
      compare(name, unary);
      compare(`${name}, its gradient`, (x, y) => {
        const leaf = x.detach();
        leaf.requiresGrad = true;
        return (grad([unary(leaf)], [leaf], { gradOutputs: [y] }) as [Tensor])[0];
      });
    }
    for (const name of ['add', 'sub', 'mul', 'div', 'pow', 'maximum', 'minimum']) {
      compare(name, (x, y) => (x as unknown as Record<string, (y: Tensor) => Tensor>)[name]?.(y) as Tensor);
    }
    assert.deepEqual(unlike, []);
  });

  it('draws the same random numbers, and makes the same ranges', () => {
    const draws = (target: typeof gpu | 'cpu') => {
      const options = { device: target, generator: new Generator(11) };
      const made = [normal([1003], options), uniform([1003], options), bernoulli([1003], 0.3, options)];
      made.push(
        normal([501], { ...options, dtype: 'float64' }),
        uniform([77], { ...options, low: -4, high: 9, dtype: 'int32' }),
      );
      made.push(
        randperm(500, options),
        linspace(0, 1, 101, { device: target }),
        arange(0.1, 50, 0.3, { device: target }),
      );
      made.push(eye(7, 5, { device: target, dtype: 'int64' }));
      return made.map(bitsOf);
    };
    assert.deepEqual(draws(gpu), draws('cpu'));
    const masks = (target: typeof gpu | 'cpu') => {
      manualSeed(3);
      return bitsOf(dropout(normal([333], { generator: new Generator(1) }).to(target), 0.4));
    };
    assert.deepEqual(masks(gpu), masks('cpu'));
  });

  it('converts between all dtypes as the CPU does', () => {
    const dtypes: DType[] = ['bool', 'uint8', 'int32', 'int64', 'float32', 'float64'];
    const values = [0, 1, -1, 2.7, -2.7, 300, -300, 3e9, -3e9, 1e20, Number.NaN, Infinity, -Infinity];
    for (const from of dtypes) {
      for (const to of dtypes) {
        const cpu = tensor(values, { dtype: 'float64' }).to(from);
        assert.equal(bitsOf(cpu.to(gpu).to(to)), bitsOf(cpu.to(to)), `${from} to ${to}`);
      }
    }
  });

  it('copies any layout', () => {
    const x = normal([5, 33, 47], { generator: new Generator(2) });
    const y = x.to(gpu);
    for (const axes of [
      [0, 2, 1],
      [2, 1, 0],
      [1, 0, 2],
      [2, 0, 1],
    ]) {
      assert.equal(bitsOf(y.permute(axes).clone()), bitsOf(x.permute(axes).clone()));
    }
    const [a, b] = [x.slice(1, 1, 30, 3).slice(2, 2, 40), y.slice(1, 1, 30, 3).slice(2, 2, 40)];
    assert.equal(bitsOf(b), bitsOf(a));
  });

  it('sums, multiplies and normalises long and odd shapes', function () {
    this.timeout(120_000);
    for (const shape of [
      [3, 20_000],
      [20_000, 3],
      [7, 1025],
      [1, 1],
      [2, 3000, 5],
    ]) {
      const x = normal(shape, { generator: new Generator(4) });
      const y = x.to(gpu);
      const all: [string, (x: Tensor) => Tensor][] = [
        ['sum', (t) => t.sum([-1])],
        ['sum of columns', (t) => t.sum([0])],
        ['mean', (t) => t.mean()],
        ['max', (t) => t.max([0])],
        ['argmax', (t) => t.argmax(-1)],
        ['argmin', (t) => t.argmin(0)],
        ['variance', (t) => t.variance([0])],
        ['softmax', (t) => t.softmax(-1)],
        ['logSoftmax', (t) => t.logSoftmax(-1)],
        ['cumsum', (t) => t.cumsum(0)],
      ];
      for (const [name, of] of all) {
        assert.equal(differs(of(y), of(x), name === 'max' ? 'max' : 'sum'), undefined, `${name} of ${shape}`);
      }
    }
    for (const [m, k, n] of [
      [1, 300, 70],
      [3, 5000, 9],
      [70, 33, 65],
      [128, 64, 128],
      [40, 4100, 33],
      [5, 1, 5],
    ] as const) {
      const [a, b] = [normal([m, k], { generator: new Generator(1) }), normal([k, n], { generator: new Generator(2) })];
      const [c, d] = [a.to(gpu), b.to(gpu)];
      assert.equal(differs(c.matmul(d), a.matmul(b), 'matmul'), undefined, `${m} x ${k} x ${n}`);
      const transposed = d.transpose().matmul(c.transpose());
      assert.equal(differs(transposed, b.transpose().matmul(a.transpose()), 'matmul'), undefined);
      const whole = (x: Tensor) => x.mul(100).to('int32');
      assert.equal(bitsOf(whole(c).matmul(whole(d))), bitsOf(whole(a).matmul(whole(b))));
    }
  });

  // Few are compared with each other, more than 4096 are sorted; the last have digits beyond the first eight bits.
  for (const [count, rows, columns] of [
    [4000, 50, 7],
    [9001, 50, 3],
    [40_000, 7000, 2],
  ] as const) {
    it(`adds at ${count} indices in the order of the CPU`, () => {
      const index = uniform([count], { low: 0, high: rows, generator: new Generator(3), dtype: 'int64' });
      const weight = normal([rows, columns], { generator: new Generator(5) });
      const added = normal([count, columns], { generator: new Generator(9) });
      const places = uniform([count, columns], { low: 0, high: rows, generator: new Generator(4), dtype: 'int64' });
      const results = (target: typeof gpu | 'cpu') => {
        const leaf = weight.to(target).detach();
        leaf.requiresGrad = true;
        const options = { gradOutputs: [added.to(target)] };
        const [gradient] = grad([leaf.indexSelect(0, index.to(target))], [leaf], options) as [Tensor];
        // Along both dimensions, so that chains lie in columns and in rows.
        const each = places.to(target);
        const down = scatterAdd(leaf.detach(), 0, each, added.to(target));
        const across = scatterAdd(leaf.detach().transpose().clone(), 1, each.transpose(), added.to(target).transpose());
        return [gradient, down, across].map(bitsOf);
      };
      assert.deepEqual(results(gpu), results('cpu'));
    });
  }

  for (const compiled of [false, true]) {
    it(`trains a network ${compiled ? 'compiled' : 'eagerly'}`, async () => {
      const losses = async (target: typeof gpu | 'cpu') => {
        manualSeed(7);
        const model = new nn.Sequential(new nn.Linear(6, 16), new nn.GELU(), new nn.Dropout(0.2), new nn.Linear(16, 3));
        model.to(target);
        const x = normal([32, 6], { device: target });
        const labels = arange(32, null, 1, { dtype: 'int64' }).sub(arange(32).div(3).to('int64').mul(3)).to(target);
        const optimizer = new optim.Adam(model.parameters(), { lr: 0.05 });
        const step = (input: Tensor, classes: Tensor) => {
          optimizer.zeroGrad();
          const loss = crossEntropy(model.forward(input), classes);
          loss.backward();
          optimizer.step();
          return loss;
        };
        const run = compiled ? compile(step) : step;
        const list: number[] = [];
        for (let i = 0; i < 10; i++) list.push(await run(x, labels).item());
        assert.ok(model.parameters().every((parameter) => parameter.device === target));
        return list;
      };
      const [other, cpu] = [await losses(gpu), await losses('cpu')];
      assert.ok((other.at(-1) as number) < (other[0] as number));
      for (const [i, loss] of other.entries()) assert.ok(Math.abs(loss - (cpu[i] as number)) < 1e-4, `step ${i}`);
    });
  }

  it('tells of a bad index as the CPU does, and updates nothing from what is lost', async () => {
    const weight = normal([5, 2], { device: gpu, requiresGrad: true });
    const before = weight.dataSync();
    const optimizer = new optim.SGD([weight], { lr: 0.1 });
    const picked = weight.indexSelect(0, tensor([1, 9, 12], { dtype: 'int64', device: gpu }));
    picked.sum().backward();
    optimizer.step();
    const message = /\[\w+\] index 9 is outside \[0, 5\) at position 1/;
    await assert.rejects(picked.data(), message);
    assert.deepEqual(weight.dataSync(), before);
    assert.deepEqual(await tensor([1], { device: gpu }).mul(3).data(), Float32Array.of(3));
    const logits = zeros([2, 3], { device: gpu });
    const loss = crossEntropy(logits, tensor([0, 7], { dtype: 'int64', device: gpu }));
    await assert.rejects(loss.add(1).data(), /\[crossEntropy\] target 7 is outside \[0, 3\) at row 1/);
    await synchronize().catch(() => undefined);
  });

  it('has memory of its own, with a limit that can be caught', () => {
    // An allocation that fails has the garbage of other tests collected first, which would make room later.
    setMemoryLimit(1, gpu);
    fails(() => zeros([1], { device: gpu }), 'OutOfMemoryError', /cannot allocate/);
    setMemoryLimit(0, gpu);
    trim(gpu);
    const { live } = memory(gpu);
    const x = zeros([1000, 1000], { device: gpu });
    assert.ok(memory(gpu).live - live >= 4e6);
    setMemoryLimit(memory(gpu).live + 1e6, gpu);
    try {
      fails(() => zeros([1000, 1000], { device: gpu }), 'OutOfMemoryError', /cannot allocate 4000000 bytes/);
    } finally {
      setMemoryLimit(0, gpu);
    }
    x.dispose();
    assert.ok(memory(gpu).live <= live);
    fails(() => zeros([1 << 20, 1 << 12], { device: gpu }), 'OutOfMemoryError', /cannot allocate/);
  });

  it('does not mix with the CPU', () => {
    fails(
      () => tensor([1], { device: gpu }).add(tensor([1])),
      'DeviceError',
      /\[add\] 'b' is on cpu and 'a' on cuda:0; move one of them with \.to\('cuda:0'\)/,
    );
    fails(() => zeros([1], { device: 'cuda:7' }), 'DeviceError', /there is no device 'cuda:7' here, only cpu, cuda:0/);
  });

  it('is what tensors are made on where that is set', () => {
    const before = defaultDevice();
    setDefaultDevice('auto');
    try {
      assert.equal(defaultDevice(), 'cuda:0');
      assert.deepEqual(
        [tensor([1]), zeros([1]), normal([1]), new nn.Linear(1, 1).weight].map((made) => made.device),
        [gpu, gpu, gpu, gpu],
      );
    } finally {
      setDefaultDevice(before);
    }
    assert.equal(device('cuda'), 'cuda:0');
  });

  it('keeps gradients across a move', () => {
    const x = tensor([1, 2], { device: 'cpu', requiresGrad: true });
    const [gradient] = grad([x.to(gpu).square().sum()], [x]) as [Tensor];
    assert.equal(gradient.device, 'cpu');
    assert.deepEqual(gradient.dataSync(), Float32Array.of(2, 4));
    noGrad(() => x.assign(tensor([5, 6], { device: 'cpu' })));
  });
});

(hasGpu ? describe : describe.skip)('cuda beside the CPU', () => {
  onCpuByDefault();

  it('trains, evaluates and predicts where the model is, with data from the CPU', async () => {
    const x = normal([64, 4], { device: 'cpu', generator: new Generator(1) });
    const y = x.sum([1]).gt(0).to('int64');
    const run = async (target: 'cpu' | typeof gpu) => {
      manualSeed(1);
      const model = new nn.Sequential(new nn.Linear(4, 8), new nn.ReLU(), new nn.Linear(8, 2)).to(target);
      const trainer = new train.Trainer({
        model,
        loss: nn.crossEntropy,
        optimizer: new optim.Adam(model.parameters(), { lr: 0.05 }),
        metrics: { accuracy: train.accuracy() },
      });
      await trainer.fit([x, y], { epochs: 4, batchSize: 16, seed: 3 });
      const { loss } = await trainer.evaluate([x, y]);
      const predictions = await trainer.predict(x);
      assert.equal(predictions.device, target);
      return { loss, first: Array.from((await predictions.slice(0, 0, 4).data()) as Float32Array) };
    };
    const [other, cpu] = [await run(gpu), await run('cpu')];
    assert.ok(Math.abs(other.loss - cpu.loss) < 1e-3, `${other.loss} and ${cpu.loss}`);
    for (const [i, value] of other.first.entries()) assert.ok(Math.abs(value - (cpu.first[i] as number)) < 1e-2);
  });

  it('saves from a GPU, and loads to one', async () => {
    const weight = normal([3, 5], { device: gpu, generator: new Generator(2) });
    const bytes = await io.serialize({ weight });
    const { weight: loaded } = (await io.deserialize(bytes, { device: gpu })) as { weight: Tensor };
    assert.equal(loaded.device, gpu);
    assert.equal(bitsOf(loaded), bitsOf(weight));
  });
});

/** What a program says that asks for a GPU in an environment. */
function askFor(env: Record<string, string>): string {
  const program =
    "import('anneal').then((a) => a.zeros([1], { device: 'cuda' })).catch((e) => console.log(e.name, e.message))";
  const child = spawnSync(process.execPath, ['-e', program], {
    cwd: join(__dirname, '..'),
    env: { ...process.env, ANNEAL_DEVICE: '', ...env },
    encoding: 'utf8',
  });
  return child.stdout + child.stderr;
}

describe('cuda where there is no GPU', () => {
  it('says that the library is missing', () => {
    const said = askFor({ ANNEAL_CUDA_LIBRARY: '/nowhere/libanneal_cuda.so' });
    assert.match(
      said,
      /DeviceError \[full\] there is no device 'cuda' here, only cpu: the library with the GPU kernels/,
    );
    assert.match(said, /\/nowhere\/libanneal_cuda\.so/);
  });

  (hasGpu && cudaInfo().emulated ? it : it.skip)(
    'says that the driver is missing or old, or that there is no device',
    () => {
      assert.match(askFor({ ANNEAL_EMULATION_DRIVER: '0' }), /only cpu: NVIDIA's driver is not installed/);
      assert.match(askFor({ ANNEAL_EMULATION_DRIVER: '12040' }), /only cpu: NVIDIA's driver is for CUDA 12\.4/);
      assert.match(askFor({ ANNEAL_EMULATION_DEVICES: '0' }), /only cpu: NVIDIA's driver finds no GPU/);
    },
  );

  it("takes the CPU for 'auto', and says so once", () => {
    const program =
      "import('anneal').then((a) => { console.log(a.device('auto'), a.device('auto'), a.defaultDevice()) })";
    const { stdout, stderr } = spawnSync(process.execPath, ['-e', program], {
      cwd: join(__dirname, '..'),
      env: { ...process.env, ANNEAL_DEVICE: '', ANNEAL_CUDA_LIBRARY: '/nowhere/libanneal_cuda.so' },
      encoding: 'utf8',
    });
    assert.equal(stdout, 'cpu cpu cpu\n');
    assert.equal(stderr.match(/there is no GPU to use, so 'auto' is the CPU/g)?.length, 1);
  });
});
