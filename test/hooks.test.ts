// Hooks on gradients: what they see, replace and refuse.
import assert from 'node:assert/strict';
import { AutogradError, ShapeError, type Tensor, tensor } from 'anneal';
import { suite } from './support/check';
import { collect } from './support/collect';

const leaf = (values: number[]) => tensor(values, { dtype: 'float64', requiresGrad: true });
const values = (x: Tensor | null): number[] => Array.from((x as Tensor).dataSync(), Number);

suite('hooks', () => {
  it('see the whole gradient, of leaves and of results, in the order of registration', () => {
    const x = leaf([1]);
    const y = x.mul(2);
    const seen: [string, number][] = [];
    x.registerHook((g) => void seen.push(['x1', g.itemSync()]));
    x.registerHook((g) => void seen.push(['x2', g.itemSync()]));
    y.registerHook((g) => void seen.push(['y', g.itemSync()]));
    y.mul(3).add(y).sum().backward();
    assert.deepEqual(seen, [
      ['y', 4],
      ['x1', 8],
      ['x2', 8],
    ]);
  });

  it('run as soon as the gradient of a leaf is complete, the last ones first', () => {
    const [early, late] = [tensor([1, 2], { requiresGrad: true }), tensor([3, 4], { requiresGrad: true })];
    const seen: string[] = [];
    early.registerHook(() => void seen.push('early'));
    late.registerHook(() => void seen.push('late'));
    const product = early.mul(2);
    product.registerHook(() => void seen.push('product'));
    // `late` is used twice, once more before its last gradient.
    product.mul(late).mul(late).sum().backward();
    assert.deepEqual(seen, ['late', 'product', 'early']);
  });

  it('replace the gradient, each what the one before it returned', () => {
    const x = leaf([1]);
    const y = x.mul(2);
    y.registerHook((g) => g.mul(10));
    y.registerHook((g) => g.add(1));
    x.registerHook((g) => g.neg());
    y.sum().backward();
    assert.deepEqual(values(x.grad), [-22]);
  });

  it('are removed', () => {
    const x = leaf([1]);
    let calls = 0;
    const remove = x.registerHook(() => void calls++);
    x.sum().backward();
    remove();
    remove();
    x.sum().backward();
    assert.equal(calls, 1);
  });

  it('may remove themselves', () => {
    const x = leaf([1]);
    let calls = 0;
    const remove = x.registerHook(() => {
      calls++;
      remove();
    });
    x.sum().backward();
    x.sum().backward();
    assert.equal(calls, 1);
  });

  it('run though their tensor has been disposed', () => {
    const x = leaf([1]);
    const y = x.mul(2);
    let calls = 0;
    const remove = y.registerHook(() => void calls++);
    const z = y.sum();
    y.dispose();
    z.backward(null, { retainGraph: true });
    assert.equal(calls, 1);
    remove();
    z.backward();
    assert.equal(calls, 1);
  });

  it('pass their errors on', () => {
    const x = leaf([1]);
    const remove = x.registerHook(() => {
      throw new RangeError('from the hook');
    });
    assert.throws(() => x.sum().backward(), /from the hook/);
    remove();
    x.sum().backward();
    assert.deepEqual(values(x.grad), [1]);
  });

  it('refuse a gradient of another shape, and tensors outside of graphs', () => {
    const x = leaf([1, 2]);
    x.registerHook(() => tensor([1], { dtype: 'float64' }));
    assert.throws(() => x.sum().backward(), ShapeError);
    assert.throws(() => tensor([1]).registerHook(() => {}), AutogradError);
    assert.throws(() => x.registerHook(3 as unknown as () => void), /expected a function/);
    x.dispose();
  });

  it('do not keep the gradient they are given', async () => {
    const x = leaf([1]);
    let kept: Tensor | undefined;
    x.registerHook((g) => {
      kept = g;
    });
    x.mul(4).sum().backward();
    assert.deepEqual(values(kept as Tensor), [4]);
  });

  it('are let go by the backward that frees their graph, with all that their functions reach', async () => {
    const x = leaf([1]);
    let calls = 0;
    const step = (): WeakRef<object> => {
      const large = { values: new Float32Array(1000) };
      const y = x.mul(2);
      y.registerHook(() => void calls++);
      const neighbour = () => [y, large]; // shares the hook's closure, and so makes it hold its own tensor
      y.sum().backward();
      assert.equal(neighbour().length, 2);
      return new WeakRef(large);
    };
    const held = [step(), step(), step()];
    await collect();
    assert.equal(calls, 3);
    assert.deepEqual(
      held.map((reference) => reference.deref()),
      [undefined, undefined, undefined],
    );
  });
});
