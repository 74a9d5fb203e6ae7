// Relu and its gradient, which products and convolutions apply to sums in registers; so what includes this is not compiled again for other
// activations.
#pragma once
#include "formulas/constant.h"

namespace anneal::ANNEAL_LEVEL {

// max(x, 0); relu'(0) = 0
struct ReluFormula {
  template <class V>
  static ANNEAL_INLINE V apply(V x, const double*) {
    return max(V(0), x);  // in this order NaN stays NaN
  }
};

struct ReluBackwardFormula {
  template <class V>
  static ANNEAL_INLINE V apply(V dout, V y, const double*) {
    return select(y <= V(0), V(0), dout);
  }
};

}  // namespace anneal::ANNEAL_LEVEL
