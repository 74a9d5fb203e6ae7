// Which indices are equal: what is added at repeated indices is added along such a chain, by one thread, in the order of the indices.
#pragma once
#include <cstdint>

#include "runtime/queue.h"

namespace anneal::device {

// Indices along the middle of [outer, extent, inner]: `count` of them, or with `each` as many for every outer and inner place, which
// makes chains of their own.
struct Indices {
  const int64_t* index;
  int64_t outer, extent, count, inner;
  bool each;

  int64_t size() const { return each ? outer * count * inner : count; }
};

// Instead of a place: the end of a chain; of all but the first, that it follows another.
constexpr int64_t kNone = -1, kFollows = -2;

// [2, size]: the place (0 to count) of the next equal index; and the same, but kFollows of those that have an equal one before them,
// which comes first. In scratch memory, as kernels know it; indices out of bounds are chained anyhow.
const int64_t* linkEqual(CudaQueue& queue, const Indices& indices);

}  // namespace anneal::device
