// Conversions of contiguous elements between all dtypes.
#include "cpu/cast.h"

#include "cpu/simd.h"

namespace anneal::ANNEAL_LEVEL {
namespace {

template <class To>
struct Range;
template <>
struct Range<uint8_t> {
  static constexpr double kLow = 0, kEnd = 256;
  static constexpr uint8_t kMin = 0, kMax = UINT8_MAX;
};
template <>
struct Range<int32_t> {
  static constexpr double kLow = -2147483648.0, kEnd = 2147483648.0;
  static constexpr int32_t kMin = INT32_MIN, kMax = INT32_MAX;
};
template <>
struct Range<int64_t> {
  static constexpr double kLow = -9223372036854775808.0, kEnd = 9223372036854775808.0;
  static constexpr int64_t kMin = INT64_MIN, kMax = INT64_MAX;
};

template <class T>
constexpr bool kFloating = __is_same(T, float) || __is_same(T, double);

template <class To, class From>
ANNEAL_INLINE To cast(From v) {
  if constexpr (__is_same(To, bool)) {
    return v != From(0);
  } else if constexpr (kFloating<From> && !kFloating<To>) {
    using R = Range<To>;
    const From low = static_cast<From>(R::kLow), end = static_cast<From>(R::kEnd);
    const From inside = v > low && v < end ? v : From(0);
    return v >= end ? R::kMax : v <= low ? R::kMin : static_cast<To>(inside);
  } else {
    return static_cast<To>(v);
  }
}

// A constant count, and pointers that do not alias, are what the compiler needs to vectorise at -O2.
constexpr int kBlock = 64;
template <class To, class From>
void castBlock(To* __restrict__ dst, const From* __restrict__ src) {
  for (int i = 0; i < kBlock; i++) dst[i] = cast<To>(src[i]);
}

template <class To, class From>
void castRow(void* dst, const void* src, int64_t n) {
  To* to = static_cast<To*>(dst);
  const From* from = static_cast<const From*>(src);
  int64_t i = 0;
  for (; i + kBlock <= n; i += kBlock) castBlock(to + i, from + i);
  for (; i < n; i++) to[i] = cast<To>(from[i]);
}

}  // namespace

CastRow castFor(DType from, DType to) {
  CastRow result = nullptr;
  // A bool is read as a byte of 0 or 1.
  withAny("copy", from == DType::Bool ? DType::UInt8 : from, [&](auto f) {
    using From = typename decltype(f)::type;
    if constexpr (!__is_same(From, bool)) {
      withAny("copy", to, [&](auto t) { result = castRow<typename decltype(t)::type, From>; });
    }
  });
  return result;
}

}  // namespace anneal::ANNEAL_LEVEL
