// TensorFlow.js in Node without its native add-on, on the backend that the peer's name says. The types are those of the few
// functions used: this compiles where the packages are not installed.
import { dirname, join } from 'node:path';
import type { Stored } from './safetensors';

export interface Tensor {
  dispose(): void;
  data(): Promise<Float32Array>;
  dataSync(): Float32Array;
  add(other: Tensor): Tensor;
  relu(): Tensor;
}

export interface Variable extends Tensor {
  assign(value: Tensor): void;
}

export interface Optimizer {
  minimize(loss: () => Tensor, returnCost: true): Tensor;
  dispose(): void;
}

export interface TensorFlow {
  ready(): Promise<void>;
  setBackend(name: string): Promise<boolean>;
  tensor(values: Float32Array | number[], shape: number[]): Tensor;
  variable(initial: Tensor): Variable;
  matMul(a: Tensor, b: Tensor): Tensor;
  transpose(x: Tensor): Tensor;
  oneHot(indices: Tensor, depth: number): Tensor;
  tensor1d(values: number[], dtype: 'int32'): Tensor;
  tidy<T>(fn: () => T): T;
  losses: { softmaxCrossEntropy(labels: Tensor, logits: Tensor): Tensor };
  train: {
    sgd(lr: number): Optimizer;
    adam(lr: number, beta1: number, beta2: number, epsilon: number): Optimizer;
  };
}

export const versions = { tfjs: require('@tensorflow/tfjs-core/package.json').version as string };

/** With the backend of `tfjs-wasm` or `tfjs-cpu`. */
export async function start(peer: string): Promise<TensorFlow> {
  const tf = require('@tensorflow/tfjs-core') as TensorFlow;
  require('@tensorflow/tfjs-core/dist/public/chained_ops/register_all_chained_ops');
  require('@tensorflow/tfjs-core/dist/register_all_gradients');
  if (peer === 'tfjs-wasm') {
    const wasm = require('@tensorflow/tfjs-backend-wasm') as { setWasmPaths(folder: string): void };
    wasm.setWasmPaths(join(dirname(require.resolve('@tensorflow/tfjs-backend-wasm/package.json')), 'dist', '/'));
    await tf.setBackend('wasm');
  } else {
    require('@tensorflow/tfjs-backend-cpu');
    await tf.setBackend('cpu');
  }
  await tf.ready();
  return tf;
}

export interface Layer {
  /** [inputs, outputs] */
  weight: Tensor;
  bias: Tensor;
}

export function toTensors(tf: TensorFlow, layers: readonly { weight: Stored; bias: Stored }[]): Layer[] {
  const tensor = ({ data, shape }: Stored): Tensor => tf.tensor(data as Float32Array, shape);
  return layers.map(({ weight, bias }) => ({ weight: tf.transpose(tensor(weight)), bias: tensor(bias) }));
}

/** x: [batch, inputs] -> logits [batch, outputs]. */
export function forward(tf: TensorFlow, layers: readonly Layer[], x: Tensor): Tensor {
  return layers.reduce((input, { weight, bias }, i) => {
    const sums = tf.matMul(input, weight).add(bias);
    return i + 1 < layers.length ? sums.relu() : sums;
  }, x);
}
