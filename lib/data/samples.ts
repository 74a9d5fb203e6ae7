// A stream of samples that an AbortSignal can end even while the source keeps one waiting.
import { isPromiseLike } from '../kinds';

/** Iterates over `source` until the signal aborts; then throws its reason. The source is closed either way. */
export async function* samplesOf<Sample>(
  source: Iterable<Sample> | AsyncIterable<Sample>,
  signal?: AbortSignal,
): AsyncGenerator<Sample, void, undefined> {
  const iterator = Symbol.asyncIterator in source ? source[Symbol.asyncIterator]() : source[Symbol.iterator]();
  let open = true;
  try {
    for (;;) {
      signal?.throwIfAborted();
      const result = await orAborted(iterator.next(), signal);
      if (result.done) {
        open = false;
        return;
      }
      yield result.value;
    }
  } catch (error) {
    open = false;
    // Not awaited: an async generator answers only after the pending next(), which may never come.
    if (signal?.aborted) Promise.resolve(iterator.return?.()).catch(() => {});
    throw error;
  } finally {
    if (open) await iterator.return?.();
  }
}

/** `value`, or the signal's reason thrown as soon as it aborts. */
export function orAborted<T>(value: T | PromiseLike<T>, signal: AbortSignal | undefined): T | Promise<T> {
  if (!signal || !isPromiseLike(value)) return value as T | Promise<T>;
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason);
    if (signal.aborted) abort(); // by what gave the value: no event will tell
    signal.addEventListener('abort', abort, { once: true });
    Promise.resolve(value)
      .then(resolve, reject)
      .finally(() => signal.removeEventListener('abort', abort));
  });
}
