// A compiled function: kernels with planned memory, replayed by one call.
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "compile/code.h"
#include "compile/explain.h"
#include "compile/graph.h"
#include "ops/operator.h"

namespace anneal {

// What the replays are given.
struct Replay {
  // How often the program runs. With `stacked`, tensors have a leading dimension of that size: iteration i of an input that
  // is `stepped` reads its part i, and every output holds the results of all iterations.
  int64_t iterations = 1;
  bool stacked = false;
  Tensors inputs;
  std::vector<bool> stepped;
  // The bits of the dynamic values, in the order of the trace, and what each gains from iteration to iteration.
  std::vector<uint64_t> dynamicValues;
  std::vector<uint64_t> increments;
  Tensor gate;  // may be undefined; see Code::Run
};

class Program {
 public:
  // `outputs` are what the traced function returns: results, views of inputs, or tensors that were there before.
  Program(Trace&& trace, const Tensors& outputs);
  ~Program();
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;

  // Whether the inputs are like those that the function was traced with, and share memory with nothing that they did not; the
  // gradients that it met are there, or missing, as they were then; and the tensors that it met require gradients, have hooks and
  // are results of operators as they were.
  bool fits(const Tensors& inputs) const;

  // Submits the kernels; returns the outputs, and sets the gradients of leaves. To be called where it fits.
  Tensors run(const Replay& replay);

  // Whether several iterations can run in a row: a run leaves requiresGrad as it finds it, and is no matter of single tensors.
  bool repeats() const;
  // The dynamic values as they were traced.
  const std::vector<uint64_t>& dynamicValues() const { return dynamicValues_; }
  // The kernels as they were traced and as they run, with bytes and floating-point operations.
  std::string explain() const;

 private:
  // A tensor that a run hands out.
  struct Result {
    enum Kind { Made, Given, Kept } kind;  // by the run; an input of it; there before
    int index;                             // among the run's outputs or inputs
    Ref<Storage> storage;                  // Kept
    TensorSpec spec;
    Dims strides;
    int64_t offset;
  };
  // What a run is given: an argument, or the gradient of a leaf.
  struct Input {
    TensorSpec spec;
    Tensor bound;          // it must be this one or an alias of it, if that is defined
    bool written = false;  // where it lies, which must be dense and shared with nothing
    bool viewed = false;   // by a result, and therefore dense
  };
  // Of an argument.
  struct Recorded {
    bool requiresGrad, leaf;
    bool itself;  // the very tensor that was bound
    std::shared_ptr<HookList> hooks;
    uint64_t hookVersion;
  };
  struct Leaf {
    Tensor leaf;
    bool consulted, defined;  // its gradient, before a run
    bool written, after;      // and what a run leaves: whether it sets one, or clears it
    Result gradient;
  };
  // Memory that every run makes.
  struct Output {
    size_t bytes;
    bool stacked;  // for each iteration apart
  };

  void takeInput(Graph& graph, const Tensor& stand, bool bound);
  void takeInputs(Graph& graph, const Trace& trace);
  void takeGradients(Graph& graph, const Trace& trace);
  void takeGradFlags(Trace& trace);
  Result resultOf(Graph& graph, const Tensor& tensor, bool stacked);
  void noteWrites(const Graph& graph);
  void packOperands(const Graph& graph);
  bool fitsMemory(const Input& input, const Tensor& tensor) const;
  bool fitsRecording(const Recorded& recorded, const Input& input, const Tensor& tensor) const;
  bool fitsGradFlags() const;
  bool sharesNothing(size_t written, const Tensors& inputs) const;
  Tensors withGradients(const Tensors& inputs) const;
  Tensor given(const Replay& replay, size_t i) const;
  std::vector<Ref<Storage>> reusableGradients() const;

  Stream* const stream_;
  uint64_t lastRun_ = 0;  // its place on the stream
  Device device_;
  std::vector<Input> inputs_;  // arguments, then gradients
  std::vector<Recorded> recorded_;
  std::vector<Result> results_;
  std::vector<Leaf> leaves_;
  std::vector<Trace::Reached> reached_;
  std::vector<Tensor> resultsMet_;  // of recorded operators from outside
  std::vector<Trace::Passed> passed_;
  bool spendsGraphs_, isSpent_ = false;         // it frees graphs from outside, and so runs once; it has run
  mutable uint64_t gradChanges_ = UINT64_MAX;   // of the context when `reached_` was last found as it was traced
  std::vector<std::pair<Tensor, bool>> flags_;  // requiresGrad that a run leaves changed
  std::vector<Output> outputs_;
  std::vector<Tensor> held_;  // memory from outside
  std::vector<Ref<Storage>> packed_;
  std::vector<Storage*> changed_;  // memory from outside that the program writes
  // Second operands of products that the program does not write, laid out as the kernel reads them.
  struct Pack {
    PackArgs args;
    const Storage* operand;
    uint32_t version;  // of the operand when it was packed
    size_t kernel;     // the product, by its place
  };
  std::vector<Pack> packs_;
  Ref<Storage> arena_;
  std::vector<uint64_t> dynamicValues_;
  std::unique_ptr<Code> code_;
  Listing before_, after_;
};

}  // namespace anneal
