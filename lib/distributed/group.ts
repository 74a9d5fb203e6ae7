// The group of processes that this one is a member of.
import { cpus } from 'node:os';
import { guard } from '../compile/trace';
import { setNumThreads } from '../engine';
import { ArgumentError, DistributedError, describe } from '../errors';
import { packageVersion } from '../installation';
import { native, packageRoot } from '../native';
import { checkOptions } from '../options';
import { warn } from '../warn';
import { addressFrom, isMpiProcess, localSizeFrom, memberFrom, mpiFrom, timeoutFrom } from './environment';

/** Options of {@link init}. What is left out comes from the environment. */
export interface InitOptions {
  /**
   * What carries the bytes. Default: `ANNEAL_COMM`, else `mpi` in a process that mpirun or srun has started, else `tcp`, which is for
   * development, tests and systems without MPI.
   */
  transport?: 'mpi' | 'tcp';
  /** This process's number, from 0. Of `tcp`. Default: `RANK`. */
  rank?: number;
  /** The number of processes. Of `tcp`. Default: `WORLD_SIZE`, else 1. */
  size?: number;
  /** Where process 0 listens. Of `tcp`. Default: `MASTER_ADDR`, else 127.0.0.1. */
  address?: string;
  /** The port there. Of `tcp`. Default: `MASTER_PORT`, else 29500. */
  port?: number;
  /** Seconds without any progress after which another process counts as lost. Default: `ANNEAL_COMM_TIMEOUT`, else 300. */
  timeout?: number;
}

/** This process's number among those of the group, from 0. 0 before {@link init}. */
export let rank = 0;

/** The number of processes of the group. 1 before {@link init}. */
export let size = 1;

let joined = false;
let watchesExit = false;

/** Whether this process is in a group: between {@link init} and {@link finalize}. */
export function isInitialized(): boolean {
  return joined;
}

/**
 * Joins the group of processes: resolves when all of them are there. Every process of the group calls it once, in its main thread.
 *
 * Where a launcher says that several processes share this machine, and neither `ANNEAL_NUM_THREADS` nor the launcher has limited the
 * processors, they divide them.
 *
 * A process that ends well leaves the group at its end, which waits for the others to come as far; one that fails tells them.
 *
 * @throws ArgumentError for options or environment variables out of range; DeviceError where there is no MPI library, which says how to
 * get one; DistributedError when a process does not come in time, expects another group, or is in a group already.
 */
export async function init(options: InitOptions = {}): Promise<void> {
  checkOptions('init', options, ['transport', 'rank', 'size', 'address', 'port', 'timeout']);
  const { env } = process;
  const transport = options.transport ?? env.ANNEAL_COMM ?? (isMpiProcess(env) ? 'mpi' : 'tcp');
  const timeout = options.timeout ?? timeoutFrom(env);
  if (!(timeout > 0 && timeout < 1e9)) throw new ArgumentError(`[init] expected seconds above 0, received ${timeout}`);
  if (transport === 'tcp') await openTcp(options, timeout);
  else if (transport === 'mpi') await openMpi(options, timeout);
  else throw new ArgumentError(`[init] expected 'mpi' or 'tcp' for transport, received ${describe(transport)}`);
  const [ownRank, ranks] = native.commGroup();
  rank = ownRank;
  size = ranks;
  joined = true;
  shareProcessors(env);
  if (!watchesExit) process.on('exit', leaveAtExit);
  watchesExit = true;
}

/**
 * Takes notice of processes that are gone, where the others can go on without them (MPI with ULFM): {@link rank} and {@link size} are
 * then new ones. Training loops call it between epochs, as the Trainer and {@link DistributedSampler} do by themselves.
 *
 * @returns whether processes were lost since the last call.
 */
export function refresh(): boolean {
  if (!joined) return false;
  const [ownRank, ranks] = native.commGroup();
  if (ranks === size) return false;
  const lost = size - ranks;
  warn(
    'ANNEAL_PROCESS_LOST',
    `[distributed] ${lost} of ${size} processes ${lost === 1 ? 'is' : 'are'} gone; this one goes on as rank ${ownRank} of ${ranks}`,
  );
  rank = ownRank;
  size = ranks;
  return true;
}

/** @throws DistributedError for a caller outside of a group. @internal */
export function requireGroup(caller: string): void {
  if (!joined) throw new DistributedError(`[${caller}] this process is in no group: await distributed.init() first`);
}

/** The number of processes, on which a compiled program depends that has room for all of them. @internal */
export function currentSize(): number {
  refresh();
  return guard('the number of processes', () => size);
}

function openTcp(options: InitOptions, timeout: number): Promise<void> {
  if ((options.rank === undefined) !== (options.size === undefined)) {
    throw new ArgumentError('[init] rank and size go together');
  }
  const { rank, size } = options.rank === undefined ? memberFrom(process.env) : options;
  const leader = addressFrom(process.env);
  const { address = leader.address, port = leader.port } = options;
  const isCount = (value: unknown, least: number): value is number =>
    Number.isSafeInteger(value) && (value as number) >= least;
  if (!isCount(size, 1) || !isCount(rank, 0) || rank >= size) {
    throw new ArgumentError(`[init] expected 0 <= rank < size, received rank ${rank} and size ${size}`);
  }
  if (!isCount(port, 1) || port > 65535) throw new ArgumentError(`[init] expected a port, received ${describe(port)}`);
  return native.commOpenTcp(rank, size, address, port, timeout, process.env.ANNEAL_COMM_TOKEN ?? '');
}

function openMpi(options: InitOptions, timeout: number): Promise<void> {
  for (const name of ['rank', 'size', 'address', 'port'] as const) {
    if (options[name] !== undefined) throw new ArgumentError(`[init] ${name} is for tcp; MPI has one of its own`);
  }
  const { library, shim } = mpiFrom(process.env, packageVersion(packageRoot) ?? '');
  return native.commOpenMpi(library, shim, timeout);
}

// mpirun often binds each process to processors of its own, which are its share.
function shareProcessors(env: NodeJS.ProcessEnv): void {
  const local = localSizeFrom(env) ?? 1;
  const from = native.threadsFrom();
  const [affinity] = native.processors();
  const isBound = affinity < cpus().length;
  if (local === 1 || isBound || from === 'ANNEAL_NUM_THREADS' || from === 'setNumThreads') return;
  setNumThreads(Math.max(1, Math.floor(native.getThreads() / local)));
}

function leaveAtExit(code: number): void {
  try {
    native.commExit(code !== 0);
  } catch (error) {
    process.exitCode = 1;
    process.stderr.write(`${(error as Error).message}\n`);
  }
}

/**
 * Leaves the group, when all processes have come as far. Called by itself when a process ends well.
 *
 * @throws DistributedError when another process is gone, or calls something else.
 */
export async function finalize(): Promise<void> {
  await native.commFinalize();
  joined = false;
  rank = 0;
  size = 1;
}

/**
 * Resolves when all processes have called it.
 *
 * @throws DistributedError when another process is gone, or calls something else.
 */
export function barrier(): Promise<void> {
  return native.commBarrier();
}

/** What has gone between the processes since {@link init}. */
export interface Traffic {
  /** Collectives that were run. */
  collectives: number;
  /** Bytes that this process has sent. */
  bytes: number;
  /** Seconds in which they were under way. */
  seconds: number;
  /** Seconds in which this process had nothing to compute meanwhile. */
  waited: number;
}

/** What has gone between the processes so far. The share of communication that computing hides is about 1 - waited / seconds. */
export function traffic(): Traffic {
  const [collectives, bytes, seconds, waited] = native.commTraffic();
  return { collectives, bytes, seconds, waited };
}
