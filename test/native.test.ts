// The boundary to the addon: its functions are those that lib/native.ts declares, and what they fail with is thrown there.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { AnnealError, nn, ShapeError, tensor } from 'anneal';
import { resultOf } from './children/spawn';
import { loadAddon } from './support/addon';

const root = join(__dirname, '..');

/** The names that an interface of lib/native.ts declares as methods. */
function declared(): string[] {
  const source = readFileSync(join(root, 'lib', 'native.ts'), 'utf8');
  const body = /export interface Native \{\n([\s\S]*?)\n\}/.exec(source)?.[1] ?? '';
  return Array.from(body.matchAll(/^ {2}(\w+)\(/gm), ([, name]) => name as string);
}

/** The names that the sources of the binding give to functions. */
function registered(): string[] {
  const { binding } = JSON.parse(readFileSync(join(root, 'native', 'sources.json'), 'utf8')) as { binding: string[] };
  return binding.flatMap((file) =>
    Array.from(
      readFileSync(join(root, 'native', file), 'utf8').matchAll(/\{"(\w+)", entry</g),
      ([, name]) => name as string,
    ),
  );
}

describe('the addon', () => {
  it('has the functions that lib/native.ts declares, and no others', () => {
    const addon = loadAddon();
    const functions = Object.keys(addon).filter((name) => typeof addon[name] === 'function');
    assert.ok(functions.length > 40);
    assert.deepEqual(declared().toSorted(), functions.toSorted());
    assert.deepEqual(registered().toSorted(), functions.toSorted());
  });

  it('throws from where it was called, with class and code', () => {
    const x = tensor([1, 2]);
    function culprit(): unknown {
      return x.add(tensor([1, 2, 3]));
    }
    assert.throws(culprit, (error: unknown) => {
      assert.ok(error instanceof ShapeError && error instanceof AnnealError);
      assert.equal(error.code, 'ERR_SHAPE');
      assert.match(error.stack as string, /^ShapeError: \[add\] shapes do not broadcast[^\n]*\n(?:.*\n)*?.*culprit/);
      return true;
    });
  });

  it('passes on whatever a hook throws, also what is no error', () => {
    const x = new nn.Parameter(tensor([1]));
    const traps = new Proxy({}, { get: () => assert.fail('the trap was called') });
    const untouchable = new Proxy({}, traps);
    for (const thrown of [undefined, null, 0, 'text', { plain: true }, new TypeError('typed'), untouchable]) {
      const remove = x.registerHook(() => {
        throw thrown;
      });
      let caught: unknown = 'nothing';
      try {
        x.mul(2).sum().backward();
      } catch (error) {
        caught = error;
      }
      assert.ok(caught === thrown);
      remove();
    }
    x.mul(2).sum().backward();
    assert.equal(x.grad?.itemSync(), 2);
  });

  it('fails on a full stack as any function does, and works afterwards', () => {
    const x = new nn.Parameter(tensor([1]));
    let deepest = 0;
    const recurse = (depth: number): void => {
      deepest = depth;
      const y = x.mul(2);
      y.registerHook(() => recurse(depth + 1));
      y.sum().backward();
    };
    assert.throws(() => recurse(1), RangeError);
    assert.ok(deepest > 5);
    assert.equal(x.add(1).itemSync(), 2);
  });
});

describe('the addon called with wrong arguments', function () {
  this.timeout(120_000);

  it('fails instead of crashing, whatever they are', async () => {
    for (const seed of ['1', '2']) {
      const result = await resultOf<Record<'succeeded' | 'failed', number> & { right: boolean }>(
        'hostile',
        [seed, '10000'],
        100,
      );
      assert.ok(result.succeeded > 1000 && result.failed > 1000 && result.right, JSON.stringify(result));
    }
  });

  it('fails on what would spoil the engine for others', async () => {
    assert.deepEqual(await resultOf('misuse'), {
      'a lock within a lock': 'ran',
      'a second collector': '[setCollector] there is one already',
      'a second maker of arrays': '[setArrayMaker] there is one already',
      'the end of a trace without one': '[compile] no function is being traced',
      'a second program for an object': 'Invalid argument',
      'more iterations than end': '[compile] expected at most 16777216 iterations but received 9007199254740991',
      'more results than fit': 'ERR_OUT_OF_MEMORY',
      'a program within a trace': '[compile] a program cannot run while a function is being traced',
      'a hook that is no function': "[registerHook] expected a function for 'hook' but received object",
      'error classes that are none': '[setErrorClasses] expected an array of 10 classes',
    });
  });
});

// More with ANNEAL_ERRORS=10000000, which takes some five minutes.
const count = Number(process.env.ANNEAL_ERRORS ?? 150_000);

describe(`${count} errors caught in a loop`, function () {
  this.timeout(60_000 + count / 10);

  it('do not abort, nor keep what became garbage meanwhile', async () => {
    const result = await resultOf<Record<'caught' | 'missing' | 'wrong' | 'liveTensors' | 'grown', number>>(
      'errors',
      [`${count}`],
      60 + count / 10_000,
      ['--max-semi-space-size=1'],
    );
    assert.deepEqual([result.caught, result.missing, result.wrong], [count, 0, 0]);
    // Those since the last collection, which comes at the latest with every 4096 tensors.
    assert.ok(result.liveTensors < 10_000, `${result.liveTensors} tensors`);
    assert.ok(result.grown < 50, `${result.grown} MB`);
  });
});
