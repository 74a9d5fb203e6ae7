// What has to be bound in a trace: arguments and gradients that nothing may stand for, because the function writes their memory and
// also reaches it another way, or because it has met the same tensor as a captured one. And whether its literals, which are constants
// otherwise, have to be made anew by every run, because it writes them or gives them away.
#include <map>

#include "compile/trace.h"

namespace anneal {

namespace {

// A tensor with memory, and the buffer that stands for it.
struct Stand {
  uint32_t buffer;
  const Tensor* tensor;
};

}  // namespace

Bound Trace::conflicts(const Tensors& given, const Tensors& outputs) const {
  Bound result = bound;
  std::vector<Stand> stands;
  std::unordered_map<const Storage*, int> sharers;  // how many ways there are to the same memory
  for (size_t i = 0; i < inputs.size(); ++i) {
    const Input& input = inputs[i];
    if (input.requiresGrad && met_.contains(given[i].impl())) result.tensors.insert(given[i].impl());
    if (input.bound) continue;
    stands.push_back({tracedBuffer(input.stand.storage().data()), &given[i]});
    ++sharers[&given[i].storage()];
  }
  for (const Grad& grad : grads) {
    if (!grad.before.defined() || !grad.before.storage().traced()) continue;
    stands.push_back({tracedBuffer(grad.before.storage().data()), &grad.present});
    ++sharers[&grad.present.storage()];
  }
  std::map<const char*, const Storage*> memory;
  for (const Tensor& tensor : held) {
    const Storage& storage = tensor.storage();
    memory.emplace(static_cast<const char*>(storage.data()), &storage);
    ++sharers[&storage];
  }
  std::unordered_set<const Storage*> written;
  std::unordered_set<uint32_t> writtenBuffers;
  for (const Kernel& kernel : kernels) {
    kernel.forPointers([&](const void* p, Role role, const Extent&) {
      if (!writes(role)) return;
      if (isTraced(p)) {
        writtenBuffers.insert(tracedBuffer(p));
        return;
      }
      const auto after = memory.upper_bound(static_cast<const char*>(p));
      if (after != memory.begin()) written.insert(std::prev(after)->second);
    });
  }
  // A result that is a view of an argument which is not dense must be one of the argument itself, not of the copy a run reads.
  std::unordered_set<uint32_t> viewed;
  const auto view = [&](const Tensor& tensor) {
    if (!tensor.defined()) return;
    const Storage& storage = tensor.storage();
    if (storage.traced()) viewed.insert(tracedBuffer(storage.data()));
    result.literals = result.literals || literals_.contains(&storage);
  };
  for (const Tensor& output : outputs) view(output);
  for (const Grad& grad : grads) view(grad.after);
  for (const Storage* storage : written) result.literals = result.literals || literals_.contains(storage);
  // What a single tensor leads to is written where it lies, if that is dense.
  for (const Stand& stand : stands) {
    const Storage* storage = &stand.tensor->storage();
    const bool alone = stand.tensor->contiguous() && sharers[storage] == 1;
    if (writtenBuffers.contains(stand.buffer) && !alone) written.insert(storage);
    if (viewed.contains(stand.buffer) && !stand.tensor->contiguous()) result.memory.insert(storage);
  }
  for (const Stand& stand : stands) {
    const Storage* storage = &stand.tensor->storage();
    if (written.contains(storage)) result.memory.insert(storage);
  }
  return result;
}

}  // namespace anneal
