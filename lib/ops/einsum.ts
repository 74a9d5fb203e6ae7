// Sums of products over named axes: diagonals and sums of single operands first, then pairs of them by matmul, the cheapest first.
import { ArgumentError, describe } from '../errors';
import { handleOf, type Tensor } from '../tensor';
import { sizeOf } from './check';
import { diagonal } from './diagonal';
import { type Labels, readEquation } from './einsum-parse';
import { matmul } from './matmul';
import { mul } from './pointwise';
import { sum } from './reduce';
import { permute, reshape, squeeze } from './shape';

/** An operand on the way, with its axes by label, each once. */
interface Factor {
  x: Tensor;
  labels: Labels;
}

type Sizes = ReadonlyMap<string, number>;

/**
 * The sum of products that an equation says, in Einstein's notation:
 *
 * ```ts
 * einsum('ij,jk->ik', a, b);          // matrix product
 * einsum('...ij,...kj->...ik', q, k); // of the last two axes, with a transposed
 * einsum('ii->i', a);                 // diagonal
 * einsum('bi,bj->bij', x, y);         // outer products, one a batch
 * einsum('ij,jk', a, b);              // without '->': the letters that stand once, in alphabetical order
 * ```
 *
 * Letters name axes, and `...` those without a name, which broadcast. A letter twice in one operand is a diagonal; letters that are not
 * in the result are summed over. Of more than two operands the pair is multiplied first whose product takes least.
 *
 * @throws ArgumentError for an equation that cannot be read; ShapeError where the sizes that a letter stands for differ.
 */
export function einsum(equation: string, ...operands: Tensor[]): Tensor {
  if (operands.length === 0) throw new ArgumentError('[einsum] expected an operand behind the equation');
  for (const [i, x] of operands.entries()) {
    if (Array.isArray(x)) throw new ArgumentError(`[einsum] give the operands one by one, not as ${describe(x)}`);
    handleOf('einsum', `operands[${i}]`, x);
  }
  const {
    operands: labels,
    result,
    sizes,
  } = readEquation(
    equation,
    operands.map(({ shape }) => shape),
  );
  let factors = operands.map((x, i) => simplified(diagonals(x, labels[i] as Labels), sizes));
  while (factors.length > 1) {
    const [i, j] = cheapestPair(factors, result, sizes);
    const others = factors.filter((_, k) => k !== i && k !== j);
    const wanted = new Set([...result, ...others.flatMap((factor) => factor.labels)]);
    factors = [...others, product(factors[i] as Factor, factors[j] as Factor, wanted, sizes)];
  }
  return arranged(factors[0] as Factor, result, sizes);
}

/** Axes that bear one letter become their diagonal. */
function diagonals(x: Tensor, labels: Labels): Factor {
  const first = labels.findIndex((label, i) => labels.indexOf(label, i + 1) > 0);
  if (first < 0) return { x, labels };
  const second = labels.indexOf(labels[first] as string, first + 1);
  const rest = labels.filter((_, i) => i !== first && i !== second);
  return diagonals(diagonal(x, 0, first, second), [...rest, labels[first] as string]);
}

/** Without axes of size 1 that stand for a larger size in another operand: they broadcast. */
function simplified({ x, labels }: Factor, sizes: Sizes): Factor {
  const { shape } = x;
  const broadcast = labels.flatMap((label, i) => (shape[i] === 1 && sizes.get(label) !== 1 ? [i] : []));
  if (broadcast.length === 0) return { x, labels };
  return { x: squeeze(x, broadcast), labels: labels.filter((_, i) => !broadcast.includes(i)) };
}

const extentOf = (labels: Labels, sizes: Sizes): number => sizeOf(labels.map((label) => sizes.get(label) as number));

function cheapestPair(factors: readonly Factor[], result: Labels, sizes: Sizes): [number, number] {
  let best: [number, number] = [0, 1];
  let least = Number.POSITIVE_INFINITY;
  for (const [i, a] of factors.entries()) {
    for (let j = i + 1; factors.length > 2 && j < factors.length; j++) {
      const b = factors[j] as Factor;
      const all = [...new Set([...a.labels, ...b.labels])];
      const others = factors.flatMap((factor, k) => (k === i || k === j ? [] : factor.labels));
      const left = all.filter((label) => result.includes(label) || others.includes(label));
      // The work of the product, and of equal ones that with the smaller result.
      const cost = extentOf(all, sizes) + extentOf(left, sizes) / 2;
      if (cost < least) [best, least] = [[i, j], cost];
    }
  }
  return best;
}

/** Sums over the axes that nobody else has. */
function summed({ x, labels }: Factor, wanted: ReadonlySet<string>): Factor {
  const axes = labels.flatMap((label, i) => (wanted.has(label) ? [] : [i]));
  return axes.length === 0 ? { x, labels } : { x: sum(x, axes), labels: labels.filter((label) => wanted.has(label)) };
}

function transposed({ x, labels }: Factor, order: Labels): Tensor {
  return order.every((label, i) => label === labels[i])
    ? x
    : permute(
        x,
        order.map((label) => labels.indexOf(label)),
      );
}

/** Two factors multiplied, and summed over what is not wanted any more: as a batch of matrix products. */
function product(first: Factor, second: Factor, wanted: ReadonlySet<string>, sizes: Sizes): Factor {
  const a = summed(first, new Set([...wanted, ...second.labels]));
  const b = summed(second, new Set([...wanted, ...a.labels]));
  const shared = a.labels.filter((label) => b.labels.includes(label));
  const batch = shared.filter((label) => wanted.has(label));
  const inner = shared.filter((label) => !wanted.has(label));
  const rows = a.labels.filter((label) => !shared.includes(label));
  const columns = b.labels.filter((label) => !shared.includes(label));
  const labels = [...batch, ...rows, ...columns];
  const shape = labels.map((label) => sizes.get(label) as number);
  if (inner.length === 0) {
    const left = reshape(transposed(a, [...batch, ...rows]), [
      ...extents([...batch, ...rows], sizes),
      ...new Array<number>(columns.length).fill(1),
    ]);
    const right = reshape(transposed(b, [...batch, ...columns]), [
      ...extents(batch, sizes),
      ...new Array<number>(rows.length).fill(1),
      ...extents(columns, sizes),
    ]);
    return { x: mul(left, right), labels };
  }
  const [p, m, n, k] = [batch, rows, columns, inner].map((list) => extentOf(list, sizes)) as [
    number,
    number,
    number,
    number,
  ];
  const lead = batch.length > 0 ? [p] : [];
  const left = reshape(transposed(a, [...batch, ...rows, ...inner]), [...lead, m, k]);
  const right = reshape(transposed(b, [...batch, ...inner, ...columns]), [...lead, k, n]);
  return { x: reshape(matmul(left, right), shape), labels };
}

const extents = (labels: Labels, sizes: Sizes): number[] => labels.map((label) => sizes.get(label) as number);

/** The last factor with the axes of the result, in its order. */
function arranged(factor: Factor, result: Labels, sizes: Sizes): Tensor {
  const left = summed(factor, new Set(result));
  const y = transposed(
    left,
    result.filter((label) => left.labels.includes(label)),
  );
  return reshape(y, extents(result, sizes)); // also where nothing had to be done: a tensor of its own
}
