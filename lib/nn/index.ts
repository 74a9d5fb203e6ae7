// nn: modules, losses and initialisers.
export * from './activation';
export { ModuleList, Sequential } from './container';
export { Dropout } from './dropout';
export * as init from './init';
export { Linear, type LinearOptions } from './linear';
export * from './loss';
export { type Layer, Module } from './module';
export { Parameter, type ParameterOptions } from './parameter';
export { Flatten, Identity } from './shape';
export type { LoadResult } from './state';
