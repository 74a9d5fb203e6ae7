#include "compile/trace.h"

#include <atomic>
#include <bit>

#include "autograd/tape.h"
#include "core/error.h"

namespace anneal {

namespace {

// Numbers of buffers go on from trace to trace, so that a tensor that was kept from an earlier one is told from ours.
std::atomic<uint32_t> nextBuffer{0};
constexpr uint32_t kMostInTrace = kMaxBuffers / 4;

}  // namespace

Trace::Trace() : firstBuffer(nextBuffer.fetch_add(kMostInTrace) % kMaxBuffers) {}

void Trace::append(const char* op, const KernelArgs& args) {
  Kernel& kernel = kernels.emplace_back(Kernel{op, op, args, {}, {}, {}, {}});
  if (OptimizerTable* table = kernel.optimizerTable()) {
    kernel.slots.assign(table->slot, table->slot + table->slots);
    table->slot = nullptr;
  }
  kernel.forLives([&](const char* name, const auto& field) {
    kernel.lives.push_back({name, lives.size()});
    lives.push_back({name, static_cast<double>(field)});
  });
}

void* Trace::reserve(size_t bytes) {
  const auto number = static_cast<uint32_t>(buffers.size());
  if (number >= kMostInTrace || bytes >> kPlaceBits) {
    fail(ErrorKind::Argument, "[compile] the traced function makes too many tensors, or too large a one");
  }
  buffers.push_back(bytes);
  return tracedAddress(firstBuffer + number);
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
  if (tracedBuffer(storage.data()) - firstBuffer >= buffers.size()) {
    fail(ErrorKind::Argument,
         "a tensor made while another function was traced has no values; return it from that function instead");
  }
}

// Results are left out: their requiresGrad is settled, and they would keep the graph of the trace.
void Trace::reach(const Tensor& tensor) {
  if (!isLeaf(tensor) || !met_.insert(tensor.impl()).second) return;
  reached.push_back({tensor, requiresGrad(tensor), hookVersion(tensor)});
}

Tensor& Trace::number(DType dtype, double value) { return numbers_[{dtype, std::bit_cast<uint64_t>(value)}]; }

Tensor Trace::input(const TensorSpec& spec, Device device, bool requiresGrad) {
  Tensor tensor = Tensor::empty(spec, device);
  if (requiresGrad) setRequiresGrad(tensor, true);
  inputs.push_back(tensor);
  return tensor;
}

Trace::Grad& Trace::gradOf(const Tensor& leaf) {
  const auto [at, isNew] = gradAt_.emplace(leaf.impl(), grads.size());
  if (isNew) grads.push_back({.leaf = leaf, .before = {}, .after = {}});
  return grads[at->second];
}

Tensor Trace::readGrad(const Tensor& leaf, const Tensor& present) {
  Grad& grad = gradOf(leaf);
  if (grad.written) return grad.after;
  if (!grad.consulted) {
    grad.consulted = true;
    if (present.defined()) grad.before = Tensor::empty(present.spec(), present.device());
  }
  return grad.before;
}

void Trace::writeGrad(const Tensor& leaf, const Tensor& value) {
  Grad& grad = gradOf(leaf);
  grad.written = true;
  grad.after = value;
}

}  // namespace anneal
