// A device is a value: tensors, modules, optimizers and compiled steps on a second one, and what is said where two meet.
import assert from 'node:assert/strict';
import {
  add,
  arange,
  compile,
  concat,
  crossEntropy,
  type Device,
  devices,
  Generator,
  grad,
  linear,
  manualSeed,
  memory,
  nn,
  noGrad,
  normal,
  ones,
  optim,
  type Tensor,
  tensor,
  zeros,
  zerosLike,
} from 'anneal';
import { checkAll } from './support/check';
import { onCpuByDefault } from './support/default-device';
import { fakeDevice } from './support/fake-device';
import { floatingOf, makeCotangents, makeInputs, runSample, samples } from './support/samples';

const device = fakeDevice();

function network(): nn.Sequential {
  manualSeed(7);
  return new nn.Sequential(new nn.Linear(6, 16), new nn.GELU(), new nn.Dropout(0.2), new nn.Linear(16, 3));
}

/** Ten steps of training on a device: the losses, and the parameters at the end. */
async function train(target: Device, compiled: boolean, Optimizer: typeof optim.SGD | typeof optim.Adam) {
  const model = network().to(target);
  manualSeed(11);
  const x = normal([32, 6], { device: target });
  const labels = arange(32).mul(5).to('int64').sub(arange(32).mul(5).div(3).to('int64').mul(3)).to(target);
  const optimizer = new Optimizer(model.parameters(), { lr: 0.05 });
  const step = (input: Tensor, target: Tensor) => {
    optimizer.zeroGrad();
    const loss = crossEntropy(model.forward(input), target);
    loss.backward();
    optimizer.step();
    return loss;
  };
  const run = compiled ? compile(step) : step;
  const losses: number[] = [];
  for (let i = 0; i < 10; i++) losses.push(await run(x, labels).item());
  assert.ok(model.parameters().every((parameter) => parameter.device === target));
  return { losses, parameters: await Promise.all(model.parameters().map((parameter) => parameter.data())) };
}

describe('devices', () => {
  onCpuByDefault();

  it('are listed', () => {
    assert.deepEqual(
      devices().filter((name) => !name.startsWith('cuda')),
      ['cpu', 'fake'],
    );
    assert.equal(tensor([1]).device, 'cpu');
  });

  it('hold tensors, which move between them', async () => {
    const x = tensor([1, 2, 3], { device });
    assert.equal(x.device, device);
    assert.deepEqual(await x.mul(2).data(), Float32Array.of(2, 4, 6));
    const sum = add(2, x);
    assert.equal(sum.device, device);
    assert.deepEqual(sum.dataSync(), Float32Array.of(3, 4, 5));
    assert.deepEqual([x.to('cpu').device, x.to('int32').device, x.to(device).device], ['cpu', device, device]);
    assert.deepEqual(x.to('cpu').dataSync(), Float32Array.of(1, 2, 3));
    const strided = arange(6).reshape([2, 3]).transpose();
    assert.deepEqual(strided.to(device).dataSync(), strided.dataSync());
    assert.deepEqual(zeros([0, 2]).to(device).shape, [0, 2]);
  });

  it('have the functions that make tensors', () => {
    const like = tensor([1], { device });
    for (const made of [
      zeros([2], { device }),
      ones([0], { device }),
      arange(3, null, 1, { device }),
      zerosLike(like),
    ]) {
      assert.equal(made.device, device);
    }
    const numbers = (target: Device) => normal([5], { device: target, generator: new Generator(3) }).dataSync();
    assert.deepEqual(numbers(device), numbers('cpu'));
  });

  it('have memory of their own', () => {
    const [cpu, other] = [memory().live, memory(device).live];
    const x = zeros([1000], { device });
    assert.ok(memory(device).live - other >= 4000);
    assert.equal(memory().live, cpu);
    x.dispose();
    assert.equal(memory(device).live, other);
  });

  it('differentiate across a move', () => {
    const x = tensor([1, 2], { requiresGrad: true });
    const [gradient] = grad([x.to(device).square().sum()], [x]) as [Tensor];
    assert.equal(gradient.device, 'cpu');
    assert.deepEqual(gradient.dataSync(), Float32Array.of(2, 4));
  });

  for (const [name, Optimizer] of [
    ['SGD', optim.SGD],
    ['Adam', optim.Adam],
  ] as const) {
    for (const compiled of [false, true]) {
      it(`train a network ${compiled ? 'compiled' : 'eagerly'} with ${name}, with the bits of the CPU`, async () => {
        const cpu = await train('cpu', compiled, Optimizer);
        const other = await train(device, compiled, Optimizer);
        assert.ok((other.losses.at(-1) as number) < (other.losses[0] as number));
        assert.deepEqual(other, cpu);
      });
    }
  }

  for (const compiled of [false, true]) {
    it(`are followed by an optimizer's states, ${compiled ? 'compiled' : 'eagerly'}`, async () => {
      const run = async (...places: Device[]) => {
        const model = network();
        manualSeed(11);
        const x = normal([32, 6]);
        const labels = arange(32).div(11).to('int64');
        const optimizer = new optim.Adam(model.parameters(), { lr: 0.05, amsgrad: true });
        const step = (input: Tensor, target: Tensor) => {
          optimizer.zeroGrad();
          const loss = crossEntropy(model.forward(input), target);
          loss.backward();
          optimizer.step();
          return loss;
        };
        const call = compiled ? compile(step) : step;
        const losses: number[] = [];
        for (const place of places) {
          model.to(place);
          for (let i = 0; i < 3; i++) losses.push(await call(x.to(place), labels.to(place)).item());
        }
        const { steps, tensors } = optimizer.stateDict();
        assert.deepEqual(new Set(Object.values(tensors).map((state) => state.device)), new Set(places.slice(-1)));
        // What is loaded comes to where the parameters are.
        const loaded = new optim.Adam(model.to('cpu').parameters(), { lr: 0.05, amsgrad: true });
        loaded.loadStateDict(optimizer.stateDict());
        const states = Object.values(loaded.stateDict().tensors);
        assert.ok(states.every((state) => state.device === 'cpu'));
        return { losses, steps, states: await Promise.all(states.map((state) => state.data())) };
      };
      assert.deepEqual(await run('cpu', device, 'cpu', device), await run('cpu', 'cpu', 'cpu', 'cpu'));
    });
  }

  it('run every operator of the table, forward and backward, with the bits of the CPU', function () {
    this.timeout(60_000);
    const list = samples.filter(({ inputs, op }) => inputs.length > 0 && op !== 'toDevice');
    checkAll(list, (sample) => {
      const results = (target: Device) => {
        const inputs = makeInputs(sample).map((input, i) => {
          const moved = noGrad(() => input.clone().to(target));
          moved.requiresGrad = sample.grad?.includes(i) ?? false;
          return moved;
        });
        const outputs = runSample(sample, inputs);
        if (!sample.grad) return outputs;
        const gradOutputs = makeCotangents(outputs);
        const sources = sample.grad.map((i) => inputs[i] as Tensor);
        const gradients = grad(floatingOf(outputs), sources, { gradOutputs, allowUnused: true });
        return [...outputs, ...gradients].flatMap((result) => (result ? [result] : []));
      };
      const other = results(device);
      const astray = other.find((result) => result.device !== device);
      if (astray) return `a result is on ${astray.device}`;
      const bits = (list: Tensor[]) => list.map((result) => Buffer.from(result.dataSync().buffer).toString('hex'));
      return bits(other).join() === bits(results('cpu')).join() ? undefined : 'differs from the CPU';
    });
  });

  it('are moved to by a module, which keeps its parameters, and loaded into from another', () => {
    const model = network();
    const parameters = model.parameters();
    const before = parameters.map((parameter) => parameter.dataSync());
    assert.equal(model.to(device), model);
    assert.deepEqual(model.parameters(), parameters);
    assert.ok(parameters.every((parameter) => parameter.requiresGrad && parameter.device === device));
    assert.deepEqual(
      parameters.map((parameter) => parameter.dataSync()),
      before,
    );
    model.loadStateDict(
      new nn.Sequential(new nn.Linear(6, 16), new nn.GELU(), new nn.Dropout(), new nn.Linear(16, 3)).stateDict(),
    );
    assert.ok(parameters.every((parameter) => parameter.device === device));
  });

  it('do not mix: the error names the operator, the arguments, and what mends it', () => {
    const a = tensor([1, 2], { requiresGrad: true });
    const b = tensor([3, 4], { device });
    const refused = (fn: () => unknown, message: string) =>
      assert.throws(fn, (error: Error & { code: string }) => {
        assert.deepEqual([error.name, error.message], ['DeviceError', message]);
        return true;
      });
    refused(() => add(a, b), "[add] 'b' is on fake and 'a' on cpu; move one of them with .to('cpu')");
    refused(
      () => concat([b, a]),
      "[concat] 'tensors[1]' is on cpu and 'tensors[0]' on fake; move one of them with .to('fake')",
    );
    refused(
      () => linear(ones([2, 2]), ones([2, 2]), b),
      "[linear] 'bias' is on fake and 'x' on cpu; move one of them with .to('cpu')",
    );
    refused(() => {
      a.grad = b;
    }, "[grad] a gradient on fake is given for a tensor on cpu; move it with .to('cpu')");
    refused(
      () => a.mul(2).backward(b),
      "[backward] a gradient on fake is given for a tensor on cpu; move it with .to('cpu')",
    );
    assert.throws(
      () => zeros([1], { device: 'cuda:9' }),
      /\[full\] there is no device 'cuda:9' here, only cpu, .*fake/,
    );
    assert.throws(() => a.to('cuda:9'), /\[to\] there is no device 'cuda:9' here, only cpu, .*fake/);
    assert.throws(() => network().to('cuda:9'), /\[to\] there is no device 'cuda:9' here/);
    assert.throws(() => memory('cuda:9'), /\[memory\] there is no device 'cuda:9' here/);
    refused(
      () => compile((x: Tensor, y: Tensor) => [x.sum(), y.sum()])(a, b),
      '[compile] a function is compiled for one device, and uses tensors on cpu and on fake',
    );
    refused(
      () => compile((x: Tensor) => x.to(device))(a),
      '[toDevice] a compiled function cannot move tensors between devices',
    );
  });
});
