// What the records of all optimizers share: a table with one slot per parameter, so that one call updates all of them in place.
#pragma once
#include "core/kernels/record.h"

namespace anneal {

constexpr int kOptimizerStates = 3;  // most state tensors per parameter

// One parameter. All its tensors are dense, of `count` elements.
struct OptimizerSlot {
  void* param;
  const void* grad;
  void* state[kOptimizerStates];  // null where unused; each optimizer's record says what they hold
  // Steps taken so far, counted by the kernel: a step that a failure prevents does not count. At the first step, optimizers with an
  // initial value of their own set their state instead of updating it.
  int64_t* steps;
  int64_t count;
  bool first;  // the first step with its state, whatever `steps` says
};

// The base of optimizers' records. A record that derives from it is traced and compiled without further code.
struct OptimizerTable {
  DType dtype;  // of all tensors: Float32, Float64
  int64_t slots;
  OptimizerSlot* slot;  // in stream-ordered memory, like the tensors

  template <class F>
  void pointers(F&& f) {
    for (int64_t i = 0; i < slots; ++i) {
      const Extent whole = denseExtent(dtype, slot[i].count);
      f(slot[i].grad, Role::Read, whole);
      f(slot[i].param, Role::Update, whole);
      for (void*& state : slot[i].state) f(state, Role::Update, whole);
      f(slot[i].steps, Role::Update, denseExtent(DType::Int64, 1));
    }
  }
  template <class L>
  void label(L&& l) const {
    l.count(slots, "parameters");
  }
  // `perElement`: operations on each element of the parameters.
  double flopsOf(int perElement) const {
    int64_t count = 0;
    for (int64_t i = 0; i < slots; ++i) count += slot[i].count;
    return static_cast<double>(count) * perElement;
  }
};

}  // namespace anneal
