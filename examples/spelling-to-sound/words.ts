// The CMU Pronouncing Dictionary: English words, and the sounds of each.
import { data } from 'anneal';

/** Letters and sounds of one word. */
export interface Word {
  letters: string[];
  sounds: string[];
}

/** Words with more letters or sounds are left out. */
export const maxLength = 12;

/** About 120,000 words, each with its first pronunciation, and without the marks of stress. */
export async function loadWords(): Promise<Word[]> {
  // The package is an ES module.
  const { dictionary } = await import('cmu-pronouncing-dictionary');
  return Object.entries(dictionary)
    .filter(([spelling]) => /^[a-z']+$/.test(spelling)) // others are further pronunciations, as in `read(1)`
    .map(([spelling, sounds]) => ({ letters: [...spelling], sounds: withoutMarks(sounds).split(' ') }))
    .filter(({ letters, sounds }) => letters.length <= maxLength && sounds.length <= maxLength);
}

// Digits are marks of stress; behind # stand comments.
function withoutMarks(sounds: string): string {
  return sounds.replace(/\d| *#.*/g, '');
}

/** The number that fills up short words. */
export const padding = 0;
/** The number that stands before the first sound. */
export const start = 1;
/** The number that stands behind the last sound. */
export const end = 2;

/** Letters or sounds as numbers, from 3 on. */
export class Alphabet {
  readonly symbols: readonly string[];
  readonly #numbers: Map<string, number>;

  constructor(words: readonly (readonly string[])[]) {
    this.symbols = ['', '', '', ...new Set(words.flat().sort())];
    this.#numbers = new Map(this.symbols.map((symbol, number) => [symbol, number]));
  }

  encode(symbols: readonly string[]): number[] {
    return symbols.map((symbol) => this.#numbers.get(symbol) as number);
  }

  /** The symbols up to the end. */
  decode(numbers: readonly number[]): string[] {
    const count = numbers.indexOf(end);
    return numbers.slice(0, count < 0 ? numbers.length : count).map((number) => this.symbols[number] as string);
  }
}

/** Rows of one length as one array. */
export function padded(rows: readonly (readonly number[])[], length: number): Int32Array {
  const array = new Int32Array(rows.length * length).fill(padding);
  for (const [i, row] of rows.entries()) array.set(row, i * length);
  return array;
}

/** Samples of letters, sounds that begin with `start`, and the sound that follows each of these. */
export function toDataset(words: readonly Word[], letters: Alphabet, sounds: Alphabet) {
  const spelled = words.map((word) => letters.encode(word.letters));
  const spoken = words.map((word) => sounds.encode(word.sounds));
  const column = (rows: number[][], length: number) => ({ data: padded(rows, length), shape: [words.length, length] });
  return new data.ArrayDataset(
    column(spelled, maxLength),
    column(
      spoken.map((row) => [start, ...row]),
      maxLength + 1,
    ),
    column(
      spoken.map((row) => [...row, end]),
      maxLength + 1,
    ),
  );
}
