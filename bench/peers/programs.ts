// The program of each rival of a suite.
import { join } from 'node:path';
import { BenchError, type Launcher, type RivalProgram } from '../rival';
import { type BenchDevice, type PeerName, peersOnGpu, type Suite } from '../suites/suite';
import { launchers, typescript } from './launchers';
import { native } from './native';

/** How rivals run. */
export interface Place {
  threads: number;
  device: BenchDevice;
}

/** Our side: a fresh Node, or a program in C++. */
export async function ourProgram({ ours }: Pick<Suite, 'ours'>, place: Place): Promise<RivalProgram> {
  const launcher = ours.endsWith('.cc') ? await native(ours) : typescript;
  if (typeof launcher === 'string') throw new BenchError(`[bench] ${ours} cannot run: ${launcher}`);
  return programOf('anneal', ours, launcher, place);
}

/** A peer's program, which is told the name it goes by; or why there is none. */
export async function peerProgram(name: PeerName, suite: Suite, place: Place): Promise<RivalProgram | string> {
  const file = suite.peers[name];
  if (file === undefined) return `${name} has no ${suite.name} suite`;
  if (place.device !== 'cpu' && !peersOnGpu.includes(name)) return `${name} is measured on the CPU only`;
  const launcher = await launchers[name](file);
  return typeof launcher === 'string' ? launcher : programOf(name, file, launcher, place);
}

/** One implementation of a suite of somebody's own. */
export function implementationProgram(name: string, place: Place): RivalProgram {
  return programOf(name, 'own.ts', typescript, place);
}

function programOf(name: string, file: string, launcher: Launcher, { threads, device }: Place): RivalProgram {
  const { command, args, words } = launcher;
  const levels = levelOfPeers[process.env.ANNEAL_ISA ?? ''];
  const devices = { ANNEAL_DEVICE: device, BENCH_DEVICE: device };
  const env = { ...launcher.env, ...threadsOf(threads), ...levels, ...devices, PYTHONDONTWRITEBYTECODE: '1' };
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
