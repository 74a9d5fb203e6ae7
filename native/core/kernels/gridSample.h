// Sampling of images and volumes at the positions of a grid, x [batch, channels, depth, height, width] at grid
// [batch, points, dimensions], and its transpose.
#pragma once
#include "core/kernels/record.h"

namespace anneal {

enum class GridMode : uint8_t { Linear, Nearest, Cubic };
enum class GridPadding : uint8_t {
  Zeros,       // outside of the image
  Border,      // positions outside are moved to the nearest inside
  Reflection,  // positions outside are mirrored at the border
};

constexpr int kGridRank = 3;

struct GridSampleArgs {
  bool backward;  // src is the gradient of the result [batch, channels, points], dst that of x
  DType dtype;
  GridMode mode;
  GridPadding padding;
  bool alignCorners;  // -1 and 1 are the middles of the first and last elements, and not their outer edges
  int dimensions;     // 2 or 3: how many coordinates a position has, the last dimension first
  int64_t batch, channels, points;
  int64_t in[kGridRank];      // depth, height, width; depth 1 for images
  int64_t orders[kGridRank];  // how often the weights are differentiated by each coordinate
  const void* src;
  const void* grid;
  void* dst;

  template <class F>
  void pointers(F&& f) {
    const Extent images = denseExtent(dtype, batch * channels * elements(in, kGridRank));
    const Extent results = denseExtent(dtype, batch * channels * points);
    f(src, Role::Read, backward ? results : images);
    f(grid, Role::Read, denseExtent(dtype, batch * points * dimensions));
    f(dst, Role::Write, backward ? images : results);
  }
  template <class F>
  void dynamicFields(F&&) {}
  template <class L>
  void label(L&& l) const {
    l.dims({batch, channels, elements(in, kGridRank), points});
  }
  double flops() const { return 8.0 * static_cast<double>(batch * channels * points); }
};

}  // namespace anneal
