// Cumulative sums along the middle of dense [outer, extent, inner] tensors.
#pragma once
#include "core/kernels/record.h"

namespace anneal {

struct ScanArgs {
  DType dtype;
  bool reverse;  // from the end to the beginning
  int64_t outer, extent, inner;
  const void* in;
  void* out;

  template <class F>
  void pointers(F&& f) {
    const Extent whole = denseExtent(dtype, outer * extent * inner);
    f(in, Role::Read, whole);
    f(out, Role::Write, whole);
  }
  template <class F>
  void dynamicFields(F&&) {}
  template <class L>
  void label(L&& l) const {
    l.dims({outer, extent, inner});
  }
  double flops() const { return static_cast<double>(outer * extent * inner); }
};

}  // namespace anneal
