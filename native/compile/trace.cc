#include "compile/trace.h"

#include <bit>

#include "core/error.h"
#include "ops/copy.h"

namespace anneal {

Trace::Trace(Bound bound) : bound(std::move(bound)), firstNode_(nextNodeId()) {}

Trace::~Trace() {
  for (const auto& [node, held] : spent_) held->free();
}

void Trace::append(const char* op, const KernelArgs& args) {
  Kernel& kernel = kernels.emplace_back(Kernel{op, op, args, {}, {}, {}, {}});
  if (OptimizerTable* table = kernel.optimizerTable()) {
    kernel.slots.assign(table->slot, table->slot + table->slots);
    table->slot = nullptr;
  }
  kernel.forDynamicFields([&](const char* name, const auto& field) {
    kernel.dynamicValues.push_back({name, dynamicValues.size()});
    dynamicValues.push_back({name, static_cast<double>(field)});
  });
}

void* Trace::reserve(size_t bytes) {
  const auto number = static_cast<uint32_t>(buffers.size());
  if (number >= kMaxBuffers || bytes >> kPlaceBits) {
    fail(ErrorKind::Argument, "[compile] the traced function makes too many tensors, or too large a one");
  }
  buffers.push_back(bytes);
  return tracedAddress(number);
}

void Trace::hold(const Tensor& tensor) {
  const Storage& storage = tensor.storage();
  if (!device) device = storage.device();
  if (*device != storage.device()) {
    fail(ErrorKind::Device, "[compile] a function is compiled for one device, and uses tensors on %s and on %s",
         nameOf(*device), nameOf(storage.device()));
  }
  if (!storage.traced()) {
    if (known_.insert(&storage).second) held.push_back(tensor);
    reach(tensor);
    return;
  }
  if (storage.trace() != serial) {
    fail(ErrorKind::Argument,
         "a tensor made while another function was traced has no values; return it from that function instead");
  }
}

void Trace::reach(const Tensor& tensor) {
  if (!met_.insert(tensor.impl()).second) return;
  if (isLeaf(tensor)) {
    reached.push_back({tensor, requiresGrad(tensor), hookVersion(tensor)});
  } else {
    results.push_back(tensor);
  }
}

Tensor& Trace::number(DType dtype, double value) { return numbers_[{dtype, std::bit_cast<uint64_t>(value)}]; }

const Trace::Input& Trace::input(const Tensor& like, const Dims& shape) {
  const bool itself = bound.tensors.contains(like.impl());
  const bool isBound = itself || bound.memory.contains(&like.storage());
  Input input{.stand = itself    ? like
                       : isBound ? like.alias()
                                 : Tensor::empty({like.dtype(), shape}, like.device()),
              .requiresGrad = anneal::requiresGrad(like),
              .leaf = isLeaf(like),
              .bound = isBound,
              .itself = itself,
              .hooks = {},
              .hookVersion = 0};
  if (input.requiresGrad && !itself) {
    GradMeta& meta = ensureGradMeta(input.stand);
    meta.requiresGrad = true;
    meta.hooks = input.hooks = hookList(like);
    input.hookVersion = input.hooks->version;
    if (!input.leaf) graphs_.insert(input.stand.impl());
  }
  if (isBound) hold(input.stand);
  return inputs.emplace_back(std::move(input));
}

Tensor Trace::literal(const Tensor& values) {
  literals_.insert(&values.storage());
  if (!bound.literals) return values;
  hold(values);
  return copyTo("tensor", values, values.dtype());
}

Trace::Grad& Trace::gradOf(const Tensor& leaf) {
  const auto [at, isNew] = gradAt_.emplace(leaf.impl(), grads.size());
  if (isNew) grads.push_back({.leaf = leaf, .before = {}, .present = {}, .after = {}});
  return grads[at->second];
}

Tensor Trace::readGrad(const Tensor& leaf, const Tensor& present) {
  Grad& grad = gradOf(leaf);
  if (grad.written) return grad.after;
  if (!grad.consulted) {
    grad.consulted = true;
    grad.present = present;
    if (present.defined() && bound.memory.contains(&present.storage())) {
      grad.before = present.alias();
      hold(grad.before);
    } else if (present.defined()) {
      grad.before = Tensor::empty(present.spec(), present.device());
    }
  }
  return grad.before;
}

void Trace::writeGrad(const Tensor& leaf, const Tensor& value) {
  if (value.defined()) hold(value);
  Grad& grad = gradOf(leaf);
  grad.written = true;
  grad.after = value;
}

bool Trace::isSpent(const Node& node) const { return node.id < firstNode_ && spent_.contains(&node); }

bool Trace::mayFree(Node& node, bool frees) {
  if (node.id >= firstNode_) return frees;
  if (frees) {
    spent_.emplace(&node, Ref<Node>(&node));
  } else {
    passed.push_back({Ref<Node>(&node), node.hookVersion()});
  }
  return false;
}

void Trace::meetLeaf(const Tensor& leaf, uint64_t oldest) {
  leavesFunction_ = leavesFunction_ || (oldest < firstNode_ && graphs_.contains(leaf.impl()));
}

void Trace::check() const {
  if (!leavesFunction_) return;
  fail(ErrorKind::Autograd,
       "[grad] the gradient goes on into an argument of the function traced by compile, which is itself the result of "
       "a recorded operator: compute it inside of the function, or pass it as detach() gives it");
}

}  // namespace anneal
