// A function's kernels and buffers as they are written down while it runs once without computing anything.
#pragma once
#include <map>
#include <optional>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "compile/kernel.h"
#include "core/context.h"
#include "core/tensor.h"

namespace anneal {

class Trace : public Capture {
 public:
  Trace();
  Trace(const Trace&) = delete;
  Trace& operator=(const Trace&) = delete;

  void append(const char* op, const KernelArgs& args) override;
  void* reserve(size_t bytes) override;
  void hold(const Tensor& tensor) override;
  void reach(const Tensor& tensor) override;
  Tensor& number(DType dtype, double value) override;
  Tensor readGrad(const Tensor& leaf, const Tensor& present) override;
  void writeGrad(const Tensor& leaf, const Tensor& grad) override;

  // A tensor that stands for one given at every run; dense.
  Tensor input(const TensorSpec& spec, Device device, bool requiresGrad);

  // What the function did to the gradient of a leaf.
  struct Grad {
    Tensor leaf;
    bool consulted = false;  // read before it was set: every run must find it defined, or undefined, as it was here
    Tensor before;           // stands for it, if it was defined
    bool written = false;
    Tensor after;  // the last one set; undefined where it was cleared
  };

  // A leaf with memory that the function has met, and what it was then.
  struct Reached {
    Tensor tensor;
    bool requiresGrad;
    uint64_t hooks;  // version
  };

  std::optional<Device> device;  // of all its tensors
  std::vector<Kernel> kernels;
  std::vector<size_t> buffers;  // bytes, by number from firstBuffer
  uint32_t firstBuffer;
  std::vector<Tensor> inputs;
  std::vector<Tensor> held;  // with memory of their own
  std::vector<Reached> reached;
  std::vector<Grad> grads;  // in the order in which leaves were first met
  // The live values of the kernels, in order, as they are now.
  struct Live {
    const char* name;
    double value;
  };
  std::vector<Live> lives;

 private:
  Grad& gradOf(const Tensor& leaf);
  std::map<std::pair<DType, uint64_t>, Tensor> numbers_;  // by dtype and bits
  std::unordered_set<const Storage*> known_;              // of those held
  std::unordered_set<const TensorImpl*> met_;             // of those reached: several may share a storage
  std::unordered_map<const TensorImpl*, size_t> gradAt_;
};

}  // namespace anneal
