// Data for training: reading it, cutting it up, scaling it, and handing it out in batches.
export { type ArrayColumn, ArrayDataset, type ColumnData } from './array-dataset';
export { type Dataset, TensorDataset, type TensorsOf } from './dataset';
export { type IdxArray, type IdxData, readIdx } from './idx';
export { DataLoader, type DataLoaderOptions, type DataLoaderState, type Source } from './loader';
export { type Mnist, type MnistPart, mnist } from './mnist';
export { type Sampler, WeightedRandomSampler, type WeightedRandomSamplerOptions } from './sampler';
export { StandardScaler, type StandardScalerState } from './scaler';
export { randomSplit, type SplitOptions, Subset, trainValidationSplit, type ValidationSplitOptions } from './split';
