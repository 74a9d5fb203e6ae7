// Keeps a loop over batches from starving the event loop or running too far ahead of the device.
import { setImmediate as nextTurn } from 'node:timers/promises';
import { engineReady } from '../engine';

/** How long promises alone may keep the event loop from turning, in milliseconds. */
const TURN_INTERVAL = 2;

/** Awaited once per batch, and once per sample where samples come one by one. */
export class Pace {
  #lastTurn = performance.now();

  async step(): Promise<void> {
    const wait = engineReady();
    if (wait) await wait;
    if (performance.now() - this.#lastTurn < TURN_INTERVAL) return;
    await nextTurn();
    this.#lastTurn = performance.now();
  }
}
