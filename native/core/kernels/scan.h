// Scans along the middle of dense [outer, extent, inner] tensors: each result is made of the elements up to its own.
#pragma once
#include "core/kernels/record.h"

namespace anneal {

enum class ScanOp : uint8_t {
  Sum,
  Prod,
  Max,  // and where it is: of equal ones the last. NaN is the extreme of all that follows it
  Min,
  LogSumExp,  // log(sum(exp(in)))
  Linear,     // out[i] = in[i] + factor[i] out[i - 1]; reversed, in[i] + factor[i + 1] out[i + 1]
};

struct ScanArgs {
  ScanOp op;
  DType dtype;
  bool reverse;  // from the end to the beginning
  int64_t outer, extent, inner;
  const void* in;
  const void* factor;  // Linear
  void* out;
  int64_t* index;  // Max, Min

  template <class F>
  void pointers(F&& f) {
    const int64_t count = outer * extent * inner;
    f(in, Role::Read, denseExtent(dtype, count));
    f(factor, Role::Read, denseExtent(dtype, count));
    f(out, Role::Write, denseExtent(dtype, count));
    f(index, Role::Write, denseExtent(DType::Int64, count));
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
