// Operators by name, and what their records say of parameters: defaults, choices, lists.
import assert from 'node:assert/strict';
import { ArgumentError, invoke, operators, ShapeError, tensor } from 'anneal';

const x = () => tensor([1, 2, 3, 4, 5, 6], { shape: [2, 3] });
const values = (name: string, args: unknown[], outputs?: number) =>
  invoke(name, args, outputs).map((out) => [...out.dataSync()].map(Number));

function refuses(run: () => unknown, kind: new (message: string) => Error, message: string): void {
  assert.throws(run, (error: Error) => {
    assert.ok(error instanceof kind, `${error}`);
    assert.equal(error.message, message);
    return true;
  });
}

describe('operators by name', () => {
  it('take defaults from the record, for undefined and at the end', () => {
    assert.deepEqual(values('softmax', [x()]), values('softmax', [x(), -1]));
    assert.deepEqual(values('sum', [x(), [1]]), [[6, 15]]);
    assert.deepEqual(values('mse', [x(), x().add(2)]), [[4]]);
    assert.deepEqual(values('leakyRelu', [tensor([-2], { dtype: 'float64' })]), [[-0.02]]);
    assert.deepEqual(values('slice', [x(), 1, undefined, undefined, 2]), [[1, 3, 4, 6]]);
    assert.deepEqual(values('clamp', [x(), null, 4]), [[1, 2, 3, 4, 4, 4]]);
    assert.deepEqual(
      invoke('full', [[2], 7]).map(({ dtype, shape }) => [dtype, shape]),
      [['float32', [2]]],
    );
  });

  it('name the choices when another is given', () => {
    const refused = "[mse] expected 'none', 'mean' or 'sum' for 'reduction'";
    refuses(() => invoke('mse', [x(), x(), 'avg']), ArgumentError, `${refused}, received 'avg'`);
    refuses(() => invoke('mse', [x(), x(), 1]), ArgumentError, `${refused} but received 1`);
  });

  it('say how many arguments there are', () => {
    refuses(() => invoke('softmax', []), ArgumentError, '[softmax] expected 1 to 2 arguments (x, axis), received 0');
    refuses(() => invoke('add', [x(), x(), x()]), ArgumentError, '[add] expected 2 arguments (a, b), received 3');
  });

  it('take several lists of tensors, each as long as its rule says', () => {
    const count = tensor(0, { dtype: 'int64' });
    const param = x();
    invoke('sgdStep', [[param], [x()], [], [count], 0.5]);
    assert.deepEqual([...param.dataSync()], [0.5, 1, 1.5, 2, 2.5, 3]);
    assert.equal(count.itemSync(), 1);
    refuses(
      () => invoke('sgdStep', [[x()], [x(), x()], [], [count], 0.5]),
      ArgumentError,
      "[sgdStep] expected 1 tensors in 'grads', received 2",
    );
    refuses(
      () => invoke('sgdStep', [[x()], [x()], [], [count], 0.5, 0.9]),
      ArgumentError,
      "[sgdStep] expected 1 tensors in 'momentumBuffers', received 0",
    );
    refuses(
      () => invoke('adamStep', [[x()], [tensor([1])], [x()], [x()], [], [count]]),
      ShapeError,
      '[adamStep] a gradient or state of [1] does not fit a parameter of [2, 3]',
    );
  });

  it('have defaults of the kind of their parameter', () => {
    const kinds: Record<string, string> = { boolean: 'boolean', integer: 'number', number: 'number', dtype: 'string' };
    let seen = 0;
    for (const { name, params } of operators) {
      for (const { name: param, kind, choices, default: value } of params) {
        if (value === undefined) continue;
        seen++;
        const what = `${name}: ${param}`;
        if (value === null) assert.match(kind, / or null$/, what);
        else if (choices) assert.ok(choices.includes(String(value)), what);
        else assert.equal(typeof value, kinds[kind], what);
      }
    }
    assert.ok(seen > 40, `${seen}`);
  });
});
