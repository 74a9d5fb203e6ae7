// What kernels may ask of the engine: threads and scratch memory. No inline functions (see kernels.h).
#pragma once
#include <cstddef>
#include <cstdint>

#include "core/error_kind.h"

namespace anneal {

// Runs body(context, i) for i in [0, tasks) on the compute pool and the calling thread; returns when all are done. Tasks
// are taken from a shared counter, so they must be cut by shape, never by thread count, and must not depend on the order.
// The first exception thrown by a task is rethrown here. Calls do not nest. cost: of all tasks, in microseconds, roughly;
// threads that sleep are not woken for a small one.
void parallelRun(int64_t tasks, int64_t cost, void (*body)(void* context, int64_t task), void* context);

// Threads that parallelRun would use (1 means it runs in place).
int threadCount();

// Memory that belongs to the calling thread, 64-byte aligned, kept until the next call with the same slot.
// Slots from 0 to below kScratchSlots. Throws OutOfMemoryError.
constexpr int kScratchSlots = 7;
void* threadScratch(int slot, size_t bytes);

}  // namespace anneal
