// Indexing by random items, on random shapes and views, against the plainest JavaScript there is; and the mistakes in items.
import assert from 'node:assert/strict';
import {
  ArgumentError,
  type AtItem,
  compile,
  DTypeError,
  grad,
  IndexError,
  range,
  ShapeError,
  type Tensor,
  tensor,
} from 'anneal';
import fc from 'fast-check';

/** An item, and what it picks of its axis. */
type Picked =
  | { item: AtItem; kind: 'entry'; entry: number }
  | { item: AtItem; kind: 'entries'; entries: number[] }
  | { item: AtItem; kind: 'new' }
  | { item: AtItem; kind: 'tensor'; shape: number[]; values: number[] };

interface Case {
  shape: number[];
  view: number;
  items: Picked[];
}

const sizeOf = (shape: readonly number[]) => shape.reduce((a, b) => a * b, 1);

/** Positions in row-major order of all elements of a shape. */
function* indices(shape: readonly number[]): Generator<number[]> {
  for (let i = 0; i < sizeOf(shape); i++) {
    let rest = i;
    const index = shape.map(() => 0);
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      index[axis] = rest % (shape[axis] as number);
      rest = Math.floor(rest / (shape[axis] as number));
    }
    yield index;
  }
}

const offsetIn = (shape: readonly number[], index: readonly number[]) =>
  shape.reduce((offset, extent, axis) => offset * extent + (index[axis] as number), 0);

/** The entries of a Python slice. */
function sliced(extent: number, begin: number | null, end: number | null, step: number): number[] {
  const found: number[] = [];
  const clamp = (p: number) => (p < 0 ? p + extent : p);
  if (step > 0) {
    const last = end === null ? extent : Math.min(clamp(end), extent);
    for (let i = begin === null ? 0 : Math.max(clamp(begin), 0); i < last; i += step) found.push(i);
  } else {
    const last = end === null ? -1 : Math.max(clamp(end), -1);
    for (let i = begin === null ? extent - 1 : Math.min(clamp(begin), extent - 1); i > last; i += step) found.push(i);
  }
  return found;
}

/** The shape that index tensors broadcast to, and where its axes stand in the result. */
function expected({ shape, items }: Case): { shape: number[]; positions: number[] } {
  const kept = items.filter(({ kind }) => kind !== 'entry');
  const tensors = kept.filter((item) => item.kind === 'tensor');
  const outer: number[] = [];
  for (const { shape: own } of tensors) {
    for (const [i, extent] of [...own].reverse().entries()) outer[i] = Math.max(outer[i] ?? 1, extent);
    for (const [i, extent] of [...own].reverse().entries()) if (extent === 0) outer[i] = 0;
  }
  outer.reverse();
  const places = kept.flatMap(({ kind }, i) => (kind === 'tensor' ? [i] : []));
  const first = places[0] ?? 0;
  const neighbours = places.every((place, i) => place === first + i);
  const start = neighbours ? first : 0;
  const others = kept.filter(({ kind }) => kind !== 'tensor');
  const inner = others.map((item) => (item.kind === 'entries' ? item.entries.length : 1));
  const result = tensors.length > 0 ? [...inner.slice(0, start), ...outer, ...inner.slice(start)] : inner;
  const positions: number[] = [];
  for (const index of indices(result)) {
    const wide = tensors.length > 0 ? index.slice(start, start + outer.length) : [];
    const rest = tensors.length > 0 ? [...index.slice(0, start), ...index.slice(start + outer.length)] : index;
    const at: number[] = [];
    let other = 0;
    for (const item of items) {
      if (item.kind === 'entry') at.push(item.entry < 0 ? item.entry + (shape[at.length] as number) : item.entry);
      if (item.kind === 'new') other++;
      if (item.kind === 'entries') at.push(item.entries[rest[other++] as number] as number);
      if (item.kind === 'tensor') {
        const own = item.shape.map((extent, i) =>
          extent === 1 ? 0 : (wide[wide.length - item.shape.length + i] as number),
        );
        const value = item.values[offsetIn(item.shape, own)] as number;
        at.push(value < 0 ? value + (shape[at.length] as number) : value);
      }
    }
    positions.push(offsetIn(shape, at));
  }
  return { shape: result, positions };
}

const end = fc.option(fc.integer({ min: -7, max: 7 }), { nil: null });
const step = fc.constantFrom(1, 1, 1, 2, 3, -1, -1, -2);

function entries(extent: number): fc.Arbitrary<Picked> {
  return fc.tuple(end, end, step, fc.boolean()).map(([begin, stop, by, asText]) => ({
    item: asText ? `${begin ?? ''}:${stop ?? ''}:${by}` : range(begin, stop, by),
    kind: 'entries',
    entries: sliced(extent, begin, stop, by),
  }));
}

const tensorShapes = fc.constantFrom<number[]>([], [3], [1], [2, 1], [2, 3], [1, 3]);

function itemFor(extent: number): fc.Arbitrary<Picked> {
  const whole: Picked = { item: ':', kind: 'entries', entries: sliced(extent, null, null, 1) };
  if (extent === 0) return fc.oneof(fc.constant(whole), entries(extent));
  const entry = fc.integer({ min: -extent, max: extent - 1 });
  const picks = tensorShapes.chain((shape) =>
    fc.array(entry, { minLength: sizeOf(shape), maxLength: sizeOf(shape) }).map((values): Picked => {
      return { item: tensor(Int32Array.from(values), { shape }), kind: 'tensor', shape, values };
    }),
  );
  return fc.oneof(
    fc.constant(whole),
    entries(extent),
    entry.map((e): Picked => ({ item: e, kind: 'entry', entry: e })),
    picks,
  );
}

const cases: fc.Arbitrary<Case> = fc
  .array(fc.oneof({ weight: 6, arbitrary: fc.integer({ min: 1, max: 4 }) }, fc.constant(0)), { maxLength: 4 })
  .chain((shape) =>
    fc.record({
      shape: fc.constant(shape),
      view: fc.nat(3),
      items: fc.tuple(...shape.map((extent) => itemFor(extent))).chain((items) =>
        fc.array(fc.nat(items.length), { maxLength: 2 }).map((places) => {
          const all: Picked[] = [...items];
          for (const place of places) all.splice(place, 0, { item: null, kind: 'new' });
          return all;
        }),
      ),
    }),
  )
  // At most eight dimensions.
  .filter(({ shape, items }) => items.length <= 6 && shape.length <= 4);

/** The numbers from 0 on in a shape: dense, or a view with other strides. */
function counting(shape: number[], view: number): Tensor {
  const size = sizeOf(shape);
  const values = Float64Array.from({ length: size }, (_, i) => i);
  if (view === 1 && shape.length > 1) {
    // The same elements, laid out with the axes in reverse.
    const reversed = [...shape].reverse();
    const laid = new Float64Array(size);
    let i = 0;
    for (const index of indices(shape)) laid[offsetIn(reversed, [...index].reverse())] = values[i++] as number;
    return tensor(laid, { shape: reversed }).permute([...shape.keys()].reverse());
  }
  if (view === 2 && shape.length > 0) {
    const wide = new Float64Array(2 * size).fill(-1);
    for (let i = 0; i < size; i++) wide[2 * i] = values[i] as number;
    return tensor(wide, { shape: [...shape, 2] }).at('...', 0);
  }
  return tensor(values, { shape });
}

const numbers = (x: Tensor) => Array.from(x.dataSync(), Number);
const argumentsOf = ({ items }: Case) => items.map(({ item }) => item);

describe('at and withAt, of random items', function () {
  this.timeout(60_000);

  it('pick the elements that plain loops pick, and share the gradient out to them', () => {
    fc.assert(
      fc.property(cases, (given) => {
        const x = counting(given.shape, given.view).detach();
        x.requiresGrad = true;
        const y = x.at(...argumentsOf(given));
        const { shape, positions } = expected(given);
        assert.deepEqual(y.shape, shape);
        assert.deepEqual(numbers(y), positions);
        const counts = new Array<number>(sizeOf(given.shape)).fill(0);
        for (const position of positions) counts[position] = (counts[position] as number) + 1;
        assert.deepEqual(numbers(grad(y.sum(), x)[0]), counts);
      }),
      { numRuns: 400 },
    );
  });

  it('write where plain loops write', () => {
    fc.assert(
      fc.property(cases, fc.boolean(), fc.boolean(), (given, accumulate, isNumber) => {
        const x = counting(given.shape, given.view);
        const { shape, positions } = expected(given);
        const values = positions.map((_, i) => (isNumber ? 0.5 : 100 + i));
        const value = isNumber ? 0.5 : tensor(Float64Array.from(values), { shape });
        const result = numbers(x);
        for (const [i, position] of positions.entries()) {
          result[position] = (accumulate ? (result[position] as number) : 0) + (values[i] as number);
        }
        assert.deepEqual(numbers(x.withAt(argumentsOf(given), value, { accumulate })), result);
      }),
      { numRuns: 400 },
    );
  });

  it('do the same in compiled functions', () => {
    fc.assert(
      fc.property(cases, (given) => {
        const x = counting(given.shape, given.view);
        const items = argumentsOf(given);
        const both = (t: Tensor) => [t.at(...items), t.withAt(items, -1)] as const;
        const [picked, written] = compile(both)(x);
        const [eagerPicked, eagerWritten] = both(x);
        assert.deepEqual([numbers(picked), numbers(written)], [numbers(eagerPicked), numbers(eagerWritten)]);
      }),
      { numRuns: 60 },
    );
  });
});

describe('at and withAt', () => {
  const x = counting([3, 4], 0);
  const mask = tensor([true, false, true]);

  it('share memory with x where nothing has to be copied', () => {
    const base = tensor([1, 2, 3, 4]);
    const view = base.at('1:3');
    base.assign(tensor([5, 6, 7, 8]));
    assert.deepEqual(numbers(view), [6, 7]);
  });

  it('gives a tensor of its own where everything is picked', () => {
    const all = x.at();
    assert.notEqual(all, x);
    all.dispose();
    assert.equal(x.isDisposed, false);
  });

  it('writes where a mask holds without a promise', () => {
    assert.deepEqual(numbers(x.withAt(mask, 0)), [0, 0, 0, 0, 4, 5, 6, 7, 0, 0, 0, 0]);
    assert.deepEqual(numbers(x.withAt([mask, '1:3'], -1)), [0, -1, -1, 3, 4, 5, 6, 7, 8, -1, -1, 11]);
    assert.throws(() => x.withAt([mask, 0], 1), { name: 'ArgumentError', message: /next to a mask.*ranges only/ });
    assert.throws(() => x.withAt(mask, x.at('0:2')), { name: 'ShapeError', message: /maskedScatter/ });
  });

  it('names the mistake in an item', () => {
    const fails = (items: unknown[], kind: new (...args: never[]) => Error, message: RegExp) => {
      assert.throws(
        () => x.at(...(items as AtItem[])),
        (error: Error) => error instanceof kind && message.test(error.message),
      );
    };
    fails([0, 0, 0], ArgumentError, /^\[at\] 3 axes are indexed, of a tensor of shape \[3, 4\]$/);
    fails([3], IndexError, /^\[at\] entry 3 is outside axis 0 of \[3, 4\]$/);
    fails([0.5], ArgumentError, /picked by an integer, not number 0\.5/);
    fails([[0, 2]], ArgumentError, /array picks nothing; write a range of entries as '1:5'/);
    fails(['1-3'], ArgumentError, /'1-3' is no range of entries/);
    fails(['a:b'], ArgumentError, /is no range/);
    fails(['...', '...'], ArgumentError, /may stand once/);
    fails([true], ArgumentError, /boolean true picks nothing/);
    fails([undefined], ArgumentError, /undefined picks nothing/);
    fails([x], DTypeError, /integer dtype or bool, not float64/);
    fails([mask], ArgumentError, /await x\.atAsync/);
    fails([tensor([true, false])], ArgumentError, /a mask of shape \[2\] does not fit the axes from 0 on of \[3, 4\]/);
    assert.throws(() => range(0, 1, 0), /step must not be 0/);
    assert.throws(() => range(0.5), /expected an integer for 'begin'/);
    assert.throws(() => x.withAt(0, tensor([1, 2])), ShapeError);
    assert.throws(() => x.at(tensor([0, 1], { dtype: 'int32' }), tensor([0, 1, 2], { dtype: 'int32' })), ShapeError);
  });

  it('finds an index outside its axis, and names it as it was given', async () => {
    const index = tensor([0, -4], { dtype: 'int32' });
    await assert.rejects(x.at(index).data(), {
      name: 'IndexError',
      message: /^\[at\] index -4 is outside \[-3, 3\) at position 1/,
    });
    await assert.rejects(x.withAt([':', tensor([4], { dtype: 'int32' })], 0).data(), {
      message: /^\[withAt\] index 4 is outside \[-4, 4\)/,
    });
  });
});
