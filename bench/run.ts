// npm run bench -- mlp --peer torch --json FILE: our times, and beside them those of peers, measured in the same sitting.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Argument, Command, Option } from 'commander';
import { outputFile, runProgram, wholeNumber } from '../examples/command-line';
import { type FigureSuite, figureJson, figureText } from './figures';
import { type CompareOptions, compare } from './harness';
import { measureLimits, startGauge } from './limits';
import { ourProgram, peerProgram } from './peers/programs';
import { publish } from './publish/publish';
import { counted, jsonLines, limitsLine, surroundings, textLines } from './report';
import { type Job, type Rival, type RivalProgram, startRival } from './rival';
import { endToEnd } from './suites/end-to-end';
import { gemm } from './suites/gemm';
import { memory } from './suites/memory';
import { mlp } from './suites/mlp';
import { mlpInfer } from './suites/mlp-infer';
import { opOverhead } from './suites/op-overhead';
import { peak } from './suites/peak';
import { pointwise } from './suites/pointwise';
import { serving } from './suites/serving';
import { type Case, type LimitName, type PeerName, peerNames, type Suite } from './suites/suite';

const all = [peak, gemm, pointwise, mlp, mlpInfer, opOverhead, endToEnd, memory, serving];
const suites: Record<string, Suite | FigureSuite> = Object.fromEntries(all.map((suite) => [suite.name, suite]));

interface Options {
  peer: PeerName[];
  json?: string;
  threads: number;
  rounds?: number;
  iterations?: number;
  quick: boolean;
  case?: string;
}

/** The command line, with what to do for it. */
function commandLine(): Command {
  const program = new Command('npm run bench --')
    .description('Measures anneal and, in the same sitting, its peers. Results are checked before anything is timed.')
    .addArgument(new Argument('<suites...>', 'what to measure').choices(Object.keys(suites)))
    .addOption(new Option('--peer <names...>', 'what to compare with').choices(peerNames).default([], 'nobody'))
    .option('--json <file>', 'write the results, one JSON object per line', outputFile)
    .option('--threads <n>', 'threads of each rival', wholeNumber(1), 1)
    .option(
      '--rounds <n>',
      'measurements of each rival (default: 21, less in suites of long iterations)',
      wholeNumber(1),
    )
    .option('--iterations <n>', 'iterations a measurement (default: as many as take 0.15 s)', wholeNumber(1))
    .option('--case <text>', 'only the cases whose name contains the text')
    .option('--quick', 'few cases, short measurements: does it run?', false)
    .action(runSuites);
  program
    .command('report')
    .description('Writes what --json has left into bench/results, the tables of the documentation, and plots.')
    .argument('[files...]', 'results, one JSON object per line (default: those of the newest day in results/local)')
    .action((files: string[]) => publish(join(__dirname, '..'), files, console.log));
  return program;
}

/** What the suites of one run leave behind. */
interface Results {
  lines: object[];
  versions: Record<string, string>;
  skipped: Record<string, string>;
  peak?: { threads: number } & Record<LimitName, number>;
}

async function runSuites(names: readonly string[], options: Options): Promise<void> {
  const results: Results = { lines: [], versions: {}, skipped: {} };
  const folder = await mkdtemp(join(tmpdir(), 'anneal-bench-'));
  try {
    if (names.some((name) => 'cases' in suites[name] && !suites[name].rates)) {
      const limits = await measureLimits(options.threads);
      results.peak = { threads: options.threads, ...limits };
      console.log(limitsLine(limits, options.threads));
    }
    for (const name of new Set(names)) {
      const suite = suites[name];
      if ('figures' in suite) await runFigures(suite, options, results);
      else await runSuite(suite, options, folder, results);
    }
  } finally {
    await rm(folder, { recursive: true });
  }
  const { lines, versions, skipped, peak } = results;
  lines.push(surroundings(versions, skipped, peak));
  if (options.json) await writeFile(options.json, lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
}

async function runSuite(suite: Suite, options: Options, folder: string, results: Results): Promise<void> {
  const { quick, rounds = quick ? 3 : (suite.rounds ?? 21), iterations = suite.iterations } = options;
  const peers = await findPeers(suite, options, results);
  console.log(`${suite.name}: ${suite.description}; ${counted(options.threads, 'thread')}, ${rounds} rounds`);
  for (const one of await suite.cases(folder, quick, options.threads)) {
    if (!one.name.includes(options.case ?? '')) continue;
    const threads = one.threads ?? options.threads;
    const able = peers.filter((program) => !one.tooSlow?.some((peer) => peer === program.name));
    const programs = [await ourProgram(suite, threads), ...able];
    const settings = {
      rounds,
      secondsPerSample: quick ? 0.02 : 0.15,
      iterations,
      tolerance: suite.tolerance,
      pause: threads > 1 ? 50 : 0,
    };
    const comparison = await withRivals(programs, one.job, results.versions, (rivals) =>
      suite.rates ? compare(rivals, settings, one.work) : compareBesideLimit(rivals, settings, one, threads),
    );
    const report = { suite, case: one, threads, rounds, comparison };
    results.lines.push(...jsonLines(report));
    for (const line of textLines(report)) console.log(line);
  }
}

async function findPeers(suite: Suite, { peer, threads }: Options, { skipped }: Results): Promise<RivalProgram[]> {
  const programs: RivalProgram[] = [];
  if (suite.rates) return programs;
  for (const name of new Set(peer)) {
    const program = await peerProgram(name, suite, threads);
    if (typeof program !== 'string') programs.push(program);
    else skip(skipped, name, program);
  }
  return programs;
}

function skip(skipped: Results['skipped'], peer: PeerName, why: string): void {
  skipped[peer] = why;
  console.log(`${peer}: skipped, ${why}`);
}

async function runFigures(suite: FigureSuite, options: Options, { lines, skipped }: Results): Promise<void> {
  const { peer: peers, threads, rounds, quick, case: only = '' } = options;
  console.log(`${suite.name}: ${suite.description}; ${counted(threads, 'thread')}`);
  const skipPeer = (peer: PeerName, why: string) => skip(skipped, peer, why);
  for await (const figure of suite.figures({ peers, threads, rounds, quick, only, skip: skipPeer })) {
    lines.push(...figureJson(suite.name, threads, figure));
    for (const line of figureText(figure)) console.log(line);
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

runProgram(async () => {
  await commandLine().parseAsync();
});
