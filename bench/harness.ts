// Compares rivals on one case: results first, then rounds in which each takes its turn, A B A B, so that whatever else the
// machine does meets all of them alike. The figures to trust are the ratios of neighbours.
import { setTimeout as sleep } from 'node:timers/promises';
import { BenchError, type Rival } from './rival';
import { type Spread, spread } from './statistics';

/** What measures a limit of the machine. */
export interface Gauge {
  rival: Rival;
  /** FLOP or bytes of an iteration. */
  amount: number;
}

export interface CompareOptions {
  rounds: number;
  /** How long one measurement of a rival should take. */
  secondsPerSample: number;
  /** In one measurement; as many as fill `secondsPerSample` if it does not say. */
  iterations?: number;
  /** Largest relative difference between the results of two rivals. */
  tolerance: number;
  /** Milliseconds before each turn, for the threads of the turn before to fall asleep. */
  pause?: number;
}

/** What an iteration does, in FLOP or bytes, and what measures the machine's limit for it as one more in every round. */
export interface Workload {
  amount: number;
  gauge?: Gauge;
}

export interface Times {
  name: string;
  /** In one measurement. */
  iterations: number;
  /** Milliseconds an iteration. */
  wall: Spread;
  /** Processor time of all threads, milliseconds an iteration. */
  cpu: Spread;
  /** 10^9 FLOP or bytes per second. */
  rate?: Spread;
  /** Of the limit measured in the same round. */
  share?: Spread;
}

export interface Comparison {
  times: Times[];
  /** For every rival but the first: its time over the first one's, round by round. Above 1 the first is faster. */
  ratios: ({ name: string } & Spread)[];
  /** What the gauge measured, 10^9 FLOP or bytes per second. */
  limit?: Spread;
}

interface Sample {
  wall: number;
  cpu: number;
}

/** @throws BenchError when the rivals do not compute the same. */
export async function compare(rivals: readonly Rival[], options: CompareOptions, work?: Workload): Promise<Comparison> {
  const [first, ...others] = rivals;
  const expected = await first.check();
  for (const other of others)
    requireAgreement(first.name, expected, other.name, await other.check(), options.tolerance);

  const iterations: number[] = [];
  for (const rival of rivals) {
    iterations.push(options.iterations ?? (await chooseIterations(rival, options.secondsPerSample)));
  }
  const gauge = work?.gauge;
  const gaugeIterations = gauge ? await chooseIterations(gauge.rival, options.secondsPerSample / 4) : 0;
  const measure = async (rival: Rival, count: number): Promise<Sample> => {
    if (options.pause) await sleep(options.pause);
    const { seconds, cpuSeconds } = await rival.measure(count);
    return { wall: (1000 * seconds) / count, cpu: (1000 * cpuSeconds) / count };
  };

  const rounds: Sample[][] = [];
  const limits: number[] = [];
  // Round 0 only warms up.
  for (let round = 0; round <= options.rounds; round++) {
    const samples = [];
    for (const [i, rival] of rivals.entries()) samples.push(await measure(rival, iterations[i]));
    const limit = gauge && rate(gauge.amount, await measure(gauge.rival, gaugeIterations));
    if (round === 0) continue;
    rounds.push(samples);
    if (limit !== undefined) limits.push(limit);
  }

  const times = rivals.map(({ name }, i) => {
    const samples = rounds.map((round) => round[i]);
    const rates = work ? samples.map((sample) => rate(work.amount, sample)) : [];
    return {
      name,
      iterations: iterations[i],
      wall: spread(samples.map(({ wall }) => wall)),
      cpu: spread(samples.map(({ cpu }) => cpu)),
      ...(work ? { rate: spread(rates) } : {}),
      ...(gauge ? { share: spread(rates.map((value, j) => value / limits[j])) } : {}),
    };
  });
  const ratios = others.map(({ name }, i) => ({
    name,
    ...spread(rounds.map((samples) => samples[i + 1].wall / samples[0].wall)),
  }));
  return { times, ratios, ...(gauge ? { limit: spread(limits) } : {}) };
}

// 10^9 a second, from milliseconds.
function rate(amount: number, { wall }: Sample): number {
  return amount / wall / 1e6;
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
