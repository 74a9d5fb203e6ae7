// A GPU on the CPU, so that kernels run, and are tested, where there is none: one block after another, each thread of a block a fiber
// that gives up the processor at barriers and exchanges only. The arithmetic is the GPU's, bit for bit, as long as both are compiled
// without contraction; nothing is said about speed.
//
// Addresses of device memory bear a bit that no address of the host has, so that the host faults where it reads or writes them;
// `resolve` takes it away, for kernels.
#pragma once
#include <cstddef>
#include <cstdint>
#include <functional>

#include "emulation/runtime.h"

namespace emulation {

struct Extent {
  unsigned x, y, z;
};

// Where the running thread is.
struct Position {
  unsigned thread, threads;
  Extent block;
};
extern Position now;

// Appends `kernel`, to be called for every thread of every block of the grid.
cudaError_t launch(cudaStream_t stream, Extent grid, unsigned threads, std::function<void()> kernel);

constexpr size_t kSharedBytes = 48 << 10;  // of a block: what every GPU has without asking

// ---- for kernels, by way of device/launch.h
void barrier(int line);
// The values that the 32 lanes of the warp have given, which stay until its next exchange but one.
const uint64_t* exchange(uint64_t value, int line);
// The array with that number, in memory that the block's threads share.
void* sharedArray(int number, size_t bytes);

constexpr uintptr_t kDeviceBit = uintptr_t{1} << 61;
template <class T>
T* resolve(T* p) {
  return reinterpret_cast<T*>(reinterpret_cast<uintptr_t>(p) & ~kDeviceBit);
}

// ---- between the parts of the emulation
// Calls the kernel for every thread of every block. Returns what went wrong, or null.
const char* run(Extent grid, unsigned threads, const std::function<void()>& kernel);

}  // namespace emulation
