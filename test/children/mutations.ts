// Walks of test/support/mutations.ts: mutations.ts <first seed> <walks> [blind]. Prints those that differ, and how many did. blind:
// programs are taken to fit whatever has changed, so that walks have to differ.
import * as anneal from '../../lib';
import { Snapshot } from '../../lib/compile/snapshot';
import { difference } from '../support/mutations';

process.on('warning', () => {}); // programs that do not last are what walks make
process.removeAllListeners('warning');

async function main(): Promise<void> {
  const [first = '1', count = '1000', blind] = process.argv.slice(2);
  if (blind === 'blind') Snapshot.prototype.holds = () => true;
  let differ = 0;
  for (let seed = Number(first); seed < Number(first) + Number(count); seed++) {
    const found = await difference(anneal as never, seed);
    if (found === undefined) continue;
    differ++;
    if (differ <= 10) console.log(found);
  }
  console.log(`${differ} of ${count} walks differ`);
}

void main();
