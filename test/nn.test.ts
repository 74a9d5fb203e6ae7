// nn: the module tree, its state, modes, summary and error paths.
import assert from 'node:assert/strict';
import { inspect } from 'node:util';
import { ArgumentError, nn, ShapeError, scope, type Tensor, tensor, zeros } from 'anneal';

class Block extends nn.Module {
  fc1 = new nn.Linear(4, 8);
  fc2 = new nn.Linear(8, 4);
  forward(x: Tensor): Tensor {
    return this.fc2.forward(this.fc1.forward(x).relu()).add(x);
  }
}

class Network extends nn.Module {
  blocks = [new Block(), new Block()];
  scale = new nn.Parameter(tensor([2]));
  steps = this.registerBuffer('steps', tensor([0]));
  head = new nn.Sequential(new nn.Linear(4, 3), new nn.Dropout(0.5), new nn.LogSoftmax());
  label = 'not a module';
  forward(x: Tensor): Tensor {
    for (const block of this.blocks) x = block.forward(x);
    return this.head.forward(x.mul(this.scale));
  }
}

const PARAMETERS = [
  'scale',
  'blocks.0.fc1.weight',
  'blocks.0.fc1.bias',
  'blocks.0.fc2.weight',
  'blocks.0.fc2.bias',
  'blocks.1.fc1.weight',
  'blocks.1.fc1.bias',
  'blocks.1.fc2.weight',
  'blocks.1.fc2.bias',
  'head.0.weight',
  'head.0.bias',
];

const values = (x: Tensor): number[] => Array.from(x.dataSync(), Number);
const names = (entries: [string, unknown][]): string[] => entries.map(([name]) => name);

describe('nn.Module', () => {
  it('finds parameters, buffers and modules by walking its fields', () => {
    const model = new Network();
    assert.deepEqual(names(model.namedParameters()), PARAMETERS);
    assert.deepEqual(names(model.namedBuffers()), ['steps']);
    assert.deepEqual(names(model.namedChildren()), ['blocks.0', 'blocks.1', 'head']);
    assert.equal(model.modules().length, 11);
    assert.equal(model.namedModules()[0]?.[0], '');
    assert.ok(model.parameters().every((parameter) => parameter.requiresGrad && parameter.isLeaf));
  });

  it('counts shared parameters once and survives cycles', () => {
    class Tied extends nn.Module {
      first = new nn.Linear(3, 3);
      second = new nn.Linear(3, 3);
      parent: nn.Module = this;
      constructor() {
        super();
        this.second.weight = this.first.weight;
      }
      forward(x: Tensor): Tensor {
        return this.second.forward(this.first.forward(x));
      }
    }
    const model = new Tied();
    assert.deepEqual(names(model.namedParameters()), ['first.weight', 'first.bias', 'second.bias']);
    const state = model.stateDict();
    assert.deepEqual(Object.keys(state), ['first.weight', 'first.bias', 'second.weight', 'second.bias']);
    delete state['first.weight'];
    assert.deepEqual(model.loadStateDict(state), { missing: [], unexpected: [] });
  });

  it('sets modes everywhere and applies inner modules first', () => {
    const model = new Network();
    assert.equal(model.eval(), model);
    assert.ok(model.modules().every((module) => !module.training));
    model.train();
    assert.ok(model.modules().every((module) => module.training));
    const seen: nn.Module[] = [];
    model.apply((module) => seen.push(module));
    assert.equal(seen.at(-1), model);
    assert.ok(seen.indexOf(model.head.at(0)) < seen.indexOf(model.head));
  });

  it('fills and forgets gradients', () => {
    const model = new Network().eval();
    model
      .forward(zeros([2, 4]))
      .sum()
      .backward();
    assert.ok(model.parameters().every((parameter) => parameter.grad !== null));
    model.zeroGrad();
    assert.ok(model.parameters().every((parameter) => parameter.grad === null));
  });

  it('refuses bad buffer names', () => {
    const model = new Network();
    for (const name of ['', 'a.b', 'steps']) assert.throws(() => model.registerBuffer(name, zeros([1])), ArgumentError);
  });

  it('converts dtypes in place', () => {
    const model = new Network();
    const before = values(model.head.stateDict()['0.weight'] as Tensor);
    const { scale } = model;
    model.to('float64');
    assert.ok([...model.parameters(), ...model.buffers()].every((x) => x.dtype === 'float64'));
    assert.equal(model.scale, scale);
    assert.ok(scale.requiresGrad);
    assert.deepEqual(values(model.head.stateDict()['0.weight'] as Tensor), before);
    assert.equal(model.eval().forward(zeros([1, 4], { dtype: 'float64' })).dtype, 'float64');
    assert.throws(() => model.to('int32'), ArgumentError);
  });

  it('prints its structure', () => {
    const text = inspect(new nn.Sequential(new nn.Linear(2, 3, { bias: false }), new nn.ReLU()));
    assert.equal(text, 'Sequential(\n  (0): Linear(2, 3, bias=false)\n  (1): ReLU()\n)');
  });
});

describe('nn state', () => {
  it('goes from one model to another', () => {
    const [a, b] = [new Network().eval(), new Network().eval()];
    const x = tensor([[1, -2, 3, 0.5]]);
    assert.notDeepEqual(values(a.forward(x)), values(b.forward(x)));
    b.loadStateDict(a.stateDict());
    assert.deepEqual(values(a.forward(x)), values(b.forward(x)));
  });

  it('shares storage with the model', () => {
    const model = new nn.Linear(2, 1);
    const state = model.stateDict();
    nn.init.constant(model.weight, 5);
    assert.deepEqual(values(state.weight as Tensor), [5, 5]);
    assert.equal(state.weight?.requiresGrad, false);
  });

  it('lists everything that is wrong and changes nothing', () => {
    const model = new Network();
    const before = Object.fromEntries(Object.entries(model.stateDict()).map(([name, x]) => [name, values(x)]));
    const state = Object.fromEntries(Object.entries(model.stateDict()).map(([name, x]) => [name, zeros(x.shape)]));
    delete state.scale;
    delete state['head.0.bias'];
    state['blocks.0.fc1.weight'] = zeros([4, 8]);
    state.extra = zeros([1]);
    assert.throws(
      () => model.loadStateDict(state),
      (error: Error) => {
        assert.ok(error instanceof ArgumentError);
        for (const part of [
          'Network',
          'missing: scale, head.0.bias',
          'unexpected: extra',
          'blocks.0.fc1.weight is [4, 8], expected [8, 4]',
        ]) {
          assert.ok(error.message.includes(part), `${part} in ${error.message}`);
        }
        return true;
      },
    );
    for (const [name, x] of Object.entries(model.stateDict())) assert.deepEqual(values(x), before[name], name);
    assert.throws(() => model.loadStateDict(state, { strict: false }), /expected \[8, 4\]/);
    delete state['blocks.0.fc1.weight'];
    assert.deepEqual(model.loadStateDict(state, { strict: false }), {
      missing: ['scale', 'blocks.0.fc1.weight', 'head.0.bias'],
      unexpected: ['extra'],
    });
    assert.deepEqual(values(model.head.stateDict()['0.weight'] as Tensor), Array(12).fill(0));
  });

  it('converts dtypes while loading', () => {
    const model = new nn.Linear(1, 1);
    model.loadStateDict({ weight: tensor([[2.5]], { dtype: 'float64' }), bias: tensor([3], { dtype: 'int32' }) });
    assert.deepEqual([values(model.weight), model.weight.dtype], [[2.5], 'float32']);
  });
});

describe('nn errors', () => {
  it('carry the path of the module', () => {
    const model = new Network();
    assert.throws(
      () => model.forward(zeros([2, 5])),
      (error: Error) => error instanceof ShapeError && error.message.startsWith('[blocks.0.fc1] ['),
    );
    model.blocks[1]?.fc2.loadStateDict({ weight: zeros([4, 8]), bias: zeros([4]) });
    (model.blocks[1] as Block).fc2 = new nn.Linear(9, 4);
    assert.throws(
      () => model.forward(zeros([2, 4])),
      (error: Error) =>
        error.message.startsWith('[blocks.1.fc2] [') && (error.stack?.includes('[blocks.1.fc2]') ?? false),
    );
  });

  it('are left alone at the root and without a module', () => {
    assert.throws(
      () => new nn.Linear(3, 3).forward(zeros([2, 5])),
      (error: Error) => error.message.startsWith('[linear]'),
    );
    assert.throws(() => new nn.ModuleList([]).forward(), ArgumentError);
  });

  it('come at construction for bad options', () => {
    assert.throws(() => new nn.Linear(0, 3), /\[Linear\] expected a positive integer for inFeatures, received 0/);
    assert.throws(() => new nn.Linear(3, 1.5), ArgumentError);
    assert.throws(() => new nn.Dropout(1.5), ArgumentError);
    assert.throws(() => new nn.Sequential(3 as unknown as nn.Layer), ArgumentError);
    assert.throws(() => new nn.Sequential().at(0), ArgumentError);
  });
});

describe('nn.summary', () => {
  it('shows layers, shapes and counts, and leaves modes alone', () => {
    const model = new Network();
    (model.blocks[0] as Block).eval();
    const lines = model.summary([7, 4]).split('\n');
    const row = (type: string): string[] => (lines.find((line) => line.includes(type)) ?? '').trim().split(/ {2,}/);
    assert.deepEqual(lines[0]?.split(/ {2,}/), ['Layer', 'Type', 'Output shape', 'Parameters']);
    assert.deepEqual(row('Network'), ['(model)', 'Network', '[7, 3]', '1']);
    assert.deepEqual(row('Block'), ['blocks.0', 'Block', '[7, 4]', '-']);
    assert.deepEqual(row('Linear'), ['fc1', 'Linear', '[7, 8]', '40']);
    assert.equal(lines.at(-1), '168 parameters, 168 trainable');
    assert.equal(model.head.training, true);
    assert.equal(model.blocks[0]?.training, false);
    assert.ok(!new Network().summary().includes('shape'));
  });
});

describe('nn.Module in a scope', () => {
  it('keeps its parameters and buffers', () => {
    const model = scope(() => new Network());
    assert.equal(model.steps.isDisposed, false);
    assert.deepEqual(values(model.steps), [0]);
    assert.deepEqual(model.forward(zeros([1, 4])).shape, [1, 3]);
  });

  it('loads a Map as well', () => {
    const [from, to] = [new Network(), new Network()];
    to.loadStateDict(new Map(Object.entries(from.stateDict())));
    assert.deepEqual(
      values(to.head.at(0).parameters()[0] as Tensor),
      values(from.head.at(0).parameters()[0] as Tensor),
    );
  });
});
