// A small GPT: training steps of the example's size, and text generated position by position at GPT-2-small's size.
import { Generator, normal, ones, type Tensor, uniform, zeros } from 'anneal';
import type { Job } from '../rival';
import { saveInputs } from './inputs';
import type { Case, Suite, Work } from './suite';

interface Size {
  layers: number;
  width: number;
  heads: number;
  context: number;
  vocabulary: number;
}

const example: Size = { layers: 6, width: 384, heads: 6, context: 256, vocabulary: 96 };
const gpt2Small: Size = { layers: 12, width: 768, heads: 12, context: 1024, vocabulary: 50257 };
const tiny: Size = { layers: 2, width: 32, heads: 2, context: 16, vocabulary: 96 };

export const gpt: Suite = {
  name: 'gpt',
  description: 'a decoder of transformer blocks, float32',
  iteration: 'step',
  // Of the losses of a few steps, or of the last logits. AdamW divides by the size of each gradient, so roundings of small ones count.
  tolerance: 1e-3,
  rounds: 7,
  iterations: 3,
  ours: 'anneal_gpt.ts',
  peers: { 'anneal-eager': 'anneal_gpt.ts', torch: 'torch_gpt.py' },
  cases(quick) {
    const batch = quick ? 2 : 8;
    const step = (dropout: number): Case => ({
      name: `training, batch ${batch}, dropout ${dropout}`,
      job: (folder) => makeJob(folder, quick ? tiny : example, { batch, dropout }),
      work: trainingWork(quick ? tiny : example, batch),
    });
    const generation: Case = {
      name: 'generation, one token',
      job: (folder) => makeJob(folder, quick ? tiny : gpt2Small, { batch: 0, dropout: 0 }),
    };
    return quick ? [step(0), generation] : [step(0), step(0.2), generation];
  },
};

async function makeJob(folder: string, size: Size, parameters: { batch: number; dropout: number }): Promise<Job> {
  const name = `gpt-${size.layers}x${size.width}-${parameters.batch}`;
  const inputs = await saveInputs(folder, name, () => makeInputs(size, parameters.batch));
  return { ...size, ...parameters, inputs };
}

/** Two operations per weight of the products and position, and the two products of causal attention, of which half is skipped; three times. */
function trainingWork({ layers, width, context, vocabulary }: Size, batch: number): Work {
  const perPosition = layers * (12 * width * width + context * width) + vocabulary * width;
  return { amount: 3 * 2 * perPosition * batch * context, limit: 'fma' };
}

/** Weights under the names of the models in both peers; for training `tokens` [batch, context + 1]. */
function makeInputs({ layers, width, context, vocabulary }: Size, batch: number): Record<string, Tensor> {
  const generator = new Generator(1);
  const matrix = (...shape: number[]) => normal(shape, { std: 0.02, generator });
  const inputs: Record<string, Tensor> = {
    'tokens.weight': matrix(vocabulary, width),
    'places.weight': matrix(context, width),
  };
  const norm = (name: string) => {
    inputs[`${name}.weight`] = ones([width]);
    inputs[`${name}.bias`] = zeros([width]);
  };
  const linear = (name: string, from: number, to: number) => {
    inputs[`${name}.weight`] = matrix(to, from);
    inputs[`${name}.bias`] = zeros([to]);
  };
  for (let i = 0; i < layers; i++) {
    norm(`blocks.${i}.norm1`);
    linear(`blocks.${i}.qkv`, width, 3 * width);
    linear(`blocks.${i}.out`, width, width);
    norm(`blocks.${i}.norm2`);
    linear(`blocks.${i}.up`, width, 4 * width);
    linear(`blocks.${i}.down`, 4 * width, width);
  }
  norm('norm');
  if (batch > 0) inputs.text = uniform([batch, context + 1], { high: vocabulary, generator }).to('int64');
  return inputs;
}
