// Integers as bits: logic, shifts, and the greatest common divisor.
#pragma once
#include "formulas/constant.h"

namespace anneal::ANNEAL_LEVEL {

struct BitAndFormula {
  template <class V>
  static ANNEAL_INLINE V apply(V a, V b, const double*) {
    return a & b;
  }
};

struct BitOrFormula {
  template <class V>
  static ANNEAL_INLINE V apply(V a, V b, const double*) {
    return a | b;
  }
};

struct BitXorFormula {
  template <class V>
  static ANNEAL_INLINE V apply(V a, V b, const double*) {
    return a ^ b;
  }
};

struct BitNotFormula {
  template <class V>
  static ANNEAL_INLINE V apply(V x, const double*) {
    return x ^ V(static_cast<typename ScalarOf<V>::type>(-1));
  }
};

// a 2^b; 0 where b is negative or all bits leave
struct ShiftLeftFormula {
  static constexpr int kCost = 4;
  template <class V>
  static ANNEAL_INLINE V apply(V a, V b, const double*) {
    using T = typename ScalarOf<V>::type;
    return mapLanes(a, b, [](T x, T bits) {
      const uint64_t shift = static_cast<uint64_t>(bits);
      return shift < 8 * sizeof(T) ? static_cast<T>(static_cast<uint64_t>(x) << shift) : T(0);
    });
  }
};

// a / 2^b rounded down, all bits the sign where b is negative or large
struct ShiftRightFormula {
  static constexpr int kCost = 4;
  template <class V>
  static ANNEAL_INLINE V apply(V a, V b, const double*) {
    using T = typename ScalarOf<V>::type;
    return mapLanes(a, b, [](T x, T bits) {
      const uint64_t shift = static_cast<uint64_t>(bits);
      return shift < 8 * sizeof(T) ? static_cast<T>(x >> shift) : static_cast<T>(isNegative(x) ? -1 : 0);
    });
  }
};

// Not negative, but for the lowest number, which has no opposite.
struct GcdFormula {
  static constexpr int kCost = 32;
  template <class V>
  static ANNEAL_INLINE V apply(V a, V b, const double*) {
    using T = typename ScalarOf<V>::type;
    return mapLanes(a, b, [](T x, T y) {
      uint64_t m = isNegative(x) ? 0 - static_cast<uint64_t>(x) : static_cast<uint64_t>(x);
      uint64_t n = isNegative(y) ? 0 - static_cast<uint64_t>(y) : static_cast<uint64_t>(y);
      while (n != 0) {
        const uint64_t rest = m % n;
        m = n;
        n = rest;
      }
      return static_cast<T>(m);
    });
  }
};

}  // namespace anneal::ANNEAL_LEVEL
