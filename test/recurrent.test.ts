// Recurrent modules beyond what PyTorch's results show (nn-attention.test.ts compares those): lengths, cells, dropout, compiling, training
// and what they refuse.
import assert from 'node:assert/strict';
import {
  ArgumentError,
  compile,
  DTypeError,
  Generator,
  manualSeed,
  nn,
  normal,
  optim,
  ShapeError,
  scope,
  type Tensor,
  tensor,
  zeros,
} from 'anneal';
import { suite } from './support/check';

const values = (x: Tensor): number[] => Array.from(x.dataSync(), Number);
const random = (shape: number[], seed = 1): Tensor =>
  normal(shape, { generator: new Generator(seed), dtype: 'float64' });
const modules = {
  RNN: (options: nn.RecurrentOptions) => new nn.RNN(3, 4, options),
  GRU: (options: nn.RecurrentOptions) => new nn.GRU(3, 4, options),
  LSTM: (options: nn.RecurrentOptions) => new nn.LSTM(3, 4, options),
};
type Call = (x: Tensor, state: null, options?: nn.RecurrentCall) => [Tensor, Tensor | [Tensor, Tensor]];
const callOf =
  (module: nn.Module): Call =>
  (...args) =>
    (module as unknown as { forward: Call }).forward(...args);
const close = (x: Tensor, y: Tensor) => {
  assert.deepEqual(x.shape, y.shape);
  const [a, b] = [values(x), values(y)];
  // The same sums; products of other shapes may add them in another order.
  for (const [i, value] of a.entries())
    assert.ok(Math.abs(value - (b[i] as number)) < 1e-14, `${i}: ${value}, ${b[i]}`);
};

suite('recurrent modules', () => {
  for (const [name, make] of Object.entries(modules)) {
    it(`${name} reads no further than a sequence's length`, () => {
      scope(() => {
        const call = callOf(make({ numLayers: 2, bidirectional: true, batchFirst: true, dtype: 'float64' }));
        const lengths = [5, 2, 4];
        const x = random([3, 5, 3]);
        const given: nn.RecurrentCall['lengths'][] = [lengths, tensor(lengths, { dtype: 'int64' })];
        for (const option of given) {
          const [y, last] = call(x, null, { lengths: option });
          for (const [i, length] of lengths.entries()) {
            const alone = call(x.slice(0, i, i + 1).slice(1, 0, length), null);
            close(y.slice(0, i, i + 1).slice(1, 0, length), alone[0]);
            assert.ok(values(y.slice(0, i, i + 1).slice(1, length)).every((value) => value === 0));
            const states = [last].flat();
            for (const [k, state] of [alone[1]].flat().entries())
              close((states[k] as Tensor).slice(1, i, i + 1), state);
          }
        }
      });
    });

    it(`${name} goes on from a state`, () => {
      scope(() => {
        const module = make({ dtype: 'float64' });
        const x = random([6, 2, 3]);
        const forward = module.forward.bind(module) as (x: Tensor, state?: unknown) => [Tensor, unknown];
        const [whole] = forward(x);
        const [first, state] = forward(x.slice(0, 0, 2));
        const [second] = forward(x.slice(0, 2), state);
        close(first, whole.slice(0, 0, 2));
        close(second, whole.slice(0, 2));
      });
    });

    it(`${name}, compiled, has the values of eager code, forward and backward`, () => {
      scope(() => {
        const module = make({ numLayers: 2, batchFirst: true });
        const call = callOf(module);
        const x = normal([2, 4, 3], { generator: new Generator(3) });
        const eager = (input: Tensor) => {
          const [y] = call(input, null);
          y.square().sum().backward();
          return y;
        };
        const step = compile(eager);
        const run = (f: typeof eager) => {
          module.zeroGrad();
          return [values(f(x)), ...module.parameters().map((parameter) => values(parameter.grad as Tensor))];
        };
        const expected = run(eager);
        const runs = [run(step), run(step)];
        assert.deepEqual(runs[0], runs[1]);
        for (const [i, found] of (runs[0] as number[][]).entries()) {
          for (const [j, value] of found.entries()) {
            // A product and what is added to it are rounded once where they are compiled, and twice where not.
            assert.ok(Math.abs(value - (expected[i]?.[j] as number)) < 5e-6, `${i}, ${j}: ${value}`);
          }
        }
        module.zeroGrad();
      });
    });
  }

  it('are steps of their cells', () => {
    scope(() => {
      const x = random([3, 2, 3]);
      const [lstm, cell] = [new nn.LSTM(3, 4, { dtype: 'float64' }), new nn.LSTMCell(3, 4, { dtype: 'float64' })];
      cell.loadStateDict(
        Object.fromEntries(Object.entries(lstm.stateDict()).map(([key, value]) => [key.slice(0, -2), value])),
      );
      let state: [Tensor, Tensor] = [zeros([2, 4], { dtype: 'float64' }), zeros([2, 4], { dtype: 'float64' })];
      for (const input of x.unbind()) state = cell.forward(input, state);
      const [, [h, c]] = lstm.forward(x);
      close(h.squeeze(0), state[0]);
      close(c.squeeze(0), state[1]);
    });
  });

  it('drop outputs between layers in training alone', () => {
    scope(() => {
      const gru = new nn.GRU(3, 64, { numLayers: 2, dropout: 1 });
      const x = normal([5, 1, 3], { generator: new Generator(2) });
      const [trained] = gru.forward(x);
      gru.eval();
      const [evaluated] = gru.forward(x);
      const [of0] = gru.train().forward(zeros([5, 1, 3])); // all that the second layer reads is 0, as it is above
      assert.deepEqual(values(trained), values(of0));
      assert.notDeepEqual(values(evaluated), values(trained));
    });
  });

  it('say what is wrong', () => {
    scope(() => {
      const lstm = new nn.LSTM(3, 4);
      const x = zeros([5, 2, 3]);
      const wrong: [() => unknown, new (message: string) => Error, RegExp][] = [
        [() => new nn.LSTM(0, 4), ArgumentError, /\[LSTM\] expected an integer of at least 1 for 'inputSize'/],
        [() => new nn.LSTM(3, 4, { projSize: 4 }), ArgumentError, /expected a projSize below the hiddenSize of 4/],
        [() => new nn.GRU(3, 4, { dropout: 2 }), ArgumentError, /expected 0 <= dropout <= 1/],
        [() => new nn.RNN(3, 4, { nonlinearity: 'gelu' as never }), ArgumentError, /'tanh', 'relu'/],
        [
          () => lstm.forward(zeros([5, 2, 4])),
          ShapeError,
          /expected \[time, batch, features\].* of 3 features, received \[5, 2, 4\]/,
        ],
        [() => lstm.forward(zeros([0, 2, 3])), ShapeError, /received \[0, 2, 3\]/],
        [() => lstm.forward(x, zeros([1, 2, 4]) as never), ArgumentError, /expected a state \[h, c\]/],
        [
          () => lstm.forward(x, [zeros([1, 3, 4]), zeros([1, 2, 4])]),
          ShapeError,
          /state of shape \[1, 2, 4\], received \[1, 3, 4\]/,
        ],
        [() => lstm.forward(x, null, { lengths: [1] }), ShapeError, /expected 2 lengths, received \[1\]/],
        [() => lstm.forward(x, null, { lengths: [6, 1] }), ArgumentError, /sequence 0 has 6 steps, and the batch 5/],
        [() => lstm.forward(x, null, { lengths: tensor([1, 2]) }), DTypeError, /expected int64 for 'lengths'/],
        [() => lstm.forward(zeros([5, 3]), null, { lengths: [1] }), ArgumentError, /lengths are for a batch/],
        [
          () => new nn.LSTMCell(3, 4).forward(zeros([2, 2])),
          ShapeError,
          /expected \[batch, 3\], or \[3\] without a batch/,
        ],
        [
          () => new nn.GRUCell(3, 4).forward(zeros([2, 3]), zeros([4])),
          ShapeError,
          /state of shape \[2, 4\], received \[4\]/,
        ],
      ];
      for (const [attempt, Kind, message] of wrong) {
        assert.throws(attempt, (error: Error) => error instanceof Kind && message.test(error.message), String(message));
      }
    });
  });
});

describe('an LSTM', () => {
  it('learns to say which of its inputs came first', async () => {
    manualSeed(5);
    const lstm = new nn.LSTM(1, 16, { batchFirst: true });
    const head = new nn.Linear(16, 1);
    const optimizer = new optim.Adam([...lstm.parameters(), ...head.parameters()], { lr: 0.02 });
    // A one at the second or at the fourth of eight steps, among noise.
    const labels = Array.from({ length: 64 }, (_, i) => i % 2);
    const signals = labels.map((label) => Array.from({ length: 8 }, (_, t) => (t === (label === 0 ? 1 : 3) ? 1 : 0)));
    const x = tensor(signals)
      .unsqueeze(2)
      .add(normal([64, 8, 1], { std: 0.1, generator: new Generator(1) }));
    const y = tensor(labels, { dtype: 'float32' }).unsqueeze(1);
    const step = compile(() => {
      optimizer.zeroGrad();
      const [outputs] = lstm.forward(x);
      const loss = nn.binaryCrossEntropyWithLogits(head.forward(outputs.select(1, 7)), y);
      loss.backward();
      optimizer.step();
      return loss;
    });
    let loss = 1;
    for (let i = 0; i < 120; i++) loss = await step().item();
    assert.ok(loss < 0.05, `${loss}`); // log 2 is what a guess costs
  });
});
