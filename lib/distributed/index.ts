// Several processes that train together (docs/distributed.md).
export { allGather, allReduce, broadcast, type CollectiveOptions, type ReduceOp } from './collectives';
export { DistributedDataParallel, type DistributedDataParallelOptions } from './data-parallel';
export {
  barrier,
  finalize,
  type InitOptions,
  init,
  isInitialized,
  rank,
  refresh,
  size,
  type Traffic,
  traffic,
} from './group';
export { allGatherObject } from './objects';
export { DistributedSampler, type DistributedSamplerOptions } from './sampler';
export { gatherOptimizerState, shardOptimizer } from './shard';
