// Pooling over windows of dense [planes, depth, height, width] tensors; missing leading dimensions have size 1.
#pragma once
#include "core/kernels/record.h"

namespace anneal {

enum class PoolOp : uint8_t {
  Max,  // dst = the largest element of each window; indexOut = its place in the plane, -1 of a window without elements
  MaxBackward,  // dst[index[o]] += src[o], from zero
  MaxPick,      // dst[o] = src[index[o]]: the adjoint of MaxBackward; 0 where the index is -1
  Avg,          // dst = the mean of each window
  AvgBackward,  // dst = each src[o] divided by its divisor, added up over the places that window o covers
};

constexpr int kPoolRank = 3;

struct PoolArgs {
  PoolOp op;
  DType dtype;  // of src and dst
  bool countIncludePad;
  // Along an adaptive dimension window o reaches from floor(o in / out) to ceil((o + 1) in / out), and the fields below are not read.
  bool adaptive[kPoolRank];
  int64_t planes;
  int64_t in[kPoolRank], out[kPoolRank];  // of the forward direction, whatever `op`
  int64_t kernel[kPoolRank], stride[kPoolRank], dilation[kPoolRank];
  int64_t low[kPoolRank];  // padding on either side
  double divisor;          // Avg: what sums are divided by; 0: the number of elements
  const void* src;
  const int32_t* index;  // [planes, out]
  void* dst;
  int32_t* indexOut;  // [planes, out], or null
  const char* name;   // the operator, for errors

  template <class F>
  void pointers(F&& f) {
    const Extent small = denseExtent(dtype, planes * elements(out, kPoolRank));
    const Extent large = denseExtent(dtype, planes * elements(in, kPoolRank));
    const Extent places = denseExtent(DType::Int32, planes * elements(out, kPoolRank));
    const bool backward = op == PoolOp::MaxBackward || op == PoolOp::AvgBackward;
    f(src, Role::Read, backward ? small : large);
    f(index, Role::Read, places);
    f(dst, Role::Write, backward ? large : small);
    f(indexOut, Role::Write, places);
  }
  template <class F>
  void dynamicFields(F&&) {}
  template <class L>
  void label(L&& l) const {
    l.dims({planes, elements(in, kPoolRank), elements(out, kPoolRank)});
  }
  double flops() const {
    const bool windows = op == PoolOp::Max || op == PoolOp::Avg || op == PoolOp::AvgBackward;
    return static_cast<double>(planes * elements(out, kPoolRank) * (windows ? elements(kernel, kPoolRank) : 1));
  }
};

}  // namespace anneal
