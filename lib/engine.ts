// The engine as a whole: threads, memory, and how far the stream is behind.
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
  /** Tensors that this environment (the main thread or a worker) holds. */
  liveTensors: number;
}

/** The engine's memory, in bytes, and the number of tensors. */
export function memory(): MemoryReport {
  const [live, cached, peak, liveTensors] = native.memory();
  return { live, cached, peak, liveTensors };
}

/** Starts the peak of {@link memory} anew from what is live now. */
export function resetPeakMemory(): void {
  native.resetPeak();
}

/** Returns cached memory to the system, after waiting for the stream. */
export function trim(): void {
  native.trim();
}

/**
 * Limits the bytes in tensors: an allocation beyond it throws OutOfMemoryError. 0, the default, is no limit.
 *
 * @throws ArgumentError for anything but a whole number of bytes.
 */
export function setMemoryLimit(bytes: number): void {
  if (!Number.isSafeInteger(bytes) || bytes < 0) {
    throw new ArgumentError(`[setMemoryLimit] expected a whole number of bytes, received ${describe(bytes)}`);
  }
  native.setMemoryLimit(bytes);
}

/** What the engine runs on: the instruction set of its kernels, and its threads. */
export function engineInfo(): { isa: string; threads: number } {
  return { isa: native.isa(), threads: native.getThreads() };
}
