// Objects of options: a name that nobody reads is a mistake that would train to the wrong answer in silence.
import { ArgumentError, describe } from './errors';
import { copyOf, isMap, isPromiseLike } from './kinds';
import { closest } from './misspelling';

/** @throws ArgumentError for anything but an object, and for a name that is not among `names`. */
export function checkOptions(op: string, options: unknown, names: readonly string[]): void {
  if (options === undefined) return;
  const isObject = typeof options === 'object' && options !== null && !Array.isArray(options);
  if (!isObject || copyOf in options || isPromiseLike(options) || isMap(options)) {
    throw new ArgumentError(
      `[${op}] expected an object with options (${names.join(', ')}), received ${describe(options)}`,
    );
  }
  for (const name of Object.keys(options)) {
    if (names.includes(name)) continue;
    const near = closest(name, names);
    const hint = near === undefined ? '' : `; did you mean '${near}'?`;
    throw new ArgumentError(`[${op}] there is no option '${name}'; there are ${names.join(', ')}${hint}`);
  }
}

/** Options without those that are undefined. */
export function definedOf<O extends object>(options: O): Partial<O> {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as Partial<O>;
}

/** Options, and defaults for those that are left out. @throws ArgumentError as {@link checkOptions}, for a name that has no default. */
export function withDefaults<O extends object>(op: string, options: Partial<O>, defaults: O): O {
  checkOptions(op, options, Object.keys(defaults));
  return { ...defaults, ...definedOf(options) };
}
