// Pointwise chains and normalisations over rows, in the caches and beyond them. The floor is each input read once and the
// output written once.
import { Generator, type Tensor, uniform } from 'anneal';
import type { Job } from '../rival';
import { saveInputs } from './inputs';
import type { Case, Suite } from './suite';

const sizes = { small: [64, 256], large: [4096, 4096] } as const;

// How many inputs of [rows, cols] each chain reads; its formula is in every peers/*_pointwise file.
const chains = { relu: 1, gelu: 1, softmax: 1, 'affine-tanh': 1, 'add-relu': 2, 'layer-norm': 1 };

export const pointwise: Suite = {
  name: 'pointwise',
  description: 'pointwise chains and rows of float32, without gradients',
  iteration: 'call',
  // Of elements where terms may cancel to a thousandth of their size.
  tolerance: 1e-3,
  onGpu: true,
  ours: 'anneal_pointwise.ts',
  peers: {
    'anneal-eager': 'anneal_pointwise.ts',
    'anneal-prebuilt': 'anneal_pointwise.ts',
    torch: 'torch_pointwise.py',
    'torch-compile': 'torch_pointwise.py',
    jax: 'jax_pointwise.py',
  },
  cases(quick) {
    const cases: Case[] = [];
    for (const [rows, cols] of quick ? [sizes.small] : Object.values(sizes)) {
      for (const [chain, reads] of Object.entries(chains)) {
        const amount = 4 * rows * cols * (reads + 1);
        const job = async (folder: string): Promise<Job> => {
          const inputs = await saveInputs(folder, `pointwise-${rows}x${cols}`, () => makeInputs(rows, cols));
          return { chain, inputs };
        };
        cases.push({ name: `${chain}, ${rows}x${cols}`, job, work: { amount, limit: 'triad' } });
      }
    }
    return cases;
  },
};

/** x and y [rows, cols], scale and shift [cols]. */
function makeInputs(rows: number, cols: number): Record<string, Tensor> {
  const generator = new Generator(1);
  const matrix = () => uniform([rows, cols], { low: -2, high: 2, generator });
  const vector = () => uniform([cols], { low: 0.5, high: 1.5, generator });
  return { x: matrix(), y: matrix(), scale: vector(), shift: vector() };
}
