// Element losses of a prediction and a target t, and their gradients by the prediction.
#pragma once
#include "core/error_kind.h"
#include "formulas/constant.h"

namespace anneal::ANNEAL_LEVEL {

// (x - t)^2
struct SquaredErrorFormula {
  template <class V>
  static ANNEAL_INLINE V apply(V x, V t, const double*) {
    const V d = x - t;
    return d * d;
  }
};

// d^2 / 2 for |d| <= delta, else delta (|d| - delta / 2); d = x - t, delta = p0
struct HuberFormula {
  template <class V>
  static ANNEAL_INLINE V apply(V x, V t, const double* p) {
    const V delta = constant<V>(p[0]), d = abs(x - t);
    return select(d <= delta, V(0.5) * d * d, delta * (d - V(0.5) * delta));
  }
};

// d cut to [-delta, delta]
struct HuberBackwardFormula {
  template <class V>
  static ANNEAL_INLINE V apply(V dout, V x, V t, const double* p) {
    const V delta = constant<V>(p[0]);
    return dout * max(-delta, min(delta, x - t));
  }
};

// The domain of binary cross-entropy: y and t are probabilities. NaN is none.
struct Probabilities {
  template <class V>
  static ANNEAL_INLINE auto accepts(V y, V t) {
    return (y >= V(0)) & (y <= V(1)) & (t >= V(0)) & (t <= V(1));
  }
  [[noreturn]] static void refuse(double y, double t) {
    fail(ErrorKind::Argument,
         "[binaryCrossEntropy] input and target must lie from 0 to 1, received input %g and target %g; "
         "binaryCrossEntropyWithLogits takes values before the sigmoid",
         y, t);
  }
};

// -t log y - (1 - t) log(1 - y), the logarithms not below -100 so that the loss stays finite at y = 0 and 1
struct BinaryCrossEntropyFormula : Probabilities {
  static constexpr int kCost = 8;
  template <class V>
  static ANNEAL_INLINE V apply(V y, V t, const double*) {
    return fma(-t, max(V(-100), log(y)), (t - V(1)) * max(V(-100), log1p(-y)));
  }
};

// (y - t) / (y (1 - y)), the denominator not below 1e-12
struct BinaryCrossEntropyBackwardFormula : Probabilities {
  template <class V>
  static ANNEAL_INLINE V apply(V dout, V y, V t, const double*) {
    return dout * (y - t) / max(V(1e-12), (V(1) - y) * y);
  }
};

// max(x, 0) - x t + log(1 + exp(-|x|))
struct BinaryCrossEntropyLogitsFormula {
  static constexpr int kCost = 8;
  template <class V>
  static ANNEAL_INLINE V apply(V x, V t, const double*) {
    return fma(select(x < V(0), -t, V(1) - t), x, log1pUnit(exp(-abs(x))));
  }
};

struct BinaryCrossEntropyLogitsBackwardFormula {
  static constexpr int kCost = 4;
  template <class V>
  static ANNEAL_INLINE V apply(V dout, V x, V t, const double*) {
    return dout * (sigmoid(x) - t);
  }
};

}  // namespace anneal::ANNEAL_LEVEL
