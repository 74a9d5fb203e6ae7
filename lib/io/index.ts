// Files of tensors.
export { replaceFile } from './atomic';
export {
  deserialize,
  type FileMetadata,
  type LoadOptions,
  load,
  loadMetadata,
  type NamedTensors,
  type SaveOptions,
  save,
  serialize,
  type TensorMetadata,
} from './safetensors';
