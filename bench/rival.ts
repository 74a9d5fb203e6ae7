// One side of a comparison: a process of its own that is asked, line by line, to check its results and to measure itself.
// The other end of the conversation is peers/serve.ts, peers/serve.py and peers/serve.h.
import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

/** Parameters of a case, sent to every rival alike. */
export type Job = Record<string, string | number | boolean | readonly number[]>;

/** What goes wrong between rivals: told without a stack. */
export class BenchError extends Error {
  readonly code = 'ERR_BENCH';
}

export interface Sample {
  seconds: number;
  /** Processor time of all threads. */
  cpuSeconds: number;
}

export interface Rival {
  readonly name: string;
  /** Numbers that every rival must come to: losses, outputs. */
  check(): Promise<number[]>;
  /** Starts from the same state as every time, warms up, and measures `iterations`. */
  measure(iterations: number): Promise<Sample>;
  close(): void;
}

export interface RivalProgram {
  name: string;
  command: string;
  args: string[];
  env?: Record<string, string>;
  /** Asked with words between tabs instead of JSON: for languages whose standard library does not read it. */
  words?: boolean;
}

/** What starts a program of this kind: its file follows, of which a compiled one has no need. */
export interface Launcher {
  command: string;
  args: string[];
  env?: Record<string, string>;
  /** See {@link RivalProgram}. */
  words?: boolean;
}

interface Question {
  command: 'prepare' | 'check' | 'measure';
  job?: Job;
  iterations?: number;
}

interface Answer extends Partial<Sample> {
  values?: number[];
  versions?: Record<string, string>;
}

/** Starts the program of a rival and prepares it for a job. */
export async function startRival(
  program: RivalProgram,
  job: Job,
): Promise<Rival & { pid: number; versions: Record<string, string> }> {
  const child = spawn(program.command, program.args, {
    env: { ...process.env, ...program.env },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const ask = conversation(program, child);
  const { versions = {} } = await ask({ command: 'prepare', job });
  return {
    name: program.name,
    pid: Number(child.pid),
    versions,
    check: async () => (await ask({ command: 'check' })).values ?? [],
    async measure(iterations) {
      const { seconds = Number.NaN, cpuSeconds = Number.NaN } = await ask({ command: 'measure', iterations });
      return { seconds, cpuSeconds };
    },
    close: () => child.stdin?.end(),
  };
}

// One question at a time; a rival that ends instead of answering fails the question.
function conversation({ name, words }: RivalProgram, child: ChildProcess): (question: Question) => Promise<Answer> {
  let settle: { resolve: (answer: Answer) => void; reject: (error: Error) => void } | undefined;
  let failure: Error | undefined;
  const fail = (error: Error): void => {
    failure ??= error;
    settle?.reject(failure);
  };
  child.on('error', fail);
  child.on('exit', (code, signal) => fail(new BenchError(`[bench] ${name} ended with ${signal ?? `code ${code}`}`)));
  child.stdin?.on('error', fail);
  if (child.stdout) createInterface(child.stdout).on('line', (line) => settle?.resolve(JSON.parse(line) as Answer));
  return (question) =>
    new Promise((resolve, reject) => {
      if (failure) return reject(failure);
      settle = { resolve, reject };
      child.stdin?.write(`${words ? inWords(question) : JSON.stringify(question)}\n`);
    });
}

function inWords({ command, job = {}, iterations }: Question): string {
  const entries = Object.entries(job).map(([key, value]) => `${key}=${value}`);
  return [command, ...entries, ...(iterations === undefined ? [] : [iterations])].join('\t');
}
