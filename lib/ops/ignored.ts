// Tells code that averages losses over batches which targets a mean has left out.
import type { Tensor } from '../tensor';
import { defaultOf, type OperatorRef } from './call';

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

/** Called by losses that ignore targets, with their options. */
export function noteIgnored(
  op: OperatorRef,
  target: Tensor,
  options: { ignoreIndex?: number; reduction?: string },
): void {
  if (observer === undefined) return;
  const { reduction = defaultOf(op, 'reduction'), ignoreIndex = defaultOf(op, 'ignoreIndex') as number } = options;
  if (reduction === 'mean') observer(target, ignoreIndex);
}
