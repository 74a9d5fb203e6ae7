// `anneal launch`: starts a script as several processes of one group, puts their numbers before what they print, and starts all of them
// again where one fails.
import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { createServer } from 'node:net';
import { availableParallelism } from 'node:os';
import type { Readable, Writable } from 'node:stream';

/** What to launch. */
export interface LaunchOptions {
  /** Processes on this machine. */
  processes: number;
  /** Machines, and which of them this is, from 0. */
  nodes: number;
  node: number;
  /** Where process 0 listens; a port of 0 is any that is free. */
  address: string;
  port: number;
  /** How often all are started again after a failure. */
  maxRestarts: number;
  /** With how few processes: each restart leaves out those that failed. Undefined: always as many. */
  min: number | undefined;
  script: string;
  args: readonly string[];
}

// How long the other processes have to end by themselves when one has failed, and then when they are asked to.
const GRACE_MS = 5000;

/** Runs until all processes have ended well (0), or until they fail and may not be started again (their code). */
export async function launch(options: LaunchOptions): Promise<number> {
  const token = process.env.ANNEAL_COMM_TOKEN ?? (options.nodes === 1 ? randomBytes(16).toString('hex') : '');
  let { processes } = options;
  for (let restart = 0; ; restart++) {
    const port = options.port || (await freePort());
    const { code, failed, interrupted } = await runAll({ ...options, processes, port }, token, restart);
    if (code === 0 || interrupted || restart >= options.maxRestarts) return code;
    if (options.min !== undefined) processes = Math.max(options.min, processes - failed);
    const left = `restart ${restart + 1} of ${options.maxRestarts}, with ${processes} processes`;
    process.stderr.write(`anneal: a process failed with ${code}: ${left}\n`);
  }
}

interface Ending {
  code: number;
  /** Processes that failed before they were asked to end, and of their own account. */
  failed: number;
  interrupted: boolean;
}

async function runAll(options: LaunchOptions, token: string, restart: number): Promise<Ending> {
  const children = Array.from({ length: options.processes }, (_, local) => start(options, local, token, restart));
  let code = 0;
  let failed = 0;
  let ending = false;
  let interrupted = false;
  const timers: NodeJS.Timeout[] = [];
  const end = (signal: NodeJS.Signals) => {
    for (const child of children) if (child.exitCode === null && child.signalCode === null) child.kill(signal);
  };
  const endSoon = (delay: number) => {
    if (ending) return;
    ending = true;
    timers.push(
      setTimeout(() => end('SIGTERM'), delay),
      setTimeout(() => end('SIGKILL'), delay + GRACE_MS),
    );
  };
  const interrupt = () => {
    interrupted = true;
    endSoon(0);
  };
  process.on('SIGINT', interrupt).on('SIGTERM', interrupt);
  await Promise.all(
    children.map(
      (child) =>
        new Promise<void>((resolve) => {
          child.on('error', (error) => process.stderr.write(`anneal: ${error.message}\n`));
          child.on('close', (exit, signal) => {
            const status = exit ?? 128 + (signal === 'SIGKILL' ? 9 : 15);
            if (status !== 0 && !ending) failed++;
            if (code === 0) code = status;
            if (status !== 0) endSoon(GRACE_MS);
            resolve();
          });
        }),
    ),
  );
  for (const timer of timers) clearTimeout(timer);
  process.off('SIGINT', interrupt).off('SIGTERM', interrupt);
  return { code: interrupted && code === 0 ? 130 : code, failed: Math.max(1, failed), interrupted };
}

function start(options: LaunchOptions, local: number, token: string, restart: number): ChildProcess {
  const { processes, nodes, node, address, port, script, args } = options;
  const rank = node * processes + local;
  const share = Math.max(1, Math.floor(availableParallelism() / processes));
  const child = spawn(process.execPath, [script, ...args], {
    env: {
      ANNEAL_NUM_THREADS: String(share),
      ...process.env,
      RANK: String(rank),
      WORLD_SIZE: String(nodes * processes),
      LOCAL_RANK: String(local),
      LOCAL_WORLD_SIZE: String(processes),
      MASTER_ADDR: address,
      MASTER_PORT: String(port),
      ANNEAL_COMM: 'tcp',
      ANNEAL_COMM_TOKEN: token,
      ANNEAL_RESTARTS: String(restart),
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  prefixLines(child.stdout, process.stdout, `[${rank}] `);
  prefixLines(child.stderr, process.stderr, `[${rank}] `);
  return child;
}

/** Writes whole lines, so that those of several processes do not run into each other. */
function prefixLines(from: Readable, to: Writable, prefix: string): void {
  let rest = '';
  from.setEncoding('utf8').on('data', (text: string) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop() as string;
    if (lines.length > 0) to.write(lines.map((line) => `${prefix}${line}\n`).join(''));
  });
  from.on('end', () => {
    if (rest !== '') to.write(`${prefix}${rest}\n`);
  });
}

/** A port of this machine that nobody listens at. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.on('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}
