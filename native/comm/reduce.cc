#include "comm/reduce.h"

#include <algorithm>

namespace anneal::comm {

namespace {

constexpr int64_t kBlock = 2048;  // elements that stay in the cache while all parts are gone through

struct Sum {
  template <class T>
  T operator()(T a, T b) const {
    return static_cast<T>(a + b);
  }
};
// As the operators `minimum` and `maximum`: NaN wins.
struct Min {
  template <class T>
  T operator()(T a, T b) const {
    return a < b || a != a ? a : b;
  }
};
struct Max {
  template <class T>
  T operator()(T a, T b) const {
    return a > b || a != a ? a : b;
  }
};

// Integers wrap around where the sum is too large, as in the engine's own sums.
template <class T>
struct Arithmetic {
  using type = T;
};
template <>
struct Arithmetic<int32_t> {
  using type = uint32_t;
};
template <>
struct Arithmetic<int64_t> {
  using type = uint64_t;
};

template <class T, class Op>
void reduceBlocks(const std::vector<const void*>& parts, void* out, int64_t count, Op op, bool mean) {
  T block[kBlock];
  const T divisor = static_cast<T>(parts.size());
  for (int64_t begin = 0; begin < count; begin += kBlock) {
    const int64_t size = std::min(kBlock, count - begin);
    const T* first = static_cast<const T*>(parts[0]) + begin;
    std::copy(first, first + size, block);
    for (size_t k = 1; k < parts.size(); ++k) {
      const T* part = static_cast<const T*>(parts[k]) + begin;
      for (int64_t i = 0; i < size; ++i) block[i] = op(block[i], part[i]);
    }
    if (mean) {
      for (int64_t i = 0; i < size; ++i) block[i] = static_cast<T>(block[i] / divisor);
    }
    std::copy(block, block + size, static_cast<T*>(out) + begin);
  }
}

template <class T>
void reduceAs(GroupOp op, const std::vector<const void*>& parts, void* out, int64_t count) {
  using Number = typename Arithmetic<T>::type;
  switch (op) {
    case GroupOp::Sum: return reduceBlocks<Number>(parts, out, count, Sum{}, false);
    case GroupOp::Mean: return reduceBlocks<Number>(parts, out, count, Sum{}, true);
    case GroupOp::Min: return reduceBlocks<T>(parts, out, count, Min{}, false);
    case GroupOp::Max: return reduceBlocks<T>(parts, out, count, Max{}, false);
  }
}

}  // namespace

void reduceInOrder(DType dtype, GroupOp op, const std::vector<const void*>& parts, void* out, int64_t count) {
  switch (dtype) {
    case DType::UInt8: return reduceAs<uint8_t>(op, parts, out, count);
    case DType::Int32: return reduceAs<int32_t>(op, parts, out, count);
    case DType::Int64: return reduceAs<int64_t>(op, parts, out, count);
    case DType::Float32: return reduceAs<float>(op, parts, out, count);
    case DType::Float64: return reduceAs<double>(op, parts, out, count);
    default: return;  // refused before (ops/collective.cc)
  }
}

}  // namespace anneal::comm
