// What the examples' command lines share: values checked where they are read, and failures told in one line.
import { statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { AnnealError } from 'anneal';
import { InvalidArgumentError } from 'commander';

/** Reads a whole number of at least `least`. */
export function wholeNumber(least: number): (text: string) => number {
  return (text) => {
    const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
    if (Number.isSafeInteger(value) && value >= least) return value;
    throw new InvalidArgumentError(`Expected a whole number of at least ${least}.`);
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
