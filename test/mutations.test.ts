// Compiled means the same as eager, whatever changes between calls: random walks of test/support/mutations.ts. ANNEAL_FUZZ_RUNS (a
// factor) walks further; test/children/mutations.ts walks from a seed.
import assert from 'node:assert/strict';
import * as anneal from 'anneal';
import { runChild } from './children/spawn';
import { difference } from './support/mutations';
import { warningsOf } from './support/warnings';

const walks = Math.round(60 * Number(process.env.ANNEAL_FUZZ_RUNS ?? 1));

describe('random changes between calls', function () {
  this.timeout(60_000 + 1000 * walks);

  it(`compiled and not, ${walks} walks of 24 calls give the same bits and errors`, async () => {
    await warningsOf(async () => {
      for (let seed = 1; seed <= walks; seed++) assert.equal(await difference(anneal, seed), undefined);
    });
  });

  it('are found where programs do not look at what they depend on', async () => {
    const { stdout } = await runChild('mutations', ['1', '12', 'blind']);
    assert.match(stdout, /\n([6-9]|1\d) of 12 walks differ\n$/);
  });
});
