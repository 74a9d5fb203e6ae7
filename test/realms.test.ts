// Values of another realm (a vm context, a REPL, a test runner) are what they are here; objects of another copy of the package
// are told apart.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { createContext, runInContext } from 'node:vm';
import { ArgumentError, compile, data, io, nn, optim, scope, type Tensor, tensor, train } from 'anneal';
import { resultOf } from './children/spawn';

const context = createContext({});
/** A value of another realm, made from `given` of this one. */
function foreign<T>(code: string, given: Record<string, unknown> = {}): T {
  Object.assign(context, given);
  return runInContext(`(${code})`, context) as T;
}

describe('values of another realm', () => {
  it('are others here, as the tests below need it', () => {
    assert.ok(!(foreign('new Map()') instanceof Map) && !(foreign('new Error()') instanceof Error));
    assert.notEqual(Object.getPrototypeOf(foreign('({})')), Object.prototype);
  });

  it('leave a scope as results', () => {
    for (const code of [
      'new Map([["x", x]])',
      'new Set([x])',
      '{ a: [{ x }] }',
      '[x]',
      'Object.assign(Object.create(null), { x })',
    ]) {
      let made: Tensor | undefined;
      scope(() => {
        made = tensor([1, 2]);
        return foreign(code, { x: made });
      });
      assert.deepEqual(made?.arraySync(), [1, 2], code);
      made?.dispose();
    }
  });

  it('are states, in maps and plain objects', async () => {
    const model = new nn.Linear(2, 1);
    const weight = tensor([[3, 4]]);
    const bias = tensor([5]);
    for (const code of ['new Map([["weight", weight], ["bias", bias]])', '{ weight, bias }']) {
      model.weight.assign(tensor([[0, 0]]));
      const state = foreign<Record<string, Tensor>>(code, { weight, bias });
      model.loadStateDict(state);
      assert.deepEqual(model.weight.arraySync(), [[3, 4]]);
      const bytes = await io.serialize(state);
      const loaded = await io.deserialize(foreign('new Uint8Array(bytes)', { bytes }));
      assert.deepEqual(loaded.weight.arraySync(), [[3, 4]], code);
      for (const value of Object.values(loaded)) value.dispose();
    }
    const optimizer = new optim.Adam(model.parameters());
    const state = optimizer.stateDict();
    optimizer.loadStateDict(foreign('{ ...state, groups: [...state.groups], steps: [...state.steps] }', { state }));
    for (const x of [...model.parameters(), weight, bias]) x.dispose();
  });

  it('are arguments and results of compiled functions', () => {
    const double = compile((pair: { x: Tensor; list: Tensor[] }) =>
      foreign<Record<string, Tensor>>('{ y, z }', { y: pair.x.mul(2), z: pair.list[0].add(1) }),
    );
    using x = tensor([1, 2]);
    for (let i = 0; i < 2; i++) {
      const { y, z } = double(foreign('{ x, list: [x] }', { x }));
      assert.deepEqual(
        [y.arraySync(), z.arraySync()],
        [
          [2, 4],
          [2, 3],
        ],
      );
      y.dispose();
      z.dispose();
    }
    assert.equal(double.programs, 1);
    double.reset();
  });

  it('are options, shapes, numbers and typed arrays', () => {
    scope(() => {
      assert.deepEqual(tensor(foreign<number[]>('[1, 2, 3, 4]'), foreign('{ shape: [2, 2] }')).arraySync(), [
        [1, 2],
        [3, 4],
      ]);
      for (const [code, dtype] of [
        ['Float32Array.of(1, 2)', 'float32'],
        ['Float64Array.of(1, 2)', 'float64'],
        ['Int16Array.of(1, 2)', 'int32'],
        ['BigInt64Array.of(1n, 2n)', 'int64'],
        ['Uint8ClampedArray.of(1, 2)', 'uint8'],
      ] as const) {
        const x = tensor(foreign<Float32Array>(code));
        assert.deepEqual([x.dtype, x.arraySync()], [dtype, [1, 2]]);
      }
      const stacked = tensor([[1], [2]]).concat(foreign('[x]', { x: tensor([[3]]) }), 0);
      assert.deepEqual(stacked.sum(foreign('[0, 1]')).arraySync(), 6);
    });
  });

  it('are data of a trainer, promises among them', async () => {
    const model = new nn.Linear(1, 1);
    const optimizer = new optim.SGD(model.parameters(), { lr: 0.01 });
    const trainer = new train.Trainer({ model, optimizer, loss: nn.mseLoss, progress: false });
    const x = tensor([[1], [2]]);
    const controller = new AbortController();
    const lists = foreign<Tensor[][]>('[[x, x], [x, x]]', { x });
    const later = foreign<AsyncIterable<Tensor[]>>(
      '{ async *[Symbol.asyncIterator]() { yield [x, x]; yield [x, x]; } }',
    );
    for (const batches of [lists, later]) {
      const history = await trainer.fit(batches, { signal: controller.signal });
      assert.equal(history.epochs[0].samples, 4);
    }
    const dataset = foreign<data.Dataset<Tensor[]>>('{ length: 2, async get(i) { return [[i], [i]]; } }');
    const loader = new data.DataLoader(dataset, { batchSize: 2, signal: controller.signal });
    for await (const [first, second] of loader) {
      assert.deepEqual(first.shape, [2, 1]);
      first.dispose();
      second.dispose();
    }
    for (const y of [x, ...model.parameters()]) y.dispose();
  });

  it('are errors that learn where they come from', () => {
    class Failing extends nn.Module {
      forward(): Tensor {
        throw foreign('new TypeError("inner")');
      }
    }
    const model = new nn.Sequential(new nn.ReLU(), new Failing());
    using x = tensor([1]);
    assert.throws(() => model.forward(x), { name: 'TypeError', message: '[1] inner' });
  });

  it('are paths', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'anneal-realms-'));
    const { href, protocol } = pathToFileURL(join(folder, 'a.safetensors'));
    const url = foreign<URL>('{ href, protocol }', { href, protocol });
    using x = tensor([1, 2]);
    await io.save(url, { x });
    const loaded = await io.load(url);
    assert.deepEqual(loaded.x.arraySync(), [1, 2]);
    loaded.x.dispose();
    await rm(folder, { recursive: true });
  });

  it('are never told by instanceof of a class of JavaScript', () => {
    const classes = 'Map|Set|Array|Object|Error|Promise|URL|Date|RegExp|ArrayBuffer|\\w+Array|AbortSignal|Function';
    const folder = join(__dirname, '..', 'lib');
    const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'));
    assert.ok(files.length > 50);
    for (const file of files) {
      if (file === 'kinds.ts') continue;
      const source = readFileSync(join(folder, file), 'utf8');
      assert.doesNotMatch(source, new RegExp(`instanceof (${classes})\\b|=== (Object|Array)\\.prototype`), file);
    }
  });
});

describe('a second copy of the package', () => {
  interface Copies {
    apart: boolean;
    ownErrors: boolean[];
    notOthers: boolean[];
    hook: string;
    live: number[];
    arrays: number[];
    messages: Record<string, string>;
  }
  let copies: Copies;
  before(async () => {
    copies = await resultOf<Copies>('realms', ['copies']);
  });

  it('has classes, errors and tensors of its own', () => {
    const { apart, ownErrors, notOthers, hook, arrays } = copies;
    assert.deepEqual([apart, ownErrors, notOthers], [true, [true, true], [false, false]]);
    assert.deepEqual([hook, arrays], ['RangeError', [1, 1]]);
    assert.ok(copies.live.every((count) => count > 0));
  });

  it('is named wherever its objects are mixed in', () => {
    for (const [where, message] of Object.entries(copies.messages)) {
      assert.match(message, /of another copy of anneal \(is it loaded twice/, where);
    }
  });
});

describe("a process's own gc", () => {
  it('stays what it was', async () => {
    const absent = ['undefined', 'undefined'];
    assert.deepEqual(await resultOf('realms', ['gc']), { here: absent, there: absent });
    const present = ['function', 'function'];
    const flagged = await resultOf('realms', ['gc'], 60, ['--expose-gc']);
    assert.deepEqual(flagged, { here: present, there: present });
  });
});

describe('promises where values are expected', () => {
  it('are named, with the await that is missing', async () => {
    const model = new nn.Linear(1, 1);
    const pending = Promise.resolve({});
    const refused = (call: () => unknown) =>
      assert.throws(
        call,
        (e: Error) => e instanceof ArgumentError && /received Promise \(is an await missing\?\)/.test(e.message),
      );
    refused(() => model.loadStateDict(pending as never));
    refused(() => new optim.SGD(model.parameters(), { lr: 1 }).loadStateDict(pending as never));
    refused(() => model.forward(pending as never));
    refused(() => tensor([1]).add(pending as never));
    refused(() => tensor([pending] as never));
    refused(() => tensor([1], pending as never));
    refused(() => new nn.Sequential(pending as never));
    await assert.rejects(io.serialize(pending as never), /received Promise \(is an await missing\?\)/);
    await assert.rejects(
      io.load(Promise.resolve('a') as never),
      /\[load\] expected a path, received Promise \(is an await/,
    );
  });
});
