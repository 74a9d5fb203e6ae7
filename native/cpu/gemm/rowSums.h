// The sums over the depth of A, which as the gradient of a bias come with the gradient of a weight. They are taken just
// before the product reads A, which then finds it in cache.
#pragma once
#include "cpu/kernels.h"

namespace anneal::ANNEAL_LEVEL::gemm {

// sums[i] = sum over k of a[i, k]. Of a dense matrix, by rows or by columns, it is left to the reduction, so that it
// makes no difference to the bits whether a sum is fused.
template <class T>
void sumRows(const MatmulArgs& p) {
  T* const sums = static_cast<T*>(p.rowSums);
  if (p.aRow == 1 && p.aCol == p.m) return reduce({ReduceOp::Sum, p.dtype, 1, p.k, p.m, 0, p.a, sums});
  if (p.aCol == 1 && p.aRow == p.k) return reduce({ReduceOp::Sum, p.dtype, p.m, p.k, 1, 0, p.a, sums});
  const T* a = static_cast<const T*>(p.a);
  for (int64_t i = 0; i < p.m; ++i) {
    T sum = 0;
    for (int64_t k = 0; k < p.k; ++k) sum += a[i * p.aRow + k * p.aCol];
    sums[i] = sum;
  }
}

}  // namespace anneal::ANNEAL_LEVEL::gemm
