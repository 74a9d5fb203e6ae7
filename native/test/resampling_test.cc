// Resampling and sampling at grids, on every instruction-set level of this CPU: backward is the transpose of forward, and the bits do not
// depend on the number of threads. Values are compared with PyTorch's by the tests of operators.
#include <vector>

#include "test/kernels.h"

namespace anneal {
namespace {

double dot(const Floats& a, const Floats& b) {
  double sum = 0;
  for (size_t i = 0; i < a.size(); ++i) sum += static_cast<double>(a[i]) * static_cast<double>(b[i]);
  return sum;
}

// <f(x), d> against <x, transpose(d)>; both are sums of float32 products, of rows of 1000s of numbers in [-1, 1).
void checkTransposed(const Floats& x, const Floats& y, const Floats& d, const Floats& back) {
  CHECK_NEAR(dot(y, d), dot(x, back), 1e-4);
}

}  // namespace

TEST(resamplingIsTransposed) {
  struct Shape {
    int64_t outer, in, out, inner;
  };
  for (const Shape& s : {Shape{3, 7, 19, 1}, {2, 40, 11, 37}, {1, 1, 5, 3}, {70, 64, 128, 1}, {2, 90, 33, 130}}) {
    for (int mode = 0; mode < 8; ++mode) {
      ResampleArgs args{};
      args.dtype = DType::Float32;
      args.mode = static_cast<ResampleMode>(mode % 4);
      args.antialias = mode == 6 || mode == 7;
      args.alignCorners = mode == 2;
      args.outer = s.outer, args.in = s.in, args.out = s.out, args.inner = s.inner;
      const Floats x = someFloats(s.outer * s.in * s.inner), d = someFloats(s.outer * s.out * s.inner, 7);
      const auto run = [&](bool backward, const Floats& src, size_t size) {
        args.backward = backward;
        args.src = src.data();
        return onLevels([&](const Backend& backend) {
          Floats out(size, kNaN);
          args.dst = out.data();
          backend.resample(args);
          return out;
        });
      };
      const auto forward = run(false, x, d.size()), backward = run(true, d, x.size());
      for (size_t level = 0; level < forward.size(); ++level) checkTransposed(x, forward[level], d, backward[level]);
    }
  }
}

TEST(gridSamplingIsTransposed) {
  struct Shape {
    int64_t batch, channels, in[kGridRank], points;
    int dimensions;
  };
  for (const Shape& s : {Shape{2, 3, {1, 7, 9}, 5000, 2}, {9, 2, {1, 5, 4}, 33, 2}, {1, 2, {3, 4, 5}, 60, 3}}) {
    for (int choice = 0; choice < 18; ++choice) {
      GridSampleArgs args{};
      args.dtype = DType::Float32;
      args.mode = static_cast<GridMode>(choice % 3);
      args.padding = static_cast<GridPadding>(choice / 3 % 3);
      args.alignCorners = choice >= 9;
      args.dimensions = s.dimensions;
      args.batch = s.batch, args.channels = s.channels, args.points = s.points;
      if (args.mode == GridMode::Cubic && s.dimensions == 3) continue;
      for (int d = 0; d < kGridRank; ++d) args.in[d] = s.in[d];
      const Floats x = someFloats(s.batch * s.channels * elements(s.in, kGridRank));
      const Floats d = someFloats(s.batch * s.channels * s.points, 7);
      Floats grid = someFloats(s.batch * s.points * s.dimensions, 11);
      for (float& coordinate : grid) coordinate *= 1.5f;
      args.grid = grid.data();
      const auto run = [&](bool backward, const Floats& src, size_t size) {
        args.backward = backward;
        args.src = src.data();
        return onLevels([&](const Backend& backend) {
          Floats out(size, kNaN);
          args.dst = out.data();
          backend.gridSample(args);
          return out;
        });
      };
      const auto forward = run(false, x, d.size()), backward = run(true, d, x.size());
      for (size_t level = 0; level < forward.size(); ++level) checkTransposed(x, forward[level], d, backward[level]);
    }
  }
}

TEST(gridSamplingOfNoNumbers) {
  // Positions that are NaN or infinite lie outside.
  const double middle[] = {2.5, 1, 10 * 0.59375 * 0.59375};  // by mode, of the position in the middle
  const Floats x = {1, 2, 3, 4}, grid = {kNaN, 0, kInf, 0, 0, -kInf, 0, 0};
  for (const Backend* backend : cpuBackends()) {
    for (int mode = 0; mode < 3; ++mode) {
      Floats out(4, kNaN);
      GridSampleArgs args{};
      args.dtype = DType::Float32;
      args.mode = static_cast<GridMode>(mode);
      args.dimensions = 2;
      args.batch = args.channels = 1;
      args.points = 4;
      args.in[0] = 1, args.in[1] = args.in[2] = 2;
      args.src = x.data();
      args.grid = grid.data();
      args.dst = out.data();
      backend->gridSample(args);
      CHECK(out[0] == 0 && out[1] == 0 && out[2] == 0);
      CHECK_NEAR(out[3], middle[mode], 1e-6);
    }
  }
}

}  // namespace anneal
