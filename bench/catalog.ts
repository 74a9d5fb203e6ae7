// What there is to measure: the suites of this project, files with a suite of somebody's own, and the cases of each.
import { existsSync } from 'node:fs';
import { extname, resolve } from 'node:path';
import { closest } from '../lib/misspelling';
import type { FigureSuite } from './figures';
import { type OwnSuite, readOwnSuite } from './own-suite';
import { BenchError } from './rival';
import { cnn } from './suites/cnn';
import { ddp } from './suites/ddp';
import { endToEnd } from './suites/end-to-end';
import { gemm } from './suites/gemm';
import { gpt } from './suites/gpt';
import { memory } from './suites/memory';
import { mlp } from './suites/mlp';
import { mlpInfer } from './suites/mlp-infer';
import { opOverhead } from './suites/op-overhead';
import { ops } from './suites/ops';
import { order } from './suites/order';
import { peak } from './suites/peak';
import { pointwise } from './suites/pointwise';
import { serving } from './suites/serving';
import type { BenchDevice, Case, Suite, TimedSuite } from './suites/suite';

const ours: readonly (Suite | FigureSuite)[] = [
  peak,
  gemm,
  pointwise,
  order,
  ops,
  mlp,
  mlpInfer,
  cnn,
  gpt,
  ddp,
  opOverhead,
  endToEnd,
  memory,
  serving,
];

/** A suite from a file: its rivals are its implementations. */
export interface FileSuite extends TimedSuite {
  implementations: readonly string[];
}

/** A suite, with those of its cases that are wanted. */
export type Choice =
  | { suite: Suite | FileSuite; cases: readonly Case[] }
  | { suite: FigureSuite; only: readonly string[] };

export interface Selection {
  /** Part of the names of the cases that are wanted. */
  case?: string;
  quick: boolean;
  threads: number;
  device: BenchDevice;
}

/** The names of this project's suites. */
export const suiteNames: readonly string[] = ours.map(({ name }) => name);

/**
 * The suites that names and files stand for, all of the project's when there are none.
 * @throws BenchError for what is neither, for suites that do not run on the device, and where no suite has a wanted case
 */
export async function choose(words: readonly string[], selection: Selection): Promise<Choice[]> {
  const suites = words.length === 0 ? ours : await Promise.all([...new Set(words)].map(findSuite));
  if (selection.device !== 'cpu') requireGpu(suites);
  const choices = suites.map((suite): Choice => {
    const isWanted = (name: string) => name.includes(selection.case ?? '');
    if ('figures' in suite) return { suite, only: suite.cases.filter(isWanted) };
    return { suite, cases: suite.cases(selection.quick, selection.threads).filter(({ name }) => isWanted(name)) };
  });
  if (choices.every((choice) => namesOf(choice).length === 0)) throw unknownCase(suites, selection);
  return choices.filter((choice) => namesOf(choice).length > 0);
}

/** The names of the cases, each once. */
export function namesOf(choice: Choice): readonly string[] {
  return 'only' in choice ? choice.only : [...new Set(choice.cases.map(({ name }) => name))];
}

async function findSuite(word: string): Promise<Suite | FigureSuite | FileSuite> {
  const known = ours.find(({ name }) => name === word);
  if (known) return known;
  if (/^\.[cm]?[jt]s$/.test(extname(word)) || /[\\/]/.test(word)) {
    const file = resolve(word);
    if (!existsSync(file)) throw new BenchError(`[bench] there is no file ${file}`);
    return fileSuite(file, await readOwnSuite(file));
  }
  const near = closest(word, [...suiteNames, 'report']);
  throw new BenchError(
    `[bench] there is no suite '${word}'${near === undefined ? '' : `; did you mean '${near}'?`}\n` +
      `The suites are ${suiteNames.join(', ')}. A suite of your own is given by its file, as in path/to/FILE.ts.`,
  );
}

function requireGpu(suites: readonly (Suite | FigureSuite | FileSuite)[]): void {
  const runs = (suite: Suite | FigureSuite | FileSuite) =>
    'implementations' in suite || ('onGpu' in suite && suite.onGpu);
  const other = suites.find((suite) => !runs(suite));
  if (other === undefined) return;
  const able = ours.filter(runs).map(({ name }) => name);
  throw new BenchError(`[bench] ${other.name} measures the CPU; on a GPU run ${able.join(', ')}`);
}

function fileSuite(file: string, own: OwnSuite<unknown>): FileSuite {
  if (suiteNames.includes(own.name)) {
    throw new BenchError(`[bench] ${file}: the name '${own.name}' is taken by a suite of the project`);
  }
  return {
    iteration: 'call',
    tolerance: 1e-4,
    ...own,
    implementations: Object.keys(own.implementations),
    cases: () => own.cases.map(({ name, work }) => ({ name, work, job: () => ({ file, case: name }) })),
  };
}

function unknownCase(suites: readonly (Suite | FigureSuite | FileSuite)[], selection: Selection): BenchError {
  const { case: wanted = '', quick, threads } = selection;
  const known = suites.map((suite) => {
    const names = 'figures' in suite ? suite.cases : suite.cases(quick, threads).map(({ name }) => name);
    return { suite: suite.name, names: [...new Set(names)] };
  });
  const names = known.flatMap((suite) => suite.names);
  const near = closest(wanted, [...names, ...names.flatMap((name) => name.split(/,? /))]);
  const lines = known.map((suite) => `  ${suite.suite}: ${suite.names.map((name) => `'${name}'`).join(', ')}`);
  return new BenchError(
    `[bench] no case has '${wanted}' in its name${near === undefined ? '' : `; did you mean '${near}'?`}\n` +
      `The cases${quick ? ' of a quick run' : ''} are\n${lines.join('\n')}`,
  );
}
