// Activations and their gradients, side by side. Backward formulas take dout first, then y (the output: relu, sigmoid,
// tanh) or x (the others). NaN passes through.
// Where a product is added to, fma says whether it is rounded first, so that all devices give the same bits.
#pragma once
#include "formulas/constant.h"
#include "formulas/relu.h"

namespace anneal::ANNEAL_LEVEL {

// x for x > 0, else p0 x; the derivative at 0 is p0
struct LeakyReluFormula {
  template <class V>
  static ANNEAL_INLINE V apply(V x, const double* p) {
    return select(x > V(0), x, constant<V>(p[0]) * x);
  }
};

struct LeakyReluBackwardFormula {
  template <class V>
  static ANNEAL_INLINE V apply(V dout, V x, const double* p) {
    return select(x > V(0), dout, constant<V>(p[0]) * dout);
  }
};

// x for x > 0, else p0 (exp(x) - 1). Clevert et al., arXiv:1511.07289
struct EluFormula {
  static constexpr int kCost = 4;
  template <class V>
  static ANNEAL_INLINE V apply(V x, const double* p) {
    return select(x > V(0), x, constant<V>(p[0]) * expm1(x));
  }
};

// For x <= 0 the derivative is p0 exp(x). From the output it would be y + p0, which is 0 where exp(x) is small.
struct EluBackwardFormula {
  static constexpr int kCost = 4;
  template <class V>
  static ANNEAL_INLINE V apply(V dout, V x, const double* p) {
    return select(x > V(0), dout, dout * (constant<V>(p[0]) * exp(x)));
  }
};

// 1 / (1 + exp(-x))
struct SigmoidFormula {
  static constexpr int kCost = 4;
  template <class V>
  static ANNEAL_INLINE V apply(V x, const double*) {
    return sigmoid(x);
  }
};

// s' = s (1 - s)
struct SigmoidBackwardFormula {
  template <class V>
  static ANNEAL_INLINE V apply(V dout, V y, const double*) {
    return dout * ((V(1) - y) * y);
  }
};

struct TanhFormula {
  static constexpr int kCost = 4;
  template <class V>
  static ANNEAL_INLINE V apply(V x, const double*) {
    return tanh(x);
  }
};

// tanh' = 1 - tanh^2
struct TanhBackwardFormula {
  template <class V>
  static ANNEAL_INLINE V apply(V dout, V y, const double*) {
    return dout * ((V(1) - y) * (V(1) + y));
  }
};

// x Phi(x), Phi the normal distribution. Hendrycks and Gimpel, arXiv:1606.08415
struct GeluFormula {
  static constexpr int kCost = 8;
  template <class V>
  static ANNEAL_INLINE V apply(V x, const double*) {
    V gauss;
    return x * normalCdf(x, gauss);
  }
};

// Phi(x) + x phi(x), phi(x) = exp(-x^2 / 2) / sqrt(2 pi)
struct GeluBackwardFormula {
  static constexpr int kCost = 8;
  template <class V>
  static ANNEAL_INLINE V apply(V dout, V x, const double*) {
    V gauss;
    const V cumulative = normalCdf(x, gauss);
    return dout * fma(x * gauss, V(0.39894228040143267794), cumulative);
  }
};

// x (1 + tanh u) / 2, u = sqrt(2 / pi) (x + 0.044715 x^3)
struct GeluTanhFormula {
  static constexpr int kCost = 8;
  template <class V>
  static ANNEAL_INLINE V apply(V x, const double*) {
    const V u = V(0.79788456080286535588) * fma(V(0.044715) * x * x, x, x);
    return x * V(0.5) * (V(1) + tanh(u));
  }
};

// (1 + t) / 2 + x (1 - t^2) / 2 u', t = tanh u, u' = sqrt(2 / pi) (1 + 3 * 0.044715 x^2)
struct GeluTanhBackwardFormula {
  static constexpr int kCost = 8;
  template <class V>
  static ANNEAL_INLINE V apply(V dout, V x, const double*) {
    const V u = V(0.79788456080286535588) * fma(V(0.044715) * x * x, x, x);
    const V t = tanh(u);
    const V du = V(0.79788456080286535588) * fma(V(3 * 0.044715) * x, x, V(1));
    return dout * fma(V(0.5) * x * ((V(1) - t) * (V(1) + t)), du, V(0.5) * (V(1) + t));
  }
};

// x s(x), s the sigmoid
struct SiluFormula {
  static constexpr int kCost = 4;
  template <class V>
  static ANNEAL_INLINE V apply(V x, const double*) {
    return x * sigmoid(x);
  }
};

// s (1 + x (1 - s))
struct SiluBackwardFormula {
  static constexpr int kCost = 4;
  template <class V>
  static ANNEAL_INLINE V apply(V dout, V x, const double*) {
    const V s = sigmoid(x);
    return dout * (s * fma(x, V(1) - s, V(1)));
  }
};

// log(1 + exp(p0 x)) / p0, and x itself where p0 x > p1
struct SoftplusFormula {
  static constexpr int kCost = 8;
  template <class V>
  static ANNEAL_INLINE V apply(V x, const double* p) {
    const V beta = constant<V>(p[0]), scaled = x * beta;
    const V y = max(V(0), scaled) + log1pUnit(exp(-abs(scaled)));
    return select(scaled > constant<V>(p[1]), x, y * constant<V>(1 / p[0]));
  }
};

struct SoftplusBackwardFormula {
  static constexpr int kCost = 4;
  template <class V>
  static ANNEAL_INLINE V apply(V dout, V x, const double* p) {
    const V scaled = x * constant<V>(p[0]);
    return select(scaled > constant<V>(p[1]), dout, dout * sigmoid(scaled));
  }
};

// x / (1 + |x|); NaN at infinity, as inf / inf is
struct SoftsignFormula {
  template <class V>
  static ANNEAL_INLINE V apply(V x, const double*) {
    return x / (V(1) + abs(x));
  }
};

// 1 / (1 + |x|)^2; divided twice, because the square overflows before the quotient is 0
struct SoftsignBackwardFormula {
  template <class V>
  static ANNEAL_INLINE V apply(V dout, V x, const double*) {
    const V scale = V(1) + abs(x);
    return dout / scale / scale;
  }
};

}  // namespace anneal::ANNEAL_LEVEL
