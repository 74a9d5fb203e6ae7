// NVIDIA's GPUs: where the library with their kernels lies. It is opened when a device is first asked for.
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { type CudaReport, native } from './native';

export type { CudaReport };

let report: CudaReport | undefined;

/** What there is of CUDA here: GPUs, versions, and why there is none. Looks for the library first. */
export function cudaInfo(): CudaReport {
  report ??= native.openCuda(libraryPaths());
  return report;
}

/** `ANNEAL_CUDA_LIBRARY`, or what is installed as a package, or what was built here, in this order. */
function libraryPaths(): string[] {
  const named = process.env.ANNEAL_CUDA_LIBRARY;
  if (named) return [named];
  const built = join(__dirname, '..', 'build', 'cuda', 'libanneal_cuda.so');
  try {
    const name = `@anneal/cuda-${process.platform}-${process.arch}/package.json`;
    return [join(createRequire(__filename).resolve(name), '..', 'libanneal_cuda.so'), built];
  } catch {
    return [built];
  }
}
