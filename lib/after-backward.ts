// What is to be done when a backward has ended, by those whose hooks it called.

/** Called when the gradients are in `grad`, or when backward has thrown, in the order in which they were added. */
type Finisher = (failed: boolean) => void;

let finishers: Finisher[] | undefined;

/** Runs a backward, then what its hooks have asked for. */
export function duringBackward(walk: () => void): void {
  const outer = finishers;
  finishers = [];
  let failed = true;
  try {
    walk();
    failed = false;
  } finally {
    const own = finishers;
    finishers = outer;
    for (const finish of own) finish(failed);
  }
}

/** From a hook: to be called when the `backward` under way has ended. False where there is none: `grad` sets no gradients. */
export function afterBackward(finish: Finisher): boolean {
  finishers?.push(finish);
  return finishers !== undefined;
}
