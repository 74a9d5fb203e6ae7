// Optimizers: in place, one call for all parameters.
#pragma once
#include "core/kernels/record.h"

namespace anneal {

struct OptimizerSlot {  // one parameter; all dense, of `dtype`, `count` elements
  void* param;
  const void* grad;
  void* state[3];  // SGD: momentum buffer; Adam: exp avg, exp avg sq, max exp avg sq; null where unused
  int64_t count;
  bool first;  // SGD: the momentum buffer is set rather than updated
};

enum class OptimizerOp : uint8_t { SGD, Adam };

struct OptimizerArgs {
  OptimizerOp op;
  DType dtype;
  bool nesterov, maximize, decoupled, amsgrad;  // decoupled: AdamW
  double lr, momentum, dampening, weightDecay, beta1, beta2, eps;
  int64_t step;  // Adam: from 1
  int64_t slots;
  OptimizerSlot* slot;  // in stream-ordered memory, like the tensors

  template <class F>
  void pointers(F&& f) {
    for (int64_t i = 0; i < slots; ++i) {
      const Extent whole = denseExtent(dtype, slot[i].count);
      f(slot[i].grad, Role::Read, whole);
      f(slot[i].param, Role::Update, whole);
      for (void*& state : slot[i].state) f(state, Role::Update, whole);
    }
  }
  template <class F>
  void lives(F&& f) {
    f("lr", lr);
    if (op == OptimizerOp::Adam) f("step", step);
  }
  template <class L>
  void label(L&& l) const {
    l.count(slots, "parameters");
  }
  double flops() const {
    double count = 0;
    for (int64_t i = 0; i < slots; ++i) count += static_cast<double>(slot[i].count);
    return count * (op == OptimizerOp::Adam ? 12 : 2);
  }
  static constexpr bool kMayFail = false;
};

}  // namespace anneal
