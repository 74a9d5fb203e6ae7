// How two values become one in a reduction: sums, products and extremes of scalars, and of the lanes that compute together.
// Included after the device's value type (see constant.h), which also says what kIsFloat<T> is.
#pragma once
#include <cstdint>

namespace anneal::ANNEAL_LEVEL {

template <class T>
struct SumOf {
  static constexpr T kIdentity = 0;
  template <class V>
  static ANNEAL_INLINE V apply(V a, V b) {
    return a + b;
  }
};

template <class T>
struct ProductOf {
  static constexpr T kIdentity = 1;
  template <class V>
  static ANNEAL_INLINE V apply(V a, V b) {
    return a * b;
  }
};

// The extremes: of integers from their bits, of floats the infinities.
template <class T>
constexpr T extreme(bool highest) {
  if constexpr (kIsFloat<T>)
    return static_cast<T>(highest ? __builtin_inf() : -__builtin_inf());
  else if constexpr (static_cast<T>(-1) > 0)
    return highest ? static_cast<T>(-1) : T{0};
  else
    return static_cast<T>((uint64_t{1} << (8 * sizeof(T) - 1)) - highest);
}

// better(x, best): x replaces best. NaN beats every number.
template <class T>
struct MaxOf {
  static constexpr T kIdentity = extreme<T>(false);
  template <class V>
  static ANNEAL_INLINE auto better(V x, V best) {
    if constexpr (kIsFloat<T>)
      return (!(x <= best)) & (best == best);
    else
      return x > best;
  }
  static ANNEAL_INLINE T apply(T a, T b) { return b != b || b > a ? b : a; }
  template <template <class> class W>
  static ANNEAL_INLINE W<T> apply(W<T> a, W<T> b) {
    if constexpr (kIsFloat<T>)
      return select(b != b, b, max(b, a));  // max gives a where either is NaN
    else
      return max(b, a);
  }
};

template <class T>
struct MinOf {
  static constexpr T kIdentity = extreme<T>(true);
  template <class V>
  static ANNEAL_INLINE auto better(V x, V best) {
    if constexpr (kIsFloat<T>)
      return (!(x >= best)) & (best == best);
    else
      return x < best;
  }
  static ANNEAL_INLINE T apply(T a, T b) { return b != b || b < a ? b : a; }
  template <template <class> class W>
  static ANNEAL_INLINE W<T> apply(W<T> a, W<T> b) {
    if constexpr (kIsFloat<T>)
      return select(b != b, b, min(b, a));  // min gives a where either is NaN
    else
      return min(b, a);
  }
};

}  // namespace anneal::ANNEAL_LEVEL
