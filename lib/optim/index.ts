// optim: optimizers and gradient clipping.
export { Adam, type AdamOptions, AdamW } from './adam';
export { clipGradNorm, clipGradValue } from './clip';
export {
  type BaseOptions,
  type Batch,
  type Group,
  Optimizer,
  type ParameterGroup,
  type ParameterState,
} from './optimizer';
export * from './schedulers';
export { SGD, type SGDOptions } from './sgd';
export type { OptimizerState } from './state';
