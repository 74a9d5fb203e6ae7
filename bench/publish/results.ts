// The results of one or more runs, as --json wrote them, put together.
import { readFile } from 'node:fs/promises';
import { BenchError } from '../rival';
import type { Spread } from '../statistics';

interface Place {
  suite: string;
  case: string;
  threads: number;
  /** The instruction-set level of ours. */
  isa: string;
  /** Which of the runs it is from. */
  run: number;
}

export interface Result extends Place, Spread {
  impl: string;
  unit: string;
  rate?: number;
  rateUnit?: string;
  peak?: number;
  share?: number;
}

/** A peer's time over ours. */
export interface Ratio extends Place {
  peer: string;
  ratio: number;
  p10: number;
  p90: number;
}

export interface Run {
  machine: { cpu: string; cores: number; isa: string };
  versions: Record<string, string>;
  commit: string | null;
  date: string;
}

export interface Results {
  runs: Run[];
  results: Result[];
  ratios: Ratio[];
}

/** What a later file says about the same thing on the same level replaces what an earlier one said. */
export async function readResults(files: readonly string[]): Promise<Results> {
  const runs: Run[] = [];
  const results = new Map<string, Result>();
  const ratios = new Map<string, Ratio>();
  for (const file of files) {
    const lines = (await readFile(file, 'utf8')).trim().split('\n');
    const objects = lines.map((line) => parseLine(file, line));
    const run = objects.pop() as unknown as Run;
    if (run?.machine === undefined)
      throw new BenchError(`[bench] ${file} does not end with the machine: not a whole run`);
    const place = { isa: run.machine.isa, run: runs.push(run) - 1 };
    for (const object of objects) {
      const line = { ...object, ...place } as unknown as Result | Ratio;
      const key = [line.suite, line.case, line.threads, line.isa];
      if ('impl' in line) results.set([...key, line.impl].join('\t'), line);
      else ratios.set([...key, line.peer].join('\t'), line);
    }
  }
  return { runs, results: [...results.values()], ratios: [...ratios.values()] };
}

function parseLine(file: string, line: string): Record<string, unknown> {
  try {
    return JSON.parse(line) as Record<string, unknown>;
  } catch {
    throw new BenchError(`[bench] ${file} is not one JSON object per line: ${line.slice(0, 60)}`);
  }
}

/** `2026-11-24-amd-epyc`: of the last run. */
export function nameOf({ runs }: Results): string {
  const last = runs.reduce((a, b) => (a.date > b.date ? a : b));
  const cpu = last.machine.cpu.toLowerCase().replace(/[^a-z0-9]+/g, '-');
  return `${last.date.slice(0, 10)}-${cpu.replace(/^-+|-+$/g, '')}`;
}
