// Mistakes around modules, and what they are told: errors name the layer once, and what a module will not learn is said.
import assert from 'node:assert/strict';
import { ArgumentError, DTypeError, nn, optim, ShapeError, scope, type Tensor, tensor, zeros } from 'anneal';
import { warningsOf } from './support/warnings';

describe('the path in errors of a forward', () => {
  class Inner extends nn.Module {
    fc = new nn.Linear(3, 2);
    forward(x: Tensor): Tensor {
      return this.fc.forward(x);
    }
  }
  const thrownBy = (fn: () => unknown): Error => {
    try {
      fn();
    } catch (error) {
      return error as Error;
    }
    throw new Error('nothing was thrown');
  };

  it('stands once, in the message and in the stack, however deep', () => {
    const rule = '[linear] the last dimension of the input [1, 2] is not the 3 that the weight [2, 3] takes';
    let model: nn.Layer = new Inner();
    let path = 'fc';
    for (let depth = 0; depth < 4; depth++) {
      const error = thrownBy(() => model.forward(zeros([1, 2])));
      assert.ok(error instanceof ShapeError);
      const message = depth === 0 ? `[fc] ${rule}` : `[${path}] ${rule}`;
      assert.equal(error.message, message);
      assert.equal(error.stack?.split('\n')[0], `ShapeError: ${message}`);
      assert.match(error.stack as string, /\n {4}at Inner\.forward/);
      model = new nn.Sequential(new nn.ReLU(), model);
      path = `1.${path}`;
    }
  });

  it('stands once in errors whose stack somebody has read on the way', () => {
    class Reading extends Inner {
      override forward(x: Tensor): Tensor {
        try {
          return super.forward(x);
        } catch (error) {
          assert.ok((error as Error).stack);
          throw error;
        }
      }
    }
    const error = thrownBy(() => new nn.Sequential(new Reading()).forward(zeros([1, 2])));
    assert.match(error.stack as string, /^ShapeError: \[0\.fc\] \[linear\]/);
  });

  it('leaves errors alone that cannot be changed', () => {
    for (const thrown of [Object.freeze(new RangeError('frozen')), 'text', undefined]) {
      class Throwing extends nn.Module {
        forward(): Tensor {
          throw thrown;
        }
      }
      let caught: unknown = 'nothing';
      try {
        new nn.Sequential(new Throwing()).forward(zeros([1]));
      } catch (error) {
        caught = error;
      }
      assert.equal(caught, thrown);
    }
  });
});

describe('fields that a module does not learn', () => {
  it('are told once, with the name of the field', async () => {
    class Plain extends nn.Module {
      scale = zeros([2], { requiresGrad: true });
      forward(x: Tensor): Tensor {
        return x.mul(this.scale);
      }
    }
    const seen = await warningsOf(() => {
      for (let i = 0; i < 3; i++) new Plain().parameters();
      new optim.SGD(new nn.Sequential(new Plain(), new nn.Linear(2, 2)).parameters());
    });
    assert.equal(seen.length, 1);
    assert.equal(seen[0].code, 'ANNEAL_STRAY_TENSOR');
    assert.match(seen[0].message, /^field 'scale' of Plain is a tensor that requires gradients but no parameter/);
  });

  it('are told in maps, sets and objects', async () => {
    class Mapped extends nn.Module {
      map = new Map([['a', new nn.ReLU()]]);
      set = new Set([new nn.Parameter(zeros([1]))]);
      record = { a: new nn.Linear(1, 1) };
      list = [[zeros([1], { requiresGrad: true })]];
      forward(): void {}
    }
    const seen = await warningsOf(() => new Mapped().parameters());
    const told = seen.map(({ code, message }) => `${code} ${/'.*?'/.exec(message)}`);
    assert.deepEqual(told, [
      "ANNEAL_STRAY_MODULE 'map'",
      "ANNEAL_STRAY_MODULE 'set'",
      "ANNEAL_STRAY_MODULE 'record'",
      "ANNEAL_STRAY_TENSOR 'list.0.0'",
    ]);
  });

  it('are not told where nothing is amiss', async () => {
    class Fine extends nn.Module {
      fc = new nn.Linear(1, 1);
      frozen = new nn.Parameter(zeros([1]), { requiresGrad: false });
      mean = this.registerBuffer('mean', zeros([1]));
      constant = zeros([3]);
      result = new nn.Parameter(zeros([1])).mul(2);
      gone = zeros([1], { requiresGrad: true });
      options = { size: 3, names: ['a'] };
      seen = new Map([['a', zeros([1])]]);
      nothing = null;
      forward(): void {}
    }
    const model = new Fine();
    model.gone.dispose();
    assert.deepEqual(await warningsOf(() => model.parameters()), []);
    assert.deepEqual(
      model.namedParameters().map(([name]) => name),
      ['frozen', 'fc.weight', 'fc.bias'],
    );
  });
});

describe('messages that name the mistake', () => {
  const refused = (fn: () => unknown, message: RegExp, kind: new (message: string) => Error = ArgumentError) =>
    assert.throws(fn, (e: Error) => e instanceof kind && message.test(e.message));

  it('of containers, states and optimizers', () => {
    scope(() => {
      const layers = [new nn.Linear(1, 1)];
      refused(() => new nn.Sequential(layers as never), /argument 0, received array: give the modules one by one/);
      refused(() => new nn.Sequential(nn.ReLU as never), /argument 0, received function/);
      refused(() => new nn.Sequential(tensor([1]) as never), /argument 0, received Tensor/);
      const model = new nn.Linear(1, 1);
      refused(() => model.loadStateDict(model as never), /expected tensors by name, received Linear/);
      refused(() => model.loadStateDict('a.safetensors' as never), /received string 'a\.safetensors'/);
      refused(
        () => model.loadStateDict({ weight: [[1]], bias: 0 } as never),
        /weight is no tensor but array; bias is no tensor but number 0/,
      );
      refused(() => model.registerBuffer('b', [1] as never), /expected a tensor for 'b', received array/);
      refused(() => new optim.SGD(model as never), /\[SGD\] expected parameters, received Linear/);
      refused(() => new optim.SGD([[1]] as never), /received array/);
      refused(() => tensor([1.5]).to('float16' as never), /float16/, DTypeError);
    });
  });
});
