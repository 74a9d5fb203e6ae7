// nn: modules, losses and initialisers.
export * from './activation';
export { MultiheadAttention, type MultiheadAttentionCall, type MultiheadAttentionOptions } from './attention';
export * from './batch-norm';
export { type CachedKeys, KeyValueCache, type KeyValueCacheOptions } from './cache';
export { ModuleDict, type NamedItems, ParameterDict, ParameterList } from './collections';
export { ModuleList, Sequential } from './container';
export { Conv1d, Conv2d, Conv3d, type ConvLayerOptions, type ConvModuleOptions } from './conv';
export { ConvTranspose1d, ConvTranspose2d, ConvTranspose3d, type ConvTransposeModuleOptions } from './conv-transpose';
export { AlphaDropout, Dropout, Dropout1d, Dropout2d, Dropout3d, FeatureAlphaDropout } from './dropout';
export {
  Embedding,
  EmbeddingBag,
  type EmbeddingBagOptions,
  type EmbeddingOptions,
  type PretrainedOptions,
} from './embedding';
export type { BackwardHook, ForwardHook, ForwardPreHook } from './hooks';
export * as init from './init';
export { Linear, type LinearOptions } from './linear';
export * from './loss';
export { type Layer, Module } from './module';
export * from './more-activations';
export * from './more-losses';
export * from './norm';
export * from './padding';
export { Parameter, type ParameterOptions } from './parameter';
export * from './pool';
export {
  type Position,
  PositionalEmbedding,
  type PositionalEmbeddingOptions,
  RotaryEmbedding,
  type RotaryEmbeddingOptions,
  type SinusoidalOptions,
  SinusoidalPositionalEncoding,
} from './positions';
export {
  GRU,
  LSTM,
  type LSTMOptions,
  type RecurrentCall,
  type RecurrentOptions,
  RNN,
  type RNNOptions,
} from './recurrent';
export { type CellOptions, GRUCell, LSTMCell, RNNCell, type RNNCellOptions } from './recurrent-cell';
export { type PadSequenceOptions, padSequence, unpadSequence } from './sequence';
export { Flatten, Identity, Unflatten } from './shape';
export { ChannelShuffle, PixelShuffle, PixelUnshuffle } from './shuffle';
export type { LoadResult } from './state';
export {
  Transformer,
  type TransformerCall,
  TransformerDecoder,
  TransformerEncoder,
  type TransformerEncoderCall,
  type TransformerOptions,
  type TransformerStackOptions,
} from './transformer';
export {
  type TransformerActivation,
  TransformerDecoderLayer,
  type TransformerDecoderLayerCall,
  TransformerEncoderLayer,
  type TransformerEncoderLayerCall,
  type TransformerLayerOptions,
} from './transformer-layers';
export { Fold, Unfold } from './unfold';
export { Upsample, type UpsampleOptions, UpsamplingBilinear2d, UpsamplingNearest2d } from './upsample';
