// Copies: dst[i] = (dst dtype) src[i], both strided.
#pragma once
#include "core/kernels/record.h"

namespace anneal {

struct CopyArgs {
  DType from, to;
  uint8_t rank;
  int64_t shape[kRank];
  const void* src;
  int64_t srcStrides[kRank];
  void* dst;
  int64_t dstStrides[kRank];

  template <class F>
  void pointers(F&& f) {
    f(src, Role::Read, stridedExtent(from, rank, shape, srcStrides));
    f(dst, Role::Write, stridedExtent(to, rank, shape, dstStrides));
  }
  template <class F>
  void lives(F&&) {}
  template <class L>
  void label(L&& l) const {
    l.dims(shape, rank);
  }
  double flops() const { return 0; }
  static constexpr bool kMayFail = false;
};

}  // namespace anneal
