// Convolutions: layers forward, a layer with its gradients, and training steps of a small classifier of digits.
import { Generator, normal, type Tensor, uniform } from 'anneal';
import type { Job } from '../rival';
import { saveInputs } from './inputs';
import type { Case, Suite } from './suite';

/** A layer on images of [batch, inputs, size, size]. */
interface Layer {
  batch: number;
  inputs: number;
  outputs: number;
  size: number;
  kernel?: number;
  stride?: number;
  groups?: number;
}

const layers: Record<string, Layer> = {
  '3x3, 64 channels, 56x56': { batch: 4, inputs: 64, outputs: 64, size: 56 },
  '3x3, 128 channels, 28x28': { batch: 4, inputs: 128, outputs: 128, size: 28 },
  'depthwise 3x3, 128 channels, 56x56': { batch: 4, inputs: 128, outputs: 128, size: 56, groups: 128 },
  'depthwise 5x5 at a stride of 2, 128 channels, 56x56': {
    batch: 4,
    inputs: 128,
    outputs: 128,
    size: 56,
    kernel: 5,
    stride: 2,
    groups: 128,
  },
  '3x3 in 32 groups of 4, 56x56': { batch: 4, inputs: 128, outputs: 128, size: 56, groups: 32 },
  '1x1, 256 channels, 14x14': { batch: 4, inputs: 256, outputs: 256, size: 14, kernel: 1 },
  '7x7 stem at a stride of 2, 224x224': { batch: 1, inputs: 3, outputs: 64, size: 224, kernel: 7, stride: 2 },
};

/** Sums that a layer takes, forward, in floating-point operations. */
function workOf({ batch, inputs, outputs, size, kernel = 3, stride = 1, groups = 1 }: Layer): number {
  return 2 * batch * outputs * Math.ceil(size / stride) ** 2 * (inputs / groups) * kernel ** 2;
}

export const cnn: Suite = {
  name: 'cnn',
  description: 'convolution layers of float32, and a training step of a classifier with two of them',
  iteration: 'call',
  // Of means of many results; and of the losses of a few steps, where Adam divides by the size of each gradient.
  tolerance: 1e-4,
  ours: 'anneal_cnn.ts',
  peers: { 'anneal-eager': 'anneal_cnn.ts', 'anneal-prebuilt': 'anneal_cnn.ts', torch: 'torch_cnn.py' },
  cases(quick) {
    const cases: Case[] = [];
    for (const [name, layer] of Object.entries(layers).slice(0, quick ? 1 : undefined)) {
      for (const training of quick ? [false] : [false, true]) {
        const job = async (folder: string): Promise<Job> => {
          const inputs = await saveInputs(folder, `cnn-${Object.values(layer).join('-')}`, () => layerInputs(layer));
          const { kernel = 3, stride = 1, groups = 1 } = layer;
          return { kind: training ? 'gradients' : 'forward', padding: (kernel - 1) / 2, stride, groups, inputs };
        };
        const amount = (training ? 3 : 1) * workOf(layer);
        cases.push({
          name: `${name}, ${training ? 'with gradients' : 'forward'}`,
          job,
          work: { amount, limit: 'fma' },
        });
      }
    }
    const batch = 64;
    const job = async (folder: string): Promise<Job> => {
      return { kind: 'step', inputs: await saveInputs(folder, `cnn-step-${batch}`, () => stepInputs(batch)) };
    };
    return [...cases, { name: `step of a classifier of digits, batch ${batch}`, job }];
  },
};

/** x, weight and bias, and the gradient of the output. */
function layerInputs({ batch, inputs, outputs, size, kernel = 3, stride = 1, groups = 1 }: Layer) {
  const generator = new Generator(1);
  const out = Math.ceil(size / stride);
  const random = (shape: number[]): Tensor => normal(shape, { generator });
  return {
    x: random([batch, inputs, size, size]),
    weight: random([outputs, inputs / groups, kernel, kernel]),
    bias: random([outputs]),
    dout: random([batch, outputs, out, out]),
  };
}

/** Initial weights of two convolutions and two linear layers, under the names of a Sequential, images and labels. */
function stepInputs(batch: number): Record<string, Tensor> {
  const generator = new Generator(1);
  const tensors: Record<string, Tensor> = {};
  const shapes = { 0: [32, 1, 3, 3], 3: [64, 32, 3, 3], 7: [128, 1600], 9: [10, 128] };
  for (const [place, shape] of Object.entries(shapes)) {
    const bound = 1 / Math.sqrt(shape.slice(1).reduce((product, extent) => product * extent, 1));
    tensors[`${place}.weight`] = uniform(shape, { low: -bound, high: bound, generator });
    tensors[`${place}.bias`] = uniform([shape[0] as number], { low: -bound, high: bound, generator });
  }
  return {
    ...tensors,
    images: uniform([batch, 1, 28, 28], { generator }),
    labels: uniform([batch], { high: 10, generator }).to('int64'),
  };
}
