// Integer products: plain loops, wrapping around on overflow.
#pragma once
#include "cpu/gemm/product.h"

namespace anneal::ANNEAL_LEVEL::gemm {

// T is unsigned, for defined overflow; the bits are those of the signed product.
template <class T>
void multiplyInteger(const Product<T>& p, bool parallel) {
  const Cut tasks(p.rows, least(p.rows, worthTasks(8 * flops(p))));
  loop(parallel, tasks.parts, [&](int64_t task) {
    for (int64_t i = tasks.begin(task); i < tasks.begin(task + 1); ++i) {
      T* out = p.c + i * p.cRow;
      for (int64_t j = 0; j < p.cols; ++j) out[j] = p.epilogue->applyOne(0, out + j, j);
      for (int64_t k = 0; k < p.depth; ++k) {
        const T x = p.a[i * p.aRow + k * p.aStep];
        const T* b = p.b + k * p.bStep;
        if (p.bCol == 1) {
          for (int64_t j = 0; j < p.cols; ++j) out[j] += x * b[j];
        } else {
          for (int64_t j = 0; j < p.cols; ++j) out[j] += x * b[j * p.bCol];
        }
      }
    }
  });
}

}  // namespace anneal::ANNEAL_LEVEL::gemm
