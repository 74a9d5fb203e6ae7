// The 8 x 8 digits of scikit-learn, 1,797 by other people than MNIST's, in MNIST's format.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { avgPool2d, data, pad, repeatInterleave, scope, type Tensor, tensor } from 'anneal';
import type { Digits } from '../mnist-mlp/digits';
import { pythonPackage } from '../python-package';

/** Images [784] from 0 to 1 and labels, as `loadDigits` gives MNIST's. */
export async function loadSmallDigits(): Promise<Digits> {
  const folder = await pythonPackage('scikit-learn', '1.9.1');
  const table = gunzipSync(await readFile(join(folder, 'sklearn', 'datasets', 'data', 'digits.csv.gz'))).toString();
  // A line has 64 pixels from 0 to 16, and the digit.
  const rows = table
    .trimEnd()
    .split('\n')
    .map((line) => line.split(',').map(Number));
  const pixels = tensor(rows.map((row) => row.slice(0, 64)));
  const labels = tensor(
    rows.map((row) => row[64] as number),
    { dtype: 'int64' },
  );
  return new data.TensorDataset(
    scope(() => enlarge(pixels.div(16))),
    labels,
  );
}

/** pixels: [digits, 64]; gives [digits, 784]. */
function enlarge(pixels: Tensor): Tensor {
  const small = pixels.reshape([-1, 1, 8, 8]);
  const large = repeatInterleave(repeatInterleave(small, 3, 2), 3, 3);
  const smooth = avgPool2d(large, 3, { stride: 1, padding: 1 });
  // MNIST's digits have a margin, too.
  return pad(
    smooth,
    [0, 0, 2, 2].map((margin) => [margin, margin] as const),
  ).reshape([-1, 784]);
}
