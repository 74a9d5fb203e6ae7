// The program of each rival of a suite.
import { join } from 'node:path';
import { BenchError, type Launcher, type RivalProgram } from '../rival';
import type { PeerName, Suite } from '../suites/suite';
import { launchers, typescript } from './launchers';
import { native } from './native';

/** Our side: a fresh Node, or a program in C++. */
export async function ourProgram({ ours }: Pick<Suite, 'ours'>, threads: number): Promise<RivalProgram> {
  const launcher = ours.endsWith('.cc') ? await native(ours) : typescript;
  if (typeof launcher === 'string') throw new BenchError(`[bench] ${ours} cannot run: ${launcher}`);
  return programOf('anneal', ours, launcher, threads);
}

/** A peer's program, which is told the name it goes by; or why there is none. */
export async function peerProgram(name: PeerName, suite: Suite, threads: number): Promise<RivalProgram | string> {
  const file = suite.peers[name];
  if (file === undefined) return `${name} has no ${suite.name} suite`;
  const launcher = await launchers[name](file);
  return typeof launcher === 'string' ? launcher : programOf(name, file, launcher, threads);
}

/** One implementation of a suite of somebody's own. */
export function implementationProgram(name: string, threads: number): RivalProgram {
  return programOf(name, 'own.ts', typescript, threads);
}

function programOf(name: string, file: string, launcher: Launcher, threads: number): RivalProgram {
  const { command, args, words } = launcher;
  const levels = levelOfPeers[process.env.ANNEAL_ISA ?? ''];
  const env = { ...launcher.env, ...threadsOf(threads), ...levels, PYTHONDONTWRITEBYTECODE: '1' };
  return { name, command, args: [...args, join(__dirname, file), name], env, words };
}

// Where ours is held to an instruction set, so are the peers that can be. BLIS has no kernels for zen3 beyond avx2.
const levelOfPeers: Record<string, Record<string, string>> = {
  avx2: {
    OPENBLAS_CORETYPE: 'Haswell',
    ONEDNN_MAX_CPU_ISA: 'AVX2',
    DNNL_MAX_CPU_ISA: 'AVX2',
    ATEN_CPU_CAPABILITY: 'avx2',
    MKL_ENABLE_INSTRUCTIONS: 'AVX2',
  },
};

// Each library listens to its own.
function threadsOf(threads: number): Record<string, string> {
  const names = ['ANNEAL_NUM_THREADS', 'BENCH_THREADS', 'OMP_NUM_THREADS', 'OPENBLAS_NUM_THREADS', 'BLIS_NUM_THREADS'];
  return Object.fromEntries(names.map((name) => [name, String(threads)]));
}
