// Slices as views, for the shape and join families.
#pragma once
#include "core/tensor.h"

namespace anneal {

struct Range {
  int axis;
  int64_t begin, step, count;
};

// As Python slices: negative positions count from the end, both ends are clamped. The error names `op`.
Range resolveSlice(const char* op, const Dims& shape, int64_t axis, int64_t begin, int64_t end, int64_t step);

Tensor sliceView(const Tensor& x, const Range& range);

}  // namespace anneal
