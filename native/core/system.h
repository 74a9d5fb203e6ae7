// What the operating system grants this process: processors and memory, as the container sees them.
#pragma once
#include <cstddef>
#include <cstdint>

namespace anneal {

// Processors in the affinity mask of this process.
int affinityProcessors();

// Whole processors of the CPU quota of the cgroup (on Windows: the job); INT_MAX where there is none.
int quotaProcessors();

// Processors this process may use: the smaller of the two.
int availableProcessors();

// Bytes that the cgroup (on Windows the job) may use; INT64_MAX where it has no limit.
int64_t memoryLimit();

// Bytes that can still be allocated before the machine or the cgroup runs out; INT64_MAX where it cannot be told.
int64_t availableMemory();

// Memory for systemFree, 64-byte aligned; of 4 MB and more in huge pages where the system has them, which spares large
// strides the misses of address translation. Null where there is none.
void* systemMemory(size_t bytes);
void systemFree(void* data);

// Asks the scheduler for short slices of time for this thread, which may then interrupt threads that compute as soon as it wakes: for
// the thread of JavaScript and for streams, so that answers do not wait for the end of others' slices, of some 3 ms each. Linux 6.12
// and later; nothing elsewhere.
void preferShortSlices();

// Bytes of this process that lie in memory; 0 where it cannot be told.
int64_t residentMemory();

}  // namespace anneal
