// Inference with a 784-256-128-64-10 classifier: calls one after another, or each result read before the next call.
import { Generator, type Tensor, uniform } from 'anneal';
import type { Job } from '../rival';
import { saveInputs } from './inputs';
import { makeWeights, widths, workOf } from './network';
import type { Case, PeerName, Suite } from './suite';

export const mlpInfer: Suite = {
  name: 'mlp-infer',
  description: `the forward pass of a ${widths.join('-')} classifier`,
  iteration: 'call',
  // Of e to the power of the logits.
  tolerance: 1e-5,
  onGpu: true,
  ours: 'anneal_mlp_infer.ts',
  peers: {
    'anneal-eager': 'anneal_mlp_infer.ts',
    'anneal-prebuilt': 'anneal_mlp_infer.ts',
    torch: 'torch_mlp_infer.py',
    'torch-compile': 'torch_mlp_infer.py',
    jax: 'jax_mlp_infer.py',
    onnxruntime: 'npm/onnxruntime_mlp_infer.ts',
    'tfjs-wasm': 'npm/tfjs_mlp_infer.ts',
    'tfjs-cpu': 'npm/tfjs_mlp_infer.ts',
  },
  cases(quick) {
    const cases: Case[] = [];
    for (const batch of quick ? [64] : [1, 64, 1024]) {
      for (const read of [false, true]) {
        const name = `batch ${batch}${read ? ', each read' : ''}`;
        const tooSlow: PeerName[] = batch > 64 ? ['tfjs-cpu'] : [];
        const job = async (folder: string): Promise<Job> => {
          const inputs = await saveInputs(folder, `mlp-infer-${batch}`, () => makeInputs(batch));
          return { widths, inputs, read };
        };
        cases.push({ name, job, work: workOf(batch, false), tooSlow });
      }
    }
    return cases;
  },
};

/** Weights under the names of a Sequential, and `images` [batch, 784]. */
function makeInputs(batch: number): Record<string, Tensor> {
  const generator = new Generator(1);
  return { ...makeWeights(generator), images: uniform([batch, widths[0]], { generator }) };
}
