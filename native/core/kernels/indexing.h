// Picking by index: dense [outer, extent, inner] tensors indexed along the middle. Every index is checked; a bad one fails with
// IndexError.
#pragma once
#include "core/kernels/record.h"

namespace anneal {

enum class IndexOp : uint8_t {
  Select,      // out[o, j, i] = src[o, index[j], i]              index [count]
  SelectAdd,   // out[o, index[j], i] += src[o, j, i]             index [count]; out is zeroed first, has `extent` rows
  Gather,      // out[o, j, i] = src[o, index[o, j, i], i]        index dense [outer, count, inner]
  ScatterAdd,  // out[o, index[o, j, i], i] += src[o, j, i]       out = copy of base first
  OneHot,      // out[o, index[o]] = 1, the rest 0                index [outer], out [outer, extent]
};

struct IndexArgs {
  IndexOp op;
  DType dtype;
  int64_t outer, extent, count, inner;  // extent: size of the indexed dimension; count: number of indices along it
  const void* src;
  const int64_t* index;
  const void* base;  // ScatterAdd: initial value of out, dense [outer, extent, inner]
  void* out;
  const char* name;  // the operator, for the error

  template <class F>
  void pointers(F&& f) {
    const Extent indexed = denseExtent(dtype, outer * extent * inner);
    const Extent picked = denseExtent(dtype, outer * count * inner);
    const bool adds = op == IndexOp::SelectAdd || op == IndexOp::ScatterAdd;
    const bool each = op == IndexOp::Gather || op == IndexOp::ScatterAdd;
    const int64_t indices = op == IndexOp::OneHot ? outer : each ? outer * count * inner : count;
    if (op != IndexOp::OneHot) f(src, Role::Read, adds ? picked : indexed);
    f(index, Role::Read, denseExtent(DType::Int64, indices));
    f(base, Role::Read, indexed);
    f(out, Role::Write, op == IndexOp::OneHot ? denseExtent(dtype, outer * extent) : adds ? indexed : picked);
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
