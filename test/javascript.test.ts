// What JavaScript itself does with tensors: its operators, copies to other threads, JSON, printing.
import assert from 'node:assert/strict';
import { inspect } from 'node:util';
import { deserialize, serialize } from 'node:v8';
import { Worker } from 'node:worker_threads';
import { ArgumentError, arange, eye, nn, optim, scope, type Tensor, tensor, zeros } from 'anneal';
import { expectNoLeaks } from './live-tensors';

describe("JavaScript's operators on tensors", () => {
  expectNoLeaks();

  const uses: Record<string, (x: never) => unknown> = {
    'x > 0.1': (x) => x > 0.1,
    '0.1 <= x': (x) => 0.1 <= x,
    'x + 1': (x) => x + 1,
    'x - 1': (x) => x - 1,
    '1 * x': (x) => 1 * x,
    'x ** 2': (x) => (x as number) ** 2,
    '+x': (x) => +x,
    '-x': (x) => -x,
    'Number(x)': (x) => Number(x),
    // biome-ignore lint/suspicious/noDoubleEquals: what is tested
    'x == 1': (x) => x == 1,
    'Math.sqrt(x)': (x) => Math.sqrt(x),
    'isNaN(x)': (x) => Number.isNaN(Number(x)),
    'x += 1': (x) => {
      let y: number = x;
      y += 1;
      return y;
    },
    // biome-ignore lint/style/useTemplate: what is tested
    "'loss: ' + x": (x) => 'loss: ' + x,
  };
  for (const [name, use] of Object.entries(uses)) {
    it(`${name} says how to read the number`, () => {
      using x = tensor(0.5);
      assert.throws(
        () => use(x as never),
        (error: unknown) => error instanceof ArgumentError && /await loss\.item\(\) > 0\.1/.test(error.message),
      );
    });
  }

  it('text is made where text is wanted', () => {
    using x = tensor([0.5, 1.25]);
    assert.equal(`${x}`, 'tensor([0.5000, 1.2500])');
    assert.equal(String(x), 'tensor([0.5000, 1.2500])');
    assert.equal([x, 'a'].join(' '), 'tensor([0.5000, 1.2500]) a');
    assert.ok(x !== null && x);
  });

  it('a disposed tensor is still text', () => {
    const x = tensor(1);
    x.dispose();
    assert.equal(`${x}`, 'tensor(disposed)');
    assert.throws(() => +(x as never), ArgumentError);
  });
});

describe('copies of tensors to other threads', () => {
  expectNoLeaks();

  const refuses = (copy: () => unknown) =>
    assert.throws(copy, (error: Error) => /a tensor, whose thread alone can use it; send what/.test(error.message));

  it('are refused, also inside of other things', () => {
    using x = tensor([1, 2]);
    const model = scope(() => new nn.Linear(2, 2));
    const state = model.stateDict();
    const optimizer = new optim.SGD(model.parameters(), { lr: 0.1 });
    const { port1 } = new MessageChannel();
    for (const value of [x, { x }, [[x]], new Map([['x', x]]), model, state, optimizer]) {
      refuses(() => structuredClone(value));
      refuses(() => port1.postMessage(value));
      refuses(() => serialize(value));
    }
    port1.close();
    for (const y of [...model.parameters(), ...Object.values(state)]) y.dispose();
  });

  it('are refused as data of a worker', () => {
    using x = tensor([1]);
    refuses(() => new Worker('', { eval: true, workerData: x }));
  });

  it('are made of what data() gives', async () => {
    using x = tensor([1, 2]);
    assert.deepEqual(structuredClone(await x.data()), Float32Array.of(1, 2));
    assert.deepEqual(deserialize(serialize(await x.data())), Float32Array.of(1, 2));
  });
});

describe('JSON of tensors', () => {
  expectNoLeaks();

  const rebuilt = (x: Tensor): Tensor => {
    const { shape, dtype, data } = JSON.parse(JSON.stringify(x)) as ReturnType<Tensor['toJSON']>;
    const values = dtype === 'int64' ? BigInt64Array.from(data, BigInt) : Float64Array.from(data, Number);
    return tensor(values, { shape, dtype });
  };

  it('holds every number exactly', () => {
    scope(() => {
      const samples = [
        tensor([0.1, 1 / 3, 3.4028234663852886e38, 1.401298464324817e-45, -0, Infinity, -Infinity, NaN]),
        tensor([0.1, Number.MAX_VALUE, Number.MIN_VALUE, -0, -Infinity, NaN], { dtype: 'float64' }),
        tensor([0n, 2n ** 53n, 2n ** 53n + 1n, -(2n ** 53n) - 1n, 2n ** 63n - 1n, -(2n ** 63n)]),
        tensor([[-(2 ** 31)], [2 ** 31 - 1]], { dtype: 'int32' }),
        tensor([0, 255], { dtype: 'uint8' }),
        tensor([true, false]),
        zeros([2, 0, 3]),
        tensor(7),
      ];
      for (const x of samples) {
        const y = rebuilt(x);
        assert.equal(y.dtype, x.dtype);
        assert.deepEqual(y.shape, x.shape);
        assert.deepEqual(y.dataSync(), x.dataSync()); // tells -0 from 0
      }
    });
  });

  it('keeps numbers where JSON has them', () => {
    using x = tensor([[1.5, 2]]);
    assert.equal(JSON.stringify({ x }), '{"x":{"shape":[1,2],"dtype":"float32","data":[1.5,2]}}');
    using n = tensor([3n, 2n ** 60n]);
    assert.equal(JSON.stringify(n), '{"shape":[2],"dtype":"int64","data":[3,"1152921504606846976"]}');
    using special = tensor([NaN, Infinity, -Infinity, -0]);
    assert.deepEqual(special.toJSON().data, ['NaN', 'Infinity', '-Infinity', '-0']);
  });
});

describe('printing of tensors of many dimensions', () => {
  expectNoLeaks();

  const shapes = [
    [6, 6, 6, 6, 6, 6, 6],
    [7, 7, 7, 7, 7, 7, 7],
    [2, 2, 2, 2, 2, 2, 2, 20],
    [3, 3, 3, 3, 3, 3, 3, 3],
    [300_000],
    [1000, 1, 1000],
  ];
  for (const shape of shapes) {
    it(`shortens [${shape.join(', ')}]`, () => {
      using x = zeros(shape);
      const text = inspect(x);
      assert.ok(text.length < 20_000, `${text.length} characters`);
      assert.ok(text.includes('...') && text.endsWith(`, shape=[${shape.join(', ')}])`));
      assert.equal(text.split('[').length, text.split(']').length);
      assert.equal(String(x), text);
    });
  }

  it('shows the corners of all dimensions', () => {
    const x = scope(() => arange(3 ** 8).reshape([3, 3, 3, 3, 3, 3, 3, 3]));
    const numbers = new Set((String(x).match(/\d+/g) ?? []).map(Number));
    for (let corner = 0; corner < 256; corner++) {
      const index = Array.from({ length: 8 }, (_, axis) => ((corner >> axis) & 1) * 2);
      assert.ok(numbers.has(index.reduce((at, i) => at * 3 + i, 0)));
    }
    x.dispose();
  });

  it('shows the same as ever of fewer', () => {
    const x = scope(() => arange(10_000).reshape([10, 10, 10, 10]));
    const text = String(x);
    x.dispose();
    for (const corner of ['   0,', '9999', '7777', '2222']) assert.ok(text.includes(corner), corner);
    assert.ok(!text.includes('3333'));
    using small = eye(2);
    assert.equal(String(small), 'tensor([[1., 0.],\n        [0., 1.]])');
  });
});
