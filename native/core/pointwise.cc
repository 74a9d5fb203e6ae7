#include "core/pointwise.h"

namespace anneal {

namespace {

enum class Kind : uint8_t { Float, Checked, Arith, Divide, Integer, Compare, Logical, Select };

constexpr Kind kKinds[kPointwiseOps] = {
#define ANNEAL_POINTWISE(name, kind, ...) Kind::kind,
#include "formulas/pointwise.def"
#undef ANNEAL_POINTWISE
};

constexpr int kInputs[kPointwiseOps] = {
#define ANNEAL_POINTWISE(name, kind, inputs, ...) inputs,
#include "formulas/pointwise.def"
#undef ANNEAL_POINTWISE
};

Kind kindOf(PointwiseOp op) { return kKinds[static_cast<int>(op)]; }

}  // namespace

int pointwiseInputs(PointwiseOp op) { return kInputs[static_cast<int>(op)]; }

bool pointwiseFails(PointwiseOp op, DType dtype) {
  return kindOf(op) == Kind::Checked || (kindOf(op) == Kind::Divide && !isFloating(dtype));
}

DType pointwiseInput(PointwiseOp op, DType dtype, int i) {
  return kindOf(op) == Kind::Select && i == 0 ? DType::Bool : dtype;
}

DType pointwiseResult(PointwiseOp op, DType dtype) { return kindOf(op) == Kind::Compare ? DType::Bool : dtype; }

}  // namespace anneal
