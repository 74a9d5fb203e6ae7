// noGrad, enableGrad and scope hold in the function they run, in what it calls and awaits, and nowhere else.
import assert from 'node:assert/strict';
import { EventEmitter, once } from 'node:events';
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import { ArgumentError, enableGrad, isGradEnabled, noGrad, scope, type Tensor, tensor } from 'anneal';
import { expectNoLeaks } from './live-tensors';

/** The mode in a callback that `start` is given. */
function later(start: (callback: () => void) => void): Promise<boolean> {
  return new Promise((resolve) => start(() => resolve(isGradEnabled())));
}

describe('modes in asynchronous code', () => {
  expectNoLeaks();

  const starters: Record<string, (callback: () => void) => void> = {
    setTimeout: (callback) => setTimeout(callback, 1),
    setImmediate: (callback) => setImmediate(callback),
    nextTick: (callback) => process.nextTick(callback),
    queueMicrotask: (callback) => queueMicrotask(callback),
    'a promise': (callback) => Promise.resolve().then(callback),
  };
  for (const [name, start] of Object.entries(starters)) {
    it(`a callback of ${name} that noGrad leaves behind runs as outside, whatever else is under way`, async () => {
      assert.equal(await noGrad(() => [later(start)])[0], true);
      // As above, while another function is under way.
      const other = noGrad(() => sleep(20));
      assert.equal(await noGrad(() => [later(start)])[0], true);
      assert.equal(await enableGrad(() => [later(start)])[0], true);
      await other;
    });

    it(`a callback of ${name} that noGrad awaits runs without gradients`, async () => {
      assert.equal(await noGrad(() => later(start)), false);
      assert.equal(await noGrad(async () => enableGrad(() => later(start))), true);
    });
  }

  it('what is left behind goes on in the function around, while that is under way', async () => {
    const seen = await noGrad(async () => {
      const [left] = enableGrad(() => [later((callback) => setTimeout(callback, 1))]);
      return left;
    });
    assert.equal(seen, false);
  });

  it('interleaved functions keep their own', async () => {
    const modes: string[] = [];
    const run = async (name: string, expected: boolean): Promise<void> => {
      for (let i = 0; i < 5; i++) {
        if (isGradEnabled() !== expected) modes.push(name);
        await (i % 2 ? nextTurn() : null);
      }
    };
    const runs = [run('outside', true), noGrad(() => run('noGrad', false)), enableGrad(() => run('enableGrad', true))];
    runs.push(noGrad(() => enableGrad(() => run('inner', true))));
    await Promise.all([...runs, run('outside', true)]);
    assert.deepEqual(modes, []);
  });

  it('a function that throws or rejects ends as others do', async () => {
    assert.throws(
      () =>
        noGrad(() => {
          throw new RangeError();
        }),
      RangeError,
    );
    await assert.rejects(
      noGrad(() => Promise.reject(new RangeError())),
      RangeError,
    );
    assert.equal(isGradEnabled(), true);
  });

  it('an event listener runs in the mode of the emitting code', async () => {
    const emitter = new EventEmitter();
    const seen: boolean[] = [];
    noGrad(() => emitter.on('event', () => seen.push(isGradEnabled())));
    emitter.emit('event');
    noGrad(() => emitter.emit('event'));
    const waiting = noGrad(() => once(emitter, 'event').then(() => isGradEnabled()));
    emitter.emit('event');
    assert.deepEqual([seen, await waiting], [[true, false, true], false]);
  });

  it('a generator is refused: it would run after the function has returned', () => {
    for (const run of [noGrad, enableGrad, scope] as ((fn: () => unknown) => unknown)[]) {
      const refused = (fn: () => unknown) =>
        assert.throws(
          () => run(fn),
          (e: Error) => e instanceof ArgumentError && /a generator runs only after/.test(e.message),
        );
      refused(function* () {});
      refused(async function* () {});
    }
  });
});

describe('scopes in asynchronous code', () => {
  expectNoLeaks();

  it('interleaved scopes dispose their own tensors and no others', async () => {
    const make = (name: number) =>
      scope(async () => {
        const made: Tensor[] = [];
        for (let i = 0; i < 4; i++) {
          made.push(tensor([name]));
          await nextTurn();
          for (const x of made) assert.deepEqual(await x.data(), Float32Array.of(name));
        }
        return { last: made.at(-1) as Tensor, rest: made.slice(0, -1).length, hidden: () => made };
      });
    const results = await Promise.all([make(1), make(2), make(3)]);
    for (const [i, { last, hidden }] of results.entries()) {
      assert.deepEqual(last.arraySync(), [i + 1]);
      assert.deepEqual(
        hidden().map((x) => x.isDisposed),
        [true, true, true, false],
      );
      last.dispose();
    }
  });

  it('a tensor made by what a scope left behind is of the scope around, or of none', async () => {
    const made: Tensor[] = [];
    const leave = () =>
      new Promise<void>((resolve) => {
        setTimeout(() => {
          made.push(tensor([1]));
          resolve();
        }, 1);
      });
    await scope(() => [leave()])[0]; // in an array: not awaited
    assert.equal(made[0]?.isDisposed, false);
    await scope(async () => {
      await scope(() => [leave()])[0];
      assert.equal(made[1]?.isDisposed, false);
    });
    assert.equal(made[1]?.isDisposed, true);
    made[0]?.dispose();
  });

  it('keeps results however deep they lie, also in circles', () => {
    interface Node {
      x?: Tensor;
      next?: Node;
    }
    const result = scope(() => {
      const first: Node = {};
      let last = first;
      for (let i = 0; i < 50; i++) {
        last.next = {};
        last = last.next;
      }
      last.x = tensor([5]);
      last.next = first;
      return { first, last };
    });
    assert.deepEqual(result.last.x?.arraySync(), [5]);
    result.last.x?.dispose();
  });
});
