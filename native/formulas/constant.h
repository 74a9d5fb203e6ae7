// What formulas share: a scalar attribute as a value of the formula's type.
//
// A formula is a function object, templated on the value type V: float, double or a vector of them, integers where
// pointwise.def says so. It is included after the device's vectors and functions (cpu/math.h), which supply V's
// operators, select, min, max, abs, sqrt, exp, ... kCost is its work in additions, roughly, where that is not about 1.
#pragma once
#include <cstdint>

// A formula that is a function f(x) of the device.
#define ANNEAL_UNARY_FORMULA(Name, f, cost)            \
  struct Name##Formula {                               \
    static constexpr int kCost = cost;                 \
    template <class V>                                 \
    static ANNEAL_INLINE V apply(V x, const double*) { \
      return f(x);                                     \
    }                                                  \
  };

namespace anneal::ANNEAL_LEVEL {

template <class V>
struct ScalarOf {
  using type = typename V::Scalar;
};
template <>
struct ScalarOf<float> {
  using type = float;
};
template <>
struct ScalarOf<double> {
  using type = double;
};

// Whether x is below 0, which unsigned numbers never are.
template <class T>
ANNEAL_INLINE bool isNegative([[maybe_unused]] T x) {
  if constexpr (static_cast<T>(-1) < T(1))
    return x < T(0);
  else
    return false;
}

// float64 to an element: integers saturate, NaN gives 0.
template <class T>
ANNEAL_INLINE T fromDouble(double value) {
  return static_cast<T>(value);
}
template <>
ANNEAL_INLINE uint8_t fromDouble<uint8_t>(double value) {
  return value >= 255.0 ? 255 : value > 0.0 ? static_cast<uint8_t>(value) : 0;
}
template <>
ANNEAL_INLINE int32_t fromDouble<int32_t>(double value) {
  return value >= 2147483647.0   ? INT32_MAX
         : value > -2147483648.0 ? static_cast<int32_t>(value)
         : value == value        ? INT32_MIN
                                 : 0;
}
template <>
ANNEAL_INLINE int64_t fromDouble<int64_t>(double value) {
  return value >= 9223372036854775808.0   ? INT64_MAX
         : value > -9223372036854775808.0 ? static_cast<int64_t>(value)
         : value == value                 ? INT64_MIN
                                          : 0;
}

template <class V>
ANNEAL_INLINE V constant(double value) {
  return V(fromDouble<typename ScalarOf<V>::type>(value));
}

}  // namespace anneal::ANNEAL_LEVEL
