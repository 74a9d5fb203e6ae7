// What a launcher tells a process of its group, by environment variables: those of `anneal launch` and of torchrun, of MPI's
// launchers, and of Slurm.
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { ArgumentError } from '../errors';

/** Which process of its group this one is. */
export interface Member {
  rank: number;
  size: number;
}

/** Where rank 0 listens. */
export interface Address {
  address: string;
  port: number;
}

/** Environment variables, by name. */
export type Variables = Readonly<Record<string, string | undefined>>;

/** Seconds without progress after which another process counts as lost, if nothing else is said. */
export const defaultTimeout = 300;

// `ANNEAL_RANK` comes before `RANK`, so that another program's variables need not be ours.
function read(env: Variables, name: string): string | undefined {
  const value = env[`ANNEAL_${name}`] ?? env[name];
  return value === '' ? undefined : value;
}

function count(env: Variables, name: string, least: number): number | undefined {
  const value = read(env, name);
  if (value === undefined) return undefined;
  const number = Number(value);
  if (Number.isSafeInteger(number) && number >= least) return number;
  throw new ArgumentError(`[init] expected an integer of at least ${least} in ${name}, received '${value}'`);
}

/** The process that `RANK` and `WORLD_SIZE` make this one; alone in its group where they are not set. */
export function memberFrom(env: Variables): Member {
  const rank = count(env, 'RANK', 0);
  const size = count(env, 'WORLD_SIZE', 1);
  if ((rank === undefined) !== (size === undefined)) {
    throw new ArgumentError('[init] RANK and WORLD_SIZE go together; `anneal launch` sets both');
  }
  const member = { rank: rank ?? 0, size: size ?? 1 };
  if (member.rank < member.size) return member;
  throw new ArgumentError(`[init] RANK ${member.rank} is not below WORLD_SIZE ${member.size}`);
}

/** Where rank 0 listens by `MASTER_ADDR` and `MASTER_PORT`. */
export function addressFrom(env: Variables): Address {
  return { address: read(env, 'MASTER_ADDR') ?? '127.0.0.1', port: count(env, 'MASTER_PORT', 1) ?? 29500 };
}

/** How many processes of the group run on this machine; undefined where no launcher says so. */
export function localSizeFrom(env: Variables): number | undefined {
  const names = ['LOCAL_WORLD_SIZE', 'OMPI_COMM_WORLD_LOCAL_SIZE', 'MPI_LOCALNRANKS', 'SLURM_NTASKS_PER_NODE'];
  for (const name of names) {
    const size = count(env, name, 1);
    if (size !== undefined) return size;
  }
  return undefined;
}

/** Whether MPI has started this process: mpirun of Open MPI or MPICH, or Slurm with PMIx. */
export function isMpiProcess(env: Variables): boolean {
  return ['OMPI_COMM_WORLD_SIZE', 'PMI_SIZE', 'PMI_RANK', 'PMIX_RANK', 'MPI_LOCALNRANKS'].some((name) => name in env);
}

/** Seconds of `ANNEAL_COMM_TIMEOUT`. */
export function timeoutFrom(env: Variables): number {
  const value = env.ANNEAL_COMM_TIMEOUT;
  const seconds = value === undefined || value === '' ? defaultTimeout : Number(value);
  if (seconds > 0 && Number.isFinite(seconds)) return seconds;
  throw new ArgumentError(`[init] expected seconds above 0 in ANNEAL_COMM_TIMEOUT, received '${value}'`);
}

/** Where `anneal mpi build` puts the shim of this version. */
export function shimPath(env: Variables, version: string): string {
  const cache = env.XDG_CACHE_HOME || join(homedir(), '.cache');
  return join(cache, 'anneal', `mpi-${version}-${process.platform}-${process.arch}.so`);
}

/** Which library to open for MPI: one with the standard ABI, or a shim. The other is empty. */
export function mpiFrom(env: Variables, version: string): { library: string; shim: string } {
  if (env.ANNEAL_MPI_LIBRARY) return { library: env.ANNEAL_MPI_LIBRARY, shim: '' };
  const shim = env.ANNEAL_MPI_SHIM || shimPath(env, version);
  if (env.ANNEAL_MPI_SHIM || existsSync(shim)) return { library: '', shim };
  return { library: process.platform === 'darwin' ? 'libmpi_abi.dylib' : 'libmpi_abi.so.1', shim: '' };
}
