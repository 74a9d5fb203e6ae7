// Schedules of learning rates.
export { ChainedScheduler, SequentialLR } from './compose';
export {
  CosineAnnealingLR,
  type CosineAnnealingLROptions,
  CosineAnnealingWarmRestarts,
  type CosineAnnealingWarmRestartsOptions,
} from './cosine';
export { CyclicLR, type CyclicLROptions, OneCycleLR, type OneCycleLROptions } from './cycle';
export {
  ConstantLR,
  type ConstantLROptions,
  ExponentialLR,
  type FactorFunction,
  LambdaLR,
  LinearLR,
  type LinearLROptions,
  MultiplicativeLR,
  MultiStepLR,
  type MultiStepLROptions,
  PolynomialLR,
  type PolynomialLROptions,
  StepLR,
  type StepLROptions,
} from './factors';
export { type PlateauState, ReduceLROnPlateau, type ReduceLROnPlateauOptions } from './plateau';
export { LRScheduler, type SchedulerState } from './scheduler';
