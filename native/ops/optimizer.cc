// Updates in place: assign, and the optimizers' steps over all parameters in one call.
#include <algorithm>
#include <cstring>

#include "ops/families.h"
#include "ops/functional.h"

namespace anneal {

namespace {

constexpr Param kAssign[] = {{"target", ParamKind::Tensor}, {"values", ParamKind::Tensor}};
constexpr Param kSgd[] = {{"params", ParamKind::TensorList},
                          {"grads", ParamKind::TensorList},
                          {"momentumBuffers", ParamKind::TensorList},
                          {"counts", ParamKind::TensorList},
                          {"lr", ParamKind::Float},
                          {"momentum", ParamKind::Float, 0},
                          {"dampening", ParamKind::Float, 0},
                          {"weightDecay", ParamKind::Float, 0},
                          {"nesterov", ParamKind::Bool, false},
                          {"maximize", ParamKind::Bool, false},
                          {"first", ParamKind::OptionalInts}};
constexpr Param kAdam[] = {{"params", ParamKind::TensorList},       {"grads", ParamKind::TensorList},
                           {"expAvgs", ParamKind::TensorList},      {"expAvgSqs", ParamKind::TensorList},
                           {"maxExpAvgSqs", ParamKind::TensorList}, {"counts", ParamKind::TensorList},
                           {"lr", ParamKind::Float, 0.001},         {"beta1", ParamKind::Float, 0.9},
                           {"beta2", ParamKind::Float, 0.999},      {"eps", ParamKind::Float, 1e-8},
                           {"weightDecay", ParamKind::Float, 0},    {"decoupled", ParamKind::Bool, false},
                           {"maximize", ParamKind::Bool, false}};

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

// The lists of an optimizer: parameters, gradients, each kind of state, and last the steps taken so far.
constexpr size_t kParams = 0, kGrads = 1, kFirstState = 2;
size_t countsOf(const Call& call) { return call.lists.size() - 1; }

void checkCount(const Call& call, const Tensor& steps) {
  if (steps.dtype() == DType::Int64 && steps.size() == 1) return;
  fail(ErrorKind::Argument, "[%s] steps are counted in one int64 each, not in %s %s", call.name(),
       nameOf(steps.dtype()), steps.shape().str().c_str());
}

// A parameter, or a gradient or a state of one; all are of the dtype of the first parameter.
void checkFits(const Call& call, const Tensor& tensor, const Tensor& param, bool updated) {
  const DType dtype = call.in(0).dtype();
  if (tensor.dtype() != dtype || (dtype != DType::Float32 && dtype != DType::Float64)) {
    fail(ErrorKind::DType, "[%s] all tensors must be of one floating dtype: %s and %s", call.name(), nameOf(dtype),
         nameOf(tensor.dtype()));
  }
  if (!(tensor.shape() == param.shape())) {
    fail(ErrorKind::Shape, "[%s] a gradient or state of %s does not fit a parameter of %s", call.name(),
         tensor.shape().str().c_str(), param.shape().str().c_str());
  }
  if (updated && !tensor.contiguous()) {
    fail(ErrorKind::Argument, "[%s] parameters and states must be contiguous to be updated in place", call.name());
  }
}

// Each list has an entry for each parameter, but for the states that `unused` names, which have none.
void checkLists(const Call& call, size_t unused) {
  const auto params = call.tensors(kParams);
  if (params.empty()) fail(ErrorKind::Argument, "[%s] there are no parameters to update", call.name());
  for (size_t list = 0; list < call.lists.size(); ++list) {
    const auto tensors = call.tensors(list);
    const size_t expected = list == unused ? 0 : params.size();
    if (tensors.size() != expected) {
      fail(ErrorKind::Argument, "[%s] expected %zu tensors in '%s', received %zu", call.name(), expected,
           call.op->params[list].name, tensors.size());
    }
    for (size_t i = 0; i < tensors.size(); ++i) {
      if (list == countsOf(call))
        checkCount(call, tensors[i]);
      else
        checkFits(call, tensors[i], params[i], list != kGrads);
    }
  }
}

// Launches with the table of parameters in stream-ordered memory: it is given back here and read before it is reused.
template <class Args>
void runStep(const Call& call, Args& args, const std::vector<int64_t>* first) {
  static_assert(std::is_base_of_v<OptimizerTable, Args>);
  const auto params = call.tensors(kParams), grads = call.tensors(kGrads), counts = call.tensors(countsOf(call));
  std::span<const Tensor> states[kOptimizerStates];
  const size_t stateCount = countsOf(call) - kFirstState;
  for (size_t s = 0; s < stateCount; ++s) states[s] = call.tensors(kFirstState + s);
  const size_t bytes = params.size() * sizeof(OptimizerSlot);
  const Storage table(bytes, Allocator::Use::HostWrite, Device::CPU);
  auto* slots = static_cast<OptimizerSlot*>(table.data());
  Tensors gradients;  // dense copies live until the launch
  const auto update = [](const Tensor& tensor) {
    tensor.storage().bumpVersion();
    return tensor.data();
  };
  for (size_t i = 0; i < params.size(); ++i) {
    gradients.push_back(dense(call.name(), grads[i]));
    OptimizerSlot slot{};
    slot.grad = gradients.back().data();
    for (size_t s = 0; s < stateCount; ++s) {
      if (!states[s].empty()) slot.state[s] = update(states[s][i]);
    }
    slot.steps = static_cast<int64_t*>(update(counts[i]));
    slot.count = params[i].size();
    slot.first = first && i < first->size() && (*first)[i] != 0;
    slot.param = update(params[i]);
    slots[i] = slot;
  }
  args.dtype = params[0].dtype();
  args.slots = static_cast<int64_t>(params.size());
  args.slot = slots;
  launch(call.name(), call.device, args);
}

void runSgd(const Call& call, Tensors&) {
  SgdArgs args{};
  args.lr = call.real(0);
  args.momentum = call.real(1);
  args.dampening = call.real(2);
  args.weightDecay = call.real(3);
  args.nesterov = call.flag(4);
  args.maximize = call.flag(5);
  runStep(call, args, &call.list(6));
}

constexpr size_t kMaxima = 4;  // the list of AMSGrad's

void runAdam(const Call& call, Tensors&) {
  AdamArgs args{};
  args.lr = call.real(0);
  args.beta1 = call.real(1);
  args.beta2 = call.real(2);
  args.eps = call.real(3);
  args.weightDecay = call.real(4);
  args.decoupled = call.flag(5);
  args.maximize = call.flag(6);
  args.amsgrad = !call.tensors(kMaxima).empty();
  runStep(call, args, nullptr);
}

constexpr size_t kNone = SIZE_MAX;
void inferSgd(const Call& call, Specs&) { checkLists(call, call.real(1) != 0 ? kNone : kFirstState); }
void inferAdam(const Call& call, Specs&) { checkLists(call, call.tensors(kMaxima).empty() ? kMaxima : kNone); }

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
