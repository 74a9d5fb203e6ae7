// Tensors by name: what states and files of tensors are.
import { ArgumentError, describe } from './errors';
import { copyOf, isMap, isPromiseLike } from './kinds';
import type { Tensor } from './tensor';

/** Tensors by name: what `module.stateDict()` returns, or a Map of them. */
export type NamedTensors = Readonly<Record<string, Tensor>> | ReadonlyMap<string, Tensor>;

/** Their entries, unchecked. @throws ArgumentError for what has none, such as the promise of `io.load` */
export function namedEntries(op: string, named: NamedTensors): [name: string, value: unknown][] {
  if (isMap(named)) return Array.from(named, ([name, value]) => [String(name), value]);
  const isRecord = typeof named === 'object' && named !== null && !Array.isArray(named) && !ArrayBuffer.isView(named);
  if (isRecord && !(copyOf in named) && !isPromiseLike(named)) return Object.entries(named);
  throw new ArgumentError(`[${op}] expected tensors by name, received ${describe(named)}`);
}
