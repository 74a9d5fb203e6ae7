// The gemm suite for libraries with the C interface of BLAS.
#pragma once
#include "gemm.h"

// Declared here: each library has a header of its own for it, and they cannot be included by the same name.
extern "C" void cblas_sgemm(int order, int transposeA, int transposeB, int m, int n, int k, float alpha, const float* a,
                            int lda, const float* b, int ldb, float beta, float* c, int ldc);

namespace bench {

inline std::function<void()> multiplyByCblas(Product& p) {
  return [&p, m = static_cast<int>(p.m), n = static_cast<int>(p.n), k = static_cast<int>(p.k)] {
    constexpr int kRowMajor = 101, kNoTrans = 111, kTrans = 112;
    for (long i = 0; i < p.batch; ++i) {
      cblas_sgemm(kRowMajor, p.transposeA ? kTrans : kNoTrans, p.transposeB ? kTrans : kNoTrans, m, n, k, 1.0f,
                  p.a.get() + i * m * k, p.transposeA ? m : k, p.b.get() + i * k * n, p.transposeB ? k : n, 0.0f,
                  p.c.get() + i * m * n, n);
    }
  };
}

}  // namespace bench
