// The memory that a kernel reads and writes, from what its record declares. Host code only.
#pragma once
#include <vector>

#include "core/kernels/record.h"

namespace anneal {

struct MemoryUse {
  const char* begin;
  const char* end;  // of the smallest range that holds all of it
  Role role;
  bool whole;  // every byte of the range
};

// Bytes behind a pointer, counted once where they are read several times (broadcast).
int64_t bytesOf(const Extent& extent);

// The range of an extent at `pointer`; of no elements, an empty one.
MemoryUse memoryUse(const void* pointer, Role role, const Extent& extent);

// Whether a record says which memory its kernel uses.
template <class Args>
concept DeclaresMemory = requires(Args& args) { args.pointers([](auto*&, Role, const Extent&) {}); };

// Appends what the kernel uses: pointers that are not null.
template <class Args>
void appendMemoryUses(const Args& args, std::vector<MemoryUse>& uses) {
  const_cast<Args&>(args).pointers([&](auto*& pointer, Role role, const Extent& extent) {
    if (pointer) uses.push_back(memoryUse(pointer, role, extent));
  });
}

}  // namespace anneal
