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
  ~Caller() {
    context_.client.cancelled = true;
    Stream::instance().wait(Stream::instance().submitted());
    setContext(nullptr);
  }
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

// The elements in row-major order, when the stream has computed them. Throws the error of a kernel that failed.
inline std::vector<float> read(const Tensor& tensor) {
  context().client.checkRan(tensor.storage().writtenBy());
  const GradMode off(false);
  const Tensor values = copyTo("read", tensor, DType::Float32);
  Stream::instance().synchronize(&context().client);
  const auto* data = static_cast<const float*>(values.data());
  return {data, data + values.size()};
}

inline float readOne(const Tensor& tensor) { return read(tensor).at(0); }

}  // namespace anneal::test
