// What crosses from operators to kernels: plain argument records, one a family, and the backend's table of slots.
//
// Kernel files are compiled once for each instruction set, so this header holds no inline function and no standard
// library: the linker could otherwise keep an AVX copy of an inline function for a baseline caller.
//
// Strides are in elements. "Dense" means row-major without gaps. Pointers already include the view's offset. Records are
// copied into the stream's ring, so they own nothing; the stream's order keeps what they point to alive.
#pragma once
#include "core/dtype.h"

namespace anneal {

constexpr int kRank = 8;             // equals kMaxRank of core/shape.h
constexpr int kPointwiseInputs = 6;  // most inputs of a pointwise operator
constexpr int kPointwiseParams = 4;  // most scalar attributes of a pointwise operator

// ---- pointwise: out[i] = f(in0[i], in1[i], ...), one pass over memory --------------------------------------------
enum class PointwiseOp : uint16_t {
#define ANNEAL_POINTWISE(name, ...) name,
#include "formulas/pointwise.def"
#undef ANNEAL_POINTWISE
  Count
};

struct PointwiseArgs {
  PointwiseOp op;
  DType dtype;  // of the inputs that the formula computes on
  uint8_t inputs;
  uint8_t rank;  // after merging dimensions; 0 is a single element
  void* out;     // dense
  const void* in[kPointwiseInputs];
  double params[kPointwiseParams];
  // Last, because a launch leaves out what is not used of them: all of it for a single element.
  int64_t shape[kRank];
  int64_t strides[kPointwiseInputs][kRank];  // 0 where broadcast
};

// ---- copy: dst[i] = (dst dtype) src[i], both strided ----------------------------------------------------------------
struct CopyArgs {
  DType from, to;
  uint8_t rank;
  int64_t shape[kRank];
  const void* src;
  int64_t srcStrides[kRank];
  void* dst;
  int64_t dstStrides[kRank];
};

// ---- fill -----------------------------------------------------------------------------------------------------------
enum class FillOp : uint8_t {
  Constant,  // out[i] = start
  Range,     // out[i] = start + i * step, as float64, then converted
  Linspace,  // the same from start up and from end down, so that both are met exactly
  Eye,       // out[i, j] = i == j, with `columns` columns
};
struct FillArgs {
  FillOp op;
  DType dtype;
  int64_t count;
  int64_t columns;
  double start, step, end;
  void* out;
};

// ---- random: counter-based, element i of the call uses Philox counter offset + i / 4 ---------------------------------
enum class RandomOp : uint8_t {
  Uniform,      // a + (b - a) * u, u in [0, 1)
  Normal,       // mean a, standard deviation b (Box-Muller)
  Bernoulli,    // 1 with probability a, else 0
  Permutation,  // of 0..count-1, int64
  Dropout,      // out = in * mask / (1 - a), mask (bool) also written; a is the probability of zero
};
struct RandomArgs {
  RandomOp op;
  DType dtype;
  int64_t count;
  uint64_t seed, offset;
  double a, b;
  const void* in;  // Dropout: dense
  void* out;       // dense
  void* mask;      // Dropout: bool, dense
};

// ---- reduce: src is dense [outer, extent, inner], dst is dense [outer, inner] ------------------------------------------
enum class ReduceOp : uint8_t { Sum, Mean, Max, Min, Prod, ArgMax, ArgMin, Variance, Std };
struct ReduceArgs {
  ReduceOp op;
  DType dtype;  // of src; dst has the same, int64 for ArgMax/ArgMin. Integer sums are given int64 sources.
  int64_t outer, extent, inner;
  double correction;  // Variance, Std: divides by extent - correction
  const void* src;
  void* dst;
};

// ---- fused: pointwise operators and row reductions in one pass; registers are tiles in the L1 cache -------------------
// A program in single assignment: a register is an input or the `out` of one step, which comes before those that read it.
// The arrays that the record points to belong to the compiled program and outlive the call. No dimension is 0.
//
// An output may lie exactly where a dense input of the same element size does, if that input is read by no step after the
// one that computes the output's register. Outputs overlap nothing else.
constexpr int kFusedInputs = 32;
constexpr int kFusedOutputs = 32;
constexpr int kFusedSteps = 64;
constexpr int kFusedRegisters = kFusedInputs + kFusedSteps;
constexpr int64_t kFusedRow = 16384;  // longest last dimension of a program that reduces
constexpr int kFusedPlanBytes = 28 * 1024;

enum class FusedKind : uint8_t {
  Pointwise,
  Cast,
  Reduce,  // over the last dimension; `out` has one value a row, which later steps take as broadcast along the row
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
  bool row;                // outputs: one value a row, dense over the shape without its last dimension
  int64_t strides[kRank];  // inputs: 0 where broadcast. Other outputs are dense over the shape
};
struct FusedArgs {
  uint8_t rank;
  int64_t shape[kRank];
  int inputCount, outputCount, stepCount, registers;
  const FusedOperand* inputs;
  const FusedOperand* outputs;
  const FusedStep* steps;
  // Zeroed memory of kFusedPlanBytes, aligned for pointers, that goes with the arrays; or null. The first call leaves there
  // what it finds out about the program, and the later ones, which may differ from it in data pointers only and do not
  // overlap, are spared that.
  void* plan;
};

// ---- matmul: c = activation(alpha * a b + bias + residual, gate), each matrix of a batch --------------------------------
// Integers take bias and residual only.
constexpr int64_t kUncutDepthBytes = 3200;  // of k elements: beyond, sums are rounded to c part by part
struct MatmulArgs {
  DType dtype;  // Float32, Float64, Int32, Int64
  int64_t m, n, k;
  const void* a;
  int64_t aRow, aCol;  // any strides: transposition is a matter of strides
  const void* b;
  int64_t bRow, bCol;
  void* c;            // dense [batch..., m, n]
  uint8_t batchRank;  // 0: a single product
  int64_t batchShape[kRank];
  int64_t aBatch[kRank], bBatch[kRank];  // element strides of the batch dimensions, 0 where broadcast
  const void* bias;                      // n values added to every row, or null
  double alpha = 1;
  // c -= lr * (a b), a step of gradient descent, for k of at most kUncutDepthBytes; without bias, residual and activation.
  bool descends = false;
  double lr = 0;
  const void* residual = nullptr;               // dense like c, or c itself: the product is added to it
  PointwiseOp activation = PointwiseOp::Count;  // of one input, or of two, of which `gate` is the second; Count: none
  const void* gate = nullptr;                   // dense like c
  double params[kPointwiseParams] = {};         // of the activation
  void* rowSums = nullptr;                      // m values, sum over k of a[i, k]; with batchRank 0
  const void* packedB = nullptr;                // what packOperand made of b, for the same sizes and strides
};

// ---- packed operands: b of a product that is run often, laid out once as the kernel reads it ------------------------------
struct PackArgs {
  MatmulArgs product;
  void* packed;  // packSize bytes, 64-byte aligned
};

// ---- softmax: rows of [rows, extent], dense ----------------------------------------------------------------------------
enum class SoftmaxOp : uint8_t {
  Softmax,             // out [rows, extent]
  LogSoftmax,          // out [rows, extent]
  LogSumExp,           // out [rows]
  SoftmaxBackward,     // out = y * (dout - sum(dout * y))
  LogSoftmaxBackward,  // out = dout - exp(y) * sum(dout)
};
struct SoftmaxArgs {
  SoftmaxOp op;
  DType dtype;
  int64_t rows, extent;
  const void* in;    // x, or y of the forward pass
  const void* dout;  // backward only
  void* out;
};

// ---- losses over classes: logits (or log-probabilities) [rows, classes], dense ------------------------------------------
enum class Reduction : uint8_t { None, Mean, Sum };
struct CrossEntropyArgs {
  DType dtype;
  bool logits;    // true: crossEntropy of logits; false: nll of log-probabilities (no smoothing)
  bool backward;  // true: out = gradient of the loss by `in`, given dout
  Reduction reduction;
  int64_t rows, classes;
  double labelSmoothing;
  int64_t ignoreIndex;
  const void* in;
  const int64_t* index;  // [rows] class of each row, or null when `target` is given
  const void* target;    // [rows, classes] class probabilities, or null
  const void* weight;    // [classes], or null
  const void* dout;      // backward: scalar (Mean, Sum) or [rows] (None)
  void* out;             // forward: scalar or [rows]; backward: [rows, classes]
};

// ---- indexing ----------------------------------------------------------------------------------------------------------
// Dense [outer, extent, inner] tensors indexed along the middle. Every index is checked; a bad one fails with IndexError.
enum class IndexOp : uint8_t {
  Select,      // out[o, j, i] = src[o, index[j], i]              index [count]
  SelectAdd,   // out[o, index[j], i] += src[o, j, i]             index [count]; out is zeroed first, has `extent` rows
  Gather,      // out[o, j, i] = src[o, index[o, j, i], i]        index dense [outer, count, inner]
  ScatterAdd,  // out[o, index[o, j, i], i] += src[o, j, i]       out = copy of base first
  OneHot,      // out[o, index[o]] = 1, the rest 0                index [outer], out [outer, extent]
};
struct IndexArgs {
  IndexOp op;
  DType dtype;
  int64_t outer, extent, count, inner;  // extent: size of the indexed dimension; count: number of indices along it
  const void* src;
  const int64_t* index;
  const void* base;  // ScatterAdd: initial value of out, dense [outer, extent, inner]
  void* out;
  const char* name;  // the operator, for the error
};

// ---- optimizers: in place, one call for all parameters --------------------------------------------------------------------
struct OptimizerSlot {  // one parameter; all dense, of `dtype`, `count` elements
  void* param;
  const void* grad;
  void* state[3];  // SGD: momentum buffer; Adam: exp avg, exp avg sq, max exp avg sq; null where unused
  int64_t count;
  bool first;  // SGD: the momentum buffer is set rather than updated
};
enum class OptimizerOp : uint8_t { SGD, Adam };
struct OptimizerArgs {
  OptimizerOp op;
  DType dtype;
  bool nesterov, maximize, decoupled, amsgrad;  // decoupled: AdamW
  double lr, momentum, dampening, weightDecay, beta1, beta2, eps;
  int64_t step;  // Adam: from 1
  int64_t slots;
  OptimizerSlot* slot;  // in stream-ordered memory, like the tensors
};

// ---- the table ---------------------------------------------------------------------------------------------------------
// One slot a family. An empty slot gives "[op] is not implemented on <name>".
struct Backend {
  const char* name;
  void (*pointwise)(const PointwiseArgs&);
  void (*fused)(const FusedArgs&);
  void (*copy)(const CopyArgs&);
  void (*fill)(const FillArgs&);
  void (*random)(const RandomArgs&);
  void (*reduce)(const ReduceArgs&);
  void (*matmul)(const MatmulArgs&);
  size_t (*packSize)(const MatmulArgs&);  // bytes; 0 where b is read as well where it lies. Looks at no data.
  void (*packOperand)(const PackArgs&);
  void (*softmax)(const SoftmaxArgs&);
  void (*crossEntropy)(const CrossEntropyArgs&);
  void (*index)(const IndexArgs&);
  void (*optimizer)(const OptimizerArgs&);
};

}  // namespace anneal
