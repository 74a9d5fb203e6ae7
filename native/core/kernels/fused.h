// Pointwise operators and row reductions in one pass; registers are tiles in the L1 cache.
//
// A program in single assignment: a register is an input or the `out` of one step, which comes before those that read it.
// The arrays that the record points to belong to the compiled program and outlive the call. No dimension is 0.
//
// An output may lie exactly where a dense input of the same element size does, if that input is read by no step after the
// one that computes the output's register. Outputs overlap nothing else.
#pragma once
#include "core/kernels/pointwise.h"
#include "core/kernels/reduce.h"

namespace anneal {

constexpr int kFusedInputs = 32;
constexpr int kFusedOutputs = 32;
constexpr int kFusedSteps = 64;
constexpr int kFusedRegisters = kFusedInputs + kFusedSteps;
constexpr int64_t kFusedRow = 16384;  // longest last dimension of a program that reduces
constexpr int kFusedPlanBytes = 28 * 1024;

enum class FusedKind : uint8_t {
  Pointwise,
  Cast,
  Reduce,  // over the last dimension; `out` has one value per row, which later steps take as broadcast along the row
};
struct FusedStep {
  FusedKind kind;
  PointwiseOp op;   // Pointwise
  ReduceOp reduce;  // Reduce: Sum, Mean, Max, Min, Variance, Std, as `reduce` takes them
  DType dtype;      // computed on: that of the inputs (Where: of the last two)
  DType to;         // Cast
  uint16_t in[3];   // registers
  uint16_t out;
  double params[kPointwiseParams];  // of the operator; Reduce: the correction
};
struct FusedOperand {  // what is read into a register, or written from it
  void* data;
  DType dtype;
  uint16_t reg;
  bool row;                // outputs: one value per row, dense over the shape without its last dimension
  int64_t strides[kRank];  // inputs: 0 where broadcast. Other outputs are dense over the shape
};

struct FusedArgs {
  uint8_t rank;
  int64_t shape[kRank];
  int inputCount, outputCount, stepCount, registers;
  FusedOperand* inputs;
  FusedOperand* outputs;
  const FusedStep* steps;
  // Zeroed memory of kFusedPlanBytes, aligned for pointers, that goes with the arrays; or null. The first call leaves there
  // what it finds out about the program, and the later ones, which may differ from it in data pointers only and do not
  // overlap, are spared that.
  void* plan;

  template <class F>
  void pointers(F&& f) {
    for (int i = 0; i < inputCount; ++i) {
      f(inputs[i].data, Role::Read, stridedExtent(inputs[i].dtype, rank, shape, inputs[i].strides));
    }
    for (int i = 0; i < outputCount; ++i) {
      const int64_t count = elements(shape, outputs[i].row ? rank - 1 : rank);
      f(outputs[i].data, Role::Write, denseExtent(outputs[i].dtype, count));
    }
  }
  template <class F>
  void dynamicFields(F&&) {}
  template <class L>
  void label(L&& l) const {
    l.dims(shape, rank);
  }
  double flops() const { return static_cast<double>(elements(shape, rank)) * stepCount; }
};

}  // namespace anneal
