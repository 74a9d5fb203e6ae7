// Picking by index: dense [outer, extent, inner] tensors indexed along the middle. Every index is checked; a bad one fails with
// IndexError.
#pragma once
#include "core/kernels/record.h"

namespace anneal {

enum class IndexOp : uint8_t {
  Select,      // out[o, j, i] = src[o, index[j], i]              index [count]
  SelectAdd,   // out[o, index[j], i] += src[o, j, i]             index [count]; out is zeroed first, has `extent` rows
  Put,         // out[o, index[j], i] = src[o, j, i]              in place; of equal indices the last one counts
  Gather,      // out[o, j, i] = src[o, index[o, j, i], i]        index dense [outer, count, inner]
  ScatterAdd,  // out[o, index[o, j, i], i] += src[o, j, i]       out = copy of base first
  Scatter,     // the same with = : of equal indices the last one counts
  ScatterProd,
  ScatterMax,
  ScatterMin,
  OneHot,  // out[o, index[o]] = 1, the rest 0                 index [outer], out [outer, extent]
  Linear,  // out[j] = base[j] * extent + index[j]             base (or null) and index [count]; index in [-extent, extent)
  Positions,  // the o at which src[o] holds, in order            src bool [outer], out [count], filled up with `fill`
};
constexpr bool isScatter(IndexOp op) { return op >= IndexOp::ScatterAdd && op <= IndexOp::ScatterMin; }

struct IndexArgs {
  IndexOp op;
  DType dtype;
  int64_t outer, extent, count, inner;  // extent: size of the indexed dimension; count: number of indices along it
  const void* src;
  const int64_t* index;
  int64_t fill;
  const void* base;  // scatter: initial value of out, dense [outer, extent, inner]
  void* out;
  const char* name;  // the operator, for the error

  template <class F>
  void pointers(F&& f) {
    if (op == IndexOp::Positions) {
      f(src, Role::Read, denseExtent(DType::Bool, outer));
      f(out, Role::Write, denseExtent(dtype, count));
      return;
    }
    const Extent indexed = denseExtent(dtype, outer * extent * inner);
    const Extent picked = denseExtent(dtype, outer * count * inner);
    const bool adds = op == IndexOp::SelectAdd || op == IndexOp::Put || isScatter(op);
    const bool each = op == IndexOp::Gather || isScatter(op);
    const int64_t indices = op == IndexOp::OneHot ? outer : each ? outer * count * inner : count;
    if (op != IndexOp::OneHot && op != IndexOp::Linear) f(src, Role::Read, adds ? picked : indexed);
    f(index, Role::Read, denseExtent(DType::Int64, indices));
    f(base, Role::Read, op == IndexOp::Linear ? picked : indexed);
    const Role role = op == IndexOp::Put ? Role::Update : Role::Write;
    f(out, role, op == IndexOp::OneHot ? denseExtent(dtype, outer * extent) : adds ? indexed : picked);
  }
  template <class F>
  void dynamicFields(F&&) {}
  template <class L>
  void label(L&& l) const {
    l.dims({outer, count, inner});
  }
  double flops() const { return 0; }
};

}  // namespace anneal
