// How many batches the engine gets at a time.

// An abort is heeded, and other work of the same environment served, after about two chunks.
const ALONE_MS = 20;
const SHARED_MS = 2;
// So long after other work was last seen, chunks begin to grow again.
const QUIET_MS = 100;
const MOST_BATCHES = 256;

/**
 * Sizes of chunks: some 20 ms of work each, and some 2 ms while others in this environment use the engine too, such as a server
 * that answers beside a training run.
 */
export class ChunkSize {
  #target = ALONE_MS;
  #sharedAt = Number.NEGATIVE_INFINITY;

  /** At first a single batch: an optimizer may begin otherwise than it goes on. */
  batches = 1;

  /** After `batches` took `ms` and ended at `now`; `shared`: others submitted work meanwhile. */
  ran(batches: number, ms: number, now: number, shared: boolean): void {
    if (shared) {
      this.#sharedAt = now;
      this.#target = SHARED_MS;
    } else if (now - this.#sharedAt >= QUIET_MS) {
      this.#target = Math.min(2 * this.#target, ALONE_MS);
    }
    // Grows by steps, since the first measurements are rough.
    const wanted = Math.floor((batches * this.#target) / Math.max(ms, 0.1));
    this.batches = Math.max(1, Math.min(wanted, 2 * batches, MOST_BATCHES));
  }
}
