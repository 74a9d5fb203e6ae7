// Gradients: backward, grad, and hooks that call back into JavaScript.
#include "autograd/backward.h"
#include "binding/entry.h"

namespace anneal::binding {

namespace {

constexpr Name kSelf{"tensor", "tensor"};

// What a function that is being traced decides by it, its program depends on.
const Tensor& asked(Entry& js) {
  const Tensor& tensor = js.tensor(0, kSelf);
  Capture* capture = js.environment().context.capture;
  if (capture && !tensor.storage().traced()) capture->reach(tensor);
  return tensor;
}

bool getRequiresGrad(Entry& js) { return requiresGrad(asked(js)); }

void putRequiresGrad(Entry& js) {
  setRequiresGrad(js.tensor(0, {"requiresGrad", "tensor"}), js.boolean(1, {"requiresGrad", "value"}));
}

bool getIsLeaf(Entry& js) { return isLeaf(js.tensor(0, kSelf)); }

// grad(out, tensor): the handle of its gradient, or -1.
int32_t getGrad(Entry& js) {
  Tensor grad = gradOf(js.tensor(1, {"grad", "tensor"}));
  return grad.defined() ? js.environment().handles.adopt(js[0], std::move(grad)) : -1;
}

// setGrad(tensor, gradient or -1).
void putGrad(Entry& js) {
  const Tensor* grad = js.optionalTensor(1, {"grad", "value"});
  setGrad(js.tensor(0, {"grad", "tensor"}), grad ? grad->alias() : Tensor());
}

BackwardOptions options(Entry& js, size_t at, const char* op) {
  return {.retainGraph = js.boolean(at, {op, "retainGraph"}), .createGraph = js.boolean(at + 1, {op, "createGraph"})};
}

// backward(outputs, seeds, retainGraph, createGraph)
void runBackward(Entry& js) {
  backward(js.tensors(0, {"backward", "outputs"}), js.tensors(1, {"backward", "gradient"}, true),
           options(js, 2, "backward"));
}

// gradients(outs, outputs, inputs, seeds, retainGraph, createGraph): handles, -1 where an output does not depend on it.
napi_value runGradients(Entry& js) {
  Tensors found = gradients(js.tensors(1, {"grad", "outputs"}), js.tensors(2, {"grad", "inputs"}),
                            js.tensors(3, {"grad", "gradOutputs"}, true), options(js, 4, "grad"));
  return js.environment().handles.adoptAll(js[0], std::move(found), "grad");
}

// A handle that is lent for a call, and comes back unless the call has claimed it.
class Loan {
 public:
  Loan(Handles& handles, Tensor tensor) : handles_(handles), number_(handles.lend(std::move(tensor))) {}
  ~Loan() { handles_.takeBack(number_); }
  Loan(const Loan&) = delete;
  Loan& operator=(const Loan&) = delete;
  int32_t number() const { return number_; }

 private:
  Handles& handles_;
  const int32_t number_;
};

// addHook(tensor, function): the function gets a lent handle of the gradient and returns a handle, or -1 to keep it.
double putHook(Entry& js) {
  const Tensor& tensor = js.tensor(0, {"registerHook", "tensor"});
  const auto function = std::make_shared<JsFunction>(js.environment(), js.function(1, {"registerHook", "hook"}));
  Hook hook = [function](const Tensor& gradient) {
    Environment& environment = function->environment();
    const Loan loan(environment.handles, gradient);
    const Napi::Value result = function->call({Napi::Number::New(environment.env, loan.number())});
    const double number = toNumber(environment.env, result, {"registerHook", "the hook's result"});
    return number < 0 ? Tensor() : environment.handles.tensor(number, {"registerHook", "the hook's result"});
  };
  return static_cast<double>(addHook(tensor, std::move(hook)));
}

void dropHook(Entry& js) {
  removeHook(js.tensor(0, {"registerHook", "tensor"}), static_cast<uint64_t>(js.integer(1, {"registerHook", "id"})));
}

}  // namespace

std::vector<Function> autogradFunctions() {
  return {{"requiresGrad", entry<getRequiresGrad>},
          {"setRequiresGrad", entry<putRequiresGrad>},
          {"isLeaf", entry<getIsLeaf>},
          {"grad", entry<getGrad>},
          {"setGrad", entry<putGrad>},
          {"backward", entry<runBackward>},
          {"gradients", entry<runGradients>},
          {"addHook", entry<putHook>},
          {"removeHook", entry<dropHook>}};
}

}  // namespace anneal::binding
