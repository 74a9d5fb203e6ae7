// Properties that compare results with the plainest JavaScript there is, on random shapes, views and values.

import { matmul, type NestedArray, type Tensor, tensor } from 'anneal';
import fc from 'fast-check';

/** A dense array: what a tensor is compared with. */
interface Reference {
  shape: number[];
  data: number[];
}

const product = (shape: readonly number[]) => shape.reduce((a, b) => a * b, 1);

/** Builds from a function of the position. */
function from(shape: number[], at: (index: number[]) => number): Reference {
  const data = Array.from({ length: product(shape) }, (_, i) => {
    let rest = i;
    const index = shape.map(() => 0);
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      index[axis] = rest % (shape[axis] as number);
      rest = Math.floor(rest / (shape[axis] as number));
    }
    return at(index);
  });
  return { shape, data };
}

const at = ({ shape, data }: Reference, index: readonly number[]): number =>
  data[shape.reduce((offset, extent, axis) => offset * extent + (index[axis] as number), 0)] as number;

/** As broadcasting reads it: missing dimensions, and those of size 1, repeat. */
const broadcastAt = (ref: Reference, index: readonly number[]): number =>
  at(
    ref,
    ref.shape.map((extent, axis) => (extent === 1 ? 0 : (index[index.length - ref.shape.length + axis] as number))),
  );

async function expectEqual(x: Tensor, expected: Reference): Promise<void> {
  const actual = Array.from(await x.data(), Number);
  const same =
    actual.length === expected.data.length &&
    actual.every((value, i) => Object.is(value + 0, (expected.data[i] as number) + 0));
  if (!same || x.shape.join() !== expected.shape.join()) {
    throw new Error(`[${x.shape}] ${actual} is not [${expected.shape}] ${expected.data}`);
  }
}

const extents = fc.integer({ min: 0, max: 5 });
const shapes = fc.array(fc.oneof({ weight: 4, arbitrary: fc.integer({ min: 1, max: 5 }) }, fc.constant(0)), {
  maxLength: 4,
});

// Small integers, so that every sum and product is exact.
const filled = (shape: number[], seed: number): Reference =>
  from(shape, (index) => ((index.reduce((h, i) => h * 31 + i, seed) * 2654435761) % 19) - 9);

const toTensor = ({ shape, data }: Reference) => tensor(Float64Array.from(data), { shape });

type Step = {
  kind: 'permute' | 'reshape' | 'slice' | 'flip' | 'unsqueeze' | 'expand';
  a: number;
  b: number;
  c: number;
};
const steps = fc.array(
  fc.record({
    kind: fc.constantFrom<Step['kind']>('permute', 'reshape', 'slice', 'flip', 'unsqueeze', 'expand'),
    a: fc.nat(20),
    b: fc.nat(20),
    c: fc.nat(20),
  }),
  { maxLength: 6 },
);

// One step on both; steps that do not apply leave them as they are.
function advance(x: Tensor, ref: Reference, { kind, a, b, c }: Step): [Tensor, Reference] {
  const { shape } = ref;
  const rank = shape.length;
  const axis = rank > 0 ? a % rank : 0;
  const extent = shape[axis] ?? 0;
  switch (kind) {
    case 'permute': {
      const axes = shape.map((_, i) => (i + a) % rank);
      if (b % 2) axes.reverse();
      const permuted = from(
        axes.map((from) => shape[from] as number),
        (index) => {
          const source: number[] = [];
          for (const [to, from] of axes.entries()) source[from] = index[to] as number;
          return at(ref, source);
        },
      );
      return [x.permute(axes), permuted];
    }
    case 'reshape': {
      const factors = [1, 2, 3, 4, 5].filter((f) => product(shape) % f === 0);
      const first = factors[b % factors.length] as number;
      const next = product(shape) === 0 ? [0, first] : [first, product(shape) / first];
      return [x.reshape(c % 2 && product(shape) > 0 ? [first, -1] : next), { shape: next, data: ref.data }];
    }
    case 'slice': {
      if (rank === 0) return [x, ref];
      const begin = b % (extent + 1);
      const end = begin + (c % (extent - begin + 1));
      const step = 1 + (c % 3);
      const count = Math.ceil((end - begin) / step);
      const sliced = from(shape.with(axis, count), (index) =>
        at(ref, index.with(axis, begin + (index[axis] as number) * step)),
      );
      return [x.slice(axis - (b % 2 ? rank : 0), begin, end, step), sliced];
    }
    case 'flip':
      if (rank === 0) return [x, ref];
      return [x.flip(axis), from(shape, (index) => at(ref, index.with(axis, extent - 1 - (index[axis] as number))))];
    case 'unsqueeze': {
      if (rank > 5) return [x, ref];
      const place = a % (rank + 1);
      return [x.unsqueeze(place), { shape: [...shape.slice(0, place), 1, ...shape.slice(place)], data: ref.data }];
    }
    case 'expand': {
      if (rank > 5) return [x, ref];
      const wide = [1 + (b % 3), ...shape.map((size, i) => (size === 1 && i % 2 === c % 2 ? 3 : size))];
      return [x.expand(wide), from(wide, (index) => broadcastAt(ref, index))];
    }
  }
}

export const references = {
  // Any chain of views, then summed over axes: what strides do to reading and reducing.
  views: fc.asyncProperty(shapes, steps, fc.nat(15), fc.boolean(), async (shape, chain, mask, keepDims) => {
    let ref = filled(shape, 7);
    let x = toTensor(ref);
    for (const step of chain) [x, ref] = advance(x, ref, step);
    await expectEqual(x, ref);
    await expectEqual(x.add(x.contiguous()), { shape: ref.shape, data: ref.data.map((value) => 2 * value) });
    const axes = ref.shape.flatMap((_, axis) => ((mask >> axis) & 1 ? [axis] : []));
    const kept = ref.shape.map((extent, axis) => (axes.includes(axis) ? 1 : extent));
    const sums = from(kept, () => 0);
    from(ref.shape, (index) => {
      const target = kept.reduce(
        (offset, extent, axis) => offset * extent + (extent === 1 ? 0 : (index[axis] as number)),
        0,
      );
      sums.data[target] = (sums.data[target] as number) + at(ref, index);
      return 0;
    });
    const reduced = keepDims ? sums : { shape: kept.filter((_, axis) => !axes.includes(axis)), data: sums.data };
    await expectEqual(x.sum(axes, keepDims), reduced);
    const nested = (await x.array()) as NestedArray;
    await expectEqual(tensor(nested, { dtype: 'float64', shape: ref.shape }), ref);
  }),

  // Two operands that broadcast, one or both of them views.
  broadcasting: fc.asyncProperty(shapes, fc.nat(15), fc.nat(4), fc.boolean(), async (shape, mask, drop, transposed) => {
    const other = shape.map((extent, axis) => ((mask >> axis) & 1 ? 1 : extent)).slice(Math.min(drop, shape.length));
    const [a, b] = [filled(shape, 3), filled(other, 5)];
    const axes = other.map((_, axis) => other.length - 1 - axis);
    const y = transposed
      ? toTensor(from([...other].reverse(), (index) => at(b, [...index].reverse()))).permute(axes)
      : toTensor(b);
    const x = toTensor(a);
    await expectEqual(
      x.mul(y),
      from(shape, (index) => at(a, index) * broadcastAt(b, index)),
    );
    await expectEqual(
      y.sub(x),
      from(shape, (index) => broadcastAt(b, index) - at(a, index)),
    );
    await expectEqual(
      x.lt(y),
      from(shape, (index) => Number(at(a, index) < broadcastAt(b, index))),
    );
  }),

  // Products of matrices, vectors and batches, transposed or not.
  products: fc.asyncProperty(
    fc.array(extents, { maxLength: 2 }),
    fc.tuple(extents, fc.integer({ min: 0, max: 40 }), fc.integer({ min: 0, max: 40 })),
    fc.nat(15),
    async (batch, [m, n, k], mask) => {
      const left = filled([...(mask & 1 ? batch : []), m, k], 11);
      const right = filled([...(mask & 2 ? batch : []), k, n], 13);
      const load = (ref: Reference, transposed: boolean) => {
        if (!transposed) return toTensor(ref);
        const rank = ref.shape.length;
        const swap = (index: readonly number[]) => [
          ...index.slice(0, rank - 2),
          index[rank - 1] as number,
          index[rank - 2] as number,
        ];
        return toTensor(from(swap(ref.shape), (index) => at(ref, swap(index)))).transpose(-2, -1);
      };
      const shape = [...(mask & 3 ? batch : []), m, n];
      const expected = from(shape, (index) => {
        const [i, j] = [index.at(-2) as number, index.at(-1) as number];
        const outer = index.slice(0, -2);
        let sum = 0;
        for (let l = 0; l < k; l++) {
          sum += at(left, [...(mask & 1 ? outer : []), i, l]) * at(right, [...(mask & 2 ? outer : []), l, j]);
        }
        return sum;
      });
      await expectEqual(matmul(load(left, (mask & 4) > 0), load(right, (mask & 8) > 0)), expected);
    },
  ),
};
