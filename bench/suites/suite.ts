// What a suite is: cases to compare, and the program of each rival.
import type { Job } from '../rival';

export interface Case {
  name: string;
  /** Its parameters; inputs that are too large for them are written to `folder`. Not called before the case is measured. */
  job(folder: string): Job | Promise<Job>;
  /** With it come rates, and their share of the machine's limit, measured round by round beside the rivals. */
  work?: Work;
  /** Of this case, when it is not for the command line to say. */
  threads?: number;
  /** Largest relative difference between the results of two rivals, where that of the suite would not do. */
  tolerance?: number;
  /** Peers that would take minutes over it. */
  tooSlow?: readonly PeerName[];
}

/** `triad` is a = b + s * c over three arrays, counted as STREAM does; `read` a sum of one. */
export const limitNames = ['fma', 'triad', 'read'] as const;
export type LimitName = (typeof limitNames)[number];

/** What one iteration does. */
export interface Work {
  /** Floating-point operations for `fma`; else bytes, each input read once and each output written once. */
  amount: number;
  limit: LimitName;
}

/** What is known of a suite whose iterations are timed, whoever the rivals are. */
export interface TimedSuite {
  name: string;
  description: string;
  /** What one iteration is, for the heading of times: `step`. */
  iteration: string;
  /** Largest relative difference between the results of two rivals. */
  tolerance: number;
  /** Rounds, and iterations in a measurement, of a suite whose iterations are long. */
  rounds?: number;
  iterations?: number;
  /** Its figures are rates of `work`, and they are the machine's limits themselves: without peers. */
  rates?: boolean;
  /** The cases; few and small ones for `quick`. */
  cases(quick: boolean, threads: number): readonly Case[];
}

/** A suite of this project: one side of it is ours, and each peer has a program of its own. */
export interface Suite extends TimedSuite {
  /** Our side: a file in bench/peers. */
  ours: string;
  /** The other sides by name: files in bench/peers. */
  peers: Partial<Record<PeerName, string>>;
  /** Whether our side, and the {@link peersOnGpu} that it has, also compute on a GPU. */
  onGpu?: boolean;
}

/** Where rivals compute. */
export type BenchDevice = 'cpu' | 'cuda';

export const peerNames = [
  'anneal-eager',
  'anneal-prebuilt',
  'torch',
  'torch-in-memory',
  'torch-compile',
  'jax',
  'onnxruntime',
  'tfjs-wasm',
  'tfjs-cpu',
  'openblas',
  'blis',
  'onednn',
] as const;
export type PeerName = (typeof peerNames)[number];

/** The peers whose programs know of GPUs. */
export const peersOnGpu: readonly PeerName[] = ['anneal-eager', 'torch', 'torch-compile'];
