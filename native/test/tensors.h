// Tensors in native tests: from values and back, and a caller's context with a tape.
#pragma once
#include <algorithm>
#include <vector>

#include "autograd/tape.h"
#include "core/context.h"
#include "ops/functional.h"

namespace anneal::test {

// What an environment of JavaScript's is to the engine.
class Caller {
 public:
  Caller() {
    context_.recorder = tapeRecorder();
    setContext(&context_);
  }
  ~Caller() { setContext(nullptr); }
  Caller(const Caller&) = delete;
  Caller& operator=(const Caller&) = delete;
  Context& context() { return context_; }

 private:
  Context context_;
};

inline Tensor floats(const Dims& shape, const std::vector<float>& values) {
  Tensor tensor = Tensor::empty({DType::Float32, shape}, Device::CPU, Allocator::Use::HostWrite);
  std::copy(values.begin(), values.end(), static_cast<float*>(tensor.data()));
  return tensor;
}

inline Tensor integers(const Dims& shape, const std::vector<int64_t>& values) {
  Tensor tensor = Tensor::empty({DType::Int64, shape}, Device::CPU, Allocator::Use::HostWrite);
  std::copy(values.begin(), values.end(), static_cast<int64_t*>(tensor.data()));
  return tensor;
}

inline Tensor parameter(const Dims& shape, const std::vector<float>& values) {
  Tensor tensor = floats(shape, values);
  setRequiresGrad(tensor, true);
  return tensor;
}

// The elements in row-major order, when the stream has computed them. Throws the error of the kernel that failed if they are lost.
inline std::vector<float> read(const Tensor& tensor) {
  const GradMode off(false);
  const Tensor values = copyTo("read", tensor, DType::Float32);
  std::vector<float> result(static_cast<size_t>(values.size()));
  CopyArgs copy{};
  copy.from = copy.to = DType::Float32;
  copy.rank = 1;
  copy.shape[0] = values.size();
  copy.srcStrides[0] = copy.dstStrides[0] = 1;
  copy.src = values.data();
  copy.dst = result.data();
  FailureRef failure;
  const auto arrived = [](void* place, FailureRef found) { *static_cast<FailureRef*>(place) = std::move(found); };
  Stream& stream = *context().stream;
  stream.submitRead(backendOf(values.device()).copy, copy, {arrived, &failure});
  stream.wait(stream.submitted());
  if (failure) throw failure->error;
  return result;
}

inline float readOne(const Tensor& tensor) { return read(tensor).at(0); }

}  // namespace anneal::test
