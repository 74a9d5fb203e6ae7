// Options that kernels look up at every run of a compiled step: learning rates and momenta, which schedules change.
import { type DynamicValue, guard, type Trace, tracing, untraced } from '../compile/trace';
import type { BaseOptions, Group } from './state';

/** An option that may change from run to run of a compiled step. */
export interface DynamicOption<O> {
  /**
   * What kernels take of it: by their name, its value in these options. The type is that of a method, so that an optimizer with more
   * options is an `Optimizer<BaseOptions>`, too.
   */
  values: Readonly<Record<string, { read(options: O): number }['read']>>;
  /** Whether a step that was traced with the one is the same step with the other. Default: always. */
  isSameStep?(now: unknown, before: unknown): boolean;
}

/** By the name of the option. */
export type DynamicOptions<O> = Readonly<Record<string, DynamicOption<O>>>;

/** What every optimizer has. */
export const learningRate: DynamicOptions<BaseOptions> = { lr: { values: { lr: ({ lr }) => lr } } };

/** A group that tells a trace when one of these options is read or set: the program then holds for that value, or once. */
export function withToldOptions<O extends BaseOptions>(
  group: Group<O>,
  kind: string,
  dynamic: DynamicOptions<O>,
): Group<O> {
  for (const key of Object.keys(dynamic) as (keyof Group<O>)[]) {
    const name = `${kind}.${String(key)}`;
    let value = group[key];
    Object.defineProperty(group, key, {
      enumerable: true,
      configurable: true,
      get: () => (tracing() === undefined ? value : guard(name, () => value)),
      set: (next: Group<O>[keyof Group<O>]) => {
        if (Object.is(next, value)) guard(name, () => value);
        else tracing()?.changes(name);
        value = next;
      },
    });
  }
  return group;
}

/**
 * Traces the update of a batch. Dynamic options are looked up at every run where a kernel takes them. An update that reads one for
 * something else is part of a program that holds for its value alone.
 */
export function traceUpdate<O extends BaseOptions>(
  trace: Trace,
  kind: string,
  group: Group<O>,
  dynamic: DynamicOptions<O>,
  update: (options: Group<O>) => void,
): void {
  const first = trace.dynamicValues.length;
  const options = untraced(() => ({ ...group }));
  const reads = new Map<string, number>();
  const sources: Record<string, Extract<DynamicValue, { kind: 'number' }>> = {};
  for (const [key, { values }] of Object.entries(dynamic)) {
    for (const [name, read] of Object.entries(values)) {
      const valueNow = () => read(group);
      sources[name] = { kind: 'number', read: () => untraced(valueNow) };
    }
    const value = options[key as keyof O];
    Object.defineProperty(options, key, {
      enumerable: true,
      get() {
        reads.set(key, (reads.get(key) ?? 0) + 1);
        return value;
      },
    });
  }
  trace.withDynamicValues(sources, () => update(options));
  const taken = trace.dynamicValues.slice(first);
  for (const [key, { values }] of Object.entries(dynamic)) {
    for (const name of Object.keys(values)) {
      const source = sources[name];
      const uses = taken.filter((other) => other === source).length;
      if (source !== undefined && (reads.get(key) ?? 0) > uses) guard(`${kind}.${key}`, source.read);
    }
  }
}
