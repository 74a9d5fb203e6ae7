// Suites whose figures are not times of iterations: megabytes, and times of whole processes. They measure by themselves, and
// give the values of each implementation in the order of rounds; ratios are taken round by round here as well.
import { spread } from './statistics';
import type { PeerName } from './suites/suite';

/** One thing measured on several implementations. */
export interface Figure {
  case: string;
  unit: string;
  /** Ours is `anneal` and comes first. */
  values: { impl: string; rounds: number[] }[];
}

export interface FigureOptions {
  peers: readonly PeerName[];
  threads: number;
  rounds?: number;
  quick: boolean;
  /** Whether a case is wanted. What is measured along with it may be yielded as well. */
  wanted(name: string): boolean;
  /** To tell that a peer is not there, or has nothing to measure. */
  skip(peer: PeerName, why: string): void;
}

export interface FigureSuite {
  name: string;
  description: string;
  cases: readonly string[];
  figures(options: FigureOptions): AsyncGenerator<Figure>;
}

/** One object for each implementation, then one for each peer: its value over ours. */
export function figureJson(suite: string, threads: number, { case: name, unit, values }: Figure): object[] {
  const place = { suite, case: name };
  return [
    ...values.map(({ impl, rounds }) => {
      return { ...place, impl, threads, unit, ...spread(rounds), rounds: rounds.length };
    }),
    ...ratiosOf(values).map(({ peer, median: ratio, p10, p90 }) => ({ ...place, threads, peer, ratio, p10, p90 })),
  ];
}

/** A line for each implementation; peers with their ratio. */
export function figureText({ case: name, unit, values }: Figure): string[] {
  const ratios = ratiosOf(values);
  return values.map(({ impl, rounds }, i) => {
    const { median, p10, p90 } = spread(rounds);
    const ratio = ratios[i - 1];
    const columns = [
      (i === 0 ? name : '').padEnd(26),
      impl.padEnd(15),
      `${median.toFixed(1).padStart(7)} ${unit}`,
      rounds.length > 1 ? `(${p10.toFixed(1)} to ${p90.toFixed(1)})` : '',
      ratio ? `  of ours ${ratio.median.toFixed(2)}` : '',
    ];
    return columns.join('  ').trimEnd();
  });
}

function ratiosOf([ours, ...peers]: Figure['values']) {
  return peers.map(({ impl: peer, rounds }) => ({
    peer,
    ...spread(rounds.map((value, round) => value / ours.rounds[round])),
  }));
}
