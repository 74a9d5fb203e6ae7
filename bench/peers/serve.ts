// The end of the conversation (see rival.ts) in a rival written in TypeScript: one JSON question a line, one answer a line.
import { createInterface } from 'node:readline';
import type { Job, Sample } from '../rival';

export interface Contender {
  /** Numbers that every rival must come to. */
  check(): Promise<number[]>;
  /** Back to the initial state. */
  reset(): Promise<void> | void;
  /** Runs to the end: what still waits to be computed does not count as done. */
  run(iterations: number): Promise<void>;
  /** In place of the clock around `run`. */
  measure?(iterations: number): Promise<Sample>;
}

interface Question {
  command: 'prepare' | 'check' | 'measure';
  job: Job;
  iterations: number;
}

export async function serve(prepare: (job: Job) => Promise<Contender>, versions: Record<string, string>) {
  let contender: Contender | undefined;
  for await (const line of createInterface(process.stdin)) {
    const question = JSON.parse(line) as Question;
    contender ??= await prepare(question.job);
    process.stdout.write(`${JSON.stringify(await answer(contender, question, versions))}\n`);
  }
}

/** Up to 64 of many values, evenly spread, for a check. */
export function sample(values: ArrayLike<number | bigint | boolean>): number[] {
  const { length } = values;
  const count = Math.min(length, 64);
  return Array.from({ length: count }, (_, i) =>
    Number(values[Math.floor((i * (length - 1)) / Math.max(count - 1, 1))]),
  );
}

async function answer(contender: Contender, { command, iterations }: Question, versions: Record<string, string>) {
  if (command === 'prepare') return { versions };
  await contender.reset();
  if (command === 'check') return { values: await contender.check() };
  if (contender.measure) return contender.measure(iterations);
  await contender.run(Math.max(2, Math.ceil(iterations / 10)));
  const cpuBegin = process.cpuUsage();
  const begin = performance.now();
  await contender.run(iterations);
  const seconds = (performance.now() - begin) / 1000;
  const { user, system } = process.cpuUsage(cpuBegin);
  return { seconds, cpuSeconds: (user + system) / 1e6 };
}
