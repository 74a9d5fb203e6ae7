// A suite of your own, measured like the others: `npm run bench -- FILE.ts`, where FILE.ts has `export default suite({ ... })`.
// README.md shows one.
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Tensor } from 'anneal';
import { closest } from '../lib/misspelling';
import { BenchError } from './rival';
import { limitNames, type Work } from './suites/suite';

/** What an iteration comes to. A tensor is disposed afterwards. */
export type Outcome = Tensor | ArrayLike<number> | number;

/** One iteration. A promise is waited for before the next iteration begins. */
export type Iteration = () => Outcome | Promise<Outcome>;

/**
 * One way to compute a case: makes inputs, and returns the iteration to measure. It is called anew in a fresh process, and again
 * before each measurement, so every measurement starts from the same state.
 */
export type Implementation<Parameters> = (parameters: Parameters) => Iteration | Promise<Iteration>;

/** One row of the report. */
export interface OwnCase<Parameters> {
  name: string;
  /** What the implementations are called with. */
  parameters: Parameters;
  /** What one iteration does. With it the report has rates, and their share of the machine's limit. */
  work?: Work;
}

/** What {@link suite} takes. */
export interface OwnSuite<Parameters> {
  name: string;
  description: string;
  cases: readonly OwnCase<Parameters>[];
  /** By name. The first is what the others are compared with. */
  implementations: Record<string, Implementation<Parameters>>;
  /** What one iteration is called in the report, `step` say. `call` by default. */
  iteration?: string;
  /** Largest relative difference between the results of two implementations, by default 1e-4. */
  tolerance?: number;
  /** Measurements of each implementation, by default 21. */
  rounds?: number;
  /** Iterations in a measurement, by default as many as take 0.15 s. */
  iterations?: number;
}

/**
 * Declares a suite, for a file to export as its default.
 * @throws BenchError when a field is missing, unknown or of the wrong kind
 */
export function suite<Parameters>(definition: OwnSuite<Parameters>): OwnSuite<Parameters> {
  checkFields('suite', definition, suiteFields);
  for (const [i, one] of definition.cases.entries()) {
    checkFields(`cases[${i}]`, one, caseFields);
    if (one.work !== undefined) checkFields(`cases[${i}].work`, one.work, workFields);
  }
  const names = definition.cases.map(({ name }) => name);
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice !== undefined) throw new BenchError(`[suite] two cases are named '${twice}'`);
  return definition;
}

/** Reads the suite that a file exports as its default. */
export async function readOwnSuite(file: string): Promise<OwnSuite<unknown>> {
  const module = (await import(pathToFileURL(resolve(file)).href)) as { default?: unknown };
  // Of a file that is compiled to CommonJS, the default export is a field of `module.exports`.
  const { default: exported } = module;
  const definition = isObject(exported) && 'default' in exported ? exported.default : exported;
  if (isObject(definition)) return suite(definition as unknown as OwnSuite<unknown>);
  throw new BenchError(`[bench] ${file} has no suite to measure: it must say \`export default suite({ ... })\``);
}

/** What a field must be, in words, and whether a value is. */
interface Rule {
  expected: string;
  optional?: boolean;
  accepts(value: unknown): boolean;
}

const text: Rule = { expected: 'a text', accepts: (value) => typeof value === 'string' && value.trim() !== '' };
const count: Rule = {
  expected: 'a whole number of at least 1',
  optional: true,
  accepts: (value) => Number.isSafeInteger(value) && Number(value) >= 1,
};

const suiteFields: Record<keyof OwnSuite<unknown>, Rule> = {
  name: text,
  description: text,
  cases: {
    expected: 'an array of at least one { name, parameters }',
    accepts: (value) => Array.isArray(value) && value.length > 0,
  },
  implementations: {
    expected: 'an object of at least one function',
    accepts: (value) => isObject(value) && Object.keys(value).length > 0 && Object.values(value).every(isFunction),
  },
  iteration: { ...text, optional: true },
  tolerance: {
    expected: 'a number of at least 0',
    optional: true,
    accepts: (value) => typeof value === 'number' && value >= 0,
  },
  rounds: count,
  iterations: count,
};

const caseFields: Record<keyof OwnCase<unknown>, Rule> = {
  name: text,
  parameters: { expected: 'what the implementations take', optional: true, accepts: () => true },
  work: { expected: 'an object', optional: true, accepts: isObject },
};

const workFields: Record<keyof Work, Rule> = {
  amount: { expected: 'a number above 0', accepts: (value) => Number.isFinite(value) && Number(value) > 0 },
  limit: {
    expected: limitNames.join(', '),
    accepts: (value) => limitNames.some((name) => name === value),
  },
};

function checkFields(place: string, value: unknown, rules: Record<string, Rule>): void {
  if (!isObject(value)) throw new BenchError(`[suite] ${place}: expected an object, received ${describe(value)}`);
  for (const name of Object.keys(value)) {
    if (name in rules) continue;
    const near = closest(name, Object.keys(rules));
    const hint = near === undefined ? '' : `; did you mean '${near}'?`;
    throw new BenchError(`[suite] ${place} has no field '${name}'; there are ${Object.keys(rules).join(', ')}${hint}`);
  }
  for (const [name, { expected, optional, accepts }] of Object.entries(rules)) {
    const field = value[name];
    if ((optional && field === undefined) || accepts(field)) continue;
    throw new BenchError(`[suite] ${place}, ${name}: expected ${expected}, received ${describe(field)}`);
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isFunction(value: unknown): boolean {
  return typeof value === 'function';
}

function describe(value: unknown): string {
  return typeof value === 'object' || typeof value === 'string' ? JSON.stringify(value) : String(value);
}
