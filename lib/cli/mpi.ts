// `anneal mpi build`: compiles the shim between anneal and the MPI library of this machine with that library's own compiler.
import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { shimPath } from '../distributed/environment';
import { packageVersion } from '../installation';

/** Returns the exit code: 1 where there is no mpicc, or where it fails. */
export function buildShim(root: string): number {
  const compiler = process.env.MPICC || 'mpicc';
  const path = process.env.ANNEAL_MPI_SHIM || shimPath(process.env, packageVersion(root) ?? '');
  const native = join(root, 'native');
  mkdirSync(dirname(path), { recursive: true });
  const flags = ['-O2', '-fPIC', '-shared', '-fvisibility=hidden', `-I${native}`];
  const args = [...flags, join(native, 'comm', 'mpi', 'shim.c'), '-o', path];
  const { error, status } = spawnSync(compiler, args, { stdio: 'inherit' });
  if (error !== undefined) {
    process.stderr.write(
      `anneal: ${compiler} does not start (${error.message}); it comes with an MPI library (Debian: libopenmpi-dev), and MPICC names it\n`,
    );
    return 1;
  }
  if (status === 0) process.stdout.write(`${path}\n`);
  return status === 0 ? 0 : 1;
}
