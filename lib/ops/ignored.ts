// Tells code that averages losses over batches which targets a mean has left out.
import type { Tensor } from '../tensor';

/** Told of each mean over class indices: its targets, and the index that does not count. */
export type IgnoredObserver = (target: Tensor, ignoreIndex: number) => void;

let observer: IgnoredObserver | undefined;

/** Runs `body` with `seen` told of every mean. */
export function observeIgnored<T>(seen: IgnoredObserver, body: () => T): T {
  const outer = observer;
  observer = seen;
  try {
    return body();
  } finally {
    observer = outer;
  }
}

/** Called by losses that ignore targets. */
export function noteIgnored(target: Tensor, ignoreIndex: number, reduction: string | undefined): void {
  if (observer !== undefined && (reduction ?? 'mean') === 'mean') observer(target, ignoreIndex);
}
