// What the machine can do at most, with one thread and with two: the ceiling for every other suite.
import { limitJob, memoryBytes } from '../limits';
import type { Case, LimitName, Suite } from './suite';

// Of one thread; they fit the caches of any processor of today.
const sizes = { L1: 24 * 2 ** 10, L2: 192 * 2 ** 10, L3: 4 * 2 ** 20, memory: memoryBytes };

export const peak: Suite = {
  name: 'peak',
  description: 'multiply-adds in registers, and bandwidth by size of the data',
  iteration: 'pass',
  tolerance: 0,
  rates: true,
  ours: 'peak.cc',
  peers: {},
  cases(quick, threads) {
    const counts = [...new Set([1, 2, threads])].sort((a, b) => a - b);
    const cases = (name: string, limit: LimitName, bytes: (threads: number) => number): Case[] =>
      counts.map((count) => {
        const { job, amount } = limitJob(limit, bytes(count), count);
        return { name, job: () => job, work: { amount, limit }, threads: count };
      });
    const bandwidth = Object.entries(sizes).filter(([place]) => !quick || place !== 'memory');
    return [
      ...cases('fma', 'fma', () => 0),
      ...(['triad', 'read'] as const).flatMap((limit) =>
        bandwidth.flatMap(([place, bytes]) =>
          // Every thread has caches of its own, but the memory is one.
          cases(`${limit} ${place}`, limit, (count) => (place === 'memory' ? bytes : bytes * count)),
        ),
      ),
    ];
  },
};
