// What it costs to have anneal at all: memory of processes that train, time to load, room on the disk.
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Figure, FigureOptions, FigureSuite } from '../figures';
import { ourProgram, peerProgram } from '../peers/programs';
import { BenchError, startRival } from '../rival';
import { endToEnd } from './end-to-end';
import { loadingTime, roomOnDisk } from './footprint';
import { gpt } from './gpt';
import type { Suite } from './suite';

/** A process whose memory is measured: the first case of a suite, and how many iterations it makes. */
interface Workload {
  name: string;
  suite: Suite;
  iterations: number;
}

const workloads: readonly Workload[] = [
  { name: 'demo', suite: endToEnd, iterations: 2 },
  { name: 'gpt step', suite: gpt, iterations: 3 },
];
const kinds = ['peak', 'steady'] as const;

export const memory: FigureSuite = {
  name: 'memory',
  description: 'memory of the processes of the demo and of training steps of a GPT, time to load, room on the disk',
  cases: [...workloads.flatMap(({ name }) => kinds.map((kind) => `${name}, ${kind}`)), 'load', 'disk'],
  async *figures(options) {
    const { wanted } = options;
    for (const workload of workloads) {
      if (kinds.some((kind) => wanted(`${workload.name}, ${kind}`))) yield* residentMemory(workload, options);
    }
    if (wanted('load')) yield await loadingTime(options);
    if (wanted('disk')) yield await roomOnDisk(options);
  },
};

// Training in a fresh process each round. The system keeps count of the peak; the steady size is that after the last iteration. What
// compiles our TypeScript on the fly is part of ours.
async function* residentMemory(
  { name: workload, suite, iterations }: Workload,
  { peers, threads, rounds = 3, quick, skip }: FigureOptions,
): AsyncGenerator<Figure> {
  const programs = [await ourProgram(suite, { threads, device: 'cpu' })];
  for (const peer of peers) {
    const program = await peerProgram(peer, suite, { threads, device: 'cpu' });
    if (typeof program === 'string') skip(peer, program);
    else programs.push(program);
  }
  const [first] = suite.cases(quick, threads);
  const sizes = programs.map(() => ({ peak: [] as number[], steady: [] as number[] }));
  const folder = await mkdtemp(join(tmpdir(), 'anneal-bench-'));
  try {
    const job = await first.job(folder);
    for (let round = 0; round < (quick ? 1 : rounds); round++) {
      for (const [i, program] of programs.entries()) {
        const rival = await startRival(program, job);
        try {
          await rival.measure(quick ? 1 : iterations);
          const { peak, steady } = residentMegabytes(rival.pid);
          sizes[i].peak.push(peak);
          sizes[i].steady.push(steady);
        } finally {
          rival.close();
        }
      }
    }
  } finally {
    await rm(folder, { recursive: true });
  }
  for (const kind of kinds) {
    const values = programs.map(({ name }, i) => ({ impl: name, rounds: sizes[i][kind] }));
    yield { case: `${workload}, ${kind}`, unit: 'MB', values };
  }
}

function residentMegabytes(pid: number): { peak: number; steady: number } {
  const file = `/proc/${pid}/status`;
  try {
    const text = readFileSync(file, 'utf8');
    const kibibytes = (field: string) => Number(new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(text)?.[1]);
    return { peak: kibibytes('VmHWM') * 1.024e-3, steady: kibibytes('VmRSS') * 1.024e-3 };
  } catch {
    throw new BenchError(`[bench] ${file} cannot be read: memory of processes is measured on Linux only`);
  }
}
