/** anneal: what users import. @module anneal */
import './ops/methods';
import './skipped';

export { type GradOptions, grad } from './autograd';
export { type Compiled, type CompileOptions, compile } from './compile';
export { enableGrad, inferenceMode, isGradEnabled, keep, noGrad, scope } from './context';
export { customGradient, type WithGradient } from './custom-gradient';
export * as data from './data';
export { type CudaReport, cudaInfo, type Device, defaultDevice, device, devices, setDefaultDevice } from './device';
export * as distributed from './distributed';
export * as distributions from './distributions';
export {
  type EngineInfo,
  engineInfo,
  getNumThreads,
  type MemoryReport,
  memory,
  resetPeakMemory,
  setMemoryLimit,
  setNumThreads,
  synchronize,
  trim,
} from './engine';
export {
  AnnealError,
  ArgumentError,
  AutogradError,
  DeviceError,
  DisposedError,
  DistributedError,
  DTypeError,
  FormatError,
  IndexError,
  OutOfMemoryError,
  ShapeError,
} from './errors';
export * as io from './io';
export { type FloatInfo, finfo, type IntegerInfo, iinfo } from './limits';
export * as nn from './nn';
export * from './ops/activation';
export * from './ops/adaptive-pool';
export * from './ops/arrange';
export * from './ops/at';
export { type AttentionOptions, scaledDotProductAttention } from './ops/attention';
export * from './ops/batch-norm';
export * from './ops/bits';
export { invoke, type OperatorParam, type OperatorRecord, operators } from './ops/call';
export * from './ops/channel-dropout';
export * from './ops/classify';
export {
  type ConvOptions,
  type ConvPadding,
  type ConvPaddingMode,
  type ConvTransposeOptions,
  conv1d,
  conv2d,
  conv3d,
  convTranspose1d,
  convTranspose2d,
  convTranspose3d,
} from './ops/conv';
export {
  arange,
  type CreateOptions,
  empty,
  emptyLike,
  eye,
  full,
  fullLike,
  linspace,
  logspace,
  ones,
  onesLike,
  tensor,
  zeros,
  zerosLike,
} from './ops/create';
export * from './ops/diagonal';
export * from './ops/einsum';
export * from './ops/embedding';
export * from './ops/grid-sample';
export * from './ops/indexing';
export * from './ops/interpolate';
export * from './ops/loss';
export * from './ops/masked';
export * from './ops/math';
export * from './ops/matmul';
export * from './ops/more-losses';
export * from './ops/nonzero';
export * from './ops/norm';
export * from './ops/normalization';
export * from './ops/pad';
export * from './ops/part-scatter';
export * from './ops/piecewise';
export * from './ops/pointwise';
export * from './ops/pool';
export * from './ops/pool-compositions';
export * from './ops/products';
export * from './ops/quantile';
export * from './ops/random';
export * from './ops/reduce';
export * from './ops/repeat';
export { type RotaryAnglesOptions, type RotaryOptions, rotaryAngles, rotaryEmbedding } from './ops/rotary';
export * from './ops/rounding';
export * from './ops/sampling';
export * from './ops/scan';
export * from './ops/sets';
export * from './ops/shape';
export * from './ops/shuffle';
export * from './ops/softmax';
export * from './ops/sort';
export * from './ops/special';
export * from './ops/statistics';
export * from './ops/statistics';
export * from './ops/trigonometry';
export * from './ops/unfold';
export type { PerDimension, WithIndices, WithoutIndices } from './ops/window';
export * as optim from './optim';
export {
  type BackwardOptions,
  type DType,
  type ElementOf,
  isTensor,
  type NestedArray,
  Tensor,
  type TensorJson,
  type TensorLike,
  type TypedArray,
  type TypedArrays,
} from './tensor';
export * as train from './train';
