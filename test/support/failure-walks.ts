// The random walks among failures, by seed.
import { type Seen, walkAmongFailures } from './failure-walk';
import { fitAmongFailures, stepAmongFailures } from './training-walk';

/** The walk of a seed: mostly of operators, in some cases of training, or of both at once. */
export async function walkOf(seed: number): Promise<Seen> {
  const walks: Promise<Seen>[] = [];
  if (seed % 8 < 6) walks.push(walkAmongFailures(seed));
  if (seed % 8 === 5 || seed % 8 === 6) walks.push(stepAmongFailures(seed));
  if (seed % 16 === 13 || seed % 8 === 7) walks.push(fitAmongFailures(seed));
  return sumOf(await Promise.all(walks));
}

/** What several walks have seen. */
export function sumOf(walks: readonly Seen[]): Seen {
  const add = (one: keyof Seen & ('reads' | 'lost')) => walks.reduce((sum, seen) => sum + seen[one], 0);
  return { reads: add('reads'), lost: add('lost'), differences: walks.flatMap(({ differences }) => differences) };
}

/** Walks of `count` seeds from `first` on, every `step`-th. Stops at the first that differs from the model. */
export async function walkMany(first: number, count: number, step = 1): Promise<Seen> {
  const walks: Seen[] = [];
  for (let i = 0; i < count; i++) {
    const seed = first + i * step;
    const seen = await walkOf(seed);
    if (seen.differences.length > 0) {
      return { ...sumOf([...walks, seen]), differences: [`seed ${seed}`, ...seen.differences] };
    }
    walks.push(seen);
  }
  return sumOf(walks);
}
