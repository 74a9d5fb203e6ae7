// Applying an operator: prepare, infer, allocate, launch, record.
#include <algorithm>

#include "ops/operator.h"

namespace anneal {

const char* Call::name() const { return op->name; }

const char* nameOf(ParamKind kind) {
  switch (kind) {
    case ParamKind::Tensor: return "Tensor";
    case ParamKind::OptionalTensor: return "Tensor or null";
    case ParamKind::Operand: return "Tensor or number";
    case ParamKind::TensorList: return "array of Tensors";
    case ParamKind::Bool: return "boolean";
    case ParamKind::Int: return "integer";
    case ParamKind::OptionalInt: return "integer or null";
    case ParamKind::Float: return "number";
    case ParamKind::OptionalFloat: return "number or null";
    case ParamKind::Ints: return "array of integers";
    case ParamKind::OptionalInts: return "array of integers or null";
    case ParamKind::Choice: return "choice";
    case ParamKind::DType: return "dtype";
    case ParamKind::Device: return "device";
  }
  return "";
}

std::span<const Tensor> Call::tensors(size_t list) const {
  size_t begin = 0, at = 0;
  for (const Param& param : op->params) {
    if (!isInput(param.kind)) continue;
    const bool many = param.kind == ParamKind::TensorList;
    if (many && at == list) break;
    begin += many ? lengthOf(at++) : 1;
  }
  return {inputs.begin() + begin, lengthOf(list)};
}

void failNotImplemented(const char* op, Device device, const char* family) {
  fail(ErrorKind::Device, "[%s] is not implemented on %s: it has no kernels of '%s'; compute this with .to('cpu')", op,
       nameOf(device), family);
}

void Call::settleDevice() {
  for (const Tensor& input : inputs) {
    if (!input.defined() || input.weak()) continue;
    device = input.device();
    break;
  }
  if (device.isCpu()) return;
  for (const Tensor& input : inputs) {
    if (input.defined() && input.weak()) input.impl()->device = device;
  }
}

namespace {

Tensors compute(const Call& call) {
  const Operator& op = *call.op;
  Tensors outputs;
  if (op.view) {
    op.view(call, outputs);
  } else if (op.infer) {
    Specs specs;
    op.infer(call, specs);
    outputs.reserve(specs.size());
    for (const TensorSpec& spec : specs) outputs.push_back(Tensor::empty(spec, call.device));
    op.run(call, outputs);
  }
  return outputs;
}

[[noreturn]] void failMixed(const Call& call, size_t i) {
  // The parameter that an input belongs to.
  const auto describe = [&](size_t at) {
    size_t begin = 0, list = 0;
    for (const Param& param : call.op->params) {
      if (!isInput(param.kind)) continue;
      const bool many = param.kind == ParamKind::TensorList;
      const size_t length = many ? call.lengthOf(list++) : 1;
      if (at < begin + length)
        return "'" + (many ? param.name + ("[" + std::to_string(at - begin) + "]") : std::string(param.name)) + "'";
      begin += length;
    }
    return "input " + std::to_string(at);
  };
  size_t other = 0;
  while (!call.inputs[other].defined() || call.inputs[other].weak() || call.inputs[other].device() != call.device)
    ++other;
  fail(ErrorKind::Device, "[%s] %s is on %s and %s on %s; move one of them with .to('%s')", call.name(),
       describe(i).c_str(), nameOf(call.inputs[i].device()), describe(other).c_str(), nameOf(call.device),
       nameOf(call.device));
}

// Tells a traced program of its inputs, which must be on one device. Outside of a trace, inputs must have values: not those of a
// traced function.
void checkInputs(const Call& call, const Context& now) {
  for (const Tensor& input : call.inputs) {
    if (!input.defined() || input.weak()) continue;
    if (input.device() != call.device) failMixed(call, static_cast<size_t>(&input - call.inputs.begin()));
    if (now.capture) {
      now.capture->hold(input);
    } else {
      input.requireValues();
    }
  }
}

Tensors applyCall(Call& call) {
  const Context& now = context();
  const Operator& op = *call.op;
  if (op.prepare) op.prepare(call);
  checkInputs(call, now);
  if (op.expand && !op.infer) {
    Tensors outputs;
    op.expand(call, outputs);
    return outputs;
  }
  const bool records = now.gradEnabled && op.differentiable() && now.recorder && now.recorder->wants(call);
  Tensors outputs;
  {
    // Copies that a kernel or view needs for itself are not operators of the user's.
    GradMode off(false);
    outputs = compute(call);
  }
  if (records) now.recorder->record(call, outputs);
  return outputs;
}

}  // namespace

Tensors apply(Call&& call) {
  try {
    return applyCall(call);
  } catch (const Error& error) {
    // Shapes, scalars and the allocator fail without knowing for which operator.
    if (error.message().starts_with('[')) throw;
    throw Error(error.kind(), std::string("[") + call.name() + "] " + error.message());
  }
}

Tensors apply(const Operator& op, Tensors inputs, Attrs attrs) {
  Call call;
  call.op = &op;
  call.inputs = std::move(inputs);
  call.attrs = std::move(attrs);
  call.settleDevice();
  return apply(std::move(call));
}

Tensors applyLists(const Operator& op, std::initializer_list<Tensors> lists, Attrs attrs) {
  Call call;
  call.op = &op;
  for (const Tensors& list : lists) {
    for (const Tensor& tensor : list) call.inputs.push_back(tensor);
    call.lists.push_back(list.size());
  }
  call.attrs = std::move(attrs);
  call.settleDevice();
  return apply(std::move(call));
}

Tensor apply1(const Operator& op, Tensors inputs, Attrs attrs) {
  return std::move(apply(op, std::move(inputs), std::move(attrs))[0]);
}

}  // namespace anneal
