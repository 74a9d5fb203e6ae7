// What the kernels of all optimizers share: the elements of all parameters are cut into tasks as if they lay end to end.
//
// Scalar factors are computed in float64 and rounded once to the parameter's type.
#pragma once
#include "cpu/fold.h"
#include "cpu/support.h"

namespace anneal::ANNEAL_LEVEL {
namespace {

constexpr int64_t kGrain = 1 << 14;  // elements of a task

// Calls body(slot, begin, end) for pieces of the slots.
template <class Body>
void forPieces(const OptimizerTable& table, Body&& body) {
  int64_t total = 0;
  for (int64_t s = 0; s < table.slots; ++s) total += table.slot[s].count;
  forRange(total, kGrain, [&](int64_t begin, int64_t end) {
    int64_t start = 0;
    for (int64_t s = 0; s < table.slots && start < end; ++s) {
      const OptimizerSlot& slot = table.slot[s];
      const int64_t first = begin > start ? begin - start : 0;
      const int64_t last = end - start < slot.count ? end - start : slot.count;
      if (first < last) body(slot, first, last);
      start += slot.count;
    }
  });
}

// To be called when the step has been taken.
ANNEAL_INLINE void countStep(const OptimizerTable& table) {
  for (int64_t s = 0; s < table.slots; ++s) {
    if (table.slot[s].steps) ++*table.slot[s].steps;
  }
}

template <class T>
struct Lanes {
  T* p;
  ANNEAL_INLINE Lanes(void* base, int64_t begin) : p(base ? static_cast<T*>(base) + begin : nullptr) {}
  ANNEAL_INLINE Vec<T> get(int64_t i, int lanes) const { return loadLanes(p + i, lanes); }
  ANNEAL_INLINE void set(int64_t i, Vec<T> v, int lanes) const { storeLanes(p + i, v, lanes); }
};

template <class T>
ANNEAL_INLINE Vec<T> gradient(const T* grad, int64_t i, int lanes, bool maximize) {
  const Vec<T> g = loadLanes(grad + i, lanes);
  return maximize ? -g : g;
}

}  // namespace
}  // namespace anneal::ANNEAL_LEVEL
