// Arithmetic and elementary functions, with the derivatives that are not compositions of others.
// NaN passes through all of them except sign (0, as PyTorch has it). Integers wrap around.
#pragma once
#include "formulas/constant.h"

namespace anneal::ANNEAL_LEVEL {

struct AddFormula {
  template <class V>
  static ANNEAL_INLINE V apply(V a, V b, const double*) {
    return a + b;
  }
};

struct SubFormula {
  template <class V>
  static ANNEAL_INLINE V apply(V a, V b, const double*) {
    return a - b;
  }
};

struct MulFormula {
  template <class V>
  static ANNEAL_INLINE V apply(V a, V b, const double*) {
    return a * b;
  }
};

struct DivFormula {
  template <class V>
  static ANNEAL_INLINE V apply(V a, V b, const double*) {
    return a / b;
  }
};

struct PowFormula {
  static constexpr int kCost = 8;
  template <class V>
  static ANNEAL_INLINE V apply(V a, V b, const double*) {
    return pow(a, b);
  }
};

struct MaximumFormula {
  template <class V>
  static ANNEAL_INLINE V apply(V a, V b, const double*) {
    return select(b != b, b, max(b, a));  // max gives its second operand where either is NaN
  }
};

struct MinimumFormula {
  template <class V>
  static ANNEAL_INLINE V apply(V a, V b, const double*) {
    return select(b != b, b, min(b, a));
  }
};

// The gradient by a of max(a, b): half at a tie; dout where either is NaN. That of min(a, b) is (dout, b, a).
struct MaximumBackwardFormula {
  template <class V>
  static ANNEAL_INLINE V apply(V dout, V a, V b, const double*) {
    return select(a == b, dout * V(0.5), select(a < b, V(0), dout));
  }
};

struct NegFormula {
  template <class V>
  static ANNEAL_INLINE V apply(V x, const double*) {
    return -x;
  }
};

struct AbsFormula {
  template <class V>
  static ANNEAL_INLINE V apply(V x, const double*) {
    return abs(x);
  }
};

struct SignFormula {
  template <class V>
  static ANNEAL_INLINE V apply(V x, const double*) {
    return select(x > V(0), V(1), select(x < V(0), -V(1), V(0)));
  }
};

struct SquareFormula {
  template <class V>
  static ANNEAL_INLINE V apply(V x, const double*) {
    return x * x;
  }
};

// min(max(x, p0), p1): p1 where p0 > p1, NaN where x or a bound is. min and max give their second operand where either is
// NaN: a bound that is NaN is put there.
struct ClampFormula {
  template <class V>
  static ANNEAL_INLINE V apply(V x, const double* p) {
    const V y = min(constant<V>(p[1]), max(constant<V>(p[0]), x));
    return p[0] == p[0] && p[1] == p[1] ? y : constant<V>(p[0] + p[1]);
  }
};

// The same with bounds of their own for each element.
struct ClampBetweenFormula {
  template <class V>
  static ANNEAL_INLINE V apply(V x, V low, V high, const double* p) {
    return MinimumFormula::apply(MaximumFormula::apply(x, low, p), high, p);
  }
};

// y = x * scale + shift, rounded once where the level fuses it
struct MulAddFormula {
  template <class V>
  static ANNEAL_INLINE V apply(V x, V scale, V shift, const double*) {
    return fma(x, scale, shift);
  }
};

// The gradient is 1 inside the bounds, themselves included.
struct ClampBackwardFormula {
  template <class V>
  static ANNEAL_INLINE V apply(V dout, V x, const double* p) {
    return select((x >= constant<V>(p[0])) & (x <= constant<V>(p[1])), dout, V(0));
  }
};

struct ExpFormula {
  static constexpr int kCost = 4;
  template <class V>
  static ANNEAL_INLINE V apply(V x, const double*) {
    return exp(x);
  }
};

struct LogFormula {
  static constexpr int kCost = 4;
  template <class V>
  static ANNEAL_INLINE V apply(V x, const double*) {
    return log(x);
  }
};

struct SqrtFormula {
  template <class V>
  static ANNEAL_INLINE V apply(V x, const double*) {
    return sqrt(x);
  }
};

struct RsqrtFormula {
  template <class V>
  static ANNEAL_INLINE V apply(V x, const double*) {
    return V(1) / sqrt(x);
  }
};

struct SinFormula {
  static constexpr int kCost = 4;
  template <class V>
  static ANNEAL_INLINE V apply(V x, const double*) {
    return sin(x);
  }
};

struct CosFormula {
  static constexpr int kCost = 4;
  template <class V>
  static ANNEAL_INLINE V apply(V x, const double*) {
    return cos(x);
  }
};

struct ErfFormula {
  static constexpr int kCost = 4;
  template <class V>
  static ANNEAL_INLINE V apply(V x, const double*) {
    return erf(x);
  }
};

}  // namespace anneal::ANNEAL_LEVEL
