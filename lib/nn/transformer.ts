// Encoders and decoders of transformers, and both together.
import { ShapeError } from '../errors';
import { integerFor } from '../ops/check';
import { arange } from '../ops/create';
import { gt, where } from '../ops/pointwise';
import { reshape } from '../ops/shape';
import { checkOptions } from '../options';
import { type DType, formatShape, type Tensor } from '../tensor';
import { ModuleList } from './container';
import { xavierUniform } from './init';
import { type Layer, Module } from './module';
import { LayerNorm } from './norm';
import {
  decoderCallNames,
  layerOptionNames,
  TransformerDecoderLayer,
  type TransformerDecoderLayerCall,
  TransformerEncoderLayer,
  type TransformerLayerOptions,
} from './transformer-layers';

/** Options of {@link TransformerEncoder} and {@link TransformerDecoder}. */
export interface TransformerStackOptions {
  /** What the output of the last layer passes. Default null. */
  norm?: Layer | null;
}

/** Masks of {@link TransformerEncoder}. Of bools **true leaves a key out**, as in PyTorch's modules; numbers are added to the scores. */
export interface TransformerEncoderCall {
  /** `[time, time]` or `[batch * heads, time, time]` */
  mask?: Tensor | null;
  /** `[batch, time]`, or `[time]` without a batch. */
  srcKeyPaddingMask?: Tensor | null;
  /** Whether a position sees those before it and itself only. With a `mask` it is that which counts. Default false. */
  isCausal?: boolean;
}

// The layer itself and copies of it.
function repeat<T extends { copy(): T }>(owner: string, layer: T, count: number): T[] {
  integerFor(owner, 'numLayers', count, 1);
  return [layer, ...Array.from({ length: count - 1 }, () => layer.copy())];
}

/**
 * Layers of an encoder one after the other: the one given and copies of it, which begin with its values.
 *
 * @throws ArgumentError
 */
export class TransformerEncoder extends Module {
  /** In their order. */
  layers: ModuleList<TransformerEncoderLayer>;
  /** What the output passes, or null. */
  norm: Layer | null;

  constructor(encoderLayer: TransformerEncoderLayer, numLayers: number, options: TransformerStackOptions = {}) {
    super();
    checkOptions('TransformerEncoder', options, ['norm']);
    this.layers = new ModuleList(repeat('TransformerEncoder', encoderLayer, numLayers));
    this.norm = options.norm ?? null;
  }

  forward(src: Tensor, options: TransformerEncoderCall = {}): Tensor {
    checkOptions('TransformerEncoder', options, ['mask', 'srcKeyPaddingMask', 'isCausal']);
    const { mask, srcKeyPaddingMask, isCausal } = options;
    let x = src;
    for (const layer of this.layers) x = layer.forward(x, { srcMask: mask, srcKeyPaddingMask, isCausal });
    return this.norm ? this.norm.forward(x) : x;
  }
}

/**
 * Layers of a decoder one after the other: the one given and copies of it, which begin with its values.
 *
 * @throws ArgumentError
 */
export class TransformerDecoder extends Module {
  /** In their order. */
  layers: ModuleList<TransformerDecoderLayer>;
  /** What the output passes, or null. */
  norm: Layer | null;

  constructor(decoderLayer: TransformerDecoderLayer, numLayers: number, options: TransformerStackOptions = {}) {
    super();
    checkOptions('TransformerDecoder', options, ['norm']);
    this.layers = new ModuleList(repeat('TransformerDecoder', decoderLayer, numLayers));
    this.norm = options.norm ?? null;
  }

  forward(tgt: Tensor, memory: Tensor, options: TransformerDecoderLayerCall = {}): Tensor {
    checkOptions('TransformerDecoder', options, decoderCallNames);
    let x = tgt;
    for (const layer of this.layers) x = layer.forward(x, memory, options);
    return this.norm ? this.norm.forward(x) : x;
  }
}

/** Options of {@link Transformer}. */
export interface TransformerOptions extends TransformerLayerOptions {
  /** Features of a position. Default 512. */
  dModel?: number;
  /** Heads of attention. Default 8. */
  nhead?: number;
  /** Default 6. */
  numEncoderLayers?: number;
  /** Default 6. */
  numDecoderLayers?: number;
}

/** Masks of {@link Transformer}. Of bools **true leaves a key out**, as in PyTorch's modules; numbers are added to the scores. */
export interface TransformerCall extends TransformerDecoderLayerCall {
  /** `[source, source]` or `[batch * heads, source, source]` */
  srcMask?: Tensor | null;
  /** `[batch, source]`, or `[source]` without a batch. */
  srcKeyPaddingMask?: Tensor | null;
  /** Whether a position of the source sees those before it and itself only. Default false. */
  srcIsCausal?: boolean;
}

/**
 * Encoder and decoder: `forward(src, tgt)` encodes a source `[source, batch, dModel]` and decodes a target `[target, batch, dModel]` with it.
 * Both end with a `LayerNorm`, and weights start uniform as Glorot and Bengio have them. The state is that of PyTorch's module. (Vaswani et
 * al. 2017)
 *
 * @throws ArgumentError
 */
export class Transformer extends Module {
  /** Features of a position. */
  readonly dModel: number;
  /** Whether sequences are `[batch, time, features]`. */
  readonly batchFirst: boolean;
  /** Of the source. */
  encoder: TransformerEncoder;
  /** Of the target, with what the encoder gives. */
  decoder: TransformerDecoder;

  constructor(options: TransformerOptions = {}) {
    super();
    checkOptions('Transformer', options, [
      ...['dModel', 'nhead', 'numEncoderLayers', 'numDecoderLayers'],
      ...layerOptionNames,
    ]);
    const { dModel = 512, nhead = 8, numEncoderLayers = 6, numDecoderLayers = 6, ...layer } = options;
    const { layerNormEps: eps, bias, dtype, generator, batchFirst = false } = layer;
    const norm = (): LayerNorm => new LayerNorm(dModel, { eps, bias, dtype });
    this.dModel = dModel;
    this.batchFirst = batchFirst;
    this.encoder = new TransformerEncoder(new TransformerEncoderLayer(dModel, nhead, layer), numEncoderLayers, {
      norm: norm(),
    });
    this.decoder = new TransformerDecoder(new TransformerDecoderLayer(dModel, nhead, layer), numDecoderLayers, {
      norm: norm(),
    });
    for (const parameter of this.parameters()) {
      if (parameter.rank > 1) xavierUniform(parameter, { generator });
    }
  }

  /** Numbers `[size, size]` that are added as a mask: 0 where a position comes no later, else -inf. */
  static generateSquareSubsequentMask(size: number, options: { dtype?: DType } = {}): Tensor {
    checkOptions('Transformer.generateSquareSubsequentMask', options, ['dtype']);
    const positions = arange(integerFor('Transformer.generateSquareSubsequentMask', 'size', size, 0));
    return where(gt(positions, reshape(positions, [size, 1])), -Infinity, 0).to(options.dtype ?? 'float32');
  }

  forward(src: Tensor, tgt: Tensor, options: TransformerCall = {}): Tensor {
    checkOptions('Transformer', options, ['srcMask', 'srcKeyPaddingMask', 'srcIsCausal', ...decoderCallNames]);
    const batch = this.batchFirst ? 0 : 1;
    const differ = src.rank !== tgt.rank || (src.rank === 3 && src.shape[batch] !== tgt.shape[batch]);
    if (differ || src.shape.at(-1) !== this.dModel || tgt.shape.at(-1) !== this.dModel) {
      const shapes = `${formatShape(src.shape)} and ${formatShape(tgt.shape)}`;
      throw new ShapeError(
        `[Transformer] source and target must have one batch and ${this.dModel} features: ${shapes}`,
      );
    }
    const { srcMask: mask, srcKeyPaddingMask, srcIsCausal: isCausal, ...rest } = options;
    const memory = this.encoder.forward(src, { mask, srcKeyPaddingMask, isCausal });
    return this.decoder.forward(tgt, memory, rest);
  }
}
