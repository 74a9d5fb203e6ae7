// A function's kernels and buffers as they are written down while it runs once without computing anything.
#pragma once
#include <map>
#include <optional>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "autograd/tape.h"
#include "compile/kernel.h"
#include "core/context.h"
#include "core/tensor.h"

namespace anneal {

// What a traced function works on itself, where nothing may stand for it: memory that several tensors share and the function
// writes, tensors that are both arguments and captured.
struct Bound {
  std::unordered_set<const Storage*> memory;
  std::unordered_set<const TensorImpl*> tensors;
  bool literals = false;  // tensors made of the caller's values are made anew by every run
  size_t size() const { return memory.size() + tensors.size() + (literals ? 1 : 0); }
};

class Trace : public Capture {
 public:
  explicit Trace(Bound bound = {});
  ~Trace() override;  // frees the graphs from outside that backward has run through
  Trace(const Trace&) = delete;
  Trace& operator=(const Trace&) = delete;

  void append(const char* op, const KernelArgs& args) override;
  void* reserve(size_t bytes) override;
  void hold(const Tensor& tensor) override;
  void reach(const Tensor& tensor) override;
  Tensor& number(DType dtype, double value) override;
  Tensor readGrad(const Tensor& leaf, const Tensor& present) override;
  void writeGrad(const Tensor& leaf, const Tensor& grad) override;
  bool isSpent(const Node& node) const override;
  bool mayFree(Node& node, bool frees) override;
  void meetLeaf(const Tensor& leaf, uint64_t oldest) override;

  // An argument, which the function sees as `stand`: dense memory that every run is given; or, where it is bound, an alias of the
  // tensor, or that tensor itself.
  struct Input {
    Tensor stand;
    bool requiresGrad, leaf;
    bool bound, itself;
    std::shared_ptr<HookList> hooks;  // where it requires a gradient: the tensor's, with its version before the trace
    uint64_t hookVersion;
  };
  // For a tensor like `like`, of that shape.
  const Input& input(const Tensor& like, const Dims& shape);
  // A tensor just made of the caller's values.
  Tensor literal(const Tensor& values);
  // What has to be bound, too, for these arguments: the function must be traced again if that is more than `bound`.
  Bound conflicts(const Tensors& given, const Tensors& outputs) const;
  // Throws for what it must not do with these inputs, once there are no conflicts.
  void check() const;
  // The function will be traced again: leaves the graphs from outside as they are.
  void keepGraphs() { spent_.clear(); }
  bool spendsGraphs() const { return !spent_.empty(); }

  // What the function did to the gradient of a leaf.
  struct Grad {
    Tensor leaf;
    bool consulted = false;  // read before it was set: every run must find it defined, or undefined, as it was here
    Tensor before;           // stands for it, if it was defined; an alias where it is bound
    Tensor present;          // that one, if it was defined
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
  std::vector<size_t> buffers;  // bytes, by number
  const Bound bound;
  std::vector<Input> inputs;
  std::vector<Tensor> held;  // with memory of their own
  std::vector<Reached> reached;
  std::vector<Tensor> results;  // of recorded operators from outside, that the function has met
  // A recorded operator from outside that backward has run through without freeing it.
  struct Passed {
    Ref<Node> node;
    uint64_t hooks;  // version
  };
  std::vector<Passed> passed;
  std::vector<Grad> grads;  // in the order in which leaves were first met
  // The dynamic values of the kernels, in order, as they are now.
  struct DynamicValue {
    const char* name;
    double value;
  };
  std::vector<DynamicValue> dynamicValues;

 private:
  Grad& gradOf(const Tensor& leaf);
  std::map<std::pair<DType, uint64_t>, Tensor> numbers_;  // by dtype and bits
  std::unordered_set<const Storage*> known_;              // of those held
  std::unordered_set<const TensorImpl*> met_;         // of those reached, and of results: several may share a storage
  const uint64_t firstNode_;                          // of the operators that it records
  std::unordered_map<const Node*, Ref<Node>> spent_;  // from outside, to be freed
  std::unordered_set<const TensorImpl*> graphs_;      // inputs that stand for results of recorded operators
  bool leavesFunction_ = false;                       // a gradient goes on beyond one of those
  std::unordered_set<const Storage*> literals_;
  std::unordered_map<const TensorImpl*, size_t> gradAt_;
};

}  // namespace anneal
