// B packed once for many products: block after block of columns, in each one part of the depth after the other, each as
// the panels that packing before a product makes.
#pragma once
#include "cpu/gemm/plan.h"

namespace anneal::ANNEAL_LEVEL::gemm {

// Whether tiles would run faster from a packed B, and with the same bits: not where the product takes dot products, or
// reads B in place.
template <class T>
bool packingPays(const Product<T>& p) {
  const Plan plan = planOf(p);
  if (plan.dot || p.depth <= kOuterDepth) return false;
  const int64_t packed = tiledCost(p, true);
  return plan.flipped ? packed <= tiledCost(flip(p)) : packed < tiledCost(p);
}

template <class T>
int64_t packedElements(const Product<T>& p) {
  return p.depth * roundUp<T>(p.cols);
}

template <class T>
void prepack(const Product<T>& p, T* packed) {
  const Blocking<T> blocking(p);
  for (int64_t col0 = 0; col0 < p.cols; col0 += blocking.colBlock) {
    const int64_t cols = least(blocking.colBlock, p.cols - col0);
    for (int64_t d = 0; d < blocking.depths.parts; ++d) {
      const int64_t first = blocking.depths.begin(d), depth = blocking.depths.of(d);
      const T* b = p.b + first * p.bStep + col0 * p.bCol;
      T* to = packed + packedOffset(p, col0, cols, first);
      loop(true, ceilDiv(cols, blocking.width), [&](int64_t j) {
        const int64_t n = least(blocking.width, cols - j * blocking.width);
        packPanel(b + j * blocking.width * p.bCol, p.bStep, p.bCol, depth, n, to + j * blocking.width * depth,
                  roundUp<T>(n));
      });
    }
  }
}

}  // namespace anneal::ANNEAL_LEVEL::gemm
