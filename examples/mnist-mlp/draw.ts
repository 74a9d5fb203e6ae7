// A digit as text. A character shows two cells, one above the other, and a cell is the mean of 2 x 2 pixels, so that the
// proportions stay and 28 x 28 pixels become 7 lines of 14 characters.
const side = 28;
const threshold = 0.35;
const blocks = ' ▀▄█';

export const drawingWidth = side / 2;

/** pixels: [784] from 0 to 1, row-major. */
export function draw(pixels: readonly number[]): string[] {
  const inked = (row: number, column: number): boolean => {
    const corner = 2 * row * side + 2 * column;
    const sum = pixels[corner] + pixels[corner + 1] + pixels[corner + side] + pixels[corner + side + 1];
    return sum / 4 > threshold;
  };
  return Array.from({ length: side / 4 }, (_, line) => {
    const characters = Array.from({ length: drawingWidth }, (_, column) => {
      return blocks[Number(inked(2 * line, column)) + 2 * Number(inked(2 * line + 1, column))];
    });
    return characters.join('');
  });
}
