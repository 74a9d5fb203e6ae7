// DataLoader: what it yields, in which order, how it resumes, and that it leaves the event loop free.
import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import { ArgumentError, data, manualSeed, ShapeError, type Tensor, tensor } from 'anneal';
import fc from 'fast-check';
import { expectNoLeaks } from './live-tensors';

const { ArrayDataset, DataLoader, TensorDataset } = data;

// A dataset of the numbers 0 ... n - 1 whose batches say which samples they hold.
function numbers(length: number): data.Dataset<number[], number> {
  return { length, get: (index) => index, getBatch: (indices) => [...indices] };
}

async function collect<Batch>(loader: AsyncIterable<Batch>, limit = Number.POSITIVE_INFINITY): Promise<Batch[]> {
  const batches: Batch[] = [];
  for await (const batch of loader) if (batches.push(batch) === limit) break;
  return batches;
}

async function elements(batches: Tensor[][]): Promise<number[][][]> {
  const result: number[][][] = [];
  for (const batch of batches) {
    const columns = await Promise.all(batch.map(async (column) => Array.from(await column.data(), Number)));
    for (const column of batch) column.dispose();
    result.push(columns);
  }
  return result;
}

const range = (length: number) => Array.from({ length }, (_, i) => i);
const sorted = (list: readonly number[]) => [...list].sort((a, b) => a - b);

const refuses =
  (message: RegExp, kind: new (message: string) => Error = ArgumentError) =>
  (error: unknown) => {
    assert.ok(error instanceof kind, `${error}`);
    assert.match(error.message, message);
    return true;
  };

describe('data.DataLoader', () => {
  expectNoLeaks();

  it('yields tuples of tensors', async () => {
    const x = tensor(Float32Array.of(1, 2, 3, 4, 5, 6), { shape: [3, 2] });
    const y = tensor(BigInt64Array.of(7n, 8n, 9n));
    const seen: unknown[] = [];
    for await (const [features, labels] of new DataLoader(new TensorDataset(x, y), { batchSize: 2 })) {
      seen.push(features.shape, labels.shape, await elements([[features, labels]]));
    }
    assert.deepEqual(seen, [
      [2, 2],
      [2],
      [
        [
          [1, 2, 3, 4],
          [7, 8],
        ],
      ],
      [1, 2],
      [1],
      [[[5, 6], [9]]],
    ]);
    x.dispose();
    y.dispose();
  });

  it('hands out every sample once per epoch, in batches of the right size', async () => {
    const options = fc.record({
      batchSize: fc.integer({ min: 1, max: 9 }),
      shuffle: fc.boolean(),
      dropLast: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(fc.nat(30), options, async (length, { batchSize, shuffle, dropLast }) => {
        const loader = new DataLoader(numbers(length), { batchSize, shuffle, dropLast, seed: 1 });
        const batches = await collect(loader);
        assert.equal(batches.length, loader.length);
        const rest = length % batchSize;
        for (const batch of dropLast || rest === 0 ? batches : batches.slice(0, -1))
          assert.equal(batch.length, batchSize);
        const samples = batches.flat();
        assert.equal(new Set(samples).size, samples.length);
        assert.equal(samples.length, dropLast ? length - rest : length);
        if (!shuffle) assert.deepEqual(samples, range(samples.length));
      }),
      { numRuns: 100 },
    );
  });

  it('shuffles: another order each epoch, the same orders for the same seed', async () => {
    const epochs = async (seed?: number) => {
      const loader = new DataLoader(numbers(50), { batchSize: 7, shuffle: true, seed });
      return [(await collect(loader)).flat(), (await collect(loader)).flat(), (await collect(loader)).flat()];
    };
    const orders = [...(await epochs(1)), ...(await epochs(2))];
    for (const order of orders) assert.deepEqual(sorted(order), range(50));
    assert.equal(new Set(orders.map(String)).size, 6, 'neighbouring seeds and epochs differ');
    assert.deepEqual([...(await epochs(1)), ...(await epochs(2))], orders);
    manualSeed(9);
    const drawn = await epochs();
    assert.notDeepEqual(await epochs(), drawn);
    manualSeed(9);
    assert.deepEqual(await epochs(), drawn);
  });

  it('resumes at the batch after the state, with the same orders', async () => {
    const options = { batchSize: 4, shuffle: true };
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 25 }), fc.nat(2), fc.nat(6), async (length, epoch, stop) => {
        const whole = new DataLoader(numbers(length), { ...options, seed: 5 });
        const expected: number[][] = [];
        let state = whole.state();
        for (let e = 0; e < 4; e++) {
          let batches = 0;
          for await (const batch of whole) {
            const before = e < epoch || (e === epoch && batches < stop);
            if (before) state = JSON.parse(JSON.stringify(whole.state()));
            else expected.push(batch);
            batches++;
          }
          if (e < epoch) state = whole.state();
        }
        const resumed = new DataLoader(numbers(length), { ...options, seed: 77 });
        resumed.setState(state);
        const actual: number[][] = [];
        for (let e = epoch; e < 4; e++) actual.push(...(await collect(resumed)));
        assert.deepEqual(actual, expected);
        assert.deepEqual(resumed.state(), whole.state());
      }),
      { numRuns: 50 },
    );
  });

  it('tells its state, also after a break', async () => {
    const loader = new DataLoader(numbers(10), { batchSize: 3, shuffle: true, seed: 2 });
    assert.deepEqual(loader.state(), { seed: 2, epoch: 0, position: 0 });
    const [first] = await collect(loader, 1);
    assert.deepEqual(loader.state(), { seed: 2, epoch: 0, position: 3 });
    loader.setState(loader.state());
    const rest = await collect(loader);
    assert.deepEqual(sorted([...first, ...rest.flat()]), range(10));
    assert.deepEqual(loader.state(), { seed: 2, epoch: 1, position: 0 });
    await collect(loader, 2);
    assert.equal((await collect(loader)).length, 4);
    assert.deepEqual(loader.state(), { seed: 2, epoch: 3, position: 0 });
    assert.equal(new DataLoader(numbers(1)).state().seed, null);
    loader.setState({ seed: 2, epoch: 1, position: 10 });
    assert.deepEqual(await collect(loader), []);
    assert.deepEqual(loader.state(), { seed: 2, epoch: 2, position: 0 });
  });

  it('lets two iterations run side by side', async () => {
    const loader = new DataLoader(numbers(6), { batchSize: 2 });
    const [one, two] = await Promise.all([collect(loader), collect(loader)]);
    assert.deepEqual([one.flat(), two.flat()], [range(6), range(6)]);
  });

  it('stacks samples of any kind', async () => {
    const row = tensor([1, 2]);
    const samples = [0, 1].map((i) => [row, Float64Array.of(i, 0.5), [[i], [3]], i, BigInt(i), i === 1]);
    const [batch] = await collect(new DataLoader(samples, { batchSize: 2 }));
    assert.deepEqual(
      batch.map(({ dtype, shape }) => [dtype, shape]),
      [
        ['float32', [2, 2]],
        ['float64', [2, 2]],
        ['float32', [2, 2, 1]],
        ['float32', [2]],
        ['int64', [2]],
        ['bool', [2]],
      ],
    );
    assert.deepEqual(await elements([batch]), [
      [
        [1, 2, 1, 2],
        [0, 0.5, 1, 0.5],
        [0, 3, 1, 3],
        [0, 1],
        [0, 1],
        [0, 1],
      ],
    ]);
    row.dispose();
    assert.deepEqual(await elements(await collect(new DataLoader([3, 4, 5], { batchSize: 2 }))), [[[3, 4]], [[5]]]);
    assert.deepEqual(await elements(await collect(new DataLoader(Float32Array.of(3, 4), { batchSize: 2 }))), [
      [[3, 4]],
    ]);
  });

  it('says which samples it cannot stack', async () => {
    const first = async (samples: unknown[]) => collect(new DataLoader(samples, { batchSize: 2 }));
    await assert.rejects(first(['a', 'b']), refuses(/of one kind, but received string: pass collate/));
    await assert.rejects(first([1, 2n]), refuses(/but received number and bigint/));
    await assert.rejects(first([null, { x: 1 }]), refuses(/but received object and Object/));
    await assert.rejects(first([[1, 2], [1]]), refuses(/the same number of members but received 2 and 1/, ShapeError));
    const ragged = [Float32Array.of(1), Float32Array.of(1, 2)];
    await assert.rejects(first(ragged), refuses(/Float32Array of 1 and Float32Array of 2/, ShapeError));
  });

  it('makes batches with collate', async () => {
    const collate = async (samples: number[]) => samples.map((sample) => sample * 10);
    const loader = new DataLoader(numbers(5), { batchSize: 2, collate });
    assert.deepEqual(await collect(loader), [[0, 10], [20, 30], [40]]);
  });

  it('gathers the samples of any iterable', async () => {
    async function* asynchronous() {
      for (const sample of range(5)) {
        await delay(0);
        yield sample;
      }
    }
    const collate = (samples: number[]) => samples;
    const loader = new DataLoader(asynchronous(), { batchSize: 2, collate });
    assert.ok(Number.isNaN(loader.length));
    assert.deepEqual(await collect(loader), [[0, 1], [2, 3], [4]]);
    assert.deepEqual(await collect(new DataLoader(new Set(range(5)), { batchSize: 2, dropLast: true, collate })), [
      [0, 1],
      [2, 3],
    ]);
    const source = { [Symbol.iterator]: () => range(7)[Symbol.iterator]() };
    const resumed = new DataLoader(source, { batchSize: 2, collate });
    resumed.setState({ seed: null, epoch: 0, position: 4 });
    assert.deepEqual(await collect(resumed), [[4, 5], [6]]);
    assert.deepEqual(await collect(resumed), [[0, 1], [2, 3], [4, 5], [6]]);
    assert.deepEqual(
      await elements(
        await collect(
          new DataLoader(
            new Set([
              [1, 2],
              [3, 4],
            ]),
            { batchSize: 2 },
          ),
        ),
      ),
      [
        [
          [1, 3],
          [2, 4],
        ],
      ],
    );
  });

  it('closes an iterable after a break', async () => {
    let closed = 0;
    function* samples() {
      try {
        for (;;) yield 1;
      } finally {
        closed++;
      }
    }
    await elements(await collect(new DataLoader(samples(), { batchSize: 2 }), 3));
    assert.equal(closed, 1);
  });

  it('waits for asynchronous datasets, asking for the samples of a batch at once', async () => {
    let open = 0;
    let most = 0;
    const get = async (index: number) => {
      most = Math.max(most, ++open);
      await delay(1);
      open--;
      return index;
    };
    const loader = new DataLoader({ length: 6, get }, { batchSize: 3, collate: (samples: number[]) => samples });
    assert.deepEqual(await collect(loader), [
      [0, 1, 2],
      [3, 4, 5],
    ]);
    assert.equal(most, 3);
    const failing = { length: 2, get: async (index: number) => Promise.reject(new Error(`no sample ${index}`)) };
    await assert.rejects(collect(new DataLoader(failing, { batchSize: 2 })), /no sample 0/);
  });

  it('ends with the reason of its signal, also while it waits', async () => {
    const never = () => new Promise<never>(() => {});
    const sources: data.Source<unknown, unknown>[] = [
      numbers(1000),
      { length: 5, get: never },
      { length: 5, get: never, getBatch: never },
      { [Symbol.asyncIterator]: () => ({ next: never }) },
    ];
    for (const source of sources) {
      const controller = new AbortController();
      const loader = new DataLoader(source, { signal: controller.signal });
      setTimeout(() => controller.abort(new Error('stop')), 5);
      const consume = async () => {
        for await (const _ of loader) await delay(1);
      };
      await assert.rejects(consume(), /^Error: stop$/);
      await assert.rejects(consume(), /^Error: stop$/, 'aborted before it begins');
    }
  });

  it('ends with the reason of its signal where the source aborts before it hangs', async () => {
    for (const name of ['get', 'getBatch', 'next', 'later next']) {
      const controller = new AbortController();
      let calls = 0;
      const abortAndHang = () => {
        if (name.startsWith('later') && calls++ === 0) return Promise.resolve({ done: false, value: 1 });
        controller.abort(new Error('stop'));
        return new Promise<never>(() => {});
      };
      const source = (
        name.endsWith('next')
          ? { [Symbol.asyncIterator]: () => ({ next: abortAndHang }) }
          : { length: 5, get: abortAndHang, ...(name === 'getBatch' ? { getBatch: abortAndHang } : {}) }
      ) as data.Source<unknown, unknown>;
      const { signal } = controller;
      const options = name.endsWith('next') ? { signal, collate: (samples: unknown[]) => samples } : { signal };
      const consume = async () => {
        for await (const _ of new DataLoader(source, options));
      };
      await assert.rejects(consume(), /^Error: stop$/, name);
    }
  });

  it('leaves the event loop free', async () => {
    const busy = (milliseconds: number) => {
      for (const end = performance.now() + milliseconds; performance.now() < end; );
    };
    const work = () => {
      busy(0.2);
      return [1];
    };
    const stream = {
      *[Symbol.iterator]() {
        for (let i = 0; i < 1000; i++) yield work();
      },
    };
    const cases: [source: data.Source<Tensor[], number[]>, batchSize: number][] = [
      [{ length: 1000, get: work }, 1],
      [{ length: 1000, get: work }, 200],
      [{ length: 1000, get: work, getBatch: () => [tensor(work())] }, 1],
      [stream, 1],
      [stream, 200],
    ];
    for (const [source, batchSize] of cases) {
      let turns = 0;
      const timer = setInterval(() => turns++, 1);
      const batches = await collect(new DataLoader(source, { batchSize }));
      clearInterval(timer);
      // 200 ms of work: a loader that never lets go gives 0 turns, this one one every few milliseconds.
      assert.ok(turns >= 15, `${turns} turns`);
      await elements(batches);
    }
  });

  it('refuses wrong arguments', () => {
    const wrong = (options: object, message: RegExp) =>
      assert.throws(() => new DataLoader(numbers(3), options as never), refuses(message));
    for (const batchSize of [0, -1, 1.5, '64', null, Number.NaN, Number.POSITIVE_INFINITY]) {
      wrong({ batchSize }, /^\[DataLoader\] expected batchSize to be a positive integer but received /);
    }
    wrong({ batchSize: '64' }, /but received '64'$/);
    wrong({ shuffle: 1 }, /expected shuffle to be a boolean but received 1/);
    wrong({ dropLast: 'no' }, /expected dropLast to be a boolean/);
    wrong({ seed: -1 }, /expected seed to be a non-negative safe integer but received -1/);
    wrong({ collate: true }, /expected collate to be a function/);
    wrong({ signal: {} }, /expected signal to be an AbortSignal/);
    assert.throws(
      () => new DataLoader(numbers(3), 5 as never),
      refuses(/expected an object with options .* received number 5/),
    );
    for (const source of [undefined, null, 5, 'text', {}, { length: 2 }, { length: -1, get: () => 0 }]) {
      assert.throws(() => new DataLoader(source as never), refuses(/expected source to be a dataset/));
    }
    assert.throws(
      () => new DataLoader(new Set([1]), { shuffle: true }),
      refuses(/expected shuffle to be false, since/),
    );
    const loader = new DataLoader(numbers(3));
    for (const state of [
      null,
      {},
      { epoch: 0, position: 4 },
      { epoch: -1, position: 0 },
      { seed: 0.5, epoch: 0, position: 0 },
    ]) {
      assert.throws(() => loader.setState(state as never), refuses(/expected state/));
    }
  });

  it('feeds a training loop from bytes', async () => {
    const images = { data: Uint8Array.from(range(40)), shape: [10, 2, 2], scale: 1 / 255 };
    const labels = { data: Uint8Array.from(range(10)), dtype: 'int64' } as const;
    const loader = new DataLoader(new ArrayDataset(images, labels), { batchSize: 4, shuffle: true, seed: 0 });
    const seen: number[] = [];
    for await (const [x, y] of loader) {
      const [pixels, classes] = (await elements([[x, y]]))[0];
      for (const [i, label] of classes.entries())
        assert.ok(Math.abs(pixels[4 * i] - (label * 4) / 255) < 1e-7, `${pixels[4 * i]}`);
      seen.push(...classes);
    }
    assert.deepEqual(sorted(seen), range(10));
  });
});
