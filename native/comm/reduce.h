// Reductions of what several ranks have, in the order of the ranks: the one place that says in which order numbers are added, so that
// the same ranks get the same bits on every run and by every transport.
#pragma once
#include <vector>

#include "core/dtype.h"
#include "core/kernels/collective.h"

namespace anneal::comm {

// out[i] = parts[0][i] op parts[1][i] op ..., from the left, in the dtype itself. A mean is the sum divided by the number of parts.
// `out` may be one of the parts.
void reduceInOrder(DType dtype, GroupOp op, const std::vector<const void*>& parts, void* out, int64_t count);

}  // namespace anneal::comm
