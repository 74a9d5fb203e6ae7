// Measures the chosen cases of suites, one after another, and keeps the results as lines of JSON.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Choice, FileSuite } from './catalog';
import { type FigureSuite, figureJson, figureText } from './figures';
import { type CompareOptions, compare } from './harness';
import { measureLimits, startGauge } from './limits';
import { implementationProgram, ourProgram, peerProgram } from './peers/programs';
import { counted, jsonLines, limitsLine, type Surroundings, surroundings, textLines } from './report';
import { type Job, type Rival, type RivalProgram, startRival } from './rival';
import type { BenchDevice, Case, LimitName, PeerName, Suite } from './suites/suite';

export interface MeasureOptions {
  peer: readonly PeerName[];
  threads: number;
  device: BenchDevice;
  rounds?: number;
  iterations?: number;
  quick: boolean;
  /** Told each result when it is there, and what is left out. */
  tell(line: string): void;
}

/** What a run leaves behind. */
export interface Report {
  /** For each implementation and for each peer of each case: see README.md. */
  lines: object[];
  surroundings: Surroundings;
}

interface Results {
  lines: object[];
  versions: Record<string, string>;
  skipped: Record<string, string>;
  peak?: { threads: number } & Record<LimitName, number>;
}

export async function measureSuites(choices: readonly Choice[], options: MeasureOptions): Promise<Report> {
  const results: Results = { lines: [], versions: {}, skipped: {} };
  const folder = await mkdtemp(join(tmpdir(), 'anneal-bench-'));
  try {
    // Of the CPU.
    if (options.device === 'cpu' && choices.some(standsBesideLimits)) {
      const limits = await measureLimits(options.threads);
      results.peak = { threads: options.threads, ...limits };
      options.tell(limitsLine(limits, options.threads));
    }
    for (const choice of choices) {
      if ('only' in choice) await measureFigures(choice, options, results);
      else await measureCases(choice, options, folder, results);
    }
  } finally {
    await rm(folder, { recursive: true });
  }
  const { lines, versions, skipped, peak } = results;
  return { lines, surroundings: surroundings(versions, skipped, peak, options.device) };
}

function standsBesideLimits(choice: Choice): boolean {
  if ('only' in choice) return false;
  if ('implementations' in choice.suite) return choice.cases.some(({ work }) => work !== undefined);
  return !choice.suite.rates;
}

async function measureCases(
  { suite, cases }: { suite: Suite | FileSuite; cases: readonly Case[] },
  options: MeasureOptions,
  folder: string,
  results: Results,
): Promise<void> {
  const { quick, rounds = quick ? 3 : (suite.rounds ?? 21), iterations = suite.iterations, tell } = options;
  const programsFor = await findPrograms(suite, options, results);
  const { device } = options;
  const where = device === 'cpu' ? counted(options.threads, 'thread') : 'on the GPU';
  tell(`${suite.name}: ${suite.description}; ${where}, ${rounds} rounds`);
  for (const one of cases) {
    const threads = one.threads ?? options.threads;
    const settings = {
      rounds,
      secondsPerSample: quick ? 0.02 : 0.15,
      iterations,
      tolerance: one.tolerance ?? suite.tolerance,
      pause: threads > 1 ? 50 : 0,
    };
    const programs = await programsFor(one, threads);
    const comparison = await withRivals(programs, await one.job(folder), results.versions, (rivals) =>
      suite.rates || device !== 'cpu'
        ? compare(rivals, settings, one.work)
        : compareBesideLimit(rivals, settings, one, threads),
    );
    const report = { suite, case: one, threads, rounds, comparison };
    results.lines.push(...jsonLines(report));
    for (const line of textLines(report)) tell(line);
  }
}

/** Looks once for the peers of a suite: the programs of a case, the one first that others are compared with. */
async function findPrograms(
  suite: Suite | FileSuite,
  { peer, threads: most, device, tell }: MeasureOptions,
  { skipped }: Results,
): Promise<(one: Case, threads: number) => Promise<RivalProgram[]>> {
  if ('implementations' in suite) {
    for (const name of peer) skip(skipped, name, `${suite.name} compares its own implementations`, tell);
    return async (_one, threads) =>
      suite.implementations.map((name) => implementationProgram(name, { threads, device }));
  }
  const peers: RivalProgram[] = [];
  for (const name of suite.rates ? [] : new Set(peer)) {
    const program = await peerProgram(name, suite, { threads: most, device });
    if (typeof program !== 'string') peers.push(program);
    else skip(skipped, name, program, tell);
  }
  return async ({ tooSlow = [] }, threads) => {
    const able = peers.filter((program) => !tooSlow.some((peer) => peer === program.name));
    return [await ourProgram(suite, { threads, device }), ...able];
  };
}

function skip(skipped: Results['skipped'], peer: PeerName, why: string, tell: MeasureOptions['tell']): void {
  skipped[peer] = why;
  tell(`${peer}: skipped, ${why}`);
}

async function measureFigures(
  { suite, only }: { suite: FigureSuite; only: readonly string[] },
  options: MeasureOptions,
  { lines, skipped }: Results,
): Promise<void> {
  const { peer: peers, threads, rounds, quick, tell } = options;
  tell(`${suite.name}: ${suite.description}; ${counted(threads, 'thread')}`);
  const wanted = (name: string) => only.includes(name);
  const skipPeer = (peer: PeerName, why: string) => skip(skipped, peer, why, tell);
  for await (const figure of suite.figures({ peers, threads, rounds, quick, wanted, skip: skipPeer })) {
    if (!wanted(figure.case)) continue;
    lines.push(...figureJson(suite.name, threads, figure));
    for (const line of figureText(figure)) tell(line);
  }
}

async function compareBesideLimit(rivals: Rival[], settings: CompareOptions, { work }: Case, threads: number) {
  if (!work) return compare(rivals, settings);
  const { amount, limit } = work;
  const gauge = await startGauge(limit, amount, threads);
  try {
    return await compare(rivals, settings, { amount, gauge });
  } finally {
    gauge.rival.close();
  }
}

// Every rival gets a fresh process for every case; they live side by side and take turns.
async function withRivals<T>(
  programs: readonly RivalProgram[],
  job: Job,
  versions: Record<string, string>,
  body: (rivals: Rival[]) => Promise<T>,
): Promise<T> {
  const rivals: Rival[] = [];
  try {
    for (const program of programs) {
      const rival = await startRival(program, job);
      Object.assign(versions, rival.versions);
      rivals.push(rival);
    }
    return await body(rivals);
  } finally {
    for (const rival of rivals) rival.close();
  }
}
