// Updates in place: assign, and the optimizers' steps over all parameters in one call.
#include <algorithm>
#include <cstring>

#include "ops/families.h"
#include "ops/functional.h"

namespace anneal {

namespace {

constexpr Param kAssign[] = {{"target", ParamKind::Tensor}, {"values", ParamKind::Tensor}};
// `tensors` holds `count` parameters, then as many gradients, then each kind of state, and last their steps so far.
constexpr Param kSgd[] = {
    {"tensors", ParamKind::TensorList}, {"count", ParamKind::Int},       {"lr", ParamKind::Float},
    {"momentum", ParamKind::Float},     {"dampening", ParamKind::Float}, {"weightDecay", ParamKind::Float},
    {"nesterov", ParamKind::Bool},      {"maximize", ParamKind::Bool},   {"first", ParamKind::Ints}};
constexpr Param kAdam[] = {{"tensors", ParamKind::TensorList}, {"count", ParamKind::Int},
                           {"lr", ParamKind::Float},           {"beta1", ParamKind::Float},
                           {"beta2", ParamKind::Float},        {"eps", ParamKind::Float},
                           {"weightDecay", ParamKind::Float},  {"decoupled", ParamKind::Bool},
                           {"amsgrad", ParamKind::Bool},       {"maximize", ParamKind::Bool}};

void inferAssign(const Call& call, Specs&) {
  const Tensor &target = call.in(0), &values = call.in(1);
  if (!(target.shape() == values.shape())) {
    fail(ErrorKind::Shape, "[%s] values of %s do not fit a tensor of %s", call.name(), values.shape().str().c_str(),
         target.shape().str().c_str());
  }
  for (int i = 0; i < target.rank(); ++i) {
    if (target.dim(i) > 1 && target.strides()[i] == 0) {
      fail(ErrorKind::Argument, "[%s] elements of the target share memory: %s is expanded along dimension %d; clone it",
           call.name(), target.shape().str().c_str(), i);
    }
  }
}

void write(const Call& call, Role role) {
  const Tensor& target = call.in(0);
  // A source that shares the storage (a transposed view, say) is read in full before the target is written.
  const bool overlaps = &target.storage() == &call.in(1).storage();
  const Tensor values = overlaps ? copyTo(call.name(), call.in(1), target.dtype()) : call.in(1);
  target.storage().bumpVersion();
  copyInto(call.name(), values, target, role);
}

// Groups of `count` tensors: parameters, gradients, states.
int groupsOf(const Call& call) {
  const int64_t count = call.integer(0);
  const auto total = static_cast<int64_t>(call.inputs.size());
  if (count < 1 || total % count != 0) {
    fail(ErrorKind::Argument, "[%s] %lld tensors are not groups of %lld", call.name(), static_cast<long long>(total),
         static_cast<long long>(count));
  }
  return static_cast<int>(total / count);
}

void checkGroups(const Call& call, int expected) {
  const int64_t count = call.integer(0);
  if (groupsOf(call) != expected) {
    fail(ErrorKind::Argument, "[%s] takes %d tensors for each parameter, not %d", call.name(), expected,
         groupsOf(call));
  }
  const DType dtype = call.in(0).dtype();
  for (size_t i = 0; i < call.inputs.size(); ++i) {
    const Tensor &tensor = call.inputs[i], &param = call.inputs[i % static_cast<size_t>(count)];
    if (static_cast<int64_t>(i) / count == expected - 1) {
      if (tensor.dtype() != DType::Int64 || tensor.size() != 1) {
        fail(ErrorKind::Argument, "[%s] steps are counted in one int64 each, not in %s %s", call.name(),
             nameOf(tensor.dtype()), tensor.shape().str().c_str());
      }
      continue;
    }
    if (tensor.dtype() != dtype || (dtype != DType::Float32 && dtype != DType::Float64)) {
      fail(ErrorKind::DType, "[%s] all tensors must be of one floating dtype: %s and %s", call.name(), nameOf(dtype),
           nameOf(tensor.dtype()));
    }
    if (!(tensor.shape() == param.shape())) {
      fail(ErrorKind::Shape, "[%s] a gradient or state of %s does not fit a parameter of %s", call.name(),
           tensor.shape().str().c_str(), param.shape().str().c_str());
    }
    const bool gradient = static_cast<int64_t>(i) / count == 1;
    if (!gradient && !tensor.contiguous()) {
      fail(ErrorKind::Argument, "[%s] parameters and states must be contiguous to be updated in place", call.name());
    }
  }
}

// Launches with the table of parameters in stream-ordered memory: it is given back here and read before it is reused.
template <class Args>
void runStep(const Call& call, Args& args, const std::vector<int64_t>* first) {
  static_assert(std::is_base_of_v<OptimizerTable, Args>);
  const auto count = static_cast<size_t>(call.integer(0));
  const int groups = groupsOf(call);
  const size_t bytes = count * sizeof(OptimizerSlot);
  const Storage table(bytes, Allocator::Use::HostWrite, call.device);
  auto* slots = static_cast<OptimizerSlot*>(table.data());
  Tensors gradients;  // dense copies live until the launch
  for (size_t i = 0; i < count; ++i) {
    gradients.push_back(dense(call.name(), call.inputs[count + i]));
    OptimizerSlot slot{};
    slot.param = call.inputs[i].data();
    slot.grad = gradients.back().data();
    for (int group = 2; group < groups - 1; ++group) {
      const Tensor& state = call.inputs[static_cast<size_t>(group) * count + i];
      state.storage().bumpVersion();
      slot.state[group - 2] = state.data();
    }
    const Tensor& steps = call.inputs[static_cast<size_t>(groups - 1) * count + i];
    steps.storage().bumpVersion();
    slot.steps = static_cast<int64_t*>(steps.data());
    slot.count = call.inputs[i].size();
    slot.first = first && i < first->size() && (*first)[i] != 0;
    call.inputs[i].storage().bumpVersion();
    slots[i] = slot;
  }
  args.dtype = call.in(0).dtype();
  args.slots = static_cast<int64_t>(count);
  args.slot = slots;
  launch(call.name(), call.device, args);
}

void runSgd(const Call& call, Tensors&) {
  SgdArgs args{};
  args.lr = call.real(1);
  args.momentum = call.real(2);
  args.dampening = call.real(3);
  args.weightDecay = call.real(4);
  args.nesterov = call.flag(5);
  args.maximize = call.flag(6);
  runStep(call, args, &call.list(7));
}

void runAdam(const Call& call, Tensors&) {
  AdamArgs args{};
  args.lr = call.real(1);
  args.beta1 = call.real(2);
  args.beta2 = call.real(3);
  args.eps = call.real(4);
  args.weightDecay = call.real(5);
  args.decoupled = call.flag(6);
  args.amsgrad = call.flag(7);
  args.maximize = call.flag(8);
  runStep(call, args, nullptr);
}

void inferSgd(const Call& call, Specs&) { checkGroups(call, call.real(2) != 0 ? 4 : 3); }
void inferAdam(const Call& call, Specs&) { checkGroups(call, call.flag(7) ? 6 : 5); }

const Operator kOperators[] = {
    {.name = "assign",
     .doc = "writes values into target in place, converting the dtype; the target keeps its own if a failed kernel "
            "took them",
     .params = kAssign,
     .outputs = 0,
     .infer = inferAssign,
     .run = [](const Call& call, Tensors&) { write(call, Role::Assign); }},
    {.name = "overwrite",
     .doc = "assign, but for a running sum: the target is lost too if a failed kernel took the values",
     .params = kAssign,
     .outputs = 0,
     .infer = inferAssign,
     .run = [](const Call& call, Tensors&) { write(call, Role::Write); }},
    {.name = "sgdStep",
     .doc = "stochastic gradient descent with momentum, dampening, Nesterov momentum and weight decay, in place",
     .params = kSgd,
     .outputs = 0,
     .infer = inferSgd,
     .run = runSgd},
    {.name = "adamStep",
     .doc = "Adam (Kingma and Ba 2015), or AdamW (Loshchilov and Hutter 2019) when decoupled, in place",
     .params = kAdam,
     .outputs = 0,
     .infer = inferAdam,
     .run = runAdam},
};

}  // namespace

Family optimizerFamily() { return kOperators; }

}  // namespace anneal
