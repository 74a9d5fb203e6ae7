// The samples of special-values.json: each entry with all values and with none, in float32 and float64. What
// fixtures/make_special_values.py expands alike.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { DType } from 'anneal';
import { type Argument, keyOf, type Sample, type SampleEntry } from './samples';

type Value = number | string;

interface Input {
  /** One of the sets of values. Inputs with one are crossed: each combination of their values is an element. */
  cross?: string;
  /** The rows of the file. */
  rows?: true;
  /** Any other input, of numbers from `low` to `high` or with `values`; `rows` stands for the number of rows. */
  shape?: Value[];
  values?: Value[];
  low?: number;
  high?: number;
  /** Where it is not the dtype of the sample. */
  dtype?: DType;
}

interface SpecialEntry extends Pick<SampleEntry, 'grad' | 'inPlace' | 'outputs'> {
  operators: string[];
  args: Argument[];
  inputs: Input[];
  /** How often it is differentiated; 2 unless given. */
  order?: number;
  /** Also with rows of no elements. */
  noColumns?: boolean;
}

/** A sample, and how often it is differentiated. */
export type SpecialSample = Sample & { order: number };

/** Where the engine is right to differ from PyTorch. */
export interface Deviation {
  operators: string[];
  /** Names of results. */
  results: string[];
  /** What PyTorch has in the elements that differ, and what the engine has there: a number, or any. */
  torch?: Value;
  anneal?: Value;
  /** Or how far the elements may be apart, relative to PyTorch's. */
  within?: number;
  because: string;
}

interface File {
  limits: Record<'float32' | 'float64', Record<string, number>>;
  sets: Record<string, Value[]>;
  rows: Value[][];
  entries: SpecialEntry[];
  deviations: Deviation[];
}

const file = JSON.parse(readFileSync(join(__dirname, '..', 'special-values.json'), 'utf8')) as File;

/** The deviations of the file. */
export const deviations: readonly Deviation[] = file.deviations;

function product(sets: Value[][]): Value[][] {
  return sets.reduce<Value[][]>((all, set) => all.flatMap((head) => set.map((value) => [...head, value])), [[]]);
}

function resolve<T extends Argument | Argument[]>(value: T, names: Readonly<Record<string, Value>>): T {
  if (Array.isArray(value)) return value.map((item) => resolve(item, names)) as T;
  return (typeof value === 'string' ? (names[value] ?? value) : value) as T;
}

function expand(entry: SpecialEntry): Omit<SpecialSample, 'op' | 'isFunction'>[] {
  const { operators: _, noColumns, order = 2, args, inputs, ...rest } = entry;
  const crossed = inputs.flatMap(({ cross }) => (cross === undefined ? [] : [file.sets[cross] as Value[]]));
  const combinations = product(crossed);
  const variants = [[combinations.length, file.rows.length, 4]];
  if (crossed.length > 0 || inputs.some(({ rows }) => rows)) variants.push([0, 0, 4]);
  if (noColumns) variants.push([0, file.rows.length, 0]);
  return Object.entries(file.limits).flatMap(([dtype, limits]) =>
    variants.map(([elements, count, columns]) => {
      let place = 0;
      const made = inputs.map(({ cross, rows, ...spec }) => {
        const base = { dtype: dtype as DType, ...spec };
        if (cross !== undefined) {
          const at = place++;
          const values = combinations.slice(0, elements).map((values) => values[at] as Value);
          return { ...base, shape: [elements as number], values: resolve(values, limits) };
        }
        if (rows) {
          const values = file.rows.slice(0, count).flatMap((row) => row.slice(0, columns));
          return { ...base, shape: [count, columns] as number[], values: resolve(values, limits) };
        }
        return { ...base, shape: resolve(spec.shape as Value[], { rows: count as number }) as number[] };
      });
      const sample: SampleEntry = {
        ...rest,
        args: resolve(args, { $dtype: dtype, rows: count as number }),
        inputs: made,
      };
      return { ...sample, order, key: keyOf(sample) };
    }),
  );
}

/** The samples by operator. */
export const specialByOperator: ReadonlyMap<string, readonly SpecialSample[]> = (() => {
  const all = new Map<string, SpecialSample[]>();
  for (const entry of file.entries) {
    const expanded = expand(entry);
    for (const op of entry.operators) {
      all.set(op, [...(all.get(op) ?? []), ...expanded.map((sample) => ({ ...sample, op, isFunction: false }))]);
    }
  }
  return all;
})();
