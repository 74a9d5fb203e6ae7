// Adam and AdamW, in place.
// States of a slot: the running means of the gradient and of its square, and, with amsgrad, the largest mean of squares so far.
#pragma once
#include "core/kernels/optimizer.h"

namespace anneal {

struct AdamArgs : OptimizerTable {
  double lr, beta1, beta2, eps, weightDecay;
  bool decoupled;  // weight decay shrinks the parameter directly (AdamW) instead of entering the gradient
  bool amsgrad, maximize;

  template <class F>
  void dynamicFields(F&& f) {
    f("lr", lr);
    f("beta1", beta1);
    f("beta2", beta2);
  }
  double flops() const { return flopsOf(12); }
};

}  // namespace anneal
