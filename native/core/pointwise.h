// The pointwise operators by name: the rows of formulas/pointwise.def. A new row recompiles what includes this file.
#pragma once
#include "core/kernels/pointwise.h"

namespace anneal {

enum class PointwiseOp : uint16_t {
#define ANNEAL_POINTWISE(name, ...) name,
#include "formulas/pointwise.def"
#undef ANNEAL_POINTWISE
};

constexpr int kPointwiseOps = 0
#define ANNEAL_POINTWISE(...) +1
#include "formulas/pointwise.def"
#undef ANNEAL_POINTWISE
    ;

int pointwiseInputs(PointwiseOp op);
// Whether the kernel, of operands of a dtype, may fail for what it finds in the data.
bool pointwiseFails(PointwiseOp op, DType dtype);

}  // namespace anneal
