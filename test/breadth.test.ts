// What programs of PyTorch use most, one row each (test/support/breadth.ts), with the call that serves it: it runs and gives what it
// should. A row whose names the package does not have yet is pending, and begins to run when it has them.
import assert from 'node:assert/strict';
import { manualSeed } from 'anneal';
import { named, rows } from './support/breadth';
import { suite } from './support/check';

suite('breadth', () => {
  beforeEach(() => manualSeed(1));

  for (const [i, { feature, needs = [], check, leftOut }] of rows.entries()) {
    const title = `${i + 1}. ${feature}`;
    if (check === undefined) {
      it(`${title}: ${leftOut}`, () => {
        assert.ok(leftOut, 'a row without a check says why');
      });
      continue;
    }
    const missing = needs.filter((path) => named(path) === undefined);
    if (missing.length > 0) {
      it.skip(`${title}: without ${missing.join(', ')}`);
      continue;
    }
    it(title, async () => {
      const [found, expected] = await check();
      assert.deepEqual(found, expected);
    });
  }

  it('has 75 rows, each with a check or with a reason', () => {
    assert.equal(rows.length, 75);
    assert.deepEqual(
      rows.filter(({ check, leftOut }) => (check === undefined) === (leftOut === undefined)),
      [],
    );
  });
});
