// Live values: fields of kernel arguments that change from run to run while the rest of a program stays. Each is eight bytes.
#pragma once
#include "core/capture.h"

namespace anneal {

// f(field, name) for the live fields of a kernel. Optimizers have lr (a double) and, where they count, step (an int64);
// random numbers and dropout seed and offset (uint64). A product that has taken over a step of SGD has its lr.
template <class F>
void forLives(KernelArgs& args, F&& f) {
  if (auto* optimizer = std::get_if<OptimizerArgs>(&args)) {
    f(&optimizer->lr, "lr");
    if (optimizer->op == OptimizerOp::Adam) f(&optimizer->step, "step");
  } else if (auto* product = std::get_if<MatmulArgs>(&args)) {
    if (product->descends) f(&product->lr, "lr");
  } else if (auto* random = std::get_if<RandomArgs>(&args)) {
    f(&random->seed, "seed");
    f(&random->offset, "offset");
  }
}

inline bool isLive(const KernelArgs& args) {
  bool live = false;
  forLives(const_cast<KernelArgs&>(args), [&](auto*, const char*) { live = true; });
  return live;
}

}  // namespace anneal
