// What it costs to have anneal at all: memory of the process that runs the demo, time to load, room on the disk.
import { readFileSync } from 'node:fs';
import type { Figure, FigureOptions, FigureSuite } from '../figures';
import { ourProgram, peerProgram } from '../peers/programs';
import { BenchError, startRival } from '../rival';
import { endToEnd } from './end-to-end';
import { loadingTime, roomOnDisk } from './footprint';

export const memory: FigureSuite = {
  name: 'memory',
  description: "memory of the demo's process, time to load, room on the disk",
  cases: ['demo, peak', 'demo, steady', 'load', 'disk'],
  async *figures(options) {
    const { wanted } = options;
    if (wanted('demo, peak') || wanted('demo, steady')) yield* residentMemory(options);
    if (wanted('load')) yield await loadingTime(options);
    if (wanted('disk')) yield await roomOnDisk(options);
  },
};

// The demo's training in a fresh process each round. The system keeps count of the peak; the steady size is that after the last
// epoch. What compiles our TypeScript on the fly is part of ours.
async function* residentMemory({ peers, threads, rounds = 3, quick, skip }: FigureOptions): AsyncGenerator<Figure> {
  const programs = [await ourProgram(endToEnd, { threads, device: 'cpu' })];
  for (const peer of peers) {
    const program = await peerProgram(peer, endToEnd, { threads, device: 'cpu' });
    if (typeof program === 'string') skip(peer, program);
    else programs.push(program);
  }
  const [{ job }] = endToEnd.cases(quick, threads);
  const sizes = programs.map(() => ({ peak: [] as number[], steady: [] as number[] }));
  for (let round = 0; round < (quick ? 1 : rounds); round++) {
    for (const [i, program] of programs.entries()) {
      const rival = await startRival(program, await job(''));
      try {
        await rival.measure(quick ? 1 : 2);
        const { peak, steady } = residentMegabytes(rival.pid);
        sizes[i].peak.push(peak);
        sizes[i].steady.push(steady);
      } finally {
        rival.close();
      }
    }
  }
  for (const kind of ['peak', 'steady'] as const) {
    const values = programs.map(({ name }, i) => ({ impl: name, rounds: sizes[i][kind] }));
    yield { case: `demo, ${kind}`, unit: 'MB', values };
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
