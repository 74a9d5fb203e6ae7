#include "ops/copy.h"

#include "ops/operator.h"

namespace anneal {

Tensor copyTo(const char* op, const Tensor& x, DType dtype) {
  Tensor out = Tensor::empty({dtype, x.shape()}, x.device());
  copyInto(op, x, out);
  return out;
}

namespace {

CopyArgs copyArgs(const Tensor& from, const Tensor& to) {
  CopyArgs args{};
  args.from = from.dtype();
  args.to = to.dtype();
  args.src = from.data();
  args.dst = to.data();
  const Dims strides = broadcastStrides(from.shape(), from.strides(), to.shape());
  for (int i = 0; i < to.rank(); ++i) {
    const int64_t extent = to.dim(i);
    if (extent == 1) continue;
    const int last = args.rank - 1;
    // Neighbouring dimensions that both sides walk through in one stride are one dimension.
    if (last >= 0 && args.srcStrides[last] == strides[i] * extent &&
        args.dstStrides[last] == to.strides()[i] * extent) {
      args.shape[last] *= extent;
      args.srcStrides[last] = strides[i];
      args.dstStrides[last] = to.strides()[i];
      continue;
    }
    args.shape[args.rank] = extent;
    args.srcStrides[args.rank] = strides[i];
    args.dstStrides[args.rank] = to.strides()[i];
    ++args.rank;
  }
  return args;
}

}  // namespace

void copyInto(const char* op, const Tensor& from, const Tensor& to, Role write) {
  if (to.size() == 0) return;
  CopyArgs args = copyArgs(from, to);
  args.write = write;
  launch(op, to.device(), args);
}

void copyPart(const char* op, const Tensor& from, const Tensor& part, bool first) {
  if (part.size() == 0) return;
  CopyArgs args = copyArgs(from, part);
  args.write = Role::Part;
  args.whole = part.storage().data();
  args.wholeBytes = static_cast<int64_t>(part.storage().bytes());
  args.first = first;
  launch(op, part.device(), args);
}

}  // namespace anneal
