// The GPU of the tests: the one that is emulated on the CPU (scripts/test.mjs builds it), or whichever ANNEAL_CUDA_LIBRARY has. And
// what it is known not to have.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Device, defaultDevice, devices } from 'anneal';

/** Whether there is one; its tests are left out where there is none, since the emulation runs on Linux only. */
export const hasGpu = Boolean(process.env.ANNEAL_CUDA_LIBRARY) && devices().includes('cuda:0');

export const gpu: Device = 'cuda:0';

/** Whether tests make their tensors on a GPU (npm run test:cuda). */
export const onGpu = defaultDevice().startsWith('cuda');

const guide = readFileSync(join(__dirname, '..', '..', 'docs', 'cuda.md'), 'utf8');
const [, section = ''] = /\n## What has no kernels\n(.*?)\n## /s.exec(guide) ?? [];

/** Families of operators of which docs/cuda.md says that GPUs have no kernels. */
export const withoutKernels: readonly string[] = Array.from(
  section.matchAll(/^\| (\w+) \|/gm),
  ([, family]) => family as string,
).filter((family) => family !== 'family');

/** Whether compiled functions are fused: without kernels for that, as on a GPU so far, they run kernel by kernel, with the same bits. */
export const fuses = !(onGpu && withoutKernels.includes('fused'));

/** Whether an error, or what caused it, is that of an operator whose family is known to have no kernels on GPUs. */
export function isKnownToLack(error: unknown): boolean {
  for (let at = error; at instanceof Error; at = at.cause) {
    // Modules put their own names before that of the operator.
    const [, family] = /\[\w+\] is not implemented on cuda:\d+: it has no kernels of '(\w+)'/.exec(at.message) ?? [];
    if (family !== undefined && withoutKernels.includes(family)) return true;
  }
  return false;
}
