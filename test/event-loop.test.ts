// The event loop stays free while a network trains.
import assert from 'node:assert/strict';
import { resultOf } from './children/spawn';

interface Delays {
  p99: number;
  max: number;
  turns: number;
}

describe('the event loop during fit', function () {
  this.timeout(90_000);

  // A timer is late when JavaScript is busy, which is what this is about, and when the machine has no processor to spare for
  // its thread, which is not. The second part is measured in the same process with the engine as busy and no JavaScript to
  // run; and a test that others' work slows down may try again.
  it('has a delay of less than 10 ms at the 99th percentile', async () => {
    const seen: string[] = [];
    for (let attempt = 0; attempt < 4; attempt++) {
      const { fit, idle } = await resultOf<{ fit: Delays; idle: Delays }>('event-loop');
      assert.ok(fit.turns > 20, `${fit.turns} turns of the event loop`);
      if (fit.p99 < 10) return;
      seen.push(`${fit.p99.toFixed(1)} ms (of that without JavaScript: ${idle.p99.toFixed(1)} ms)`);
      if (fit.p99 - idle.p99 < 10 && attempt > 0) return;
    }
    assert.fail(`p99 delays: ${seen.join(', ')}`);
  });
});
