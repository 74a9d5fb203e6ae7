// Losses over classes: logits (or log-probabilities) [rows, classes], dense.
#pragma once
#include "core/kernels/record.h"

namespace anneal {

enum class Reduction : uint8_t { None, Mean, Sum };

struct CrossEntropyArgs {
  DType dtype;
  bool logits;    // true: crossEntropy of logits; false: nll of log-probabilities (no smoothing)
  bool backward;  // true: out = gradient of the loss by `in`, given dout
  Reduction reduction;
  int64_t rows, classes;
  double labelSmoothing;
  int64_t ignoreIndex;
  const void* in;
  const int64_t* index;  // [rows] class of each row, or null when `target` is given
  const void* target;    // [rows, classes] class probabilities, or null
  const void* weight;    // [classes], or null
  const void* dout;      // backward: scalar (Mean, Sum) or [rows] (None)
  void* out;             // forward: scalar or [rows]; backward: [rows, classes]

  template <class F>
  void pointers(F&& f) {
    const Extent whole = denseExtent(dtype, rows * classes);
    const Extent loss = denseExtent(dtype, reduction == Reduction::None ? rows : 1);
    f(in, Role::Read, whole);
    f(index, Role::Read, denseExtent(DType::Int64, rows));
    f(target, Role::Read, whole);
    f(weight, Role::Read, denseExtent(dtype, classes));
    f(dout, Role::Read, loss);
    f(out, Role::Write, backward ? whole : loss);
  }
  template <class F>
  void dynamicFields(F&&) {}
  template <class L>
  void label(L&& l) const {
    l.dims({rows, classes});
  }
  double flops() const { return 4.0 * static_cast<double>(rows * classes); }
};

}  // namespace anneal
