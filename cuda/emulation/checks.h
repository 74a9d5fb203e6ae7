// What the checked library is told of memory and of the course of a launch (checks.cc). Nothing in the plain one.
#pragma once
#include <cstddef>

namespace emulation {

#if defined(ANNEAL_CHECKS)
void noteAllocated(void* begin, size_t bytes);  // device memory, which nobody has written yet
void noteFreed(void* begin, size_t bytes);
void noteWritten(void* begin, size_t bytes);  // by a copy
void noteShared(void* begin, size_t bytes);   // an array of the block that runs
void noteLaunch(bool begins);
void noteBlock();
void noteBarrier();
#else
inline void noteAllocated(void*, size_t) {}
inline void noteFreed(void*, size_t) {}
inline void noteWritten(void*, size_t) {}
inline void noteShared(void*, size_t) {}
inline void noteLaunch(bool) {}
inline void noteBlock() {}
inline void noteBarrier() {}
#endif

// Notes what is wrong with the launch that runs; the first counts.
void say(const char* problem);

}  // namespace emulation
