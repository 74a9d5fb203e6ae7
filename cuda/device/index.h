// Where elements lie: strided views of a shape, and division by numbers that are known before the launch.
#pragma once
#include "core/kernels/record.h"
#include "device/launch.h"

namespace anneal::ANNEAL_LEVEL {

constexpr int64_t kMostElements = int64_t{1} << 31;  // of one launch: positions are 32-bit

// Division of numbers below 2^31 by a product and a shift. Granlund, Montgomery: "Division by invariant integers using
// multiplication", 1994.
struct Divider {
  uint32_t divisor, magic, shift;

  Divider() = default;
  explicit Divider(int64_t by) : divisor(static_cast<uint32_t>(by)), shift(0) {
    while ((uint64_t{1} << shift) < divisor) ++shift;
    magic = static_cast<uint32_t>((((uint64_t{1} << shift) - divisor) << 32) / divisor + 1);
  }
  ANNEAL_INLINE uint32_t quotient(uint32_t n) const {
    return (static_cast<uint32_t>((uint64_t{n} * magic) >> 32) + n) >> shift;
  }
};

// A shape, and the strides of `views` views of it; dimensions from the last one on.
template <int views>
struct Shape {
  int rank;
  Divider size[kRank];
  int64_t stride[views][kRank];

  // Offsets of the element at position i, in elements.
  ANNEAL_INLINE void locate(uint32_t i, int64_t (&offset)[views]) const {
    for (int v = 0; v < views; ++v) offset[v] = 0;
    for (int d = 0; d < rank; ++d) {
      const uint32_t rest = size[d].quotient(i), at = i - rest * size[d].divisor;
      for (int v = 0; v < views; ++v) offset[v] += at * stride[v][d];
      i = rest;
    }
  }

  void add(int64_t extent) { size[rank++] = Divider(extent); }
};

// Four elements that lie together, moved at once where they are aligned.
template <class T>
struct alignas(sizeof(T) * 4 > 16 ? 16 : sizeof(T) * 4) Pack {
  T v[4];
};
template <class T>
ANNEAL_INLINE bool isAligned(const void* p) {
  return reinterpret_cast<uintptr_t>(p) % alignof(Pack<T>) == 0;
}

}  // namespace anneal::ANNEAL_LEVEL
