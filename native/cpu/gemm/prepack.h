// B packed once for many products: block after block of columns, in each one part of the depth after the other, each as
// the panels that packing before a product makes.
#pragma once
#include "cpu/gemm/driver.h"
#include "cpu/gemm/plan.h"

namespace anneal::ANNEAL_LEVEL::gemm {

// Whether tiles would run faster from a packed B, and with the same bits: not where the product takes another way, or
// reads B in place.
template <class T>
bool packingPays(const Product<T>& p) {
  const Plan plan = planOf(p);
  if (plan.way != Way::Tiles || p.depth <= kOuterDepth) return false;
  if (!plan.flipped) return !Blocking<T>(p).readsInPlace(p);
  return tiledCost<T>(sidesOf(p), true) <= tiledCost<T>(flippedSides(p));
}

template <class T>
int64_t packedElements(const Product<T>& p) {
  return p.depth * roundUp<T>(p.cols);
}

template <class T>
void prepack(const Product<T>& p, T* packed) {
  const Blocking<T> cut(p);
  for (int64_t col0 = 0; col0 < p.cols; col0 += cut.colBlock) {
    const int64_t cols = least(cut.colBlock, p.cols - col0);
    for (int64_t d = 0; d < cut.depths.parts; ++d) {
      const int64_t first = cut.depths.begin(d), depth = cut.depths.of(d);
      packPanels(p.b + first * p.bStep + col0 * p.bCol, p.bStep, p.bCol, depth, Panels<T>(cols, cut.widest),
                 packed + packedOffset(p, col0, cols, first), true);
    }
  }
}

}  // namespace anneal::ANNEAL_LEVEL::gemm
