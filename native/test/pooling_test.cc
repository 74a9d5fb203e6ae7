// Pooling, on every instruction-set level of this CPU: against plain loops over all windows, and with the same bits for one thread and
// for several.
#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "test/kernels.h"

namespace anneal {
namespace {

struct Shape {
  int64_t planes;
  int64_t in[kPoolRank], out[kPoolRank], kernel[kPoolRank], stride[kPoolRank], dilation[kPoolRank], low[kPoolRank];
  bool adaptive;
};

// Rows longer and shorter than vectors; steps of 1, 2 and 3; padding; windows that reach beyond the end; dilation; wide windows.
const Shape kShapes[] = {
    {3, {1, 6, 70}, {1, 3, 35}, {1, 2, 2}, {1, 2, 2}, {1, 1, 1}, {0, 0, 0}, false},
    {2, {1, 7, 9}, {1, 4, 5}, {1, 3, 3}, {1, 2, 2}, {1, 1, 1}, {0, 1, 1}, false},
    {2, {1, 5, 40}, {1, 5, 40}, {1, 3, 3}, {1, 1, 1}, {1, 1, 1}, {0, 1, 1}, false},
    {1, {4, 5, 23}, {2, 2, 8}, {2, 3, 3}, {2, 2, 3}, {1, 1, 1}, {0, 0, 1}, false},
    {2, {1, 1, 71}, {1, 1, 36}, {1, 1, 2}, {1, 1, 2}, {1, 1, 1}, {0, 0, 0}, false},
    {2, {1, 3, 200}, {1, 1, 3}, {1, 3, 65}, {1, 2, 64}, {1, 1, 1}, {0, 0, 0}, false},
    {300, {1, 9, 9}, {1, 4, 4}, {1, 3, 3}, {1, 2, 2}, {1, 1, 1}, {0, 0, 0}, false},
    {2, {3, 5, 37}, {2, 3, 4}, {1, 1, 1}, {1, 1, 1}, {1, 1, 1}, {0, 0, 0}, true},
};
const Shape kDilated[] = {
    {2, {1, 9, 60}, {1, 4, 29}, {1, 3, 2}, {1, 2, 2}, {1, 2, 3}, {0, 1, 1}, false},
    {1, {5, 1, 44}, {1, 1, 36}, {2, 1, 5}, {3, 1, 1}, {3, 1, 2}, {0, 0, 0}, false},
    {1, {1, 1, 2}, {1, 1, 1}, {1, 1, 2}, {1, 1, 1}, {1, 1, 3}, {0, 0, 1}, false},  // a window of padding alone
};

PoolArgs argsOf(const Shape& s, PoolOp op, DType dtype) {
  PoolArgs args{};
  args.op = op;
  args.dtype = dtype;
  args.planes = s.planes;
  args.countIncludePad = true;
  args.name = "pooling";
  for (int d = 0; d < kPoolRank; ++d) {
    args.in[d] = s.in[d], args.out[d] = s.out[d], args.kernel[d] = s.kernel[d], args.stride[d] = s.stride[d];
    args.dilation[d] = s.dilation[d], args.low[d] = s.low[d], args.adaptive[d] = s.adaptive;
  }
  return args;
}

int64_t sizeOf(const Shape& s, const int64_t (&sizes)[kPoolRank]) { return s.planes * elements(sizes, kPoolRank); }

// Calls body(o, places, divisor) for every window o of all planes; places are those of its elements in the tensor, in order.
template <class Body>
void forWindows(const Shape& s, bool countIncludePad, Body&& body) {
  const int64_t plane = elements(s.in, kPoolRank);
  std::vector<int64_t> along[kPoolRank], places;
  for (int64_t o = 0; o < sizeOf(s, s.out); ++o) {
    int64_t rest = o, divisor = 1;
    for (int d = kPoolRank - 1; d >= 0; --d) {
      const int64_t i = rest % s.out[d];
      rest /= s.out[d];
      along[d].clear();
      int64_t count = 0;
      if (s.adaptive) {
        const int64_t end = ((i + 1) * s.in[d] + s.out[d] - 1) / s.out[d];
        for (int64_t at = i * s.in[d] / s.out[d]; at < end; ++at) along[d].push_back(at);
      } else {
        for (int64_t k = 0; k < s.kernel[d]; ++k) {
          const int64_t at = i * s.stride[d] - s.low[d] + k * s.dilation[d];
          if (at >= 0 && at < s.in[d]) along[d].push_back(at);
          count += at < s.in[d] + s.low[d];
        }
      }
      divisor *= s.adaptive || !countIncludePad ? static_cast<int64_t>(along[d].size()) : count;
    }
    places.clear();
    for (int64_t z : along[0]) {
      for (int64_t y : along[1]) {
        for (int64_t x : along[2]) places.push_back(rest * plane + (z * s.in[1] + y) * s.in[2] + x);
      }
    }
    body(o, places, divisor);
  }
}

template <class T>
std::vector<T> numbers(int64_t n) {
  const Floats floats = someFloats(n);
  std::vector<T> out(floats.size());
  // Few values, so that there are equal ones.
  for (size_t i = 0; i < out.size(); ++i) out[i] = static_cast<T>(std::floor(std::fabs(floats[i]) * 40));
  return out;
}

template <class T>
void checkMax(const Shape& s, DType dtype, bool withNaN) {
  std::vector<T> x = numbers<T>(sizeOf(s, s.in));
  if (withNaN) {
    for (size_t i = 3; i < x.size(); i += 7) x[i] = std::numeric_limits<T>::quiet_NaN();
  }
  const int64_t plane = elements(s.in, kPoolRank), outSize = elements(s.out, kPoolRank);
  std::vector<T> want(static_cast<size_t>(sizeOf(s, s.out)));
  std::vector<int32_t> places(want.size());
  forWindows(s, true, [&](int64_t o, const std::vector<int64_t>& elements, int64_t) {
    using Limits = std::numeric_limits<T>;
    T best = Limits::has_infinity ? -Limits::infinity() : Limits::lowest();
    int64_t at = -1;
    for (int64_t i : elements) {
      const T value = x[static_cast<size_t>(i)];
      if (at >= 0 && !(value > best) && value == value) continue;
      best = value;
      at = i;
    }
    want[static_cast<size_t>(o)] = best;
    places[static_cast<size_t>(o)] = static_cast<int32_t>(at < 0 ? -1 : at - o / outSize * plane);
  });
  onLevels([&](const Backend& backend) {
    std::vector<T> out(want.size()), alone(want.size());
    std::vector<int32_t> index(want.size());
    PoolArgs args = argsOf(s, PoolOp::Max, dtype);
    args.src = x.data();
    args.dst = out.data();
    args.indexOut = index.data();
    backend.pool(args);
    CHECK(sameBits(out, want));
    CHECK(index == places);
    args.dst = alone.data();
    args.indexOut = nullptr;
    backend.pool(args);
    CHECK(sameBits(alone, want));
    return out;
  });
  if (dtype != DType::Float32) return;

  Floats dx(x.size()), dout = someFloats(static_cast<int64_t>(want.size()), 5), picked(want.size());
  for (size_t o = 0; o < want.size(); ++o) {
    if (places[o] < 0) continue;
    const size_t at = o / static_cast<size_t>(outSize) * static_cast<size_t>(plane) + static_cast<size_t>(places[o]);
    dx[at] += dout[o];
    picked[o] = static_cast<float>(x[at]);
  }
  onLevels([&](const Backend& backend) {
    Floats back(dx.size(), kNaN), pick(want.size(), kInf);
    PoolArgs args = argsOf(s, PoolOp::MaxBackward, dtype);
    args.index = places.data();
    args.src = dout.data();
    args.dst = back.data();
    backend.pool(args);
    CHECK(sameBits(back, dx));
    args.op = PoolOp::MaxPick;
    args.src = x.data();
    args.dst = pick.data();
    backend.pool(args);
    CHECK(sameBits(pick, picked));
    return back;
  });
}

}  // namespace

TEST(poolingMaxima) {
  for (const auto& shapes : {std::vector<Shape>(std::begin(kShapes), std::end(kShapes)),
                             std::vector<Shape>(std::begin(kDilated), std::end(kDilated))}) {
    for (const Shape& s : shapes) {
      checkMax<float>(s, DType::Float32, false);
      checkMax<float>(s, DType::Float32, true);
      checkMax<double>(s, DType::Float64, true);
      checkMax<int32_t>(s, DType::Int32, false);
      checkMax<int64_t>(s, DType::Int64, false);
      checkMax<uint8_t>(s, DType::UInt8, false);
    }
  }
}

TEST(poolingRefusesPlacesOutsideOfAPlane) {
  const Floats dout(4);
  Floats dx(32);
  const std::vector<int32_t> index = {0, 15, 16, 1};
  PoolArgs args = argsOf({2, {1, 4, 4}, {1, 1, 2}, {1, 1, 1}, {1, 1, 1}, {1, 1, 1}, {0, 0, 0}, false},
                         PoolOp::MaxBackward, DType::Float32);
  args.src = dout.data();
  args.index = index.data();
  args.dst = dx.data();
  for (const Backend* backend : cpuBackends()) CHECK_THROWS(backend->pool(args), Error);
}

TEST(poolingMeans) {
  for (const Shape& s : kShapes) {
    for (const auto& [countIncludePad, divisor] : {std::pair{true, 0.0}, {false, 0.0}, {true, -3.0}}) {
      const Floats x = someFloats(sizeOf(s, s.in)), dout = someFloats(sizeOf(s, s.out), 9);
      std::vector<double> want(dout.size()), dx(x.size());
      forWindows(s, countIncludePad, [&, d = divisor](int64_t o, const std::vector<int64_t>& places, int64_t count) {
        const double by = d != 0 ? d : static_cast<double>(count);
        for (int64_t i : places) {
          want[static_cast<size_t>(o)] += static_cast<double>(x[static_cast<size_t>(i)]) / by;
          dx[static_cast<size_t>(i)] += static_cast<double>(dout[static_cast<size_t>(o)]) / by;
        }
      });
      PoolArgs args = argsOf(s, PoolOp::Avg, DType::Float32);
      args.countIncludePad = countIncludePad;
      args.divisor = divisor;
      const auto run = [&, &args = args](PoolOp op, const Floats& src, size_t size) {
        args.op = op;
        args.src = src.data();
        return onLevels([&](const Backend& backend) {
          Floats out(size, kNaN);
          args.dst = out.data();
          backend.pool(args);
          return out;
        });
      };
      // Rounding of a sum of a window's elements, at most 195 of them of size 1, in float32.
      for (const Floats& out : run(PoolOp::Avg, x, want.size())) checkClose(out, want, 1e-5);
      for (const Floats& out : run(PoolOp::AvgBackward, dout, dx.size())) checkClose(out, dx, 1e-6);
    }
  }
}

}  // namespace anneal
