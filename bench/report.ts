// What a run of benchmarks leaves behind: a table to read, and lines of JSON to keep.
import { execFileSync } from 'node:child_process';
import { arch, cpus, loadavg, platform, totalmem } from 'node:os';
import { cudaInfo, engineInfo } from 'anneal';
import type { Comparison } from './harness';
import { limitUnits } from './limits';
import type { Spread } from './statistics';
import type { BenchDevice, Case, LimitName, TimedSuite } from './suites/suite';

export interface CaseReport {
  suite: TimedSuite;
  case: Case;
  threads: number;
  rounds: number;
  comparison: Comparison;
}

/** One object for each implementation, then one for each peer. */
export function jsonLines({ suite, case: { name, work }, threads, rounds, comparison }: CaseReport): object[] {
  const place = { suite: suite.name, case: name };
  const rateUnit = work && limitUnits[work.limit];
  return [
    ...comparison.times.map(({ name: impl, iterations, wall, cpu, rate, share }) => {
      const line = { ...place, impl, threads };
      if (suite.rates) return { ...line, unit: rateUnit, ...rate, rounds, iterations };
      return {
        ...line,
        unit: `ms/${suite.iteration}`,
        ...wall,
        rounds,
        iterations,
        cpu: cpu.median,
        ...(work && share && rate
          ? { rate: rate.median, rateUnit, limit: work.limit, peak: comparison.limit?.median, share: share.median }
          : {}),
      };
    }),
    ...comparison.ratios.map(({ name: peer, median: ratio, p10, p90 }) => {
      return { ...place, threads, peer, ratio, p10, p90 };
    }),
  ];
}

/** A line for each implementation; peers with their ratio. */
export function textLines({ suite, case: { name, work }, threads, comparison }: CaseReport): string[] {
  const unit = work ? limitUnits[work.limit] : '';
  return comparison.times.map(({ name: impl, wall, cpu, rate, share }, i) => {
    const title = (i === 0 ? name : '').padEnd(26);
    const speed = rate ? `${number(rate.median)} ${unit}` : '';
    if (suite.rates && rate) return `${title}  threads ${threads}  ${speed}  ${between(rate)}`;
    const ratio = comparison.ratios[i - 1];
    const columns = [
      title,
      impl.padEnd(15),
      // The unit of the median is that of the spread.
      ...(wall.median < 0.1 ? times(wall, 1000, `us/${suite.iteration}`) : times(wall, 1, `ms/${suite.iteration}`)),
      work ? `${speed}${share ? `, ${percent(share.median)} of ${work.limit}` : ''}` : `cpu ${number(cpu.median)} ms`,
      ratio ? `  time / ours ${ratio.median.toFixed(2)} ${between(ratio)}` : '',
    ];
    return columns.join('  ').trimEnd();
  });
}

/** `limits` of the machine, as a line. */
export function limitsLine(limits: Record<LimitName, number>, threads: number): string {
  const names = Object.keys(limits) as LimitName[];
  const figures = names.map((name) => `${name} ${number(limits[name]).trim()} ${limitUnits[name]}`);
  return `peak, ${counted(threads, 'thread')}: ${figures.join(', ')}`;
}

export function counted(count: number, thing: string): string {
  return `${count} ${thing}${count === 1 ? '' : 's'}`;
}

function times({ median, p10, p90 }: Spread, factor: number, unit: string): string[] {
  const scaled = { median: factor * median, p10: factor * p10, p90: factor * p90 };
  return [`${number(scaled.median)} ${unit}`, between(scaled).padEnd(20)];
}

function between({ p10, p90 }: Spread): string {
  return `(${number(p10).trim()} to ${number(p90).trim()})`;
}

function percent(share: number): string {
  return `${(100 * share).toFixed(0).padStart(3)} %`;
}

function number(value: number): string {
  return value.toPrecision(4).slice(0, 6).padStart(6);
}

/** Where, with what and when a run was. */
export interface Surroundings {
  machine: Record<string, unknown> & { cpu: string; isa: string };
  versions: Record<string, string>;
  /** Null outside a repository; `modified` when files differ from the commit. */
  commit: string | null;
  modified: boolean;
  date: string;
  /** The GPU on which the rivals computed, and the CUDA version of its driver, if not on the CPU. */
  device?: { gpu: string; driver: number };
  /** Peers that were asked for and not measured, and why. */
  skipped?: Record<string, string>;
}

/** The last line of a file of results. */
export function surroundings(
  versions: Record<string, string>,
  skipped: Record<string, string>,
  peak: object | undefined,
  device: BenchDevice,
): Surroundings {
  const [cpu] = cpus();
  return {
    machine: {
      cpu: cpu?.model ?? 'unknown',
      cores: cpus().length,
      memoryGB: Math.round(totalmem() / 2 ** 30),
      platform: `${platform()}-${arch()}`,
      isa: engineInfo().isa,
      ...(peak ? { peak } : {}),
      load: loadavg().map((value) => Number(value.toFixed(2))),
    },
    versions,
    ...commit(),
    date: new Date().toISOString(),
    ...(device === 'cpu' ? {} : { device: gpu() }),
    ...(Object.keys(skipped).length > 0 ? { skipped } : {}),
  };
}

function gpu(): Surroundings['device'] {
  const { gpus, driver } = cudaInfo();
  return { gpu: gpus[0]?.name ?? 'unknown', driver };
}

function commit(): Pick<Surroundings, 'commit' | 'modified'> {
  const git = (...args: string[]) =>
    execFileSync('git', args, { cwd: __dirname, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
  try {
    return { commit: git('rev-parse', 'HEAD'), modified: git('status', '--porcelain') !== '' };
  } catch {
    return { commit: null, modified: false };
  }
}
