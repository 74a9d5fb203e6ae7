// The kernels of one instruction-set level, one a family, each defined in the file of its name.
#pragma once
#include "core/kernels.h"

namespace anneal::ANNEAL_LEVEL {

void pointwise(const PointwiseArgs& args);
void fused(const FusedArgs& args);
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

}  // namespace anneal::ANNEAL_LEVEL
