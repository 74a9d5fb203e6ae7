// nn: modules, losses and initialisers.
export * from './activation';
export { ModuleDict, type NamedItems, ParameterDict, ParameterList } from './collections';
export { ModuleList, Sequential } from './container';
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
export * from './padding';
export { Parameter, type ParameterOptions } from './parameter';
export { Flatten, Identity, Unflatten } from './shape';
export { ChannelShuffle, PixelShuffle, PixelUnshuffle } from './shuffle';
export type { LoadResult } from './state';
