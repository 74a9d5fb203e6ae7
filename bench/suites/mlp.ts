// One training step of a 784-256-128-64-10 classifier: forward, cross-entropy, backward, optimizer step, zeroGrad.
import { Generator, type Tensor, uniform } from 'anneal';
import type { Job } from '../rival';
import { saveInputs } from './inputs';
import { makeWeights, widths, workOf } from './network';
import type { Case, PeerName, Suite } from './suite';

const learningRates = { sgd: 0.01, adam: 0.001 };

export const mlp: Suite = {
  name: 'mlp',
  description: `a training step of a ${widths.join('-')} classifier`,
  iteration: 'step',
  // Of the losses of a few steps. Adam divides by the size of each gradient, so roundings of small ones count.
  tolerance: 1e-4,
  onGpu: true,
  ours: 'anneal_mlp.ts',
  peers: {
    'anneal-eager': 'anneal_mlp.ts',
    'anneal-prebuilt': 'anneal_mlp.ts',
    torch: 'torch_mlp.py',
    'torch-compile': 'torch_mlp.py',
    jax: 'jax_mlp.py',
    'tfjs-wasm': 'npm/tfjs_mlp.ts',
    'tfjs-cpu': 'npm/tfjs_mlp.ts',
  },
  cases(quick) {
    const batches = quick ? [64] : [1, 64, 512, 4096];
    const cases: Case[] = [];
    for (const batch of batches) {
      for (const [optimizer, lr] of Object.entries(learningRates)) {
        const tooSlow: PeerName[] = batch > 64 ? ['tfjs-wasm', 'tfjs-cpu'] : [];
        const name = `batch ${batch}, ${optimizer}`;
        const job = async (folder: string): Promise<Job> => {
          const inputs = await saveInputs(folder, `mlp-${batch}`, () => makeInputs(batch));
          return { widths, optimizer, lr, inputs };
        };
        cases.push({ name, job, work: workOf(batch, true), tooSlow });
      }
    }
    return cases;
  },
};

/** Initial weights under the names of a Sequential, `images` [batch, 784], and `labels` [batch]. */
function makeInputs(batch: number): Record<string, Tensor> {
  const generator = new Generator(1);
  return {
    ...makeWeights(generator),
    images: uniform([batch, widths[0]], { generator }),
    labels: uniform([batch], { high: widths.at(-1), generator }).to('int64'),
  };
}
