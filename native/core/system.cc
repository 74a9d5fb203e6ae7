// The system's part that is alike everywhere. What each system is asked lies in system_linux.cc, system_macos.cc, system_windows.cc.
#include "core/system.h"

#include <algorithm>
#include <cstdlib>

#ifdef _WIN32
#include <malloc.h>
#endif
#ifdef __linux__
#include <sys/mman.h>
#endif

namespace anneal {

namespace {

constexpr size_t kAlignment = 64;
constexpr size_t kHugePage = size_t{2} << 20;

}  // namespace

int availableProcessors() { return std::min(affinityProcessors(), quotaProcessors()); }

void* systemMemory(size_t bytes) {
  const size_t alignment = bytes >= 2 * kHugePage ? kHugePage : kAlignment;
  const size_t rounded = (bytes + alignment - 1) / alignment * alignment;
#ifdef _WIN32
  void* data = _aligned_malloc(rounded, alignment);
#else
  void* data = std::aligned_alloc(alignment, rounded);
#endif
#ifdef __linux__
  if (data && alignment == kHugePage) madvise(data, bytes, MADV_HUGEPAGE);
#endif
  return data;
}

void systemFree(void* data) {
#ifdef _WIN32
  _aligned_free(data);
#else
  std::free(data);
#endif
}

}  // namespace anneal
