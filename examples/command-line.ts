// What the examples' command lines share: values checked where they are read, and failures told in one line.
import { statSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { AnnealError, manualSeed, setNumThreads } from 'anneal';
import { Command, InvalidArgumentError } from 'commander';

/** Reads a whole number of at least `least` and, if that is given, at most `most`. */
export function wholeNumber(least: number, most?: number): (text: string) => number {
  const range = most === undefined ? `of at least ${least}` : `from ${least} to ${most}`;
  return (text) => {
    const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
    if (Number.isSafeInteger(value) && value >= least && value <= (most ?? value)) return value;
    throw new InvalidArgumentError(`Expected a whole number ${range}.`);
  };
}

/** Reads a number above 0. */
export function positiveNumber(text: string): number {
  const value = text.trim() === '' ? Number.NaN : Number(text);
  if (Number.isFinite(value) && value > 0) return value;
  throw new InvalidArgumentError('Expected a number above 0.');
}

/** Reads the path of a file to write, so that a wrong one is found before the work and not after it. */
export function outputFile(text: string): string {
  if (text.trim() === '') throw new InvalidArgumentError('Expected the path of a file.');
  const path = resolve(text);
  if (isFolder(path)) throw new InvalidArgumentError(`${path} is a folder, expected a file.`);
  if (!isFolder(dirname(path))) throw new InvalidArgumentError(`There is no folder ${dirname(path)}.`);
  return path;
}

/** What every training can be told. */
export interface TrainingOptions {
  batchSize: number;
  lr: number;
  seed: number;
  threads?: number;
  json?: string;
}

/** A command with the options of {@link TrainingOptions}. An example adds its own. */
export function trainingCommand(
  name: string,
  description: string,
  defaults: Pick<TrainingOptions, 'batchSize' | 'lr'>,
): Command {
  return new Command(name)
    .description(description)
    .option('--batch-size <n>', 'samples per step', wholeNumber(1), defaults.batchSize)
    .option('--lr <rate>', 'learning rate', positiveNumber, defaults.lr)
    .option('--seed <n>', 'the same seed gives the same results', wholeNumber(0), 1)
    .option('--threads <n>', 'threads to compute with (default: all the process may use)', wholeNumber(1))
    .option('--json <file>', 'write the results to a file', outputFile);
}

/** Sets the number of threads and the seed of all random numbers. */
export function applyOptions({ threads, seed }: Pick<TrainingOptions, 'threads' | 'seed'>): void {
  if (threads !== undefined) setNumThreads(threads);
  manualSeed(seed);
}

/** Writes results as JSON, if a file was given. */
export async function writeResults(file: string | undefined, results: object): Promise<void> {
  if (file !== undefined) await writeFile(file, `${JSON.stringify(results, null, 2)}\n`);
}

function isFolder(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch {
    return false;
  }
}

/** Runs a program. What the engine or the system reports is told without a stack; anything else is a bug and keeps it. */
export function runProgram(main: () => Promise<void>): void {
  // A reader that has seen enough, as in `npm run demo | head`, does not end the program.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
  });
  main().catch((error: unknown) => {
    const expected = error instanceof AnnealError || (error instanceof Error && 'code' in error);
    console.error(expected ? `error: ${error.message}` : error);
    process.exitCode = 1;
  });
}
