#include "core/memory_use.h"

#include <algorithm>
#include <array>
#include <utility>

namespace anneal {

int64_t bytesOf(const Extent& extent) {
  int64_t count = extent.count;
  if (extent.strides) {
    count = 1;
    for (int d = 0; d < extent.rank; ++d) {
      if (extent.strides[d] != 0 || extent.shape[d] == 0) count *= extent.shape[d];
    }
  }
  return count * extent.elementSize;
}

MemoryUse memoryUse(const void* pointer, Role role, const Extent& extent) {
  const char* at = static_cast<const char*>(pointer);
  if (!extent.strides) return {at, at + extent.count * extent.elementSize, role, true};
  int64_t low = 0, high = 0;                                      // offsets of the first and the last element in memory
  std::array<std::pair<int64_t, int64_t>, kRank + 2> dimensions;  // stride and size, of those that are walked through
  size_t count = 0;
  for (int d = 0; d < extent.rank; ++d) {
    const int64_t size = extent.shape[d], stride = extent.strides[d];
    if (size == 0) return {at, at, role, true};
    if (size == 1 || stride == 0) continue;
    (stride > 0 ? high : low) += stride * (size - 1);
    dimensions[count++] = {stride < 0 ? -stride : stride, size};
  }
  // Whole: ordered by stride, each dimension goes on where the smaller ones end.
  std::sort(dimensions.begin(), dimensions.begin() + static_cast<ptrdiff_t>(count));
  int64_t next = 1;
  for (size_t d = 0; d < count && next > 0; ++d) next = dimensions[d].first == next ? next * dimensions[d].second : 0;
  return {at + low * extent.elementSize, at + (high + 1) * extent.elementSize, role, next > 0};
}

}  // namespace anneal
