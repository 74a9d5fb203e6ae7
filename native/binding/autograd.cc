// Gradients: backward, grad, and hooks that call back into JavaScript.
#include "autograd/backward.h"
#include "binding/entry.h"

namespace anneal::binding {

namespace {

constexpr Entry::Name kSelf{"tensor", "tensor"};

// What a function that is being traced decides by it, its program depends on.
const Tensor& asked(Entry& js) {
  const Tensor& tensor = js.tensor(0, kSelf);
  Capture* capture = js.environment().context.capture;
  if (capture && !tensor.storage().traced()) capture->reach(tensor);
  return tensor;
}

napi_value getRequiresGrad(Entry& js) { return js.from(requiresGrad(asked(js))); }

napi_value putRequiresGrad(Entry& js) {
  setRequiresGrad(js.tensor(0, {"requiresGrad", "tensor"}), js.boolean(1, {"requiresGrad", "value"}));
  return js.undefined();
}

napi_value getIsLeaf(Entry& js) { return js.from(isLeaf(js.tensor(0, kSelf))); }

// grad(out, tensor): the handle of its gradient, or -1.
napi_value getGrad(Entry& js) {
  Tensor grad = gradOf(js.tensor(1, {"grad", "tensor"}));
  return js.from(grad.defined() ? js.environment().adopt(js[0], std::move(grad)) : int32_t{-1});
}

// setGrad(tensor, gradient or -1).
napi_value putGrad(Entry& js) {
  const Tensor* grad = js.optionalTensor(1, {"grad", "value"});
  setGrad(js.tensor(0, {"grad", "tensor"}), grad ? grad->alias() : Tensor());
  return js.undefined();
}

BackwardOptions options(Entry& js, size_t at, const char* op) {
  return {.retainGraph = js.boolean(at, {op, "retainGraph"}), .createGraph = js.boolean(at + 1, {op, "createGraph"})};
}

// backward(outputs, seeds, retainGraph, createGraph)
napi_value runBackward(Entry& js) {
  backward(js.tensors(0, {"backward", "outputs"}), js.tensors(1, {"backward", "gradient"}, true),
           options(js, 2, "backward"));
  return js.undefined();
}

// gradients(outs, outputs, inputs, seeds, retainGraph, createGraph): handles, -1 where an output does not depend on it.
napi_value runGradients(Entry& js) {
  Tensors found = gradients(js.tensors(1, {"grad", "outputs"}), js.tensors(2, {"grad", "inputs"}),
                            js.tensors(3, {"grad", "gradOutputs"}, true), options(js, 4, "grad"));
  napi_value numbers = js.newArray(found.size());
  for (uint32_t i = 0; i < found.size(); ++i) {
    const int32_t number =
        found[i].defined() ? js.environment().adopt(js.element(js[0], i), std::move(found[i])) : int32_t{-1};
    js.setElement(numbers, i, js.from(number));
  }
  return numbers;
}

// A handle that is lent for a call, and comes back unless the call has claimed it.
class Loan {
 public:
  Loan(Environment& environment, Tensor tensor)
      : environment_(environment), number_(environment.lend(std::move(tensor))) {}
  ~Loan() { environment_.takeBack(number_); }
  Loan(const Loan&) = delete;
  Loan& operator=(const Loan&) = delete;
  int32_t number() const { return number_; }

 private:
  Environment& environment_;
  const int32_t number_;
};

// addHook(tensor, function): the function gets a lent handle of the gradient and returns a handle, or -1 to keep it.
napi_value putHook(Entry& js) {
  const Tensor& tensor = js.tensor(0, {"registerHook", "tensor"});
  const auto function = std::make_shared<JsFunction>(js.environment(), js.function(1, {"registerHook", "hook"}));
  Hook hook = [function](const Tensor& gradient) {
    Environment& environment = function->environment();
    const Loan loan(environment, gradient);
    napi_value argument;
    check(napi_create_int32(environment.env(), loan.number(), &argument));
    napi_value result = function->call({argument});
    double number;
    check(napi_get_value_double(environment.env(), result, &number));
    return number < 0 ? Tensor() : environment.tensor(number, "registerHook", "the hook's result");
  };
  return js.from(static_cast<double>(addHook(tensor, std::move(hook))));
}

napi_value dropHook(Entry& js) {
  removeHook(js.tensor(0, {"registerHook", "tensor"}), static_cast<uint64_t>(js.integer(1, {"registerHook", "id"})));
  return js.undefined();
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
