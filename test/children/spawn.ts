// Starts a script of this folder in a process of its own, so that a crash or an exit is a result and not the end of the tests.
import { spawn } from 'node:child_process';
import { join } from 'node:path';

/** What became of a process. */
export interface Outcome {
  code: number | null;
  signal: NodeJS.Signals | null;
  stdout: string;
  stderr: string;
  seconds: number;
}

/** Runs `<name>.ts` with arguments, and flags of Node's; kills it after `timeout` seconds, which then shows as SIGKILL. */
export function runChild(
  name: string,
  args: readonly string[] = [],
  timeout = 60,
  flags: readonly string[] = [],
): Promise<Outcome> {
  return runNode([...flags, '--import', 'tsx', join(__dirname, `${name}.ts`), ...args], timeout);
}

/** The same for the text of a CommonJS script in JavaScript, which starts sooner. */
export function runScript(text: string, timeout = 60): Promise<Outcome> {
  return runNode(['-e', text], timeout);
}

function runNode(args: readonly string[], timeout: number): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const start = performance.now();
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    const timer = setTimeout(() => child.kill('SIGKILL'), timeout * 1000);
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
    });
    child.on('error', reject);
    child.on('close', (code, signal) => {
      clearTimeout(timer);
      resolve({ code, signal, stdout, stderr, seconds: (performance.now() - start) / 1000 });
    });
  });
}

/** The outcome in words, for messages of assertions. */
export function describeOutcome({ code, signal, stdout, stderr }: Outcome): string {
  return `exit ${signal ?? code}\n${stdout}\n${stderr}`;
}

/** Runs a script that must succeed, and parses the last line it prints. */
export async function resultOf<T>(
  name: string,
  args: readonly string[] = [],
  timeout = 60,
  flags: readonly string[] = [],
): Promise<T> {
  const outcome = await runChild(name, args, timeout, flags);
  try {
    if (outcome.code === 0) return JSON.parse(outcome.stdout.trim().split('\n').at(-1) as string) as T;
  } catch {
    // told below, with what was printed
  }
  throw new Error(`${name} ${args.join(' ')}: ${describeOutcome(outcome)}`);
}
