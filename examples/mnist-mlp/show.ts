// Classifies test digits and draws them as text, with prediction and probability below each.
import { noGrad, scope } from 'anneal';
import type { Digits } from './digits';
import { draw, drawingWidth } from './draw';
import type { Classifier } from './model';

/** Lines of text, and what is written below them. */
interface Guess {
  drawing: string[];
  caption: string;
}

const gap = 2;

/** The first `count` digits as text, as many side by side as fit into `columns` characters. */
export async function showDigits(model: Classifier, digits: Digits, count: number, columns: number): Promise<string> {
  model.eval();
  const indices = Array.from({ length: Math.min(count, digits.length) }, (_, index) => index);
  const guesses = await Promise.all(indices.map((index) => classify(model, digits, index)));
  const perRow = Math.max(1, Math.floor((columns + gap) / (drawingWidth + gap)));
  const rows: string[] = [];
  for (let begin = 0; begin < guesses.length; begin += perRow) {
    rows.push(sideBySide(guesses.slice(begin, begin + perRow)));
  }
  return rows.join('\n\n');
}

async function classify(model: Classifier, digits: Digits, index: number): Promise<Guess> {
  const [pixels, label] = await digits.get(index);
  const probabilities = scope(() => noGrad(() => model.forward(pixels).softmax()));
  const values = Array.from(await probabilities.data(), Number);
  const best = values.indexOf(Math.max(...values));
  const truth = await label.item();
  const guess = `${best}  ${(100 * values[best]).toFixed(1)}%`;
  const drawing = draw(Array.from(await pixels.data(), Number));
  for (const tensor of [pixels, label, probabilities]) tensor.dispose();
  return { drawing, caption: best === truth ? guess : `${guess}, is ${truth}` };
}

function sideBySide(guesses: Guess[]): string {
  const joined = (parts: string[]): string => {
    const columns = parts.map((part) => part.padEnd(drawingWidth + gap));
    return columns.join('').trimEnd();
  };
  const drawings = guesses[0].drawing.map((_, row) => joined(guesses.map(({ drawing }) => drawing[row])));
  return [...drawings, joined(guesses.map(({ caption }) => `   ${caption}`))].join('\n');
}
