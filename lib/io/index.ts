// Files of tensors.
export type { NamedTensors } from '../named-tensors';
export { type OpenFile, replaceFile } from './atomic';
export {
  deserialize,
  type FileMetadata,
  type LoadOptions,
  load,
  loadMetadata,
  type SaveOptions,
  save,
  serialize,
  type TensorMetadata,
} from './safetensors';
