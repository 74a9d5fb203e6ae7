#include "core/tensor.h"

#include <cmath>

#include "core/context.h"
#include "core/error.h"
#include "core/kernels.h"
#include "core/thread_local.h"

namespace anneal {

namespace {
ANNEAL_THREAD_LOCAL int64_t liveBytes = 0;
std::atomic<uint64_t> nextTrace{1};
}  // namespace

Capture::Capture() : serial(nextTrace.fetch_add(1, std::memory_order_relaxed)) {}

Storage::Storage(size_t bytes, Allocator::Use use, Device device) : bytes_(bytes), device_(device) {
  const Context& now = context();
  stream_ = now.stream;
  if (use == Allocator::Use::Kernels) {
    if (now.capture) {
      data_ = now.capture->reserve(bytes);
      trace_ = now.capture->serial;
      return;
    }
  }
  data_ = deviceStates[device.index].memory->allocate(bytes, use, *stream_);
  if (use == Allocator::Use::HostWrite && stream_->hasLost()) {
    stream_->submitForget(data_, static_cast<char*>(data_) + bytes);
  }
  liveBytes += static_cast<int64_t>(bytes);
}

Storage::~Storage() {
  if (traced()) return;
  liveBytes -= static_cast<int64_t>(bytes_);
  deviceStates[device_.index].memory->release(data_, bytes_, *stream_);
}

int64_t Storage::liveHere() { return liveBytes; }

void destroy(Storage* storage) { delete storage; }
void destroy(TensorImpl* impl) { delete impl; }

Tensor Tensor::empty(const TensorSpec& spec, Device device, Allocator::Use use) {
  const size_t bytes = static_cast<size_t>(numel(spec.shape)) * sizeOf(spec.dtype);
  return over(Ref<Storage>(new Storage(bytes, use, device)), spec, contiguousStrides(spec.shape), 0);
}

Tensor Tensor::over(Ref<Storage> storage, const TensorSpec& spec, const Dims& strides, int64_t offset) {
  return Tensor(new TensorImpl(spec, strides, offset, std::move(storage)));
}

Tensor Tensor::scalar(double value, Device device) {
  // A whole number counts as an integer, anything else as a float.
  const bool whole = std::trunc(value) == value && std::fabs(value) <= 9007199254740992.0;
  Tensor tensor(new TensorImpl(whole ? DType::Int64 : DType::Float32, device));
  tensor.impl()->weak = true;
  tensor.impl()->weakValue = value;
  return tensor;
}

namespace {

// By a kernel, where the host cannot write. It runs now, also while a function is traced.
void fillScalar(const Tensor& tensor, double value) {
  FillArgs args{};
  args.op = FillOp::Constant;
  args.dtype = tensor.dtype();
  args.count = 1;
  args.start = value;
  // What wraps around in an integer type is that number for the kernel, which would saturate.
  const auto whole = static_cast<int64_t>(value);
  if (tensor.dtype() == DType::UInt8) args.start = static_cast<uint8_t>(whole);
  if (tensor.dtype() == DType::Int32) args.start = static_cast<int32_t>(whole);
  args.out = tensor.data();
  context().stream->submit(backendOf(tensor.device()).fill, args);
}

}  // namespace

Tensor Tensor::materialize(DType dtype, bool wraps) const {
  const double value = impl_->weakValue;
  if (!holds(dtype, wraps ? std::fabs(value) : value) && !(wraps && holds(dtype, value))) {
    fail(ErrorKind::Argument, "the number %.17g does not fit %s, the dtype of the tensor next to it; cast that first",
         value, nameOf(dtype));
  }
  Capture* capture = context().capture;
  if (capture && capture->number(dtype, value).defined()) return capture->number(dtype, value);
  Tensor tensor = empty({dtype, {}}, device(), Allocator::Use::HostWrite);
  if (capture) capture->number(dtype, value) = tensor;
  if (!device().isCpu()) {
    fillScalar(tensor, value);
    return tensor;
  }
  void* data = tensor.data();
  switch (dtype) {
    case DType::Bool: *static_cast<bool*>(data) = value != 0; break;
    case DType::UInt8: *static_cast<uint8_t*>(data) = static_cast<uint8_t>(static_cast<int64_t>(value)); break;
    case DType::Int32: *static_cast<int32_t*>(data) = static_cast<int32_t>(static_cast<int64_t>(value)); break;
    case DType::Int64: *static_cast<int64_t*>(data) = static_cast<int64_t>(value); break;
    case DType::Float64: *static_cast<double*>(data) = value; break;
    default: *static_cast<float*>(data) = static_cast<float>(value); break;
  }
  return tensor;
}

Tensor Tensor::view(const Dims& shape, const Dims& strides, int64_t offset) const {
  return over(impl_->storage, {dtype(), shape}, strides, offset);
}

void Tensor::requireValues() const {
  if (!impl_->storage->traced()) return;
  fail(ErrorKind::Argument, "a tensor made while a function was traced has no values; return it from the function");
}

void* Tensor::data() const {
  return static_cast<char*>(impl_->storage->data()) + impl_->offset * static_cast<int64_t>(sizeOf(impl_->dtype));
}

}  // namespace anneal
