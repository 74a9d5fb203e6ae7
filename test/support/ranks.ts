// Several processes of one group, by TCP on this machine: what each of them ended with.
import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { freePort } from '../../lib/cli/launch';

/** What became of a process. */
export interface RankOutcome {
  code: number | null;
  signal: NodeJS.Signals | null;
  stdout: string;
  stderr: string;
}

export interface RankOptions {
  /** Added to the environment of every process. */
  env?: Record<string, string>;
  /** Called with each process when it is started. */
  started?: (child: ChildProcess, rank: number) => void;
}

/** Runs `test/children/distributed.ts` with the name of one of its scenarios as `size` processes, and waits for all. */
export async function runRanks(scenario: string, size: number, options: RankOptions = {}): Promise<RankOutcome[]> {
  const port = String(await freePort());
  return Promise.all(
    Array.from({ length: size }, (_, rank) => {
      const group = { RANK: String(rank), WORLD_SIZE: String(size), MASTER_PORT: port, ANNEAL_NUM_THREADS: '1' };
      return runRank(
        scenario,
        rank,
        { ...group, ANNEAL_COMM: 'tcp', ANNEAL_COMM_TIMEOUT: '60', ...options.env },
        options,
      );
    }),
  );
}

function runRank(
  scenario: string,
  rank: number,
  env: Record<string, string>,
  { started }: RankOptions,
): Promise<RankOutcome> {
  const script = join(__dirname, '..', 'children', 'distributed.ts');
  const child = spawn(process.execPath, ['--import', 'tsx', script, scenario], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  started?.(child, rank);
  return collect(child);
}

/** Waits for a process. */
export function collect(child: ChildProcess): Promise<RankOutcome> {
  const outcome: RankOutcome = { code: null, signal: null, stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name]?.setEncoding('utf8').on('data', (text: string) => {
      outcome[name] += text;
    });
  }
  return new Promise((resolve, reject) => {
    child.on('error', reject).on('close', (code, signal) => resolve({ ...outcome, code, signal }));
  });
}
