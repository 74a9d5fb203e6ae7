// Tensors: a dtype, a shape and strides over shared storage.
#pragma once
#include <atomic>
#include <cstdint>
#include <memory>

#include "core/allocator.h"
#include "core/capture.h"
#include "core/device.h"
#include "core/dtype.h"
#include "core/pooled.h"
#include "core/ref.h"
#include "core/shape.h"

namespace anneal {

class Stream;  // core/stream.h

// A block of a device's allocator, shared by all views of it.
class Storage : public Counted, public Pooled<Storage> {
 public:
  // For kernels to write: while a function is traced, a buffer of its program.
  Storage(size_t bytes, Allocator::Use use, Device device);
  ~Storage();
  Storage(const Storage&) = delete;
  Storage& operator=(const Storage&) = delete;

  void* data() const { return data_; }
  // Whether this is a buffer of a traced program: an address without memory (core/capture.h).
  bool traced() const { return isTraced(data_); }
  // The serial of the trace that it is a buffer of; 0 for memory.
  uint64_t trace() const { return trace_; }
  size_t bytes() const { return bytes_; }
  Device device() const { return device_; }

  // Bytes in storages of the calling thread: those it made less those it dropped.
  static int64_t liveHere();

  // Counts in-place updates, so that backward notices a saved value that is no longer the one it saved.
  uint32_t version() const { return version_; }
  void bumpVersion() { ++version_; }

  // Whether there is, or was, a compiled program that writes this memory as its own captured one.
  bool writtenByPrograms() const { return writtenByPrograms_; }
  void noteWrittenByPrograms() { writtenByPrograms_ = true; }

 private:
  void* data_;
  size_t bytes_;
  Stream* stream_;  // of its environment: uses it last
  uint64_t trace_ = 0;
  uint32_t version_ = 0;
  bool writtenByPrograms_ = false;
  Device device_;
};
void destroy(Storage* storage);

struct TensorSpec {
  DType dtype = DType::Float32;
  Dims shape;
};

// What the autograd layer hangs onto a tensor; core knows only that it can be deleted.
struct AutogradMeta {
  virtual ~AutogradMeta() = default;
};

struct TensorImpl : Counted, Pooled<TensorImpl> {
  TensorImpl(DType dtype, Device device) : dtype(dtype), device(device) {}
  TensorImpl(const TensorSpec& spec, const Dims& strides, int64_t offset, Ref<Storage> storage)
      : dtype(spec.dtype),
        device(storage->device()),
        shape(spec.shape),
        strides(strides),
        offset(offset),
        storage(std::move(storage)) {}

  DType dtype;
  Device device;      // the storage's
  bool weak = false;  // a number of the user's, not stored yet: takes part in promotion by its category only
  double weakValue = 0;
  Dims shape, strides;
  int64_t offset = 0;  // in elements
  Ref<Storage> storage;
  std::unique_ptr<AutogradMeta> autograd;
};
void destroy(TensorImpl* impl);

class Tensor {
 public:
  Tensor() = default;
  explicit Tensor(TensorImpl* impl) : impl_(impl) {}

  // A dense tensor with undefined contents.
  static Tensor empty(const TensorSpec& spec, Device device, Allocator::Use use = Allocator::Use::Kernels);
  // What lies in a storage, seen in a shape.
  static Tensor over(Ref<Storage> storage, const TensorSpec& spec, const Dims& strides, int64_t offset);
  // A weakly typed scalar, for operators between a tensor and a number. Its dtype is what the number alone would have; it
  // has no storage until `materialize` gives it one of the dtype that promotion found.
  static Tensor scalar(double value, Device device);
  // A number that does not fit is an error; with `wraps` it may be as far below 0 as the dtype reaches above, since sums and
  // products wrap around anyway.
  Tensor materialize(DType dtype, bool wraps = false) const;
  // A view of the same storage, outside any graph.
  Tensor view(const Dims& shape, const Dims& strides, int64_t offset) const;
  Tensor alias() const { return view(shape(), strides(), offset()); }

  bool defined() const { return static_cast<bool>(impl_); }
  TensorImpl* impl() const { return impl_.get(); }
  DType dtype() const { return impl_->dtype; }
  Device device() const { return impl_->device; }
  const Dims& shape() const { return impl_->shape; }
  const Dims& strides() const { return impl_->strides; }
  int64_t offset() const { return impl_->offset; }
  int rank() const { return impl_->shape.size(); }
  int64_t dim(int axis) const { return impl_->shape[axis]; }
  int64_t size() const { return numel(impl_->shape); }
  bool weak() const { return impl_->weak; }
  bool contiguous() const { return isContiguous(impl_->shape, impl_->strides); }
  TensorSpec spec() const { return {impl_->dtype, impl_->shape}; }
  Storage& storage() const { return *impl_->storage; }
  void* data() const;  // of the first element
  // Throws for a tensor of a traced program.
  void requireValues() const;

  bool operator==(const Tensor& other) const { return impl_ == other.impl_; }

 private:
  Ref<TensorImpl> impl_;
};

}  // namespace anneal
