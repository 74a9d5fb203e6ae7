// How a kernel tells that it has found something wrong in the data. The lowest position wins, so that the message does not depend on
// the order of threads.
#pragma once
#include "device/launch.h"

namespace anneal::ANNEAL_LEVEL {

#if defined(__CUDACC__)
ANNEAL_INLINE bool tryLock(uint32_t* word) {
  const bool locked = atomicCAS(word, 0u, 1u) == 0u;
  __threadfence();
  return locked;
}
ANNEAL_INLINE void unlock(uint32_t* word) {
  __threadfence();
  atomicExch(word, 0u);
}
#else
ANNEAL_INLINE bool tryLock(uint32_t*) { return true; }  // threads of the emulation change at barriers only
ANNEAL_INLINE void unlock(uint32_t*) {}
#endif

ANNEAL_INLINE void report(FaultRecord* fault, int64_t position, int64_t index, double first = 0, double second = 0) {
  for (bool done = false; !done;) {
    if (!tryLock(&fault->lock)) continue;
    volatile FaultRecord* const record = fault;
    if (static_cast<uint64_t>(position) < record->position) {
      record->position = static_cast<uint64_t>(position);
      record->index = index;
      record->values[0] = first;
      record->values[1] = second;
    }
    unlock(&fault->lock);
    done = true;
  }
}

}  // namespace anneal::ANNEAL_LEVEL
