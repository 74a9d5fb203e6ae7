// What the kernels of all optimizers share: slots go into the parameters of a launch, and their elements are cut into blocks as if
// they lay end to end.
#pragma once
#include "device/lane.h"

namespace anneal::device {

constexpr unsigned kOptimizerThreads = 256;
constexpr int64_t kOptimizerBlock = 1024;  // elements
constexpr int kOptimizerSlots = 40;        // of a launch, whose parameters are 4 KB at most

// `Factors`: the numbers of the optimizer.
template <class Factors>
struct OptimizerParams {
  Factors factors;
  int slots;
  uint32_t firstBlock[kOptimizerSlots];
  OptimizerSlot slot[kOptimizerSlots];
};

// The block's slot, and the element of it that the block begins with.
struct OptimizerPlace {
  int slot;
  int64_t begin;
  template <class Params>
  ANNEAL_INLINE explicit OptimizerPlace(const Params& p) {
    slot = p.slots - 1;
    while (slot > 0 && p.firstBlock[slot] > blockIndex()) --slot;
    begin = int64_t{blockIndex() - p.firstBlock[slot]} * kOptimizerBlock;
  }
};

template <class Factors>
ANNEAL_KERNEL(64)
countSteps(const OptimizerParams<Factors> p) {
  const int slot = static_cast<int>(threadIndex());
  if (slot < p.slots && p.slot[slot].steps) ++*p.slot[slot].steps;
}

// Launches `kernel` on all slots, and then counts the step, which the kernel reads.
template <class Factors>
void launchOptimizer(CudaQueue& queue, const OptimizerTable& table, const Factors& factors,
                     void (*kernel)(OptimizerParams<Factors>)) {
  static_assert(sizeof(OptimizerParams<Factors>) <= 4096);
  for (int64_t first = 0; first < table.slots; first += kOptimizerSlots) {
    OptimizerParams<Factors> params{};
    params.factors = factors;
    int64_t blocks = 0;
    for (int64_t s = first; s < table.slots && s < first + kOptimizerSlots; ++s) {
      OptimizerSlot slot = table.slot[s];
      slot.param = resolve(slot.param);
      slot.grad = resolve(slot.grad);
      for (void*& state : slot.state) state = resolve(state);
      slot.steps = resolve(slot.steps);
      params.firstBlock[params.slots] = static_cast<uint32_t>(blocks);
      params.slot[params.slots++] = slot;
      blocks += (slot.count + kOptimizerBlock - 1) / kOptimizerBlock;
    }
    if (blocks > 0) launch(queue, {blocks}, kOptimizerThreads, kernel, params);
    launch(queue, {1}, 64, countSteps<Factors>, params);
  }
}

}  // namespace anneal::device
