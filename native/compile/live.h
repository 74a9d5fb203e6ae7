// Live values: fields of kernel arguments that change from run to run while the rest of a program stays. Each is eight bytes.
#pragma once
#include "core/capture.h"

namespace anneal {

// f(field, name) for the live fields of a kernel. Optimizers have lr (a double) and, where they count, step (an int64);
// random numbers and dropout seed and offset (uint64). A product that has taken over a step of SGD has its lr.
template <class F>
void forLives(KernelArgs& args, F&& f) {
  if (auto* optimizer = std::get_if<OptimizerArgs>(&args)) {
    f(static_cast<void*>(&optimizer->lr), "lr");
    if (optimizer->op == OptimizerOp::Adam) f(static_cast<void*>(&optimizer->step), "step");
  } else if (auto* product = std::get_if<MatmulArgs>(&args)) {
    if (product->descends) f(static_cast<void*>(&product->lr), "lr");
  } else if (auto* random = std::get_if<RandomArgs>(&args)) {
    f(static_cast<void*>(&random->seed), "seed");
    f(static_cast<void*>(&random->offset), "offset");
  }
}

inline bool isLive(const KernelArgs& args) {
  bool live = false;
  forLives(const_cast<KernelArgs&>(args), [&](void*, const char*) { live = true; });
  return live;
}

}  // namespace anneal
