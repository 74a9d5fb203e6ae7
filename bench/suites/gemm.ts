// Products of float32 matrices, c = a b, library beside library: ours is called through the backend's table in a program
// without JavaScript.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Generator, uniform } from 'anneal';
import type { Job } from '../rival';
import type { Case, Suite } from './suite';

interface Shape {
  m: number;
  n: number;
  k: number;
  /** Stored transposed: a [k, m], b [n, k]. */
  transposeA?: boolean;
  transposeB?: boolean;
  batch?: number;
}

const squares = [64, 128, 256, 512, 1024, 2048].map((size): Shape => ({ m: size, n: size, k: size }));

// Layers of the mlp suite forward and backward, then those of larger networks.
const shapes: Shape[] = [
  ...squares,
  { m: 64, n: 256, k: 784 },
  { m: 64, n: 128, k: 256 },
  { m: 64, n: 64, k: 128 },
  { m: 64, n: 10, k: 64 },
  { m: 784, n: 256, k: 64, transposeA: true },
  { m: 64, n: 784, k: 256, transposeB: true },
  { m: 1024, n: 3072, k: 768 },
  { m: 1, n: 4096, k: 4096 },
  { m: 2048, n: 384, k: 384 },
  { m: 256, n: 256, k: 64, batch: 48 },
];

export const gemm: Suite = {
  name: 'gemm',
  description: 'products of float32 matrices, m x n x k',
  iteration: 'product',
  // Sums of up to 4096 positive terms, each rounded in an order of its own.
  tolerance: 1e-4,
  ours: 'anneal_gemm.cc',
  peers: { torch: 'torch_gemm.py', openblas: 'openblas_gemm.cc', blis: 'blis_gemm.cc', onednn: 'onednn_gemm.cc' },
  cases: (quick) => (quick ? shapes.filter(isSmall) : shapes).map(makeCase),
};

function isSmall({ m, n, k, batch = 1 }: Shape): boolean {
  return m * n * k * batch < 2 ** 22;
}

function makeCase({ m, n, k, transposeA = false, transposeB = false, batch = 1 }: Shape): Case {
  const name = `${m}x${n}x${k}`;
  const job = async (folder: string): Promise<Job> => {
    const generator = new Generator(1);
    const write = async (operand: string, count: number): Promise<string> => {
      const file = join(folder, `gemm-${name}-${operand}.f32`);
      // Positive, so that sums have few cancellations and a relative tolerance says something.
      await writeFile(file, await uniform([count], { generator }).data('float32'));
      return file;
    };
    const [a, b] = [await write('a', batch * m * k), await write('b', batch * k * n)];
    return { m, n, k, batch, transposeA, transposeB, a, b };
  };
  const suffix = [
    transposeA ? ', A transposed' : '',
    transposeB ? ', B transposed' : '',
    batch > 1 ? `, batch ${batch}` : '',
  ];
  // A product with a vector reads the matrix once: memory is its limit.
  const work =
    Math.min(m, n) === 1
      ? ({ amount: 4 * (m * k + k * n + m * n), limit: 'read' } as const)
      : ({ amount: 2 * m * n * k * batch, limit: 'fma' } as const);
  return { name: name + suffix.join(''), job, work };
}
