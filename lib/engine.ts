// The engine as a whole: threads, memory, and how far the stream is behind.
import { type Device, deviceCode } from './device';
import { ArgumentError, describe } from './errors';
import { native } from './native';

/** Kernels in waiting above which a producer should pause: a few training steps of a small network. */
const DEEP = 128;

let lastFence: Promise<void> | undefined;

/**
 * For loops that produce work: undefined while the stream is close behind, otherwise a promise to await before going on. It
 * waits for what was queued at the call before, so the stream always has work left.
 */
export function engineReady(): Promise<void> | undefined {
  if (native.depth() < DEEP) return undefined;
  const previous = lastFence;
  const fence = native.fence(false);
  lastFence = fence;
  void fence.then(() => {
    if (lastFence === fence) lastFence = undefined;
  });
  return previous ?? fence;
}

/** Resolves when everything started so far has been computed; rejects with the error of a kernel that failed. */
export function synchronize(): Promise<void> {
  return native.fence(true);
}

/** Sets how many threads compute; at least 1. The default is what the process may use, or `ANNEAL_NUM_THREADS`. */
export function setNumThreads(threads: number): void {
  native.setThreads(threads);
}

/** How many threads compute. */
export function getNumThreads(): number {
  return native.getThreads();
}

/** What {@link memory} reports. */
export interface MemoryReport {
  /** Bytes in tensors, of all environments of the process. */
  live: number;
  /** Bytes kept for reuse. */
  cached: number;
  /** Largest `live` so far. */
  peak: number;
  /** Tensors that this environment (the main thread or a worker) holds, on any device. */
  liveTensors: number;
}

/** The memory of a device, in bytes, and the number of tensors. @throws DeviceError when there is no such device. */
export function memory(device: Device = 'cpu'): MemoryReport {
  const [live, cached, peak, liveTensors] = native.memory(deviceCode('memory', device));
  return { live, cached, peak, liveTensors };
}

/** Starts the peak of {@link memory} anew from what is live now. @throws DeviceError when there is no such device. */
export function resetPeakMemory(device: Device = 'cpu'): void {
  native.resetPeak(deviceCode('resetPeakMemory', device));
}

/** Returns a device's cached memory to the system, after waiting for the stream. @throws DeviceError */
export function trim(device: Device = 'cpu'): void {
  native.trim(deviceCode('trim', device));
}

/**
 * Limits the bytes in tensors on a device: an allocation beyond it throws OutOfMemoryError. 0, the default, is no limit.
 *
 * @throws ArgumentError for anything but a whole number of bytes; DeviceError when there is no such device.
 */
export function setMemoryLimit(bytes: number, device: Device = 'cpu'): void {
  if (!Number.isSafeInteger(bytes) || bytes < 0) {
    throw new ArgumentError(`[setMemoryLimit] expected a whole number of bytes, received ${describe(bytes)}`);
  }
  native.setMemoryLimit(bytes, deviceCode('setMemoryLimit', device));
}

/** What {@link engineInfo} reports. */
export interface EngineInfo {
  /** The instruction set of the kernels: `sse2`, `avx2`, `avx512` or `neon`. */
  isa: string;
  /** The instruction sets that the binary has kernels for, lowest first. The processor need not have all of them. */
  compiledIsas: string[];
  /** How many threads compute. */
  threads: number;
  /**
   * What has decided the number of threads: the affinity mask of the process, the quota of its cgroup, the environment variable or
   * the function.
   */
  threadsFrom: 'affinity' | 'quota' | 'ANNEAL_NUM_THREADS' | 'setNumThreads';
  /** Processors in the affinity mask of the process. */
  affinity: number;
  /** Processors that the CPU quota of the cgroup comes to, rounded up; null when there is no quota. */
  quota: number | null;
  /** Bytes of memory that the cgroup may use; null when it has no limit. */
  cgroupMemoryLimit: number | null;
  /** Bytes of memory that are left in the machine and the cgroup; null where that cannot be told. */
  availableMemory: number | null;
}

/**
 * What the engine runs on: instruction set, threads and memory.
 * @throws ArgumentError when `ANNEAL_ISA` names no instruction set that this binary and this processor have
 */
export function engineInfo(): EngineInfo {
  const [affinity, quota] = native.processors();
  const [cgroupMemoryLimit, availableMemory] = native.machineMemory();
  return {
    isa: native.isa(),
    compiledIsas: native.compiledIsas(),
    threads: native.getThreads(),
    threadsFrom: native.threadsFrom(),
    affinity,
    quota,
    cgroupMemoryLimit,
    availableMemory,
  };
}
