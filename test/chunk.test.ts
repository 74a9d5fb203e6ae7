// How much work the Trainer hands to the engine at a time.
import assert from 'node:assert/strict';
import { ChunkSize } from '../lib/train/chunk';

/** Chunks of batches that take 1 ms each, until `end`; the sizes, with the time when each ended. */
function chunks(size: ChunkSize, begin: number, end: number, shared: boolean): number[] {
  const sizes: number[] = [];
  for (let now = begin; now < end; ) {
    const { batches } = size;
    now += batches;
    sizes.push(batches);
    size.ran(batches, batches, now, shared);
  }
  return sizes;
}

describe('chunks of batches', () => {
  it('begin with one and double up to 20 ms of work', () => {
    assert.deepEqual(chunks(new ChunkSize(), 0, 100, false), [1, 2, 4, 8, 16, 20, 20, 20, 20]);
  });

  it('shrink to 2 ms at once when others use the engine, and grow again when nobody has for 100 ms', () => {
    const size = new ChunkSize();
    chunks(size, 0, 100, false);
    assert.deepEqual(chunks(size, 100, 125, true), [20, 2, 2, 2]);
    const after = chunks(size, 126, 300, false);
    const quiet = after.findIndex((batches) => batches > 2);
    assert.deepEqual(after.slice(0, quiet), Array(50).fill(2));
    assert.deepEqual(after.slice(quiet, quiet + 4), [4, 8, 16, 20]);
  });

  it('are at least one batch, however long that takes, and 256 at most', () => {
    const size = new ChunkSize();
    size.ran(1, 5000, 5000, false);
    assert.equal(size.batches, 1);
    for (let i = 0; i < 20; i++) size.ran(size.batches, 0, 5000 + i, false);
    assert.equal(size.batches, 256);
  });
});
