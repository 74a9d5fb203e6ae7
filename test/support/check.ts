// Checks over many samples, and suites that leave nothing behind.
import assert from 'node:assert/strict';
import { scope } from 'anneal';
import { liveTensors } from './collect';
import { isKnownToLack } from './gpu';
import { describeSample, type Sample } from './samples';

/**
 * Runs a check, which says what is wrong, on each sample in a scope of its own, and fails with all that is. A sample passes that needs
 * what GPUs are known to have no kernels of.
 */
export function checkAll(list: readonly Sample[], check: (sample: Sample) => string | undefined): void {
  const problems: string[] = [];
  for (const sample of list) {
    const problem = scope(() => {
      try {
        return check(sample);
      } catch (error) {
        return isKnownToLack(error) ? undefined : String(error);
      }
    });
    if (problem) problems.push(`${sample.op}, ${describeSample(sample)}: ${problem}`);
  }
  if (problems.length > 0) assert.fail(`${problems.length} of ${list.length} samples fail:\n${problems.join('\n')}`);
}

/** A suite whose tests leave no tensor behind, once the collector has been. */
export function suite(title: string, tests: () => void): void {
  describe(title, () => {
    let held = 0;
    before(async () => {
      held = await liveTensors();
    });
    after(async () => {
      const left = (await liveTensors()) - held;
      assert.ok(left <= 0, `${left} tensors left`);
    });
    tests();
  });
}
