// What operators along axes share: which axes, and x arranged so that they are one dimension.
#pragma once
#include "ops/operator.h"

namespace anneal {

// The axes of an OptionalInts attribute, normalized and ascending; all of them when it was left out.
std::vector<int64_t> resolveAxes(const char* op, const Attr& axes, int rank);

// The axis that is the first attribute of an operator on its first input, normalized.
std::vector<int64_t> singleAxis(const Call& call);

Dims reducedShape(const Dims& shape, const std::vector<int64_t>& axes, bool keepDims);

// x as dense [outer, extent, inner] with the axes in the middle, copied where it is not dense; or as rows where they are not neighbours.
struct Arranged {
  Tensor x;
  int64_t outer = 1, extent = 1, inner = 1;
};
Arranged arrange(const char* op, const Tensor& x, const std::vector<int64_t>& axes);

// As `arrange`, with the axes last: rows of `extent`.
Arranged arrangeRows(const char* op, const Tensor& x, const std::vector<int64_t>& axes);

}  // namespace anneal
