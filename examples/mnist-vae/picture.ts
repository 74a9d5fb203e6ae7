// Images side by side as one PNG file.
import { writeFile } from 'node:fs/promises';
import { scope, type Tensor } from 'anneal';
import { PNG } from 'pngjs';

const side = 28;
const grey = 0;

/** images: [rows * columns, 784], pixels from 0 to 1. */
export async function writePicture(file: string, images: Tensor, rows: number, columns: number): Promise<void> {
  const [width, height] = [columns * side, rows * side];
  const pixels = scope(() =>
    images
      .reshape([rows, columns, side, side])
      .permute([0, 2, 1, 3])
      .reshape([height, width])
      .mul(255)
      .add(0.5) // the conversion cuts off
      .to('uint8'),
  );
  const picture = new PNG({ width, height, colorType: grey, inputColorType: grey, inputHasAlpha: false });
  picture.data = Buffer.from(await pixels.data('uint8'));
  await writeFile(file, PNG.sync.write(picture, { colorType: grey, inputColorType: grey, inputHasAlpha: false }));
}
