// Conversions of one element between dtypes: integers wrap around, floats saturate as integers, NaN becomes 0, and bool is "not 0".
// Included after the device's value type (see constant.h), which also says what kIsFloat<T> is.
#pragma once
#include <cstdint>

namespace anneal::ANNEAL_LEVEL {

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

template <class To, class From>
ANNEAL_INLINE To cast(From v) {
  if constexpr (__is_same(To, bool)) {
    return v != From(0);
  } else if constexpr (kIsFloat<From> && !kIsFloat<To>) {
    using R = Range<To>;
    const From low = static_cast<From>(R::kLow), end = static_cast<From>(R::kEnd);
    const From inside = v > low && v < end ? v : From(0);
    return v >= end ? R::kMax : v <= low ? R::kMin : static_cast<To>(inside);
  } else {
    return static_cast<To>(v);
  }
}

}  // namespace anneal::ANNEAL_LEVEL
