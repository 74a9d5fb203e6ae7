// Random walks among failures, against a model of what they take (docs/architecture.md, "Failures"). ANNEAL_WALKS sets how many;
// test/children/failure-walks.ts runs any number, in several threads.
import assert from 'node:assert/strict';
import { resultOf } from './children/spawn';
import type { Seen } from './support/failure-walk';
import { walkMany } from './support/failure-walks';
import { warningsOf } from './support/warnings';

const walks = Number(process.env.ANNEAL_WALKS || 200);

const check = ({ reads, lost, differences }: Seen, count: number) => {
  assert.equal(differences.length, 0, differences.join('\n'));
  assert.ok(reads > 10 * count && lost > count, `${reads} reads, ${lost} of them of lost tensors`);
};

describe('random walks among failures', function () {
  this.timeout(30_000 + walks * 500);

  it('lose what the model says, and nothing else', async () => {
    let seen: Seen | undefined;
    await warningsOf(async () => {
      seen = await walkMany(1, walks);
    });
    check(seen as Seen, walks);
  });

  it('as well in several threads at once', async () => {
    const count = Math.ceil(walks / 2);
    check(await resultOf<Seen>('failure-walks', [String(count), '3', '10001'], 30 + count), count);
  });
});
