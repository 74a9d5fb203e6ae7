// Stochastic gradient descent with momentum, dampening, Nesterov momentum and weight decay, in place.
// States of a slot: the momentum buffer, where momentum is not 0.
#pragma once
#include "core/kernels/optimizer.h"

namespace anneal {

struct SgdArgs : OptimizerTable {
  double lr, momentum, dampening, weightDecay;
  bool nesterov, maximize;

  template <class F>
  void dynamicFields(F&& f) {
    f("lr", lr);
    f("momentum", momentum);
  }
  double flops() const { return flopsOf(2); }
};

}  // namespace anneal
