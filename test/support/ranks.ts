// Several processes of one group, by TCP on this machine: what each of them ended with.
import assert from 'node:assert/strict';
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
  /** What begins each process's command: where it runs. Default: nothing. */
  place?: (rank: number) => string[];
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
  { place = () => [], started }: RankOptions,
): Promise<RankOutcome> {
  const script = join(__dirname, '..', 'children', 'distributed.ts');
  const [program = '', ...args] = [...place(rank), process.execPath, '--import', 'tsx', script, scenario];
  const child = spawn(program, args, {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  started?.(child, rank);
  return collect(child);
}

/** What each process of a scenario printed last, where all ended well. */
export async function found<T>(scenario: string, size: number, options?: RankOptions): Promise<T[]> {
  const outcomes = await runRanks(scenario, size, options);
  for (const { code, stderr } of outcomes) assert.equal(`${code} ${stderr}`, '0 ');
  return outcomes.map(({ stdout }) => JSON.parse(stdout.trim().split('\n').at(-1) as string) as T);
}

/** Sends a signal when a process has joined its group: what is sent before is met by an error that names it as missing. */
export function onceReady(child: ChildProcess, signal: NodeJS.Signals): void {
  child.stdout?.on('data', (text: string) => {
    if (String(text).includes('ready')) child.kill(signal);
  });
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
