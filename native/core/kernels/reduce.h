// Reductions: src is dense [outer, extent, inner], dst is dense [outer, inner].
#pragma once
#include "core/kernels/record.h"

namespace anneal {

enum class ReduceOp : uint8_t { Sum, Mean, Max, Min, Prod, ArgMax, ArgMin, Variance, Std };

struct ReduceArgs {
  ReduceOp op;
  DType dtype;  // of src; dst has the same, int64 for ArgMax/ArgMin. Integer sums are given int64 sources.
  int64_t outer, extent, inner;
  double correction;  // Variance, Std: divides by extent - correction
  const void* src;
  void* dst;

  template <class F>
  void pointers(F&& f) {
    const bool position = op == ReduceOp::ArgMax || op == ReduceOp::ArgMin;
    f(src, Role::Read, denseExtent(dtype, outer * extent * inner));
    f(dst, Role::Write, denseExtent(position ? DType::Int64 : dtype, outer * inner));
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
