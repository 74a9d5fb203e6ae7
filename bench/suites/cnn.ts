// Convolutions: layers forward, a layer with its gradients, training steps of a small classifier of digits, and ResNet-18.
import { Generator, normal, ones, type Tensor, uniform, zeros } from 'anneal';
import { ResNet18, resnetWork } from '../peers/resnet';
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
  description: 'convolution layers of float32, a training step of a classifier with two of them, and ResNet-18',
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
      const inputs = await saveInputs(folder, `cnn-step-${batch}`, () => stepInputs(batch));
      return { kind: 'step', network: 'digits', inputs };
    };
    cases.push({ name: `step of a classifier of digits, batch ${batch}`, job });
    return [...cases, resnetTraining(16, 64), resnetInference(quick ? 64 : 224)];
  },
};

function resnetTraining(batch: number, size: number): Case {
  const { stem, all } = resnetWork(size);
  return {
    name: `ResNet-18, training step, batch ${batch}, ${size}x${size}`,
    job: async (folder) => {
      const inputs = await saveInputs(folder, `cnn-resnet-${batch}-${size}`, () => resnetInputs(batch, size, true));
      return { kind: 'step', network: 'resnet', inputs };
    },
    work: { amount: batch * (3 * all - stem), limit: 'fma' },
    // Some of a million inputs of ReLU are within rounding errors of 0, and each on the other side moves gradients by a thousandth:
    // PyTorch's own fifth loss differs by 7e-4 once its weights change by one unit in the last place.
    tolerance: 2e-3,
  };
}

function resnetInference(size: number): Case {
  return {
    name: `ResNet-18, inference, batch 1, ${size}x${size}`,
    job: async (folder) => {
      const inputs = await saveInputs(folder, `cnn-resnet-1-${size}`, () => resnetInputs(1, size, false));
      return { kind: 'inference', inputs };
    },
    work: { amount: resnetWork(size).all, limit: 'fma' },
  };
}

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

/** Initial weights that keep the variance of activations, as in the paper, images, and in training their labels. */
function resnetInputs(batch: number, size: number, training: boolean): Record<string, Tensor> {
  const generator = new Generator(1);
  const tensors: Record<string, Tensor> = {};
  for (const [name, { shape, rank }] of new ResNet18().namedParameters()) {
    const terms = shape.slice(1).reduce((product, extent) => product * extent, 1);
    if (rank > 1) tensors[name] = normal(shape, { std: Math.sqrt(2 / terms), generator });
    else tensors[name] = name.endsWith('weight') ? ones(shape) : zeros(shape);
  }
  tensors.images = normal([batch, 3, size, size], { generator });
  if (training) tensors.labels = uniform([batch], { high: 1000, generator }).to('int64');
  return tensors;
}
