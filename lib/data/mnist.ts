// The MNIST set of handwritten digits (LeCun, Cortes, Burges), and sets in the same four files, such as Fashion-MNIST.
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { OwnUint8Array } from '../compatible';
import { FormatError } from '../errors';
import { isBytes, isUrl } from '../kinds';
import { checkArgument } from './arguments';
import { type IdxArray, readIdx } from './idx';

/** Images [n, 28, 28], one byte a pixel, and their classes [n], from 0 to 9. */
export interface MnistPart {
  /** Bytes `[n, 28, 28]`: 0 is background, 255 is ink. */
  images: IdxArray<OwnUint8Array>;
  /** Bytes `[n]`: the digit that an image shows. */
  labels: IdxArray<OwnUint8Array>;
}

/** What {@link mnist} returns. */
export interface Mnist {
  /** 60,000 samples to train with. */
  train: MnistPart;
  /** 10,000 samples to test with. */
  test: MnistPart;
}

/**
 * Reads MNIST from a directory with the four uncompressed files `train-images-idx3-ubyte`, `train-labels-idx1-ubyte`,
 * `t10k-images-idx3-ubyte` and `t10k-labels-idx1-ubyte`.
 *
 * @returns 60,000 samples to train and 10,000 to test with, as bytes: `new ArrayDataset({ ...train.images,
 * scale: 1 / 255 }, { ...train.labels, dtype: 'int64' })` makes them a dataset
 * @throws FormatError for a malformed or truncated file, or images and labels that do not belong together; the system's
 * error for a missing file
 */
export async function mnist(directory: string | URL): Promise<Mnist> {
  checkArgument(typeof directory === 'string' || isUrl(directory), 'mnist', 'directory', 'a path', directory);
  const path = typeof directory === 'string' ? directory : fileURLToPath(directory);
  const [train, test] = await Promise.all([readPart(path, 'train'), readPart(path, 't10k')]);
  return { train, test };
}

async function readPart(directory: string, prefix: string): Promise<MnistPart> {
  const imagesPath = join(directory, `${prefix}-images-idx3-ubyte`);
  const labelsPath = join(directory, `${prefix}-labels-idx1-ubyte`);
  const [images, labels] = await Promise.all([readBytes(imagesPath, [28, 28]), readBytes(labelsPath, [])]);
  const [count] = images.shape;
  if (labels.shape[0] !== count) {
    throw new FormatError(
      `[mnist] ${labelsPath}: expected ${count} labels, one an image, but found ${labels.shape[0]}`,
    );
  }
  const wrong = labels.data.find((label) => label > 9);
  if (wrong !== undefined)
    throw new FormatError(`[mnist] ${labelsPath}: expected labels from 0 to 9 but found ${wrong}`);
  return { images, labels };
}

async function readBytes(path: string, sampleShape: number[]): Promise<IdxArray<OwnUint8Array>> {
  const { shape, data } = await readIdx(path);
  const fits = shape.length === sampleShape.length + 1 && sampleShape.every((size, i) => shape[i + 1] === size);
  if (fits && isBytes(data)) return { shape, data };
  const expected = ['n', ...sampleShape].join(', ');
  const found = `${data.constructor.name.replace('Array', '').toLowerCase()} [${shape.join(', ')}]`;
  throw new FormatError(`[mnist] ${path}: expected uint8 [${expected}] but found ${found}`);
}
