// Convolutions and their gradients on every instruction-set level of this CPU: against plain loops in float64, over strides, dilations,
// paddings, groups and one to three dimensions, with the same bits for one thread and for several.
#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "core/pointwise.h"
#include "test/kernels.h"

namespace anneal {
namespace {

struct Case {
  int64_t batch, groups, inChannels, outChannels;
  int64_t in[kSpatial], kernel[kSpatial];
  int64_t stride[kSpatial] = {1, 1, 1}, dilation[kSpatial] = {1, 1, 1}, low[kSpatial] = {}, high[kSpatial] = {};
};

ConvArgs argsOf(const Case& c, DType dtype) {
  ConvArgs args{};
  args.dtype = dtype;
  args.batch = c.batch;
  args.groups = c.groups;
  args.inChannels = c.inChannels;
  args.outChannels = c.outChannels;
  for (int d = 0; d < kSpatial; ++d) {
    args.in[d] = c.in[d];
    args.kernel[d] = c.kernel[d];
    args.stride[d] = c.stride[d];
    args.dilation[d] = c.dilation[d];
    args.low[d] = c.low[d];
    args.out[d] = (c.in[d] + c.low[d] + c.high[d] - c.dilation[d] * (c.kernel[d] - 1) - 1) / c.stride[d] + 1;
  }
  return args;
}

std::string describe(const ConvArgs& a) {
  std::string text;
  const auto list = [&](const char* name, const int64_t* values) {
    text += std::string(" ") + name;
    for (int d = 0; d < kSpatial; ++d) text += (d > 0 ? "," : " ") + std::to_string(values[d]);
  };
  text += "op " + std::to_string(static_cast<int>(a.op)) + " batch " + std::to_string(a.batch) + " groups " +
          std::to_string(a.groups) + " channels " + std::to_string(a.inChannels) + " to " +
          std::to_string(a.outChannels);
  list("in", a.in);
  list("kernel", a.kernel);
  list("stride", a.stride);
  list("dilation", a.dilation);
  list("low", a.low);
  return text;
}

// body(place in x, place in the weight, place in y) for every product of the convolution.
template <class Body>
void forProducts(const ConvArgs& a, Body&& body) {
  const int64_t ci = a.inChannels / a.groups, co = a.outChannels / a.groups, taps = a.places(a.kernel);
  int64_t y = 0;
  for (int64_t n = 0; n < a.batch; ++n) {
    for (int64_t o = 0; o < a.outChannels; ++o) {
      for (int64_t place = 0; place < a.places(a.out); ++place, ++y) {
        const int64_t at[] = {place / a.out[2] / a.out[1], place / a.out[2] % a.out[1], place % a.out[2]};
        for (int64_t c = 0; c < ci; ++c) {
          for (int64_t tap = 0; tap < taps; ++tap) {
            const int64_t k[] = {tap / a.kernel[2] / a.kernel[1], tap / a.kernel[2] % a.kernel[1], tap % a.kernel[2]};
            int64_t x = n * a.inChannels + o / co * ci + c;
            bool inside = true;
            for (int d = 0; d < kSpatial; ++d) {
              const int64_t i = at[d] * a.stride[d] + k[d] * a.dilation[d] - a.low[d];
              inside = inside && i >= 0 && i < a.in[d];
              x = x * a.in[d] + i;
            }
            if (inside) body(x, (o * ci + c) * taps + tap, y);
          }
        }
      }
    }
  }
}

template <class T>
std::vector<T> someValues(int64_t count, uint32_t seed) {
  const Floats floats = someFloats(count, seed);
  return std::vector<T>(floats.begin(), floats.end());
}

template <class T>
void check(const Case& c, ConvOp op, bool shifted) {
  ConvArgs a = argsOf(c, sizeof(T) == 4 ? DType::Float32 : DType::Float64);
  a.op = op;
  const auto x = someValues<T>(a.inputSize(), 1), w = someValues<T>(a.weightSize(), 2),
             y = someValues<T>(a.outputSize(), 3);
  const int64_t channels = op == ConvOp::Forward ? a.outChannels : a.inChannels;
  const int64_t places = a.places(op == ConvOp::Forward ? a.out : a.in);
  const auto shift = someValues<T>(channels, 4);
  const bool hasShift = shifted && op != ConvOp::BackwardWeight;
  std::vector<double> wanted(static_cast<size_t>(a.dstSize())), terms(wanted.size());
  for (size_t i = 0; hasShift && i < wanted.size(); ++i) {
    wanted[i] = shift[static_cast<size_t>(static_cast<int64_t>(i) / places % channels)];
    terms[i] = std::fabs(wanted[i]);
  }
  forProducts(a, [&](int64_t i, int64_t k, int64_t o) {
    const auto at = [](const std::vector<T>& values, int64_t place) {
      return static_cast<double>(values[static_cast<size_t>(place)]);
    };
    const double product = op == ConvOp::Forward         ? at(x, i) * at(w, k)
                           : op == ConvOp::BackwardInput ? at(y, o) * at(w, k)
                                                         : at(y, o) * at(x, i);
    const auto to = static_cast<size_t>(op == ConvOp::Forward ? o : op == ConvOp::BackwardInput ? i : k);
    wanted[to] += product;
    terms[to] += std::fabs(product);
  });
  a.src = op == ConvOp::BackwardInput ? y.data() : x.data();
  a.other = op == ConvOp::BackwardWeight ? y.data() : w.data();
  a.shift = hasShift ? shift.data() : nullptr;
  const auto results = onLevels([&](const Backend& backend) {
    std::vector<T> dst(wanted.size(), std::numeric_limits<T>::quiet_NaN());
    a.dst = dst.data();
    backend.conv(a);
    return dst;
  });
  // Each addition rounds by half a unit of a partial sum, at most the sum of the terms' sizes; there are some hundred at most.
  const double unit = sizeof(T) == 4 ? 0x1p-24 : 0x1p-53;
  for (const std::vector<T>& got : results) {
    for (size_t i = 0; i < wanted.size(); ++i) {
      if (std::fabs(got[i] - wanted[i]) <= 100 * unit * terms[i]) continue;
      test::report(__FILE__, __LINE__,
                   describe(a) + ": element " + std::to_string(i) + " is " + std::to_string(got[i]) + ", not " +
                       std::to_string(wanted[i]));
      return;
    }
  }
}

void checkAll(const Case& c) {
  for (const ConvOp op : {ConvOp::Forward, ConvOp::BackwardInput, ConvOp::BackwardWeight}) {
    check<float>(c, op, true);
    check<float>(c, op, false);
    check<double>(c, op, true);
  }
}

TEST(convolutionsOfOddSizes) {
  for (const int64_t channels : {1, 3, 26, 33}) {
    for (const int64_t kernel : {1, 2, 3}) {
      for (const int64_t stride : {1, 2, 3}) {
        for (const int64_t dilation : {1, 2}) {
          for (const int64_t low : {0, 1, 3}) {
            if (channels > 3 && dilation == 2 && low == 1) continue;
            checkAll({2,
                      1,
                      5,
                      channels,
                      {1, 7, 11},
                      {1, 3, kernel},
                      {1, 2, stride},
                      {1, dilation, dilation},
                      {0, 1, low},
                      {0, 2, low}});
            if (low == 3)
              checkAll(
                  {1, 1, channels, 2, {1, 1, 13}, {1, 1, kernel}, {1, 1, stride}, {1, 1, dilation}, {0, 0, low}, {}});
          }
        }
      }
    }
  }
}

TEST(convolutionsOfManyChannels) {
  checkAll({3, 1, 40, 50, {1, 9, 10}, {1, 3, 3}, {1, 1, 1}, {1, 1, 1}, {0, 1, 1}, {0, 1, 1}});
  checkAll(
      {2, 1, 97, 31, {1, 6, 5}, {1, 3, 3}, {1, 2, 2}, {1, 1, 1}, {0, 1, 1}, {0, 1, 1}});  // several parts of the depth
  checkAll({5, 1, 64, 48, {1, 4, 4}, {1, 1, 1}});
  checkAll({2, 1, 34, 70, {1, 20, 20}, {1, 1, 1}, {1, 2, 2}});
  checkAll({2, 2, 66, 68, {1, 8, 8}, {1, 3, 3}, {1, 1, 1}, {1, 1, 1}, {0, 1, 1}, {0, 1, 1}});
  checkAll({1, 1, 30, 40, {1, 30, 31}, {1, 3, 3}});
  checkAll({9, 1, 30, 40, {1, 1, 50}, {1, 1, 5}, {1, 1, 2}, {1, 1, 3}, {0, 0, 4}, {0, 0, 2}});
}

TEST(convolutionsOfGroups) {
  checkAll({2, 7, 7, 7, {1, 14, 14}, {1, 3, 3}, {1, 1, 1}, {1, 1, 1}, {0, 1, 1}, {0, 1, 1}});
  checkAll({3, 6, 6, 12, {1, 9, 40}, {1, 3, 5}, {1, 2, 2}, {1, 1, 1}, {0, 1, 2}, {0, 1, 2}});
  checkAll({4, 8, 32, 24, {1, 10, 7}, {1, 3, 3}, {1, 1, 1}, {1, 1, 1}, {0, 1, 1}, {0, 1, 1}});
  checkAll({1, 3, 6, 15, {1, 6, 6}, {1, 2, 2}, {1, 3, 2}});
}

TEST(depthwiseConvolutions) {
  for (const int64_t taps : {3, 5}) {
    for (const int64_t stride : {1, 2}) {
      for (const int64_t low : {0, 2}) {
        for (const int64_t width : {5, 16, 41}) {
          const int64_t height = taps + width % 7;
          checkAll({2, 9, 9, 9, {1, height, width}, {1, taps, taps}, {1, stride, stride}, {1, 1, 1}, {0, low, 1}, {}});
        }
        checkAll({4, 5, 5, 10, {2, 8, 9}, {1, taps, taps}, {1, stride, stride}, {1, 1, 1}, {0, 1, low}, {0, 3, 1}});
      }
    }
  }
  // Strides and dilations that differ, and rows that are dealt out to slots in several pieces.
  checkAll({2, 8, 8, 8, {1, 9, 300}, {1, 3, 3}, {1, 1, 2}, {1, 1, 1}, {0, 1, 1}, {0, 1, 1}});
  checkAll({2, 8, 8, 8, {1, 9, 300}, {1, 5, 5}, {1, 2, 4}, {1, 1, 1}, {0, 2, 70}, {0, 2, 2}});
  // Rows that are dealt out in several parts.
  checkAll({2, 8, 8, 8, {1, 4, 1100}, {1, 3, 3}, {1, 1, 1}, {1, 1, 1}, {0, 1, 1}, {0, 1, 1}});
  checkAll({2, 8, 8, 8, {1, 5, 1100}, {1, 5, 5}, {1, 2, 2}, {1, 1, 1}, {0, 2, 2}, {0, 2, 2}});
  checkAll({2, 8, 8, 8, {1, 11, 12}, {1, 3, 3}, {1, 1, 1}, {1, 2, 2}, {0, 2, 2}, {0, 2, 2}});
}

TEST(convolutionsOverOneAndThreeDimensions) {
  checkAll({2, 1, 3, 4, {5, 6, 7}, {3, 2, 3}, {2, 1, 2}, {1, 2, 1}, {1, 0, 1}, {0, 1, 1}});
  checkAll({2, 1, 26, 27, {4, 5, 6}, {2, 2, 2}, {1, 1, 1}, {1, 1, 1}, {1, 1, 1}, {1, 1, 1}});
  checkAll({2, 1, 30, 33, {4, 5, 6}, {1, 1, 1}});
  checkAll({1, 1, 1, 3, {1, 1, 400}, {1, 1, 80}, {1, 1, 16}});
  checkAll({1, 2, 4, 4, {1, 1, 9}, {1, 1, 2}, {1, 1, 5}});  // inputs that no output reads
  checkAll({1, 1, 2, 3, {1, 1, 2}, {1, 1, 2}, {1, 1, 9}, {1, 1, 3}, {0, 0, 2}, {0, 0, 1}});
}

// Of 3x3 windows of many channels, which Winograd's algorithm computes: the largest error, relative to the largest result.
double errorOf(ConvOp op, int64_t channels, bool positive) {
  ConvArgs a =
      argsOf({1, 1, channels, 32, {1, 12, 12}, {1, 3, 3}, {1, 1, 1}, {1, 1, 1}, {0, 1, 1}, {0, 1, 1}}, DType::Float32);
  a.op = op;
  if (op == ConvOp::BackwardInput) std::swap(a.inChannels, a.outChannels);
  Floats src = someFloats(channels * 144, 1);
  const Floats w = someFloats(a.weightSize(), 2);
  for (float& x : src) x = positive ? std::fmax(x, 0.0f) : x;
  std::vector<double> wanted(static_cast<size_t>(a.dstSize()));
  forProducts(a, [&](int64_t i, int64_t k, int64_t o) {
    if (op == ConvOp::BackwardInput) std::swap(i, o);
    wanted[static_cast<size_t>(o)] += double{src[static_cast<size_t>(i)]} * w[static_cast<size_t>(k)];
  });
  a.src = src.data();
  a.other = w.data();
  double error = 0, largest = 0;
  for (const double value : wanted) largest = std::fmax(largest, std::fabs(value));
  for (const Floats& got : onLevels([&](const Backend& backend) {
         Floats dst(wanted.size());
         a.dst = dst.data();
         backend.conv(a);
         return dst;
       })) {
    for (size_t i = 0; i < wanted.size(); ++i) error = std::fmax(error, std::fabs(got[i] - wanted[i]));
  }
  return error / largest;
}

TEST(convolutionsOfThreeByThreeAreExactEnough) {
  for (const int64_t channels : {16, 64, 256}) {
    for (const bool positive : {false, true}) {
      // Direct sums of so many terms are off by 1e-6 to 3e-6.
      CHECK(errorOf(ConvOp::Forward, channels, positive) < 8e-6);
      CHECK(errorOf(ConvOp::BackwardInput, channels, positive) < 8e-6);
    }
  }
}

TEST(convolutionsFinishTheirSums) {
  ConvArgs a = argsOf({2, 1, 3, 40, {1, 9, 9}, {1, 3, 3}, {1, 1, 1}, {1, 1, 1}, {0, 1, 1}, {0, 1, 1}}, DType::Float32);
  a.op = ConvOp::Forward;
  for (const int64_t inChannels : {3, 8, 40}) {  // few terms, many, and those of one channel
    a.inChannels = inChannels;
    a.groups = inChannels == a.outChannels ? inChannels : 1;
    const Floats x = someFloats(a.inputSize(), 1), w = someFloats(a.weightSize(), 2);
    const Floats scale = someFloats(a.outChannels, 3), shift = someFloats(a.outChannels, 4);
    const Floats residual = someFloats(a.outputSize(), 5);
    a.src = x.data();
    a.other = w.data();
    const auto run = [&] {
      return onLevels([&](const Backend& backend) {
        Floats dst(static_cast<size_t>(a.outputSize()));
        a.dst = dst.data();
        backend.conv(a);
        return dst;
      });
    };
    a.scale = a.shift = a.residual = nullptr;
    a.activation = kNoPointwise;
    const auto plain = run();
    a.scale = scale.data();
    a.shift = shift.data();
    a.residual = residual.data();
    a.activation = PointwiseOp::Relu;
    const auto relu = run();
    a.activation = PointwiseOp::Tanh;
    const auto tanh = run();
    const size_t places = static_cast<size_t>(a.places(a.out));
    for (size_t level = 0; level < plain.size(); ++level) {
      for (size_t i = 0; i < plain[level].size(); ++i) {
        const size_t channel = i / places % static_cast<size_t>(a.outChannels);
        const double value = double{plain[level][i]} * scale[channel] + shift[channel] + residual[i];
        CHECK_NEAR(relu[level][i], std::fmax(value, 0), 1e-6 * (1 + std::fabs(value)));
        CHECK_NEAR(tanh[level][i], std::tanh(value), 1e-6);
      }
    }
  }
}

TEST(convolutionsOfNoImagesHaveNoGradient) {
  ConvArgs a = argsOf({0, 1, 2, 3, {1, 4, 4}, {1, 3, 3}}, DType::Float32);
  a.op = ConvOp::BackwardWeight;
  for (const Backend* backend : cpuBackends()) {
    Floats dw(static_cast<size_t>(a.weightSize()), kNaN);
    a.dst = dw.data();
    backend->conv(a);
    for (const float value : dw) CHECK(value == 0);
  }
}

}  // namespace
}  // namespace anneal
