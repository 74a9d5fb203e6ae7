// How the program of each peer is started, and how to get a peer that is missing.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { prebuiltBinary } from '../../lib/installation';
import type { Launcher } from '../rival';
import type { PeerName } from '../suites/suite';
import { native } from './native';

const root = join(__dirname, '..', '..');
const packages = join(__dirname, 'npm');

/** Looked up when a run asks for the peer: its launcher, or why there is none, with the command that mends it. */
export const launchers: Record<PeerName, (file: string) => Launcher | string | Promise<Launcher | string>> = {
  'anneal-eager': () => typescript,
  'anneal-prebuilt': prebuilt,
  torch,
  'torch-in-memory': torch,
  'torch-compile': () => compilerIsMissing() ?? torch(),
  jax: () => python('jax', '0.10.2'),
  onnxruntime: () => node('onnxruntime-node'),
  'tfjs-wasm': () => node('@tensorflow/tfjs-backend-wasm'),
  'tfjs-cpu': () => node('@tensorflow/tfjs-backend-cpu'),
  openblas: native,
  blis: native,
  onednn: native,
};

/** Node, which runs our side as well. */
export const typescript: Launcher = { command: process.execPath, args: ['--import', 'tsx'] };

/** Our side with the binary that the package brings for this system, in place of the one that was built here. */
function prebuilt(): Launcher | string {
  const file = prebuiltBinary(root);
  return existsSync(file)
    ? { ...typescript, env: { ANNEAL_BINARY: file } }
    : `${file} does not exist; to get it: npm run prebuild -- --target NAME`;
}

function torch(): Launcher | string {
  return python('torch', '2.13.0');
}

/** The first Python that has the module: one of those of ANNEAL_BENCH_PYTHON if it is set. */
function python(module: string, version: string): Launcher | string {
  const chosen = process.env.ANNEAL_BENCH_PYTHON;
  const candidates = chosen ? chosen.split(delimiter) : [join(root, '..', '.venv', 'bin', 'python'), 'python3'];
  const command = candidates.find((candidate) => {
    if (candidate.includes('/') && !existsSync(candidate)) return false;
    return spawnSync(candidate, ['-c', `import ${module}`], { stdio: 'ignore' }).status === 0;
  });
  if (command !== undefined) return { command, args: [] };
  const looked = chosen ? `ANNEAL_BENCH_PYTHON (${chosen}) cannot import it` : 'no Python was found that has it';
  const venv = join(root, '..', '.venv');
  return `${looked}; to get it: python3 -m venv ${venv} && ${venv}/bin/pip install ${module}==${version}`;
}

function node(name: string): Launcher | string {
  if (existsSync(join(packages, 'node_modules', name))) return typescript;
  return `not installed; to get it: npm ci --ignore-scripts --prefix ${packages}`;
}

/** torch.compile writes C++ and compiles it. */
function compilerIsMissing(): string | undefined {
  const compiler = process.env.CXX ?? 'g++';
  if (spawnSync(compiler, ['--version'], { stdio: 'ignore' }).status === 0) return undefined;
  return `${compiler} does not run; to get it: apt-get install g++, or name a compiler in CXX`;
}
