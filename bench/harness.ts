// Compares rivals on one case: results first, then rounds in which each takes its turn, A B A B, so that whatever else the
// machine does meets all of them alike. The figures to trust are the ratios of neighbours.
import { BenchError, type Rival } from './rival';
import { type Spread, spread } from './statistics';

export interface CompareOptions {
  rounds: number;
  /** How long one measurement of a rival should take. */
  secondsPerSample: number;
  /** In one measurement; as many as fill `secondsPerSample` if it does not say. */
  iterations?: number;
  /** Largest relative difference between the results of two rivals. */
  tolerance: number;
}

export interface Times {
  name: string;
  /** In one measurement. */
  iterations: number;
  /** Milliseconds an iteration. */
  wall: Spread;
  /** Processor time of all threads, milliseconds an iteration. */
  cpu: Spread;
}

export interface Comparison {
  times: Times[];
  /** For every rival but the first: its time over the first one's, round by round. Above 1 the first is faster. */
  ratios: ({ name: string } & Spread)[];
}

/** @throws BenchError when the rivals do not compute the same. */
export async function compare(rivals: readonly Rival[], options: CompareOptions): Promise<Comparison> {
  const [first, ...others] = rivals;
  const expected = await first.check();
  for (const other of others)
    requireAgreement(first.name, expected, other.name, await other.check(), options.tolerance);

  const iterations: number[] = [];
  for (const rival of rivals) {
    iterations.push(options.iterations ?? (await chooseIterations(rival, options.secondsPerSample)));
  }
  const rounds: { wall: number; cpu: number }[][] = [];
  // Round 0 only warms up.
  for (let round = 0; round <= options.rounds; round++) {
    const samples = [];
    for (const [i, rival] of rivals.entries()) {
      const { seconds, cpuSeconds } = await rival.measure(iterations[i]);
      samples.push({ wall: (1000 * seconds) / iterations[i], cpu: (1000 * cpuSeconds) / iterations[i] });
    }
    if (round > 0) rounds.push(samples);
  }
  return {
    times: rivals.map(({ name }, i) => ({
      name,
      iterations: iterations[i],
      wall: spread(rounds.map((samples) => samples[i].wall)),
      cpu: spread(rounds.map((samples) => samples[i].cpu)),
    })),
    ratios: others.map(({ name }, i) => ({
      name,
      ...spread(rounds.map((samples) => samples[i + 1].wall / samples[0].wall)),
    })),
  };
}

function requireAgreement(a: string, expected: number[], b: string, actual: number[], tolerance: number): void {
  const differs = (value: number, i: number) => !(Math.abs(value - actual[i]) <= tolerance * Math.abs(value));
  if (expected.length > 0 && expected.length === actual.length && !expected.some(differs)) return;
  throw new BenchError(
    `[bench] ${a} and ${b} do not compute the same:\n  ${expected.join(' ')}\n  ${actual.join(' ')}`,
  );
}

// The shortest of a few tries: a try that was interrupted would make the samples too short. One try is enough for a rival
// that takes longer over it than over a sample.
async function chooseIterations(rival: Rival, seconds: number): Promise<number> {
  const few = 3;
  let each = Number.POSITIVE_INFINITY;
  for (let i = 0; i < 3 && (i === 0 || few * each < seconds); i++) {
    each = Math.min(each, (await rival.measure(few)).seconds / few);
  }
  return Math.min(Math.max(Math.round(seconds / each), 1), 1_000_000);
}
