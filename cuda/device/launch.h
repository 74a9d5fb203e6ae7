// What kernels are written with: one vocabulary for nvcc and for g++, which runs them under emulation/. No launch syntax and few
// macros, so that a kernel is an ordinary function template of one record of parameters:
//
//   template <class T>
//   ANNEAL_KERNEL(256) double(const Params p) { ... threadIndex() ... }
//   launch(queue, blocks, 256, double<float>, params);
//
// All threads of a warp meet at its exchanges, and all of a block at barriers: no kernel returns before one.
#pragma once
#include <cstddef>
#include <cstdint>
#include <cstring>

#ifndef ANNEAL_LEVEL
#define ANNEAL_LEVEL device
#endif

#if defined(__CUDACC__)
#include <cuda_runtime.h>
#define ANNEAL_INLINE __device__ __forceinline__
#define ANNEAL_DEVICE __host__ __device__
#define ANNEAL_KERNEL(threads) __global__ void __launch_bounds__(threads)
#define ANNEAL_SHARED(T, name, count) __shared__ T name[count]
#else
#include "emulation/emulation.h"
#define ANNEAL_INLINE inline __attribute__((always_inline))
#define ANNEAL_DEVICE
#define ANNEAL_KERNEL(threads) void
// A place in the block's memory for each array of a kernel: its number tells them apart.
#define ANNEAL_SHARED(T, name, count) \
  T* const name = static_cast<T*>(emulation::sharedArray(__COUNTER__, sizeof(T) * (count)))
#endif

#include "runtime/queue.h"

namespace anneal::ANNEAL_LEVEL {

constexpr unsigned kWarp = 32;

struct Grid {
  unsigned x = 1, y = 1, z = 1;
  Grid(int64_t x, int64_t y = 1, int64_t z = 1)
      : x(static_cast<unsigned>(x)), y(static_cast<unsigned>(y)), z(static_cast<unsigned>(z)) {}
};

// Appends a kernel to a queue. `threads` of a block are a multiple of 32.
template <class Params>
void launch(CudaQueue& queue, Grid grid, unsigned threads, void (*kernel)(Params), const Params& params) {
#if defined(__CUDACC__)
  void* arguments[] = {const_cast<Params*>(&params)};
  check(cudaLaunchKernel(reinterpret_cast<const void*>(kernel), dim3(grid.x, grid.y, grid.z), dim3(threads), arguments,
                         0, queue.stream()));
#else
  check(emulation::launch(queue.stream(), {grid.x, grid.y, grid.z}, threads, [kernel, params] { kernel(params); }));
#endif
}

// The address by which kernels know device memory.
template <class T>
T* resolve(T* p) {
#if defined(__CUDACC__)
  return p;
#else
  return emulation::resolve(p);
#endif
}

// ---- for kernels --------------------------------------------------------------------------------------------------------
#if defined(__CUDACC__)
ANNEAL_INLINE unsigned threadIndex() { return threadIdx.x; }
ANNEAL_INLINE unsigned blockIndex() { return blockIdx.x; }
ANNEAL_INLINE unsigned blockIndexY() { return blockIdx.y; }
ANNEAL_INLINE unsigned blockIndexZ() { return blockIdx.z; }
ANNEAL_INLINE unsigned blockThreads() { return blockDim.x; }
ANNEAL_INLINE void barrier() { __syncthreads(); }
// The value of the lane whose number differs in the bits of `lanes`.
template <class T>
ANNEAL_INLINE T shuffleXor(T value, unsigned lanes) {
  return __shfl_xor_sync(0xffffffffu, value, static_cast<int>(lanes));
}
// A bit per lane.
ANNEAL_INLINE unsigned ballot(bool predicate) { return __ballot_sync(0xffffffffu, predicate); }
#else
ANNEAL_INLINE unsigned threadIndex() { return emulation::now.thread; }
ANNEAL_INLINE unsigned blockIndex() { return emulation::now.block.x; }
ANNEAL_INLINE unsigned blockIndexY() { return emulation::now.block.y; }
ANNEAL_INLINE unsigned blockIndexZ() { return emulation::now.block.z; }
ANNEAL_INLINE unsigned blockThreads() { return emulation::now.threads; }
// Threads must meet at the same line, which a thread takes along: a compiler may make several calls of one.
ANNEAL_INLINE void barrier(int line = __builtin_LINE()) { emulation::barrier(line); }
template <class T>
ANNEAL_INLINE T shuffleXor(T value, unsigned lanes, int line = __builtin_LINE()) {
  static_assert(sizeof(T) <= 8);
  uint64_t bits = 0;
  memcpy(&bits, &value, sizeof(T));
  bits = emulation::exchange(bits, line)[(emulation::now.thread ^ lanes) % kWarp];
  memcpy(&value, &bits, sizeof(T));
  return value;
}
ANNEAL_INLINE unsigned ballot(bool predicate, int line = __builtin_LINE()) {
  const uint64_t* values = emulation::exchange(predicate, line);
  unsigned bits = 0;
  for (unsigned lane = 0; lane < kWarp; ++lane) bits |= static_cast<unsigned>(values[lane] & 1) << lane;
  return bits;
}
#endif

}  // namespace anneal::ANNEAL_LEVEL
