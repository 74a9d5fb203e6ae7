// Convolutions over one to three spatial dimensions, and their two gradients:
// dst = activation(scale * sum + shift + residual, gate).
#pragma once
#include "core/kernels/pointwise.h"

namespace anneal {

enum class ConvOp : uint8_t { Forward, BackwardInput, BackwardWeight };

constexpr int kSpatial = 3;  // dimensions; those that are missing come first, with sizes, strides and dilations of 1

// Sizes are those of the forward convolution, whatever `op`:
// y[n, co, o] = sum over ci, k of x[n, ci, o * stride + k * dilation - low] * weight[co, ci, k].
struct ConvArgs {
  ConvOp op;
  DType dtype;  // Float32, Float64
  int64_t batch, groups, inChannels, outChannels;
  int64_t in[kSpatial], out[kSpatial], kernel[kSpatial];
  int64_t stride[kSpatial], dilation[kSpatial];
  int64_t low[kSpatial];  // zeros before each dimension
  const void* src;        // dense: x, or dout of BackwardInput
  const void* other;      // dense: weight [outChannels, inChannels / groups, kernel...], or dout of BackwardWeight
  void* dst;              // dense: y, dx or dw
  // What follows the sums; nothing of it where dw is computed.
  const void* scale = nullptr;     // by channel of dst
  const void* shift = nullptr;     // by channel of dst: a bias, where there is no scale
  const void* residual = nullptr;  // dense like dst
  PointwiseOp activation = kNoPointwise;
  const void* gate = nullptr;  // dense like dst: second input of the activation
  double params[kPointwiseParams] = {};

  int64_t places(const int64_t* sizes) const { return elements(sizes, kSpatial); }
  int64_t inputSize() const { return batch * inChannels * places(in); }
  int64_t outputSize() const { return batch * outChannels * places(out); }
  int64_t weightSize() const { return outChannels * (inChannels / groups) * places(kernel); }
  int64_t dstSize() const {
    return op == ConvOp::Forward ? outputSize() : op == ConvOp::BackwardInput ? inputSize() : weightSize();
  }

  template <class F>
  void pointers(F&& f) {
    const Extent result = denseExtent(dtype, dstSize());
    const Extent channels = denseExtent(dtype, op == ConvOp::Forward ? outChannels : inChannels);
    f(src, Role::Read, denseExtent(dtype, op == ConvOp::BackwardInput ? outputSize() : inputSize()));
    f(other, Role::Read, denseExtent(dtype, op == ConvOp::BackwardWeight ? outputSize() : weightSize()));
    f(scale, Role::Read, channels);
    f(shift, Role::Read, channels);
    f(residual, Role::Read, result);
    f(gate, Role::Read, result);
    f(dst, Role::Write, result);
  }
  template <class F>
  void dynamicFields(F&&) {}
  template <class L>
  void label(L&& l) const {
    l.dims({batch, inChannels, in[0], in[1], in[2]});
    l.dims({outChannels, inChannels / groups, kernel[0], kernel[1], kernel[2]});
  }
  double flops() const {
    return 2.0 * static_cast<double>(outputSize()) * static_cast<double>(inChannels / groups * places(kernel));
  }
};

}  // namespace anneal
