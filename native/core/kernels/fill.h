// Tensors from nothing but numbers.
#pragma once
#include "core/kernels/record.h"

namespace anneal {

enum class FillOp : uint8_t {
  Constant,  // out[i] = start
  Range,     // out[i] = start + i * step, as float64, then converted
  Linspace,  // the same from start up and from end down, so that both are met exactly
  Eye,       // out[i, j] = i == j, with `columns` columns
};

struct FillArgs {
  FillOp op;
  DType dtype;
  int64_t count;
  int64_t columns;
  double start, step, end;
  void* out;

  template <class F>
  void pointers(F&& f) {
    f(out, Role::Write, denseExtent(dtype, count));
  }
  template <class F>
  void dynamicFields(F&&) {}
  template <class L>
  void label(L&& l) const {
    l.dims({count});
  }
  double flops() const { return 0; }
};

}  // namespace anneal
