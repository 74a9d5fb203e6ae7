#include "ops/elementwise.h"

#include <cstddef>

#include "core/pointwise.h"
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

// Whether the operator works modulo the size of an integer dtype: x - 1 and x + (-1) are the same in uint8.
bool wrapsAround(PointwiseOp op) { return op == PointwiseOp::Add || op == PointwiseOp::Sub || op == PointwiseOp::Mul; }

void castAll(Call& call, DType dtype, size_t first = 0) {
  const bool wraps = wrapsAround(call.op->pointwise);
  for (size_t i = first; i < call.inputs.size(); ++i) {
    Tensor& input = call.inputs[i];
    if (input.weak()) {
      input = input.materialize(dtype, wraps);
    } else if (input.dtype() != dtype) {
      input = cast(input, dtype);
    }
  }
}

// add, mul, maximum and minimum of truth values are or, and, or, and; their bits are themselves.
const char* logicalTwin(PointwiseOp op) {
  switch (op) {
    case PointwiseOp::Add:
    case PointwiseOp::Maximum:
    case PointwiseOp::BitOr: return "logicalOr";
    case PointwiseOp::Mul:
    case PointwiseOp::Minimum:
    case PointwiseOp::BitAnd: return "logicalAnd";
    case PointwiseOp::BitXor: return "logicalXor";
    case PointwiseOp::BitNot: return "logicalNot";
    default: return nullptr;
  }
}

// Stride of x, seen in `shape`, along its dimension i.
int64_t broadcastStride(const Tensor& x, const Dims& shape, int i) {
  const int at = i - (shape.size() - x.rank());
  return at < 0 || x.dim(at) == 1 ? 0 : x.strides()[at];
}

// Fills rank, shape and strides: drops dimensions of size 1 and joins neighbours that every input walks through in one
// stride.
void mergeDimensions(const Tensors& inputs, const Dims& shape, PointwiseArgs& args) {
  int rank = 0;
  for (int i = 0; i < shape.size(); ++i) {
    if (shape[i] == 1) continue;
    bool joins = rank > 0;
    for (size_t j = 0; joins && j < inputs.size(); ++j) {
      joins = args.strides[j][rank - 1] == broadcastStride(inputs[j], shape, i) * shape[i];
    }
    if (!joins) args.shape[rank++] = 1;
    args.shape[rank - 1] *= shape[i];
    for (size_t j = 0; j < inputs.size(); ++j) args.strides[j][rank - 1] = broadcastStride(inputs[j], shape, i);
  }
  args.rank = static_cast<uint8_t>(rank);
}

Dims broadcastAll(const Call& call) {
  Dims shape = call.in(0).shape();
  for (size_t i = 1; i < call.inputs.size(); ++i) {
    const Dims& next = call.inputs[i].shape();
    if (!(next == shape)) shape = broadcastShapes(call.name(), shape, next);
  }
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

void prepareInteger(Call& call) {
  const DType dtype = resultType(call.inputs);
  if (isFloating(dtype)) fail(ErrorKind::DType, "[%s] takes integers, not %s", call.name(), nameOf(dtype));
  prepareArithmetic(call);
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

void give(GradCall& g, int i, const Tensor& gradient) { g.set(i, sumTo(gradient, g.spec(i).shape)); }

void inferPointwise(const Call& call, Specs& outputs) {
  outputs.push_back({call.in(static_cast<int>(call.inputs.size()) - 1).dtype(), broadcastAll(call)});
}

void inferComparison(const Call& call, Specs& outputs) { outputs.push_back({DType::Bool, broadcastAll(call)}); }

void runPointwise(const Call& call, Tensors& outputs) {
  const Tensor& out = outputs[0];
  if (out.size() == 0) return;
  const Tensors& inputs = call.inputs;
  PointwiseArgs args;
  if (context().capture) args = {};  // equal calls then have equal bytes
  args.op = call.op->pointwise;
  args.dtype = inputs.back().dtype();
  args.inputs = static_cast<uint8_t>(inputs.size());
  args.out = out.data();
  for (size_t j = 0; j < inputs.size(); ++j) args.in[j] = inputs[j].data();
  for (size_t k = 0; k < call.attrs.size(); ++k) args.params[k] = call.attrs[k].f;
  mergeDimensions(inputs, out.shape(), args);
  const size_t used = args.rank == 0 ? offsetof(PointwiseArgs, shape)
                                     : offsetof(PointwiseArgs, strides) + inputs.size() * sizeof(args.strides[0]);
  launch(call.name(), call.device, args, used);
}

}  // namespace anneal
