// Resampling along the middle of dense [outer, in, inner] tensors: every result is a sum of weighted elements, which depend on its place
// along that dimension alone.
#pragma once
#include "core/kernels/record.h"

namespace anneal {

// How an element of the result is made of those around its source position.
enum class ResampleMode : uint8_t {
  Nearest,       // the one at floor(position)
  NearestExact,  // the one whose middle is nearest
  Linear,        // two, by their distance
  Cubic,         // four, by a cubic convolution
};

struct ResampleArgs {
  bool backward;  // src is the gradient of the result, dst that of the input
  DType dtype;
  ResampleMode mode;
  bool alignCorners;              // the first and last elements of input and result lie upon each other
  bool antialias;                 // Linear, Cubic: the weights are stretched over what an element of the result covers
  int64_t outer, in, out, inner;  // of the forward direction
  double scale;  // size of an element of the result in elements of the input, where it is given; else 0
  const void* src;
  void* dst;

  template <class F>
  void pointers(F&& f) {
    const Extent input = denseExtent(dtype, outer * in * inner), result = denseExtent(dtype, outer * out * inner);
    f(src, Role::Read, backward ? result : input);
    f(dst, Role::Write, backward ? input : result);
  }
  template <class F>
  void dynamicFields(F&&) {}
  template <class L>
  void label(L&& l) const {
    l.dims({outer, in, out, inner});
  }
  double flops() const { return 4.0 * static_cast<double>(outer * out * inner); }
};

}  // namespace anneal
