// train: the Trainer, metrics and callbacks.
export type { Batch, BatchOptions, Data } from './batches';
export type { BatchRecord, Callback, Run } from './callback';
export { ModelCheckpoint, type ModelCheckpointOptions } from './checkpoint';
export type { DecisionOptions } from './decision';
export { EarlyStopping, type EarlyStoppingOptions } from './early-stopping';
export type { EpochRecord, Evaluation, History, MonitorMode } from './history';
export { LearningRateScheduler, type LearningRateSchedulerOptions } from './learning-rate';
export {
  type AverageOptions,
  accuracy,
  confusionMatrix,
  f1,
  type Metric,
  type Metrics,
  type MetricValue,
  type MetricValues,
  precision,
  recall,
} from './metric';
export type { NanLoss } from './nan';
export { type EvaluateOptions, type FitOptions, type Loss, type Model, Trainer, type TrainerOptions } from './trainer';
