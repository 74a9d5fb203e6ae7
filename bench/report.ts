// What a run of benchmarks leaves behind: a table to read, and lines of JSON to keep.
import { execFileSync } from 'node:child_process';
import { arch, cpus, loadavg, platform, totalmem } from 'node:os';
import { engineInfo } from 'anneal';
import type { Comparison } from './harness';
import type { Suite } from './suites/suite';

export interface CaseReport {
  suite: Suite;
  case: string;
  threads: number;
  rounds: number;
  comparison: Comparison;
}

/** One object for each implementation, then one for each peer. */
export function jsonLines({ suite, case: name, threads, rounds, comparison }: CaseReport): object[] {
  const unit = `ms/${suite.iteration}`;
  const place = { suite: suite.name, case: name };
  return [
    ...comparison.times.map(({ name: impl, iterations, wall, cpu }) => {
      return { ...place, impl, threads, unit, ...wall, rounds, iterations, cpu: cpu.median };
    }),
    ...comparison.ratios.map(({ name: peer, median: ratio, p10, p90 }) => {
      return { ...place, threads, peer, ratio, p10, p90 };
    }),
  ];
}

/** A line for each implementation; peers with their ratio. */
export function textLines({ suite, case: name, comparison }: CaseReport): string[] {
  return comparison.times.map(({ name: impl, wall, cpu }, i) => {
    const ratio = comparison.ratios[i - 1];
    const columns = [
      (i === 0 ? name : '').padEnd(18),
      impl.padEnd(15),
      `${number(wall.median)} ms/${suite.iteration}`,
      `(${number(wall.p10).trim()} to ${number(wall.p90).trim()})`.padEnd(20),
      `cpu ${number(cpu.median)} ms`,
      ratio ? `  time / ours ${ratio.median.toFixed(2)} (${ratio.p10.toFixed(2)} to ${ratio.p90.toFixed(2)})` : '',
    ];
    return columns.join('  ').trimEnd();
  });
}

function number(milliseconds: number): string {
  return milliseconds.toPrecision(4).slice(0, 6).padStart(6);
}

/** Where, with what and when: the last line of a file of results. */
export function surroundings(versions: Record<string, string>, skipped: Record<string, string>): object {
  const [cpu] = cpus();
  return {
    machine: {
      cpu: cpu?.model ?? 'unknown',
      cores: cpus().length,
      memoryGB: Math.round(totalmem() / 2 ** 30),
      platform: `${platform()}-${arch()}`,
      isa: engineInfo().isa,
      load: loadavg().map((value) => Number(value.toFixed(2))),
    },
    versions,
    ...commit(),
    date: new Date().toISOString(),
    ...(Object.keys(skipped).length > 0 ? { skipped } : {}),
  };
}

/** Null outside a repository; `modified` when files differ from the commit. */
function commit(): { commit: string | null; modified: boolean } {
  const git = (...args: string[]) =>
    execFileSync('git', args, { cwd: __dirname, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
  try {
    return { commit: git('rev-parse', 'HEAD'), modified: git('status', '--porcelain') !== '' };
  } catch {
    return { commit: null, modified: false };
  }
}
