// Device memory of the emulation: blocks of one range of addresses, with gaps between them.
#pragma once
#include <cstddef>

namespace emulation {

// Null where that many bytes in a row are not left.
void* takeDeviceMemory(size_t bytes);
void giveDeviceMemory(void* block);

// Where the range begins, and how long it is.
char* deviceMemoryBegin();
size_t deviceMemoryBytes();

}  // namespace emulation
