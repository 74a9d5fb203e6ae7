// The network that several suites share: linear layers with ReLU between them.
import { type Generator, type Tensor, uniform } from 'anneal';
import type { Work } from './suite';

export const widths = [784, 256, 128, 64, 10];

/** Initial weights as Linear draws them, under the names of a Sequential. */
export function makeWeights(generator: Generator): Record<string, Tensor> {
  const weights: Record<string, Tensor> = {};
  for (let i = 0; i + 1 < widths.length; i++) {
    const bound = 1 / Math.sqrt(widths[i]);
    const range = { low: -bound, high: bound, generator };
    weights[`${2 * i}.weight`] = uniform([widths[i + 1], widths[i]], range);
    weights[`${2 * i}.bias`] = uniform([widths[i + 1]], range);
  }
  return weights;
}

/** Of the products: forward alone, or also backward with the gradients of weights and of all inputs but the first. */
export function workOf(batch: number, training: boolean): Work {
  const products = widths.slice(1).map((outputs, i) => 2 * batch * widths[i] * outputs);
  const forward = products.reduce((sum, flop) => sum + flop, 0);
  return { amount: training ? 3 * forward - products[0] : forward, limit: 'fma' };
}
