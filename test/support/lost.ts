// Lost tensors, and what reading them does.
import assert from 'node:assert/strict';
import { IndexError, type Tensor, tensor } from 'anneal';

export const int64 = (values: number[]) => tensor(values, { dtype: 'int64' });
export const list = async (x: Tensor) => Array.from(await x.data(), Number);

/** Row `index` of x. */
export const pick = (x: Tensor, index: number) => x.indexSelect(0, int64([index]));

/** A tensor [1] that is lost to a failure of index `index`. */
export const bad = (index = 7) => pick(tensor([1, 2, 3]), index);

/** Asserts that x is lost to the failure of that index, however it is read. */
export async function lostTo(x: Tensor, index = 7): Promise<void> {
  const rejects = (error: unknown) => error instanceof IndexError && error.message.includes(`index ${index} `);
  await assert.rejects(x.data(), rejects);
  assert.throws(() => x.dataSync(), rejects);
}
