// Linear: y = x W^T + b.
import { ArgumentError } from '../errors';
import { linear } from '../ops/matmul';
import { type Generator, uniform } from '../ops/random';
import { checkOptions } from '../options';
import type { DType, Tensor } from '../tensor';
import { Module } from './module';
import { Parameter } from './parameter';

/** Options of {@link Linear}. */
export interface LinearOptions {
  /** Whether a bias is added. Default true. */
  bias?: boolean;
  /** Default float32. */
  dtype?: DType;
  /** Source of the initial values; default: the one that `manualSeed` seeds. */
  generator?: Generator;
}

/**
 * Fully connected layer: `y = x W^T + b` with x `[..., inFeatures]`, y `[..., outFeatures]`, `weight`
 * `[outFeatures, inFeatures]` and `bias` `[outFeatures]` (null without one).
 *
 * Both start uniform in (-1/sqrt(inFeatures), 1/sqrt(inFeatures)), PyTorch's default.
 *
 * @throws ArgumentError when a size is not a positive integer.
 */
export class Linear extends Module {
  /** Extent of the last dimension of the input. */
  readonly inFeatures: number;
  /** Extent of the last dimension of the output. */
  readonly outFeatures: number;
  /** `[outFeatures, inFeatures]` */
  weight: Parameter;
  /** `[outFeatures]`, or null without one. */
  bias: Parameter | null;

  constructor(inFeatures: number, outFeatures: number, options: LinearOptions = {}) {
    super();
    checkOptions('Linear', options, ['bias', 'dtype', 'generator']);
    const { bias = true, dtype, generator } = options;
    for (const [name, value] of Object.entries({ inFeatures, outFeatures })) {
      if (!Number.isSafeInteger(value) || value < 1) {
        throw new ArgumentError(`[Linear] expected a positive integer for ${name}, received ${String(value)}`);
      }
    }
    this.inFeatures = inFeatures;
    this.outFeatures = outFeatures;
    const high = 1 / Math.sqrt(inFeatures);
    const start = (shape: number[]): Parameter => new Parameter(uniform(shape, { low: -high, high, dtype, generator }));
    this.weight = start([outFeatures, inFeatures]);
    this.bias = bias ? start([outFeatures]) : null;
  }

  forward(x: Tensor): Tensor {
    return linear(x, this.weight, this.bias);
  }

  protected override describe(): string {
    return `${this.inFeatures}, ${this.outFeatures}${this.bias === null ? ', bias=false' : ''}`;
  }
}
