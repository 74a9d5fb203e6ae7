// What the machine can do at most, for results to stand beside: multiply-adds, and bandwidth at the size of the data.
import { compare, type Gauge } from './harness';
import { ourProgram } from './peers/programs';
import { type Job, startRival } from './rival';
import type { LimitName } from './suites/suite';

/** How much the machine does of it per second: GFLOP/s or GB/s. */
export const limitUnits: Record<LimitName, string> = { fma: 'GFLOP/s', triad: 'GB/s', read: 'GB/s' };

/** Past the caches. */
export const memoryBytes = 256 * 2 ** 20;

/** A question for peak.cc, and what one iteration of it does on all threads: FLOP, or bytes of about `bytes`. */
export function limitJob(limit: LimitName, bytes: number, threads: number): { job: Job; amount: number } {
  // Whole rounds of its loops for every width of vectors.
  const [all, round] = limit === 'fma' ? [threads * 3_840_000, 384] : [bytes, 1536];
  const amount = Math.max(Math.floor(all / threads / round), 1) * round;
  return { job: { kind: limit, amount, threads }, amount: amount * threads };
}

export async function startGauge(limit: LimitName, bytes: number, threads: number): Promise<Gauge> {
  const { job, amount } = limitJob(limit, bytes, threads);
  return { rival: await startRival(await ourProgram({ ours: 'peak.cc' }, { threads, device: 'cpu' }), job), amount };
}

/** Medians of the limits, memory's bandwidth for two of them. */
export async function measureLimits(threads: number): Promise<Record<LimitName, number>> {
  const measure = async (limit: LimitName): Promise<number> => {
    const { rival, amount } = await startGauge(limit, memoryBytes, threads);
    try {
      const { times } = await compare([rival], { rounds: 5, secondsPerSample: 0.05, tolerance: 0 }, { amount });
      return Number(times[0].rate?.median.toPrecision(4));
    } finally {
      rival.close();
    }
  };
  return { fma: await measure('fma'), triad: await measure('triad'), read: await measure('read') };
}
