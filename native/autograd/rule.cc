#include "autograd/rule.h"

#include "autograd/backward.h"
#include "ops/functional.h"

namespace anneal {

namespace {

// What a gradient rule sees of a node (ops/operator.h).
class NodeGradCall : public GradCall {
 public:
  // needs: by input, whether its gradient goes anywhere.
  NodeGradCall(const Ref<Node>& node, Tensors douts, std::vector<bool> needs)
      : node_(node), douts_(std::move(douts)), needs_(std::move(needs)) {
    gradients.resize(node->inputs.size());
    outputs_.reserve(node->outputs.size());
    for (size_t j = 0; j < node->outputs.size(); ++j) {
      Tensor value = node->outputs[j].saved.value;
      if (value.defined() && context().gradEnabled && isFloating(value.dtype())) {
        // Linked to the node again, so that the gradient of a gradient passes through it.
        value = value.alias();
        GradMeta& meta = ensureGradMeta(value);
        meta.node = node_;
        meta.output = static_cast<int>(j);
      }
      outputs_.push_back(std::move(value));
    }
  }

  const Call& call() const override { return node_->call; }
  const Tensor& in(int i) const override {
    const Saved& saved = node_->inputs[i].saved;
    check(saved);
    return saved.value;
  }
  const TensorSpec& spec(int i) const override { return node_->inputs[i].spec; }
  const Tensor& out(int i) const override {
    check(node_->outputs[i].saved);
    return outputs_[i];
  }
  const Tensor& dout(int i) const override { return douts_[i]; }
  bool needs(int i) const override { return needs_[i]; }
  int inputs() const override { return static_cast<int>(node_->inputs.size()); }
  void set(int i, Tensor gradient) override { gradients[i] = std::move(gradient); }

  Tensors gradients;

 private:
  void check(const Saved& saved) const {
    if (saved.value.defined() && saved.value.storage().version() != saved.version) {
      fail(ErrorKind::Autograd,
           "[%s] a tensor that backward needs was updated in place (by an optimizer step or assign) after the forward "
           "pass",
           node_->call.name());
    }
  }

  const Ref<Node>& node_;
  Tensors douts_;
  std::vector<bool> needs_;
  Tensors outputs_;
};

// An input of a composition as a variable of its own. The gradient by it is then a partial one, even where one input was
// computed from another; with createGraph it stays linked to the input, so that derivatives of it pass through.
Tensor isolated(const Tensor& input, bool createGraph) {
  if (createGraph && requiresGrad(input)) return apply1("reshape"_op, {input}, {attr(toList(input.shape()))});
  Tensor variable = input.alias();
  setRequiresGrad(variable, true);
  return variable;
}

// The gradient of an operator that has a composition but no rule: runs the composition and differentiates that.
void gradientThroughExpansion(NodeGradCall& grads, const Ref<Node>& node) {
  const bool createGraph = context().gradEnabled;
  Call call = node->call;
  Tensors wanted;
  for (size_t i = 0; i < node->inputs.size(); ++i) {
    Tensor value = node->inputs[i].saved.value.defined() ? grads.in(static_cast<int>(i)) : Tensor();
    if (value.defined() && grads.needs(static_cast<int>(i))) {
      value = isolated(value, createGraph);
      wanted.push_back(value);
    }
    call.inputs.push_back(std::move(value));
  }
  Tensors outputs, seeds, live;
  {
    GradMode on(true);
    call.op->expand(call, outputs);
  }
  for (size_t j = 0; j < outputs.size(); ++j) {
    if (!grads.dout(static_cast<int>(j)).defined() || !requiresGrad(outputs[j])) continue;
    live.push_back(outputs[j]);
    seeds.push_back(grads.dout(static_cast<int>(j)));
  }
  const Tensors found = gradients(live, wanted, seeds, {.retainGraph = createGraph, .createGraph = createGraph});
  size_t next = 0;
  for (size_t i = 0; i < node->inputs.size(); ++i) {
    const int input = static_cast<int>(i);
    if (node->inputs[i].saved.value.defined() && grads.needs(input)) grads.set(input, found[next++]);
  }
}

}  // namespace

Tensors inputGradients(const Ref<Node>& node, Tensors douts, std::vector<bool> needs) {
  NodeGradCall call(node, std::move(douts), std::move(needs));
  if (node->call.op->gradient) {
    node->call.op->gradient(call);
  } else {
    gradientThroughExpansion(call, node);
  }
  for (size_t i = 0; i < call.gradients.size(); ++i) {
    // A rule may leave a gradient in the shape that its input was broadcast to.
    Tensor& gradient = call.gradients[i];
    if (gradient.defined()) gradient = sumTo(gradient, node->inputs[i].spec.shape);
  }
  return std::move(call.gradients);
}

}  // namespace anneal
