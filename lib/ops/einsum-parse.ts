// Equations of einsum: 'bij,bjk->bik' read and checked against the shapes of the operands.
import { ArgumentError, describe, ShapeError } from '../errors';
import { formatShape } from '../tensor';

/** The axes of an operand, or of the result, by label: a letter, or `...n` for the n-th axis from the right of an ellipsis. */
export type Labels = readonly string[];

/** An equation with the sizes of its labels. */
export interface Equation {
  operands: Labels[];
  result: Labels;
  sizes: ReadonlyMap<string, number>;
}

const DOTS = '...';

/** A term such as `b...ij` as letters and at most one ellipsis. */
function termOf(equation: string, text: string): string[] {
  const labels: string[] = [];
  for (let i = 0; i < text.length; i++) {
    const letter = text[i] as string;
    if (text.startsWith(DOTS, i)) {
      if (labels.includes(DOTS)) throw new ArgumentError(`[einsum] '${text}' of '${equation}' has two ellipses`);
      labels.push(DOTS);
      i += 2;
    } else if (/[a-zA-Z]/.test(letter)) {
      labels.push(letter);
    } else if (letter !== ' ') {
      throw new ArgumentError(`[einsum] axes are named by letters, not '${letter}', in '${equation}'`);
    }
  }
  return labels;
}

const ellipsis = (count: number): string[] => Array.from({ length: count }, (_, i) => `${DOTS}${count - 1 - i}`);

/** An axis in words, for errors. */
const named = (label: string): string => (label.startsWith(DOTS) ? 'an axis of the ellipsis' : `'${label}'`);

/** Reads an equation for operands of these shapes. @throws ArgumentError, ShapeError */
export function readEquation(equation: string, shapes: readonly (readonly number[])[]): Equation {
  if (typeof equation !== 'string') {
    throw new ArgumentError(`[einsum] expected an equation such as 'ij,jk->ik', received ${describe(equation)}`);
  }
  const sides = equation.split('->');
  if (sides.length > 2) throw new ArgumentError(`[einsum] '${equation}' has more than one '->'`);
  const [left, right] = sides as [string, string | undefined];
  const terms = left.split(',').map((text) => termOf(equation, text));
  if (terms.length !== shapes.length) {
    throw new ArgumentError(`[einsum] '${equation}' is of ${terms.length} operands, received ${shapes.length}`);
  }
  let widest = 0;
  const operands = terms.map((term, i) => {
    const shape = shapes[i] as readonly number[];
    const open = term.includes(DOTS) ? shape.length - term.length + 1 : 0;
    if (open < 0 || term.length + (term.includes(DOTS) ? open - 1 : 0) !== shape.length) {
      throw new ShapeError(
        `[einsum] '${term.join('')}' of '${equation}' does not name the axes of operand ${i}, ${formatShape(shape)}`,
      );
    }
    widest = Math.max(widest, open);
    return term.flatMap((label) => (label === DOTS ? ellipsis(open) : [label]));
  });
  const sizes = sizesOf(equation, operands, shapes);
  const result =
    right === undefined ? implicitResult(operands, widest) : explicitResult(equation, right, widest, sizes);
  return { operands, result, sizes };
}

function sizesOf(equation: string, operands: readonly Labels[], shapes: readonly (readonly number[])[]) {
  const sizes = new Map<string, number>();
  for (const [i, labels] of operands.entries()) {
    const own = new Map<string, number>();
    for (const [axis, label] of labels.entries()) {
      const extent = shapes[i]?.[axis] as number;
      const twin = own.get(label);
      if (twin !== undefined && twin !== extent) {
        throw new ShapeError(
          `[einsum] ${named(label)} of '${equation}' stands for ${twin} and ${extent} in operand ${i}`,
        );
      }
      own.set(label, extent);
      const known = sizes.get(label) ?? 1;
      if (known !== 1 && extent !== 1 && known !== extent) {
        throw new ShapeError(
          `[einsum] ${named(label)} of '${equation}' stands for ${known} and, in operand ${i}, ${extent}`,
        );
      }
      sizes.set(label, known === 1 ? extent : known);
    }
  }
  return sizes;
}

// Without '->': the ellipsis, then the letters that stand once, in alphabetical order, capitals first.
function implicitResult(operands: readonly Labels[], widest: number): string[] {
  const counts = new Map<string, number>();
  for (const label of operands.flat()) counts.set(label, (counts.get(label) ?? 0) + 1);
  const letters = [...counts].flatMap(([label, count]) => (label.startsWith(DOTS) || count > 1 ? [] : [label]));
  return [...ellipsis(widest), ...letters.sort()];
}

function explicitResult(equation: string, text: string, widest: number, sizes: ReadonlyMap<string, number>): string[] {
  const term = termOf(equation, text);
  for (const [i, label] of term.entries()) {
    if (label === DOTS) continue;
    if (!sizes.has(label))
      throw new ArgumentError(`[einsum] '${label}' of the result of '${equation}' is in no operand`);
    if (term.indexOf(label) !== i) {
      throw new ArgumentError(`[einsum] '${label}' stands twice in the result of '${equation}'`);
    }
  }
  return term.flatMap((label) => (label === DOTS ? ellipsis(widest) : [label]));
}
