// Indexing over several axes: `x.at(...)` picks, `x.withAt(...)` gives a copy in which something else is there.
import { ArgumentError, describe } from '../errors';
import { checkOptions } from '../options';
import { handleOf, isTensor, type Tensor, type TensorLike } from '../tensor';
import { indexedAxes, pick, pickBasic } from './at-pick';
import { type AtItem, type Part, readSpec } from './at-spec';
import { fitted, writeBasic, writeIndexed, writeMasked } from './at-write';
import { call, operator } from './call';
import { add } from './pointwise';
import { sum } from './reduce';
import { reshape } from './shape';

export { type AtItem, type Range, range } from './at-spec';

const op = { positions: operator('positions') };

/**
 * What the items pick, one for each axis, as PyTorch indexes:
 *
 * ```ts
 * x.at(0);                  // the first entry of the first axis, which is dropped; x.at(-1) is the last
 * x.at('1:5', '...', -1);   // entries 1 to 4 of the first axis, the last one of the last axis
 * x.at('::-1');             // in reverse order
 * x.at(':', null);          // a new axis of size 1 behind the first
 * x.at(rows, columns);      // x[rows[i]][columns[i]] of two vectors of an integer dtype
 * x.at(...index.unbind(-1)) // of an index [..., axes]: what other libraries call gatherND
 * ```
 *
 * Ranges begin, end and step as in Python (see {@link range} for ranges of numbers that are computed). The result of integers,
 * ranges and `null` shares memory with x, but for negative steps.
 *
 * Index tensors broadcast against each other, and pick together: their axes, in the shape that they broadcast to, stand where the
 * first of them stood where they were neighbours, and else first. Integers do not count here, as in PyTorch, unlike in NumPy.
 *
 * How much a mask picks only its values say, so that {@link atAsync} takes masks. {@link maskedFill}, {@link withAt} and {@link where}
 * need not know.
 *
 * @throws ArgumentError; IndexError for an integer outside its axis. An index tensor with an element outside rejects the read of
 * the result with IndexError.
 * @method
 */
export function at(x: Tensor, ...items: AtItem[]): Tensor {
  handleOf('at', 'x', x);
  const parts = readSpec('at', x.shape, items);
  if (parts.some(({ kind }) => kind === 'mask')) {
    throw new ArgumentError(
      '[at] how much a mask picks only its values say: await x.atAsync(...), or use maskedFill, withAt or where',
    );
  }
  return pick(x, parts as Part[]);
}

/**
 * As {@link at}, also of masks: a promise, since the shape of the result depends on the values of the masks. A mask stands for index
 * tensors with the positions at which it holds. Gradients flow to `x`. Not within compiled functions.
 *
 * ```ts
 * await x.atAsync(x.gt(0));        // the positive elements, in a vector
 * await x.atAsync(':', rows);      // columns of which the vector `rows` of dtype bool says true
 * ```
 *
 * @throws as {@link at}.
 * @method
 */
export async function atAsync(x: Tensor, ...items: AtItem[]): Promise<Tensor> {
  handleOf('atAsync', 'x', x);
  const parts = readSpec('atAsync', x.shape, items);
  const joined: number[] = []; // the shape of x with the axes of each mask as one
  const result: Part[] = [];
  for (const part of parts) {
    const axis = joined.length;
    if (part.kind === 'new') {
      result.push(part);
    } else if (part.kind === 'mask') {
      const size = part.mask.size;
      joined.push(size);
      const count = await sum(part.mask).item();
      const index = call(op.positions, handleOf('atAsync', 'mask', part.mask), count);
      result.push({ kind: 'index', axis, index });
    } else {
      joined.push(x.shape[part.axis] as number);
      result.push({ ...part, axis });
    }
  }
  return pick(reshape(x, joined), result);
}

/** Options of {@link withAt}. */
export interface WithAtOptions {
  /** Adds to what is there, for each time that an index names a place. Default false: the last one counts. */
  accumulate?: boolean;
}

/**
 * A copy of `x` in which what `at(...items)` picks is `value`, which broadcasts to it and takes the dtype of `x`. `x` itself does not
 * change: `x = x.withAt([0, '1:3'], 7)`.
 *
 * ```ts
 * x.withAt(0, row);                                // x[0] = row
 * x.withAt(['...', '::2'], 0);                     // x[..., ::2] = 0
 * x.withAt(mask, 0);                               // x[mask] = 0, here without a promise
 * x.withAt([rows, columns], 1, { accumulate: true });
 * ```
 *
 * Next to a mask there may be ranges only, and `value` must fit what is picked for each position at which the mask holds: a number, or
 * a tensor with at most the dimensions behind the mask; {@link maskedScatter} writes other values.
 *
 * Where indices repeat and nothing is accumulated, each element of `value` has the gradient of the place, as in PyTorch.
 *
 * @param items the items of {@link at}: an array of them, or a single one.
 * @throws as {@link at}; ShapeError where `value` does not broadcast.
 * @method
 */
export function withAt(
  x: Tensor,
  items: AtItem | readonly AtItem[],
  value: TensorLike,
  options: WithAtOptions = {},
): Tensor {
  handleOf('withAt', 'x', x);
  checkOptions('withAt', options, ['accumulate']);
  const { accumulate = false } = options;
  if (typeof value !== 'number' && !isTensor(value)) {
    throw new ArgumentError(`[withAt] expected a Tensor or a number for 'value', received ${describe(value)}`);
  }
  const parts = readSpec('withAt', x.shape, Array.isArray(items) ? items : [items as AtItem]);
  if (parts.some(({ kind }) => kind === 'mask')) return writeMasked(x, parts, value, accumulate);
  const plain = parts as Part[];
  const indexed = indexedAxes(plain);
  if (indexed.length > 0) {
    const part = pickBasic(x, plain);
    return writeBasic(x, plain, writeIndexed(part, indexed, value, accumulate));
  }
  if (!accumulate) return writeBasic(x, plain, value);
  const present = pickBasic(x, plain);
  return writeBasic(x, plain, add(present, fitted(value, present.shape)));
}
