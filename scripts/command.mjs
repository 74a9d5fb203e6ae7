// Child processes of the build: where a program lies, and running it with its output shown, kept, or both.
import { spawn } from 'node:child_process';
import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** An error whose message says it all: shown without a stack. */
export class BuildError extends Error {}

/**
 * The first of the programs that exists on PATH (or as a path), or null.
 * @param {...string} names
 */
export function findProgram(...names) {
  const folders = (process.env.PATH ?? '').split(delimiter);
  for (const name of names) {
    const candidates = name.includes('/') ? [resolve(name)] : folders.map((folder) => join(folder, name));
    for (const file of candidates) {
      try {
        accessSync(file, constants.X_OK);
        if (statSync(file).isFile()) return file;
      } catch {
        // not here
      }
    }
  }
  return null;
}

/**
 * show: also print the output as it comes; onLine: called for each line of it; cwd: the root of the repository unless it is given.
 * @typedef {{ cwd?: string, env?: NodeJS.ProcessEnv, show?: boolean, onLine?: (line: string) => void }} RunOptions
 */

/**
 * Runs a program and waits for it.
 * @param {string} program
 * @param {string[]} args
 * @param {RunOptions} [options]
 * @returns {Promise<{ code: number, output: string }>} code is 128 + n for a program killed by signal n, as in shells
 */
export function run(program, args, { cwd = root, env = process.env, show = false, onLine } = {}) {
  return new Promise((settle, reject) => {
    const child = spawn(program, args, { cwd, env, stdio: ['inherit', 'pipe', 'pipe'] });
    let output = '';
    let line = '';
    /** @param {NodeJS.WriteStream} target */
    const receive = (target) => (/** @type {string} */ text) => {
      output += text;
      if (show) target.write(text);
      if (!onLine) return;
      const lines = (line + text).split('\n');
      line = lines.pop() ?? '';
      lines.forEach(onLine);
    };
    child.stdout.setEncoding('utf8').on('data', receive(process.stdout));
    child.stderr.setEncoding('utf8').on('data', receive(process.stderr));
    child.on('error', reject);
    child.on('close', (code, signal) => {
      if (signal) output += `\n${program} was killed by ${signal}\n`;
      settle({ code: code ?? 128 + signalNumber(signal), output });
    });
  });
}

/** @param {NodeJS.Signals | null} signal */
function signalNumber(signal) {
  return { SIGILL: 4, SIGABRT: 6, SIGBUS: 7, SIGFPE: 8, SIGKILL: 9, SIGSEGV: 11, SIGTERM: 15 }[String(signal)] ?? 1;
}

/**
 * Runs the main function of a script when it is the program, and turns what it throws into an exit code.
 * @param {string} url import.meta.url of the script
 * @param {() => unknown} main
 */
export async function runAsProgram(url, main) {
  if (process.argv[1] !== fileURLToPath(url)) return;
  try {
    await main();
  } catch (error) {
    console.error(error instanceof BuildError ? error.message : error);
    process.exitCode = 1;
  }
}
