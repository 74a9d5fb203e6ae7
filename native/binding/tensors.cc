// Tensors in and out: from typed arrays, to typed arrays, and what is known about them.
#include <algorithm>
#include <cstring>

#include "autograd/tape.h"
#include "binding/entry.h"
#include "ops/functional.h"

namespace anneal::binding {

namespace {

constexpr Name kSelf{"tensor", "tensor"};

// fromData(out, typedArray, dtype, shape, device): one copy into memory of the engine's, which goes on to the device. The array's
// element size is the dtype's.
int32_t fromData(Entry& js) {
  const Name name{"tensor", "values"};
  const DType dtype = js.dtype(2, {"tensor", "dtype"});
  const Dims shape = toShape("tensor", js.integers(3, {"tensor", "shape"}));
  const Napi::Uint8Array given = js.typedArray(js[1], name);
  const size_t width = given.ElementSize(), length = given.ElementLength();
  if (width != sizeOf(dtype)) fail(ErrorKind::DType, "[tensor] the array's elements are not of %s", nameOf(dtype));
  if (static_cast<int64_t>(length) != numel(shape)) {
    fail(ErrorKind::Shape, "[tensor] %zu values do not fill a tensor of shape %s", length, shape.str().c_str());
  }
  Tensor tensor = Tensor::empty({dtype, shape}, Device::CPU, Allocator::Use::HostWrite);
  // Asked again: for want of memory the garbage may have been collected, by a function that could have detached the array.
  const Napi::Uint8Array array = js.typedArray(js[1], name);
  if (array.ElementLength() != length) fail(ErrorKind::Argument, "[tensor] the array has been detached");
  const uint8_t* from = array.Data();
  if (length > 0 && dtype == DType::Bool) {
    std::transform(from, from + length, static_cast<bool*>(tensor.data()), [](uint8_t v) { return v != 0; });
  } else if (length > 0) {
    std::memcpy(tensor.data(), from, length * width);
  }
  const Device device = deviceOf(js.integer(4, {"tensor", "device"}));
  if (!device.isCpu()) {  // now, also while a function is traced
    Tensor moved = Tensor::empty({dtype, shape}, device, Allocator::Use::HostWrite);
    if (length > 0) deviceStates[device.index].transfer(tensor, moved);
    tensor = std::move(moved);
  }
  if (js.environment().context.capture) tensor = js.environment().trace->literal(tensor);
  return js.environment().handles.adopt(js[0], std::move(tensor));
}

Napi::Array shapeOf(Entry& js) { return js.listOf(js.tensor(0, kSelf).shape()); }
int deviceOfTensor(Entry& js) { return js.tensor(0, kSelf).device().index; }
int dtypeOf(Entry& js) { return static_cast<int>(js.tensor(0, kSelf).dtype()); }

// A typed array for the elements of a tensor, which the stream will fill. It is made here and given out when it is full, so
// that nobody can detach or resize it before.
Napi::Uint8Array newElements(Entry& js, const Tensor& tensor) {
  if (!js.environment().arrayMaker) fail(ErrorKind::Argument, "[data] setArrayMaker has not been called");
  const Napi::Value dtype = js.from(static_cast<int>(tensor.dtype())), length = js.from(tensor.size());
  const Napi::Uint8Array array = js.typedArray(js.environment().arrayMaker->call({dtype, length}), {"data", "array"});
  if (static_cast<int64_t>(array.ElementLength()) != tensor.size() || array.ElementSize() != sizeOf(tensor.dtype())) {
    fail(ErrorKind::Argument, "[data] an array of %zu elements does not fit the tensor", array.ElementLength());
  }
  return array;
}

// A read of the tensor at argument 0: the copy that the stream shall make, and what it will fill.
struct Read {
  Napi::Value array;
  CopyArgs copy;
  void (*reader)(const CopyArgs&);
  bool empty;
};

Read newRead(Entry& js) {
  const Tensor tensor = js.tensor(0, {"data", "tensor"});
  if (tensor.storage().traced()) {
    fail(ErrorKind::Argument,
         js.environment().trace
             ? "[data] a value cannot be read while a function is being traced by compile: it has "
               "none yet; return the tensor, and read it there"
             : "[data] a tensor made while a function was traced by compile has no values; return it "
               "from the function");
  }
  Napi::Uint8Array array = newElements(js, tensor);
  CopyArgs args{};
  args.from = args.to = tensor.dtype();
  const Dims dense = contiguousStrides(tensor.shape());
  args.rank = static_cast<uint8_t>(tensor.rank());
  std::copy(tensor.shape().begin(), tensor.shape().end(), args.shape);
  std::copy(tensor.strides().begin(), tensor.strides().end(), args.srcStrides);
  std::copy(dense.begin(), dense.end(), args.dstStrides);
  if (tensor.contiguous()) {
    args.rank = 1;
    args.shape[0] = tensor.size();
    args.srcStrides[0] = args.dstStrides[0] = 1;
  }
  args.src = tensor.data();
  args.dst = array.Data();
  const auto reader = readerOf(tensor.device());
  if (!reader) failNotImplemented("data", tensor.device(), SlotOf<CopyArgs>::kFamily);
  return {array, args, reader, tensor.size() == 0};
}

// read(tensor): a promise of a typed array with its elements.
Napi::Promise read(Entry& js) {
  const Read read = newRead(js);
  return js.environment().promises.ofRead(read.array, read.reader, read.copy);
}

// readSync(tensor): waits here.
Napi::Value readSync(Entry& js) {
  const Read read = newRead(js);
  if (read.empty) return read.array;
  FailureRef failure;
  const auto arrived = [](void* place, FailureRef found) { *static_cast<FailureRef*>(place) = std::move(found); };
  Stream& stream = *js.environment().context.stream;
  stream.submitRead(read.reader, read.copy, {arrived, &failure});
  stream.wait(stream.submitted());
  if (failure) throw failure->error;
  return read.array;
}

// fenceOf(tensor): a promise settled when the stream gets here. Rejects if the tensor is lost.
Napi::Promise fenceOf(Entry& js) {
  const Tensor& tensor = js.tensor(0, {"fence", "tensor"});
  CopyArgs args{};
  args.from = args.to = tensor.dtype();
  args.rank = static_cast<uint8_t>(tensor.rank());
  std::copy(tensor.shape().begin(), tensor.shape().end(), args.shape);
  std::copy(tensor.strides().begin(), tensor.strides().end(), args.srcStrides);
  args.src = tensor.data();
  return js.environment().promises.ofRead({}, readerOf(tensor.device()), args);
}

void dispose(Entry& js) { js.environment().handles.dispose(js.integer(0, kSelf)); }

// detach(out, tensor): a view outside the graph.
int32_t detach(Entry& js) { return js.environment().handles.adopt(js[0], js.tensor(1, {"detach", "tensor"}).alias()); }

// claim(object, number): the object will own a handle that was lent.
void claim(Entry& js) { js.environment().handles.claim(js[0], js.integer(1, kSelf)); }

}  // namespace

std::vector<Function> tensorFunctions() {
  return {{"fromData", entry<fromData>}, {"shape", entry<shapeOf>},
          {"dtype", entry<dtypeOf>},     {"device", entry<deviceOfTensor>},
          {"read", entry<read>},         {"readSync", entry<readSync>},
          {"fenceOf", entry<fenceOf>},   {"dispose", entry<dispose>},
          {"detach", entry<detach>},     {"claim", entry<claim>}};
}

}  // namespace anneal::binding
