// The folds of the `reduce` kernel for whole rows, for callers that have the rows at hand: the same bits.
#pragma once
#include "cpu/support.h"

namespace anneal::ANNEAL_LEVEL {

// dst[r] = fold of row r of src, dense [rows, extent], extent <= kFusedRow. On the calling thread. correction: of
// Variance and Std.
using FoldRows = void (*)(const void* src, int64_t rows, int64_t extent, double correction, void* dst);

// Sum, Mean, Max, Min, Variance or Std.
FoldRows foldRowsFor(ReduceOp op, DType dtype);

}  // namespace anneal::ANNEAL_LEVEL
