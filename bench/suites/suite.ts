// What a suite is: cases to compare, and the program of each rival.
import type { Job } from '../rival';

export interface Case {
  name: string;
  job: Job;
  /** Peers that would take minutes over it. */
  tooSlow?: readonly PeerName[];
}

export interface Suite {
  name: string;
  description: string;
  /** What one iteration is, for the heading of times: `step`. */
  iteration: string;
  /** Largest relative difference between the results of two rivals. */
  tolerance: number;
  /** Rounds, and iterations in a measurement, of a suite whose iterations are long. */
  rounds?: number;
  iterations?: number;
  /** Our side: a file in bench/peers. */
  ours: string;
  /** The other sides by name: files in bench/peers. */
  peers: Partial<Record<PeerName, string>>;
  /** The cases, with their inputs written to `folder`; few and small ones for `quick`. */
  cases(folder: string, quick: boolean): Promise<Case[]>;
}

export const peerNames = [
  'torch',
  'torch-in-memory',
  'torch-compile',
  'jax',
  'onnxruntime',
  'tfjs-wasm',
  'tfjs-cpu',
] as const;
export type PeerName = (typeof peerNames)[number];
