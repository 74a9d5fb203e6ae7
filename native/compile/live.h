// Live values: fields of kernel arguments that change from run to run while the rest of a program stays. Each is eight bytes.
#pragma once
#include "core/capture.h"

namespace anneal {

// f(field) for the live fields of a kernel, in the order in which the caller gives their values:
//   SGD   lr (double)
//   Adam  lr (double), step (int64)
//   random numbers and dropout   seed, offset (uint64)
template <class F>
void forLives(KernelArgs& args, F&& f) {
  if (auto* optimizer = std::get_if<OptimizerArgs>(&args)) {
    f(static_cast<void*>(&optimizer->lr));
    if (optimizer->op == OptimizerOp::Adam) f(static_cast<void*>(&optimizer->step));
  } else if (auto* random = std::get_if<RandomArgs>(&args)) {
    f(static_cast<void*>(&random->seed));
    f(static_cast<void*>(&random->offset));
  }
}

inline int livesOf(const KernelArgs& args) {
  int count = 0;
  forLives(const_cast<KernelArgs&>(args), [&](void*) { ++count; });
  return count;
}

}  // namespace anneal
