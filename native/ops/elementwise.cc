#include "ops/elementwise.h"

#include <algorithm>

#include "ops/functional.h"

namespace anneal {

DType resultType(const Tensors& operands, size_t first) {
  DType best[3];
  bool seen[3] = {};
  for (size_t i = first; i < operands.size(); ++i) {
    const Tensor& t = operands[i];
    const int priority = t.weak() ? 2 : t.rank() == 0 ? 1 : 0;
    best[priority] = seen[priority] ? promote(best[priority], t.dtype()) : t.dtype();
    seen[priority] = true;
  }
  bool any = false;
  DType result = DType::Float32;
  for (int p = 0; p < 3; ++p) {
    if (!seen[p]) continue;
    if (!any) {
      result = best[p];
    } else if (categoryOf(best[p]) > categoryOf(result)) {
      // A float number next to integers gives the default float, whatever its own precision.
      result = p == 2 && isFloating(best[p]) ? DType::Float32 : best[p];
    }
    any = true;
  }
  return result;
}

namespace {

void castAll(Call& call, DType dtype, size_t first = 0) {
  for (size_t i = first; i < call.inputs.size(); ++i) {
    Tensor& input = call.inputs[i];
    input = input.weak() ? input.materialize(dtype) : cast(input, dtype);
  }
}

// add, mul, maximum and minimum of truth values are or, and, or, and.
const char* logicalTwin(PointwiseOp op) {
  switch (op) {
    case PointwiseOp::Add:
    case PointwiseOp::Maximum: return "logicalOr";
    case PointwiseOp::Mul:
    case PointwiseOp::Minimum: return "logicalAnd";
    default: return nullptr;
  }
}

struct Merged {
  int rank = 0;
  int64_t shape[kRank];
  int64_t strides[kPointwiseInputs][kRank];
};

// Drops dimensions of size 1 and joins neighbours that every input walks through in one stride.
Merged mergeDimensions(const Dims& shape, std::span<const Dims> strides) {
  Merged merged;
  for (int i = 0; i < shape.size(); ++i) {
    if (shape[i] == 1) continue;
    const int last = merged.rank - 1;
    bool joins = last >= 0;
    for (size_t j = 0; joins && j < strides.size(); ++j) {
      joins = merged.strides[j][last] == strides[j][i] * shape[i];
    }
    const int at = joins ? last : merged.rank++;
    merged.shape[at] = joins ? merged.shape[at] * shape[i] : shape[i];
    for (size_t j = 0; j < strides.size(); ++j) merged.strides[j][at] = strides[j][i];
  }
  return merged;
}

Dims broadcastAll(const Call& call) {
  Dims shape = call.in(0).shape();
  for (size_t i = 1; i < call.inputs.size(); ++i) shape = broadcastShapes(call.name(), shape, call.in(i).shape());
  return shape;
}

}  // namespace

void preparePromoted(Call& call) { castAll(call, resultType(call.inputs)); }

void prepareArithmetic(Call& call) {
  const DType dtype = resultType(call.inputs);
  if (dtype == DType::Bool) {
    const char* twin = logicalTwin(call.op->pointwise);
    if (!twin) fail(ErrorKind::DType, "[%s] is not defined for bool; cast to a number first", call.name());
    call.op = &findOperator(twin);
  }
  castAll(call, dtype);
}

void prepareFloating(Call& call) {
  const DType dtype = resultType(call.inputs);
  castAll(call, isFloating(dtype) ? dtype : DType::Float32);
}

void prepareLogical(Call& call) { castAll(call, DType::Bool); }

void prepareDifferentiable(Call& call) {
  const DType dtype = resultType(call.inputs);
  if (!isFloating(dtype)) fail(ErrorKind::DType, "[%s] takes floating tensors, not %s", call.name(), nameOf(dtype));
  castAll(call, dtype);
}

void inferPointwise(const Call& call, Specs& outputs) {
  outputs.push_back({call.in(static_cast<int>(call.inputs.size()) - 1).dtype(), broadcastAll(call)});
}

void inferComparison(const Call& call, Specs& outputs) { outputs.push_back({DType::Bool, broadcastAll(call)}); }

void runPointwise(const Call& call, Tensors& outputs) {
  const Tensor& out = outputs[0];
  if (out.size() == 0) return;
  std::array<Dims, kPointwiseInputs> strides;
  const size_t inputs = call.inputs.size();
  for (size_t j = 0; j < inputs; ++j) {
    strides[j] = broadcastStrides(call.inputs[j].shape(), call.inputs[j].strides(), out.shape());
  }
  const Merged merged = mergeDimensions(out.shape(), {strides.data(), inputs});
  PointwiseArgs args{};
  args.op = call.op->pointwise;
  args.dtype = call.inputs.back().dtype();
  args.inputs = static_cast<uint8_t>(call.inputs.size());
  args.rank = static_cast<uint8_t>(merged.rank);
  std::copy_n(merged.shape, merged.rank, args.shape);
  for (size_t j = 0; j < call.inputs.size(); ++j) {
    args.in[j] = call.inputs[j].data();
    std::copy_n(merged.strides[j], merged.rank, args.strides[j]);
  }
  for (size_t k = 0; k < call.attrs.size(); ++k) args.params[k] = call.attrs[k].f;
  args.out = out.data();
  launch(call.name(), call.device, &Backend::pointwise, args);
}

}  // namespace anneal
