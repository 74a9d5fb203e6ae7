#include "autograd/tape.h"

#include <algorithm>

namespace anneal {

namespace {

std::atomic<uint64_t> nextId{1};
std::atomic<bool> anyHooks{false};

// Nodes are freed by a loop: a chain of a million operators must not recurse a million times.
thread_local std::vector<Node*> doomed;
thread_local bool freeing = false;

Saved save(const Tensor& tensor) { return {tensor, tensor.storage().version()}; }

// Before requiresGrad or hooks change: a trace wants to know what they were.
void noteChange(const Tensor& tensor) {
  Context& now = context();
  if (now.capture && !tensor.storage().traced()) now.capture->reach(tensor);
  ++now.gradChanges;
}

class TapeRecorder : public Recorder {
 public:
  bool wants(const Call& call) const override {
    return std::any_of(call.inputs.begin(), call.inputs.end(),
                       [](const Tensor& t) { return t.defined() && requiresGrad(t); });
  }

  void record(const Call& call, Tensors& outputs) override {
    Ref<Node> node(new Node);
    node->id = nextId.fetch_add(1, std::memory_order_relaxed);
    node->call.op = call.op;
    node->call.attrs = call.attrs;
    node->call.device = call.device;
    // An operator without a rule of its own is differentiated through its composition, which needs all inputs.
    const uint32_t saves = call.op->gradient ? call.op->saves : kSaveAllInputs;
    node->inputs.resize(call.inputs.size());
    for (size_t i = 0; i < call.inputs.size(); ++i) {
      const Tensor& tensor = call.inputs[i];
      if (!tensor.defined()) continue;
      NodeInput& input = node->inputs[i];
      input.spec = tensor.spec();
      input.edge = edgeOf(tensor);
      // The last of the sixteen bits stands for itself and all that follow (lists).
      if (saves & saveIn(static_cast<int>(std::min<size_t>(i, 15)))) input.saved = save(tensor);
    }
    node->outputs.resize(outputs.size());
    for (size_t j = 0; j < outputs.size(); ++j) {
      // An alias, since the output itself holds the node: a cycle would never be freed.
      if (j < 16 && (saves & saveOut(static_cast<int>(j)))) node->outputs[j].saved = save(outputs[j].alias());
      if (!isFloating(outputs[j].dtype())) continue;
      GradMeta& meta = ensureGradMeta(outputs[j]);
      meta.node = node;
      meta.output = static_cast<int>(j);
    }
  }
};

}  // namespace

void destroy(Node* node) {
  doomed.push_back(node);
  if (freeing) return;
  freeing = true;
  while (!doomed.empty()) {
    Node* next = doomed.back();
    doomed.pop_back();
    delete next;
  }
  freeing = false;
}

void Node::free() {
  freed = true;
  for (NodeInput& input : inputs) input.saved = {};
  for (NodeOutput& output : outputs) {
    output.saved = {};
    // They cannot run again. A hook may keep its own tensor alive, by what its function or a neighbour of that mentions.
    if (output.hooks) output.hooks->hooks.clear();
  }
}

bool Node::isCurrent() const {
  const auto fits = [](const Saved& saved) {
    return !saved.value.defined() || saved.value.storage().version() == saved.version;
  };
  return !freed &&
         std::all_of(inputs.begin(), inputs.end(), [&](const NodeInput& input) { return fits(input.saved); }) &&
         std::all_of(outputs.begin(), outputs.end(), [&](const NodeOutput& output) { return fits(output.saved); });
}

uint64_t Node::hookVersion() const {
  uint64_t sum = 0;
  for (const NodeOutput& output : outputs) sum += output.hooks ? output.hooks->version : 0;
  return sum;
}

GradMeta* gradMeta(const Tensor& tensor) { return static_cast<GradMeta*>(tensor.impl()->autograd.get()); }

GradMeta& ensureGradMeta(const Tensor& tensor) {
  if (!tensor.impl()->autograd) tensor.impl()->autograd = std::make_unique<GradMeta>();
  return *gradMeta(tensor);
}

bool requiresGrad(const Tensor& tensor) {
  const GradMeta* meta = gradMeta(tensor);
  return meta && (meta->requiresGrad || meta->node);
}

bool isLeaf(const Tensor& tensor) {
  const GradMeta* meta = gradMeta(tensor);
  return !meta || !meta->node;
}

void setRequiresGrad(const Tensor& tensor, bool value) {
  if (!isLeaf(tensor)) {
    if (value) return;
    fail(ErrorKind::Autograd, "[requiresGrad] the result of an operator cannot be switched off; use detach()");
  }
  if (value && !isFloating(tensor.dtype())) {
    fail(ErrorKind::DType, "[requiresGrad] only floating tensors can require a gradient, and this one is %s",
         nameOf(tensor.dtype()));
  }
  noteChange(tensor);
  if (value || gradMeta(tensor)) ensureGradMeta(tensor).requiresGrad = value;
}

Tensor gradOf(const Tensor& tensor) {
  const GradMeta* meta = gradMeta(tensor);
  Tensor grad = meta ? meta->grad : Tensor();
  Capture* capture = context().capture;
  return capture && meta && !tensor.storage().traced() ? capture->readGrad(tensor, grad) : grad;
}

void checkSameDevice(const char* op, const Tensor& gradient, const Tensor& tensor) {
  if (gradient.device() == tensor.device()) return;
  fail(ErrorKind::Device, "[%s] a gradient on %s is given for a tensor on %s; move it with .to('%s')", op,
       nameOf(gradient.device()), nameOf(tensor.device()), nameOf(tensor.device()));
}

void setGrad(const Tensor& tensor, Tensor grad) {
  if (grad.defined()) checkSameDevice("grad", grad, tensor);
  if (grad.defined() && (!(grad.shape() == tensor.shape()) || grad.dtype() != tensor.dtype())) {
    fail(ErrorKind::Shape, "[grad] a gradient of %s %s does not fit a tensor of %s %s", nameOf(grad.dtype()),
         grad.shape().str().c_str(), nameOf(tensor.dtype()), tensor.shape().str().c_str());
  }
  Capture* capture = context().capture;
  if (grad.defined() && grad.storage().traced() && !(capture && grad.storage().trace() == capture->serial)) {
    fail(ErrorKind::Argument,
         "[grad] a tensor made while a function was traced has no values outside; return it from the function");
  }
  if (capture && !tensor.storage().traced()) return capture->writeGrad(tensor, grad);
  if (grad.defined()) {
    ensureGradMeta(tensor).grad = std::move(grad);
  } else if (GradMeta* meta = gradMeta(tensor)) {
    meta->grad = Tensor();
  }
}

bool hooksExist() { return anyHooks.load(std::memory_order_relaxed); }

uint64_t addHook(const Tensor& tensor, Hook hook) {
  if (!requiresGrad(tensor)) fail(ErrorKind::Autograd, "[registerHook] the tensor does not require a gradient");
  noteChange(tensor);
  anyHooks.store(true, std::memory_order_relaxed);
  const std::shared_ptr<HookList>& list = hookList(tensor);
  ++list->version;
  const uint64_t id = list->next++;
  list->hooks.emplace_back(id, std::move(hook));
  return id;
}

const std::shared_ptr<HookList>& hookList(const Tensor& tensor) {
  GradMeta& meta = ensureGradMeta(tensor);
  if (!meta.hooks) meta.hooks = std::make_shared<HookList>();
  // The node keeps them too: the gradient passes through it even when the user has let the tensor go.
  if (meta.node) meta.node->outputs[meta.output].hooks = meta.hooks;
  return meta.hooks;
}

void removeHook(const Tensor& tensor, uint64_t id) {
  const GradMeta* meta = gradMeta(tensor);
  if (!meta || !meta->hooks) return;
  noteChange(tensor);
  ++meta->hooks->version;
  std::erase_if(meta->hooks->hooks, [id](const auto& entry) { return entry.first == id; });
}

uint64_t hookVersion(const Tensor& tensor) {
  const GradMeta* meta = gradMeta(tensor);
  return meta && meta->hooks ? meta->hooks->version : 0;
}

Edge edgeOf(const Tensor& tensor) {
  const GradMeta* meta = gradMeta(tensor);
  if (!meta) return {};
  if (meta->node) return {meta->node, meta->output, {}};
  if (meta->requiresGrad) return {{}, 0, tensor};
  return {};
}

uint64_t nextNodeId() { return nextId.load(std::memory_order_relaxed); }

Recorder* tapeRecorder() {
  static TapeRecorder recorder;
  return &recorder;
}

}  // namespace anneal
