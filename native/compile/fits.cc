// Whether a program may run: what the engine knows of its inputs and of the tensors that it met is as it was in the trace.
#include <algorithm>

#include "autograd/tape.h"
#include "compile/program.h"

namespace anneal {

bool Program::fitsGradFlags() const {
  const uint64_t changes = context().gradChanges;
  if (changes == gradChanges_) return true;
  const bool fits = std::all_of(reached_.begin(), reached_.end(), [](const Trace::Reached& reached) {
    return requiresGrad(reached.tensor) == reached.requiresGrad && hookVersion(reached.tensor) == reached.hooks;
  });
  if (fits) gradChanges_ = changes;
  return fits;
}

bool Program::fitsMemory(const Input& input, const Tensor& tensor) const {
  if (tensor.dtype() != input.spec.dtype || !(tensor.shape() == input.spec.shape)) return false;
  const Storage* storage = &tensor.storage();
  if (input.bound.defined()) {
    return storage == &input.bound.storage() && tensor.offset() == input.bound.offset() &&
           tensor.strides() == input.bound.strides();
  }
  if ((input.written || input.viewed) && !tensor.contiguous()) return false;
  return !storage->writtenByPrograms() || std::find(changed_.begin(), changed_.end(), storage) == changed_.end();
}

bool Program::fitsRecording(const Recorded& recorded, const Input& input, const Tensor& tensor) const {
  if (requiresGrad(tensor) != recorded.requiresGrad) return false;
  if (recorded.itself) return tensor == input.bound;
  if (!recorded.requiresGrad) return true;
  if (isLeaf(tensor) != recorded.leaf) return false;
  const GradMeta* meta = gradMeta(tensor);
  const bool hadHooks = !recorded.hooks->hooks.empty();
  if (meta->hooks == recorded.hooks ? recorded.hooks->version != recorded.hookVersion
                                    : hadHooks || (meta->hooks && !meta->hooks->hooks.empty())) {
    return false;
  }
  // A tensor that it has met is no argument for another to stand for.
  const auto isTensor = [&](const Tensor& met) { return met == tensor; };
  return std::none_of(resultsMet_.begin(), resultsMet_.end(), isTensor) &&
         std::none_of(reached_.begin(), reached_.end(),
                      [&](const Trace::Reached& reached) { return isTensor(reached.tensor); });
}

// Whether nothing else leads to the memory of an input that is written.
bool Program::sharesNothing(size_t written, const Tensors& inputs) const {
  const Storage* storage = &inputs[written].storage();
  for (size_t i = 0; i < inputs.size(); ++i) {
    if (i != written && &inputs[i].storage() == storage) return false;
  }
  return std::none_of(held_.begin(), held_.end(), [&](const Tensor& tensor) { return &tensor.storage() == storage; });
}

Tensors Program::withGradients(const Tensors& inputs) const {
  Tensors all = inputs;
  for (const Leaf& leaf : leaves_) {
    if (leaf.defined) all.push_back(anneal::gradOf(leaf.leaf));
  }
  return all;
}

bool Program::fits(const Tensors& inputs) const {
  if (inputs.size() != recorded_.size() || isSpent_) return false;
  for (size_t i = 0; i < inputs.size(); ++i) {
    if (!fitsMemory(inputs_[i], inputs[i]) || !fitsRecording(recorded_[i], inputs_[i], inputs[i])) return false;
  }
  if (!fitsGradFlags()) return false;
  size_t at = recorded_.size();
  bool writesInputs = false;
  for (const Leaf& leaf : leaves_) {
    if (!leaf.consulted) continue;
    const Tensor grad = anneal::gradOf(leaf.leaf);
    if (grad.defined() != leaf.defined || (leaf.defined && !fitsMemory(inputs_[at++], grad))) return false;
  }
  for (const Input& input : inputs_) writesInputs = writesInputs || input.written;
  if (writesInputs) {
    const Tensors all = withGradients(inputs);
    for (size_t i = 0; i < all.size(); ++i) {
      if (inputs_[i].written && !sharesNothing(i, all)) return false;
    }
  }
  return std::all_of(passed_.begin(), passed_.end(), [](const Trace::Passed& passed) {
    return passed.node->isCurrent() && passed.node->hookVersion() == passed.hooks;
  });
}

}  // namespace anneal
