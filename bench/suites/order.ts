// Sorting, choosing and scanning along rows and columns: of a million elements in one row, in a thousand, and in a thousand columns.
import { Generator, normal, type Tensor } from 'anneal';
import type { Job } from '../rival';
import { saveInputs } from './inputs';
import type { Case, Suite } from './suite';

const shapes = {
  small: [[64, 256]],
  large: [
    [1, 1 << 20],
    [1024, 1024],
  ],
} as const;

// What is done with x, along its rows unless it says columns; each is in every peers/*_order file.
const operations = [
  'sort',
  'sort-columns',
  'topk-8',
  'median',
  'searchsorted',
  'cumsum',
  'cumsum-columns',
  'cummax',
  'logcumsumexp',
] as const;

export const order: Suite = {
  name: 'order',
  description: 'sorting, the first k, medians, searches and scans of float32, without gradients',
  iteration: 'call',
  // Float32 is summed in float64, or in float32.
  tolerance: 1e-3,
  ours: 'anneal_order.ts',
  peers: { 'anneal-prebuilt': 'anneal_order.ts', torch: 'torch_order.py' },
  cases(quick) {
    const cases: Case[] = [];
    for (const [rows, columns] of quick ? shapes.small : shapes.large) {
      for (const operation of operations) {
        if (rows === 1 && operation.endsWith('columns')) continue;
        const job = async (folder: string): Promise<Job> => {
          const inputs = await saveInputs(folder, `order-${rows}x${columns}`, () => makeInputs(rows, columns));
          return { operation, inputs };
        };
        cases.push({ name: `${operation}, ${rows}x${columns}`, job });
      }
    }
    return cases;
  },
};

/** x [rows, columns]. */
function makeInputs(rows: number, columns: number): Record<string, Tensor> {
  return { x: normal([rows, columns], { generator: new Generator(1) }) };
}
