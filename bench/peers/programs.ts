// The program of each rival of a suite.
import { join } from 'node:path';
import type { Program } from '../rival';
import type { PeerName, Suite } from '../suites/suite';
import { launchers } from './launchers';

/** Our side: a fresh Node. */
export function ourProgram(suite: Suite, threads: number): Program {
  const args = ['--import', 'tsx', join(__dirname, suite.ours)];
  return { name: 'anneal', command: process.execPath, args, env: { ANNEAL_NUM_THREADS: String(threads) } };
}

/** A peer's program, which is told the name it goes by; or why there is none. */
export function peerProgram(name: PeerName, suite: Suite, threads: number): Program | string {
  const file = suite.peers[name];
  if (file === undefined) return `${name} has no ${suite.name} suite`;
  const launcher = launchers[name]();
  if (typeof launcher === 'string') return launcher;
  const env = { BENCH_THREADS: String(threads), OMP_NUM_THREADS: String(threads), PYTHONDONTWRITEBYTECODE: '1' };
  return { name, command: launcher.command, args: [...launcher.args, join(__dirname, file), name], env };
}
