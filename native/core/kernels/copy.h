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
  Role write = Role::Write;  // or Assign, or Part
  // Of a part: the whole result, and whether this is the first part that is written.
  void* whole = nullptr;
  int64_t wholeBytes = 0;
  bool first = false;

  template <class F>
  void pointers(F&& f) {
    f(src, Role::Read, stridedExtent(from, rank, shape, srcStrides));
    f(dst, write, stridedExtent(to, rank, shape, dstStrides));
    f(whole, first ? Role::NewWhole : Role::Whole, Extent{1, wholeBytes});
  }
  template <class F>
  void dynamicFields(F&&) {}
  template <class L>
  void label(L&& l) const {
    l.dims(shape, rank);
  }
  double flops() const { return 0; }
};

}  // namespace anneal
