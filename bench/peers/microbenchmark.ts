// Very short calls, timed by npm's benchmark, which repeats a batch of them until its mean is worth something.
import Benchmark from 'benchmark';
import type { Sample } from '../rival';

/** @param run makes `calls` calls, and resolves when all have been computed */
export function measureCalls(run: (calls: number) => Promise<void>, calls: number): Promise<Sample> {
  return new Promise((resolve, reject) => {
    let batches = 0;
    const begin = process.cpuUsage();
    new Benchmark({
      defer: true,
      minSamples: 5,
      maxTime: 0.05,
      fn(deferred: Benchmark.Deferred) {
        batches++;
        run(calls).then(() => deferred.resolve(), reject);
      },
      onComplete({ target }: { target: Benchmark }) {
        const { user, system } = process.cpuUsage(begin);
        resolve({ seconds: target.stats?.mean ?? Number.NaN, cpuSeconds: (user + system) / 1e6 / batches });
      },
    }).run({ async: true });
  });
}
