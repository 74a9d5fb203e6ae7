// The kernels of a GPU, one function per family, each defined in the file of its family. They append to the queue and return; arguments
// that are not device memory may change then.
#pragma once
#include "core/kernels.h"
#include "runtime/queue.h"

namespace anneal::device {

void pointwise(CudaQueue& queue, const PointwiseArgs& args);
void copy(CudaQueue& queue, const CopyArgs& args);
void fill(CudaQueue& queue, const FillArgs& args);
void random(CudaQueue& queue, const RandomArgs& args);
void reduce(CudaQueue& queue, const ReduceArgs& args);
void matmul(CudaQueue& queue, const MatmulArgs& args);
void softmax(CudaQueue& queue, const SoftmaxArgs& args);
void crossEntropy(CudaQueue& queue, const CrossEntropyArgs& args);
void index(CudaQueue& queue, const IndexArgs& args);
void scan(CudaQueue& queue, const ScanArgs& args);
void sgd(CudaQueue& queue, const SgdArgs& args);
void adam(CudaQueue& queue, const AdamArgs& args);

// Replaces each of `values` by the sum of those up to it.
void cumsum(CudaQueue& queue, int64_t* values, int64_t size);

}  // namespace anneal::device
