// Pointwise operators: out[i] = f(in0[i], in1[i], ...), one pass over memory.
#pragma once
#include "core/kernels/record.h"

namespace anneal {

constexpr int kPointwiseInputs = 6;  // most inputs of a pointwise operator
constexpr int kPointwiseParams = 4;  // most scalar attributes of a pointwise operator

// Which formula; the names are in core/pointwise.h, which is included where one is named.
enum class PointwiseOp : uint16_t;
constexpr PointwiseOp kNoPointwise{0xffff};

// The dtypes of input i and of the result, for a formula that computes on `dtype`.
DType pointwiseInput(PointwiseOp op, DType dtype, int i);
DType pointwiseResult(PointwiseOp op, DType dtype);

struct PointwiseArgs {
  PointwiseOp op;
  DType dtype;  // of the inputs that the formula computes on
  uint8_t inputs;
  uint8_t rank;  // after merging dimensions; 0 is a single element
  void* out;     // dense
  const void* in[kPointwiseInputs];
  double params[kPointwiseParams];
  // Last, because a launch leaves out what is not used of them: all of it for a single element.
  int64_t shape[kRank];
  int64_t strides[kPointwiseInputs][kRank];  // 0 where broadcast

  template <class F>
  void pointers(F&& f) {
    for (int i = 0; i < inputs; ++i) {
      f(in[i], Role::Read, stridedExtent(pointwiseInput(op, dtype, i), rank, shape, strides[i]));
    }
    f(out, Role::Write, denseExtent(pointwiseResult(op, dtype), elements(shape, rank)));
  }
  template <class F>
  void dynamicFields(F&&) {}
  template <class L>
  void label(L&& l) const {
    l.dims(shape, rank);
  }
  double flops() const { return static_cast<double>(elements(shape, rank)); }
};

}  // namespace anneal
