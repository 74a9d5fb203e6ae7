// Comparisons (the result is a mask, or bool for scalars), logic on bools of 0 and 1, and selection.
// Comparisons with NaN are false, except "not equal".
#pragma once

namespace anneal::ANNEAL_LEVEL {

struct EqualFormula {
  template <class V>
  static ANNEAL_INLINE auto apply(V a, V b, const double*) {
    return a == b;
  }
};

struct NotEqualFormula {
  template <class V>
  static ANNEAL_INLINE auto apply(V a, V b, const double*) {
    return a != b;
  }
};

struct LessFormula {
  template <class V>
  static ANNEAL_INLINE auto apply(V a, V b, const double*) {
    return a < b;
  }
};

struct LessEqualFormula {
  template <class V>
  static ANNEAL_INLINE auto apply(V a, V b, const double*) {
    return a <= b;
  }
};

struct GreaterFormula {
  template <class V>
  static ANNEAL_INLINE auto apply(V a, V b, const double*) {
    return a > b;
  }
};

struct GreaterEqualFormula {
  template <class V>
  static ANNEAL_INLINE auto apply(V a, V b, const double*) {
    return a >= b;
  }
};

struct LogicalAndFormula {
  template <class V>
  static ANNEAL_INLINE V apply(V a, V b, const double*) {
    return a & b;
  }
};

struct LogicalOrFormula {
  template <class V>
  static ANNEAL_INLINE V apply(V a, V b, const double*) {
    return a | b;
  }
};

struct LogicalXorFormula {
  template <class V>
  static ANNEAL_INLINE V apply(V a, V b, const double*) {
    return a ^ b;
  }
};

struct LogicalNotFormula {
  template <class V>
  static ANNEAL_INLINE V apply(V a, const double*) {
    return a ^ V(1);
  }
};

// a where the condition holds, else b.
struct WhereFormula {
  template <class M, class V>
  static ANNEAL_INLINE V apply(M condition, V a, V b, const double*) {
    return select(condition, a, b);
  }
};

}  // namespace anneal::ANNEAL_LEVEL
