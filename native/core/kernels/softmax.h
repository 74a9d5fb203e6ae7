// Softmax and its relatives, on rows of [rows, extent], dense.
#pragma once
#include "core/kernels/record.h"

namespace anneal {

enum class SoftmaxOp : uint8_t {
  Softmax,             // out [rows, extent]
  LogSoftmax,          // out [rows, extent]
  LogSumExp,           // out [rows]
  SoftmaxBackward,     // out = y * (dout - sum(dout * y))
  LogSoftmaxBackward,  // out = dout - exp(y) * sum(dout)
};

struct SoftmaxArgs {
  SoftmaxOp op;
  DType dtype;
  int64_t rows, extent;
  const void* in;    // x, or y of the forward pass
  const void* dout;  // backward only
  void* out;

  template <class F>
  void pointers(F&& f) {
    const Extent whole = denseExtent(dtype, rows * extent);
    const bool backward = op == SoftmaxOp::SoftmaxBackward || op == SoftmaxOp::LogSoftmaxBackward;
    f(in, Role::Read, whole);
    if (backward) f(dout, Role::Read, whole);
    f(out, Role::Write, op == SoftmaxOp::LogSumExp ? denseExtent(dtype, rows) : whole);
  }
  template <class F>
  void dynamicFields(F&&) {}
  template <class L>
  void label(L&& l) const {
    l.dims({rows, extent});
  }
  double flops() const { return 4.0 * static_cast<double>(rows * extent); }
};

}  // namespace anneal
