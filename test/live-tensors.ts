// A check for the end of every test of a suite, that nothing it made is left, and what gives tensors back before.
import assert from 'node:assert/strict';
import { memory, type Tensor } from 'anneal';

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

/** Disposes all tensors of some records. */
export function release(...groups: Record<string, Tensor>[]): void {
  for (const group of groups) for (const value of Object.values(group)) value.dispose();
}
