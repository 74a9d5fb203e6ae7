// The addon's own functions, as the package has them: taken where it loads its instance.

export type Fn = (...args: unknown[]) => unknown;
export type Addon = Record<string, Fn> & { failure: { thrown: unknown } };

/** The package, and its instance of the addon. */
export function loadWithAddon(): { addon: Addon; anneal: typeof import('anneal') } {
  let addon = {} as Addon;
  const { dlopen } = process;
  process.dlopen = (module, ...rest) => {
    dlopen(module, ...rest);
    addon = (module as { exports: Addon }).exports;
  };
  try {
    const anneal = require('anneal') as typeof import('anneal');
    return { anneal, addon };
  } finally {
    process.dlopen = dlopen;
  }
}
