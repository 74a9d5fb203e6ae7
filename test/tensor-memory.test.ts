// Giving tensors back: dispose, using, scope, and what the collector does.
import assert from 'node:assert/strict';
import { DisposedError, keep, ones, scope, type Tensor, tensor } from 'anneal';
import { suite } from './support/check';
import { liveTensors } from './support/collect';
import { throwsWith } from './support/errors';

suite('giving back', () => {
  it('dispose, once or more', () => {
    const x = tensor([1]);
    assert.equal(x.isDisposed, false);
    x.dispose();
    x.dispose();
    assert.equal(x.isDisposed, true);
    throwsWith(() => x.dataSync(), DisposedError, 'ERR_DISPOSED', '[dataSync]');
    throwsWith(() => x.add(1), DisposedError, 'ERR_DISPOSED', '[add]', "'a'");
    throwsWith(() => x.shape, DisposedError, 'ERR_DISPOSED');
  });

  it('a view keeps the memory that it shows', () => {
    const x = tensor([
      [1, 2],
      [3, 4],
    ]);
    const view = x.transpose();
    x.dispose();
    assert.deepEqual(view.arraySync(), [
      [1, 3],
      [2, 4],
    ]);
  });

  it('by using, through Symbol.dispose', () => {
    const x = tensor([1]);
    x[Symbol.dispose]();
    assert.equal(x.isDisposed, true);
  });

  it('scope keeps what is returned: alone, in arrays, in objects and maps', () => {
    let inner: Tensor | undefined;
    const one = scope(() => {
      inner = tensor([1]);
      return inner.add(1);
    });
    assert.deepEqual([inner?.isDisposed, one.isDisposed], [true, false]);
    const [a, { b, list }, map] = scope(
      () => [tensor(1), { b: tensor(2), list: [tensor(3)] }, new Map([['c', tensor(4)]])] as const,
    );
    assert.deepEqual(
      [a, b, list[0], map.get('c')].map((x) => x?.itemSync()),
      [1, 2, 3, 4],
    );
  });

  it('scopes nest: the inner one hands its result to the outer', () => {
    let result: Tensor | undefined;
    scope(() => {
      result = scope(() => tensor([1]).add(1));
      assert.equal(result.isDisposed, false);
    });
    assert.equal(result?.isDisposed, true);
  });

  it('scope leaves alone what was made before, and what is kept', () => {
    const before = tensor([1]);
    let kept: Tensor | undefined;
    scope(() => {
      before.add(1);
      kept = keep(tensor([2]));
    });
    assert.deepEqual([before.isDisposed, kept?.isDisposed], [false, false]);
    kept?.dispose();
  });

  it('scope gives back when its function throws', () => {
    let inner: Tensor | undefined;
    assert.throws(
      () =>
        scope(() => {
          inner = tensor([1]);
          throw new Error('inside');
        }),
      /inside/,
    );
    assert.equal(inner?.isDisposed, true);
  });

  it('scope follows asynchronous code, and only that', async () => {
    const pause = () => new Promise((resolve) => setTimeout(resolve, 5));
    let inner: Tensor | undefined;
    const running = scope(async () => {
      inner = tensor([1]);
      await pause();
      const late = inner.add(1);
      return late.mul(2);
    });
    const beside = tensor([3]);
    const result = await running;
    assert.deepEqual([inner?.isDisposed, result.isDisposed, beside.isDisposed], [true, false, false]);
    assert.deepEqual(result.arraySync(), [4]);
    await assert.rejects(
      scope(async () => {
        inner = tensor([1]);
        await pause();
        throw new Error('inside');
      }),
      /inside/,
    );
    assert.equal(inner?.isDisposed, true);
  });

  it('a graph keeps what backward needs', () => {
    const x = tensor([2, 3], { requiresGrad: true });
    const loss = scope(() => x.square().mul(x).sum());
    loss.backward();
    assert.deepEqual(x.grad?.arraySync(), [12, 27]);
  });

  it('is the collector’s work where nobody does it', async () => {
    const held = await liveTensors();
    for (let i = 0; i < 1000; i++) ones([8]).add(i);
    assert.ok((await liveTensors()) <= held);
  });
});
