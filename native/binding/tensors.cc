// Tensors in and out: from typed arrays, to array buffers, and what is known about them.
#include <algorithm>
#include <cstring>

#include "autograd/tape.h"
#include "binding/entry.h"
#include "ops/functional.h"

namespace anneal::binding {

namespace {

constexpr Entry::Name kSelf{"tensor", "tensor"};

// fromData(out, typedArray, dtype, shape): one copy into memory of the engine's. The array's element size is the dtype's.
napi_value fromData(Entry& js) {
  const Entry::Name name{"tensor", "values"};
  const DType dtype = js.dtype(2, {"tensor", "dtype"});
  const Dims shape = toShape("tensor", js.integers(3, {"tensor", "shape"}));
  bool isTyped = false;
  check(napi_is_typedarray(js.env(), js[1], &isTyped));
  if (!isTyped) js.unexpected(js[1], name, "a typed array");
  napi_typedarray_type type;
  size_t length, offset;
  void* data;
  napi_value buffer;
  check(napi_get_typedarray_info(js.env(), js[1], &type, &length, &data, &buffer, &offset));
  const bool wide = type == napi_float64_array || type == napi_bigint64_array || type == napi_biguint64_array;
  const bool word = type == napi_float32_array || type == napi_int32_array || type == napi_uint32_array;
  const size_t width = wide ? 8 : word ? 4 : type == napi_int16_array || type == napi_uint16_array ? 2 : 1;
  if (width != sizeOf(dtype)) fail(ErrorKind::DType, "[tensor] the array's elements are not of %s", nameOf(dtype));
  if (static_cast<int64_t>(length) != numel(shape)) {
    fail(ErrorKind::Shape, "[tensor] %zu values do not fill a tensor of shape %s", length, shape.str().c_str());
  }
  Tensor tensor = Tensor::empty({dtype, shape}, Device::CPU, Allocator::Use::HostWrite);
  if (length > 0 && dtype == DType::Bool) {
    const auto* from = static_cast<const uint8_t*>(data);
    std::transform(from, from + length, static_cast<bool*>(tensor.data()), [](uint8_t v) { return v != 0; });
  } else if (length > 0) {
    std::memcpy(tensor.data(), data, length * width);
  }
  return js.from(js.environment().adopt(js[0], std::move(tensor)));
}

napi_value shapeOf(Entry& js) { return js.from(js.tensor(0, kSelf).shape()); }
napi_value deviceOfTensor(Entry& js) { return js.from(static_cast<int32_t>(js.tensor(0, kSelf).device().index)); }
napi_value dtypeOf(Entry& js) { return js.from(static_cast<int32_t>(js.tensor(0, kSelf).dtype())); }

// Puts a copy of the tensor into an ArrayBuffer on the stream; the buffer must be of its size.
void copyOut(Entry& js) {
  const Tensor& tensor = js.tensor(0, {"data", "tensor"});
  if (tensor.storage().traced()) {
    fail(ErrorKind::Argument,
         js.environment().trace
             ? "[data] a value cannot be read while a function is being traced by compile: it has "
               "none yet; return the tensor, and read it there"
             : "[data] a tensor made while a function was traced by compile has no values; return it "
               "from the function");
  }
  js.environment().context.client.checkRan(tensor.storage().writtenBy());
  void* data;
  size_t bytes;
  check(napi_get_arraybuffer_info(js.env(), js[1], &data, &bytes));
  if (bytes != static_cast<size_t>(tensor.size()) * sizeOf(tensor.dtype())) {
    fail(ErrorKind::Argument, "[data] a buffer of %zu bytes does not fit the tensor", bytes);
  }
  if (bytes == 0) return;
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
  args.dst = data;
  launch("data", tensor.device(), args);
}

// read(tensor, arrayBuffer): a promise of the filled buffer.
napi_value read(Entry& js) {
  copyOut(js);
  napi_ref keep;  // the stream writes into it until the promise is settled
  check(napi_create_reference(js.env(), js[1], 1, &keep));
  return js.environment().promises.ofFence(keep, true);
}

// readSync(tensor, arrayBuffer): waits here.
napi_value readSync(Entry& js) {
  copyOut(js);
  Stream::instance().synchronize(&js.environment().context.client);
  return js.undefined();
}

napi_value dispose(Entry& js) {
  js.environment().dispose(js.integer(0, kSelf));
  return js.undefined();
}

// detach(out, tensor): a view outside the graph.
napi_value detach(Entry& js) {
  return js.from(js.environment().adopt(js[0], js.tensor(1, {"detach", "tensor"}).alias()));
}

// claim(object, number): the object will own a handle that was lent.
napi_value claim(Entry& js) {
  js.environment().claim(js[0], js.integer(1, kSelf));
  return js.undefined();
}

}  // namespace

std::vector<Function> tensorFunctions() {
  return {{"fromData", entry<fromData>},     {"shape", entry<shapeOf>}, {"dtype", entry<dtypeOf>},
          {"device", entry<deviceOfTensor>}, {"read", entry<read>},     {"readSync", entry<readSync>},
          {"dispose", entry<dispose>},       {"detach", entry<detach>}, {"claim", entry<claim>}};
}

}  // namespace anneal::binding
