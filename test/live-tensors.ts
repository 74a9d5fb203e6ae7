// A check for the end of every test of a suite: nothing it made is left.
import assert from 'node:assert/strict';
import { memory } from 'anneal';

/** To be called in a `describe`: its tests fail when they leave more tensors than they found. */
export function expectNoLeaks(): void {
  let before = 0;
  beforeEach(() => {
    before = memory().liveTensors;
  });
  afterEach(() => {
    // Fewer is fine: the collector may have freed what an earlier suite left to it.
    const left = memory().liveTensors - before;
    assert.ok(left <= 0, `${left} tensors left`);
  });
}
