// The layers of a transformer: attention and a feedforward network, each with a residual and a normalisation.
import { ArgumentError, describe } from '../errors';
import { gelu, relu } from '../ops/activation';
import { choiceFor, integerFor } from '../ops/check';
import { add } from '../ops/pointwise';
import type { Generator } from '../ops/random';
import { checkOptions } from '../options';
import type { DType, Tensor } from '../tensor';
import { MultiheadAttention } from './attention';
import { Dropout } from './dropout';
import { Linear } from './linear';
import { Module } from './module';
import { LayerNorm } from './norm';

/** The function between the two products of a feedforward network: a name, or any function of a tensor. */
export type TransformerActivation = 'relu' | 'gelu' | ((x: Tensor) => Tensor);

/** Options of {@link TransformerEncoderLayer} and {@link TransformerDecoderLayer}. */
export interface TransformerLayerOptions {
  /** Features inside the feedforward network. Default 2048. */
  dimFeedforward?: number;
  /** Probability of dropout: of attention's weights, inside the network, and before each residual. Default 0.1. */
  dropout?: number;
  /** Default relu. */
  activation?: TransformerActivation;
  /** Added to variances. Default 1e-5. */
  layerNormEps?: number;
  /** Whether sequences are `[batch, time, features]`, and not `[time, batch, features]`. Default false. */
  batchFirst?: boolean;
  /** Whether to normalise before attention and network, and not behind the residuals. Default false. */
  normFirst?: boolean;
  /** Whether products and normalisations have biases. Default true. */
  bias?: boolean;
  /** Default float32. */
  dtype?: DType;
  /** Source of the initial values and of dropout of attention's weights; default: the one that `manualSeed` seeds. */
  generator?: Generator;
}

/** Names of {@link TransformerLayerOptions}. @internal */
export const layerOptionNames = [
  ...[
    'dimFeedforward',
    'dropout',
    'activation',
    'layerNormEps',
    'batchFirst',
    'normFirst',
    'bias',
    'dtype',
    'generator',
  ],
];

/**
 * Masks of {@link TransformerEncoderLayer}. Of bools **true leaves a key out**, as in PyTorch's modules; numbers are added to the scores.
 */
export interface TransformerEncoderLayerCall {
  /** `[time, time]` or `[batch * heads, time, time]` */
  srcMask?: Tensor | null;
  /** `[batch, time]`, or `[time]` without a batch. */
  srcKeyPaddingMask?: Tensor | null;
  /** Whether a position sees those before it and itself only. With a `srcMask` it is that which counts. Default false. */
  isCausal?: boolean;
}

/** Masks of {@link TransformerDecoderLayer}. Of bools **true leaves a key out**, as in PyTorch's modules; numbers are added to the scores. */
export interface TransformerDecoderLayerCall {
  /** `[time, time]` or `[batch * heads, time, time]` */
  tgtMask?: Tensor | null;
  /** `[time, memory]` or `[batch * heads, time, memory]` */
  memoryMask?: Tensor | null;
  /** `[batch, time]`, or `[time]` without a batch. */
  tgtKeyPaddingMask?: Tensor | null;
  /** `[batch, memory]`, or `[memory]` without a batch. */
  memoryKeyPaddingMask?: Tensor | null;
  /** Whether a position sees those before it and itself only. With a `tgtMask` it is that which counts. Default false. */
  tgtIsCausal?: boolean;
  /** Whether position i sees positions 0 to i of the memory only. Default false. */
  memoryIsCausal?: boolean;
}

abstract class TransformerLayer extends Module {
  /** Attention of the sequence to itself. */
  selfAttn: MultiheadAttention;
  /** `[dimFeedforward, dModel]` */
  linear1: Linear;
  /** Inside the feedforward network. */
  dropout: Dropout;
  /** `[dModel, dimFeedforward]` */
  linear2: Linear;
  /** Whether to normalise before attention and network. */
  readonly normFirst: boolean;
  /** Between the two products of the network. */
  readonly activation: (x: Tensor) => Tensor;
  /** Of attention to itself. */
  norm1: LayerNorm;
  /** Behind attention to itself. */
  dropout1: Dropout;
  /** How it was made, for copies. */
  readonly #made: [dModel: number, numHeads: number, options: TransformerLayerOptions];

  constructor(owner: string, dModel: number, numHeads: number, options: TransformerLayerOptions) {
    super();
    checkOptions(owner, options, layerOptionNames);
    const { dimFeedforward = 2048, dropout = 0.1, normFirst = false, bias = true, dtype, generator } = options;
    this.#made = [dModel, numHeads, options];
    this.selfAttn = attentionFor(dModel, numHeads, options);
    integerFor(owner, 'dimFeedforward', dimFeedforward, 1);
    this.linear1 = new Linear(dModel, dimFeedforward, { bias, dtype, generator });
    this.dropout = new Dropout(dropout);
    this.linear2 = new Linear(dimFeedforward, dModel, { bias, dtype, generator });
    this.normFirst = normFirst;
    this.activation = activationOf(owner, options.activation ?? 'relu');
    this.norm1 = normFor(dModel, options);
    this.dropout1 = new Dropout(dropout);
  }

  /** Another layer that was made in the same way, with the values that this one has now. */
  copy(): this {
    const Type = this.constructor as new (...args: [number, number, TransformerLayerOptions]) => this;
    const other = new Type(...this.#made);
    other.loadStateDict(this.stateDict());
    return other.train(this.training);
  }

  protected attendToItself(
    x: Tensor,
    mask: Tensor | null | undefined,
    padding: Tensor | null | undefined,
    isCausal = false,
  ): Tensor {
    const options = { attnMask: mask, keyPaddingMask: padding, isCausal, needWeights: false };
    return this.dropout1.forward(this.selfAttn.forward(x, x, x, options)[0]);
  }

  protected feed(x: Tensor, behind: Dropout): Tensor {
    const inner = this.dropout.forward(this.activation(this.linear1.forward(x)));
    return behind.forward(this.linear2.forward(inner));
  }

  // x + f(norm(x)), or norm(x + f(x)).
  protected residual(x: Tensor, norm: LayerNorm, f: (x: Tensor) => Tensor): Tensor {
    return this.normFirst ? add(x, f(norm.forward(x))) : norm.forward(add(x, f(x)));
  }
}

function attentionFor(dModel: number, numHeads: number, options: TransformerLayerOptions): MultiheadAttention {
  const { dropout = 0.1, bias, batchFirst, dtype, generator } = options;
  return new MultiheadAttention(dModel, numHeads, { dropout, bias, batchFirst, dtype, generator });
}

function normFor(dModel: number, { layerNormEps, bias, dtype }: TransformerLayerOptions): LayerNorm {
  return new LayerNorm(dModel, { eps: layerNormEps, bias, dtype });
}

function activationOf(owner: string, activation: TransformerActivation): (x: Tensor) => Tensor {
  if (typeof activation === 'function') return activation;
  if (typeof activation !== 'string') {
    throw new ArgumentError(
      `[${owner}] expected relu, gelu or a function for 'activation', received ${describe(activation)}`,
    );
  }
  return choiceFor(owner, 'activation', activation, ['relu', 'gelu']) === 'relu' ? relu : (x) => gelu(x);
}

/**
 * A layer of an encoder: attention of `[time, batch, dModel]` to itself and a feedforward network, each with dropout, a residual and
 * `LayerNorm`. The state is that of PyTorch's layer. (Vaswani et al. 2017; `normFirst`: Xiong et al. 2020)
 *
 * @throws ArgumentError
 */
export class TransformerEncoderLayer extends TransformerLayer {
  /** Of the feedforward network. */
  norm2: LayerNorm;
  /** Behind the feedforward network. */
  dropout2: Dropout;

  constructor(dModel: number, numHeads: number, options: TransformerLayerOptions = {}) {
    super('TransformerEncoderLayer', dModel, numHeads, options);
    this.norm2 = normFor(dModel, options);
    this.dropout2 = new Dropout(options.dropout ?? 0.1);
  }

  forward(src: Tensor, options: TransformerEncoderLayerCall = {}): Tensor {
    checkOptions('TransformerEncoderLayer', options, ['srcMask', 'srcKeyPaddingMask', 'isCausal']);
    const { srcMask, srcKeyPaddingMask, isCausal } = options;
    const x = this.residual(src, this.norm1, (y) => this.attendToItself(y, srcMask, srcKeyPaddingMask, isCausal));
    return this.residual(x, this.norm2, (y) => this.feed(y, this.dropout2));
  }
}

/**
 * A layer of a decoder: attention of `[time, batch, dModel]` to itself, attention to a memory, and a feedforward network, each with dropout,
 * a residual and `LayerNorm`. The state is that of PyTorch's layer. (Vaswani et al. 2017; `normFirst`: Xiong et al. 2020)
 *
 * @throws ArgumentError
 */
export class TransformerDecoderLayer extends TransformerLayer {
  /** Attention to the memory. */
  multiheadAttn: MultiheadAttention;
  /** Of attention to the memory. */
  norm2: LayerNorm;
  /** Of the feedforward network. */
  norm3: LayerNorm;
  /** Behind attention to the memory. */
  dropout2: Dropout;
  /** Behind the feedforward network. */
  dropout3: Dropout;

  constructor(dModel: number, numHeads: number, options: TransformerLayerOptions = {}) {
    super('TransformerDecoderLayer', dModel, numHeads, options);
    this.multiheadAttn = attentionFor(dModel, numHeads, options);
    this.norm2 = normFor(dModel, options);
    this.norm3 = normFor(dModel, options);
    this.dropout2 = new Dropout(options.dropout ?? 0.1);
    this.dropout3 = new Dropout(options.dropout ?? 0.1);
  }

  forward(tgt: Tensor, memory: Tensor, options: TransformerDecoderLayerCall = {}): Tensor {
    checkOptions('TransformerDecoderLayer', options, decoderCallNames);
    const { tgtMask, memoryMask, tgtKeyPaddingMask, memoryKeyPaddingMask, tgtIsCausal, memoryIsCausal } = options;
    const attend = (y: Tensor): Tensor => {
      const masks = { attnMask: memoryMask, keyPaddingMask: memoryKeyPaddingMask, isCausal: memoryIsCausal };
      return this.dropout2.forward(this.multiheadAttn.forward(y, memory, memory, { ...masks, needWeights: false })[0]);
    };
    const own = this.residual(tgt, this.norm1, (y) => this.attendToItself(y, tgtMask, tgtKeyPaddingMask, tgtIsCausal));
    const informed = this.residual(own, this.norm2, attend);
    return this.residual(informed, this.norm3, (y) => this.feed(y, this.dropout3));
  }
}

/** Names of {@link TransformerDecoderLayerCall}. @internal */
export const decoderCallNames = [
  ...['tgtMask', 'memoryMask', 'tgtKeyPaddingMask', 'memoryKeyPaddingMask', 'tgtIsCausal', 'memoryIsCausal'],
];
