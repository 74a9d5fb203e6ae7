// The kernels of one instruction-set level, one a family, each defined in the file of its name.
#pragma once
#include "core/kernels.h"

namespace anneal::ANNEAL_LEVEL {

void pointwise(const PointwiseArgs& args);
void copy(const CopyArgs& args);
void fill(const FillArgs& args);
void random(const RandomArgs& args);
void reduce(const ReduceArgs& args);
void matmul(const MatmulArgs& args);
size_t packSize(const MatmulArgs& args);
void packOperand(const PackArgs& args);
void softmax(const SoftmaxArgs& args);
void crossEntropy(const CrossEntropyArgs& args);
void index(const IndexArgs& args);
void optimizer(const OptimizerArgs& args);

// A pointwise operator on contiguous pieces: out[i] = f(in[0][i], in[1][i], ...) for i in [0, n). out may be one of the
// inputs when its elements are as wide.
using TileFunction = void (*)(void* out, const void* const* in, int64_t n, const double* params);

// Null where the operator does not exist for the dtype.
TileFunction tileFunction(PointwiseOp op, DType dtype);

}  // namespace anneal::ANNEAL_LEVEL
