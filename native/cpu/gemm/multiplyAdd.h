// The step that all sums of products take.
#pragma once
#include "cpu/gemm/blocking.h"

namespace anneal::ANNEAL_LEVEL::gemm {

// sum + x y, in the register of the sum. Left to itself, the compiler lets the sums of unrolled steps change their registers,
// and copies and spills to bring them back.
template <class T>
ANNEAL_INLINE V<T> multiplyAdd(V<T> sum, V<T> x, V<T> y) {
#if defined(__AVX2__) && !defined(__AVX512F__)
  if constexpr (sizeof(T) == 4) {
    asm("vfmadd231ps %2, %1, %0" : "+x"(sum) : "x"(x), "x"(y));
  } else {
    asm("vfmadd231pd %2, %1, %0" : "+x"(sum) : "x"(x), "x"(y));
  }
  return sum;
#else
  return sum + x * y;
#endif
}

}  // namespace anneal::ANNEAL_LEVEL::gemm
