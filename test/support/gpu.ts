// The GPU of the tests: the one that is emulated on the CPU (scripts/test.mjs builds it), or whichever ANNEAL_CUDA_LIBRARY has.
import { type Device, devices } from 'anneal';

/** Whether there is one; its tests are left out where there is none, since the emulation runs on Linux only. */
export const hasGpu = Boolean(process.env.ANNEAL_CUDA_LIBRARY) && devices().includes('cuda:0');

export const gpu: Device = 'cuda:0';
