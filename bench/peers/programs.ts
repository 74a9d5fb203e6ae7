// How each rival is started, and how to get one that is missing.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Program } from '../rival';
import type { PeerName, Suite } from '../suites/suite';

const root = join(__dirname, '..', '..');
const torchVersion = '2.13.0';

/** Our side: a fresh Node. */
export function ourProgram(suite: Suite, threads: number): Program {
  const args = ['--import', 'tsx', join(__dirname, suite.ours)];
  return { name: 'anneal', command: process.execPath, args, env: { ANNEAL_NUM_THREADS: String(threads) } };
}

/** A peer's program, or why there is none. */
export function peerProgram(name: PeerName, suite: Suite, threads: number): Program | string {
  const file = suite.peers[name];
  if (file === undefined) return `${name} has no ${suite.name} suite`;
  const python = findPython();
  if (python === undefined) return howToGetTorch();
  const env = { BENCH_THREADS: String(threads), OMP_NUM_THREADS: String(threads), PYTHONDONTWRITEBYTECODE: '1' };
  return { name, command: python, args: [join(__dirname, file)], env };
}

/** The first Python that has torch: that of ANNEAL_BENCH_PYTHON alone if it is set. */
function findPython(): string | undefined {
  const chosen = process.env.ANNEAL_BENCH_PYTHON;
  const candidates = chosen ? [chosen] : [join(root, '..', '.venv', 'bin', 'python'), 'python3'];
  return candidates.find((python) => {
    if (python.includes('/') && !existsSync(python)) return false;
    return spawnSync(python, ['-c', 'import torch'], { stdio: 'ignore' }).status === 0;
  });
}

function howToGetTorch(): string {
  const chosen = process.env.ANNEAL_BENCH_PYTHON;
  const looked = chosen ? `ANNEAL_BENCH_PYTHON (${chosen}) cannot import it` : 'no Python was found that has it';
  const venv = join(root, '..', '.venv');
  return `${looked}; to get it: python3 -m venv ${venv} && ${venv}/bin/pip install torch==${torchVersion}`;
}
