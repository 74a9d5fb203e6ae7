// Words as numbers.

/** The number that fills up short mails. It stands for no word. */
export const padding = 0;
/** The number of every word that the vocabulary does not have. */
export const unknown = 1;

export class Vocabulary {
  /** The word of each number; the first two stand for no word. */
  readonly words: readonly string[];
  readonly #numbers: Map<string, number>;

  /** The `size` words that occur in most of these texts. */
  constructor(texts: readonly string[][], size: number) {
    const counts = new Map<string, number>();
    for (const text of texts) {
      for (const word of new Set(text)) counts.set(word, (counts.get(word) ?? 0) + 1);
    }
    const byCount = [...counts].sort(([, a], [, b]) => b - a).slice(0, size);
    this.words = ['(padding)', '(unknown)', ...byCount.map(([word]) => word)];
    this.#numbers = new Map(this.words.map((word, number) => [word, number]));
  }

  /** The first `length` different words of a text as numbers, filled up with `padding`. */
  encode(text: readonly string[], length: number): Int32Array {
    const numbers = new Int32Array(length).fill(padding);
    const different = [...new Set(text)].slice(0, length);
    numbers.set(different.map((word) => this.#numbers.get(word) ?? unknown));
    return numbers;
  }
}
