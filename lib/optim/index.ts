// optim: optimizers and gradient clipping.
export { Adadelta, type AdadeltaOptions, Adagrad, type AdagradOptions } from './adagrad';
export { Adam, type AdamOptions, AdamW } from './adam';
export { Adamax, type AdamaxOptions, NAdam, type NAdamOptions, RAdam, type RAdamOptions } from './adamax';
export { clipGradNorm, clipGradValue } from './clip';
export { DirectionOptimizer, type DirectionOptions, type DirectionUpdate } from './direction';
export type { DynamicOption, DynamicOptions } from './dynamic';
export {
  type BaseOptions,
  type Batch,
  type Group,
  Optimizer,
  type ParameterGroup,
  type ParameterState,
} from './optimizer';
export { RMSprop, type RMSpropOptions } from './rmsprop';
export { Rprop, type RpropOptions } from './rprop';
export * from './schedulers';
export { SGD, type SGDOptions } from './sgd';
export type { OptimizerState } from './state';
