// Pointwise mathematics on every instruction-set level of this CPU: special values, signs of zero, and equal results
// wherever an element lies in a tile.
#include <cmath>
#include <cstring>
#include <vector>

#include "core/pointwise.h"
#include "test/pointwise.h"

namespace anneal {
namespace {

// An element's value must not depend on its place in the vector, the tile or the tensor.
TEST(placeDoesNotMatter) {
  const std::vector<float> values = everyExponent(1);
  for (const Backend* backend : cpuBackends()) {
    for (PointwiseOp op : {PointwiseOp::Exp, PointwiseOp::Log, PointwiseOp::Tanh, PointwiseOp::Erf, PointwiseOp::Gelu,
                           PointwiseOp::Silu}) {
      const std::vector<float> whole = run<float>(*backend, op, {values});
      for (size_t length : {1u, 2u, 3u, 5u, 7u, 8u, 15u, 16u, 17u, 31u, 33u}) {
        const size_t begin = values.size() - length - 3;
        const std::vector<float> part(values.data() + begin, values.data() + begin + length);
        const std::vector<float> out = run<float>(*backend, op, {part});
        CHECK(std::memcmp(out.data(), whole.data() + begin, length * sizeof(float)) == 0);
      }
    }
  }
}

// Operators on more than the caches hold are written past them: the same bits as on less.
TEST(sizeDoesNotMatter) {
  constexpr size_t kCount = 5000003, kPart = 1000003;
  std::vector<float> a(kCount), b(kCount);
  for (size_t i = 0; i < kCount; i++) {
    a[i] = static_cast<float>(i % 1013) * 0.37f - 180;
    b[i] = static_cast<float>(i % 997) * -0.11f + 50;
  }
  for (const Backend* backend : cpuBackends()) {
    for (const auto& [op, inputs] :
         {std::pair{PointwiseOp::Relu, 1}, {PointwiseOp::Mul, 2}, {PointwiseOp::Maximum, 2}}) {
      const auto of = [&](size_t begin, size_t end) {
        std::vector<std::vector<float>> in{{a.begin() + begin, a.begin() + end}};
        if (inputs > 1) in.emplace_back(b.begin() + begin, b.begin() + end);
        return run(*backend, op, in);
      };
      const std::vector<float> whole = of(0, kCount);
      for (size_t begin = 0; begin < kCount; begin += kPart) {
        const size_t end = std::min(begin + kPart, kCount);
        const std::vector<float> part = of(begin, end);
        CHECK(std::memcmp(part.data(), whole.data() + begin, part.size() * sizeof(float)) == 0);
      }
    }
  }
}

TEST(zerosKeepTheirSign) {
  const std::vector<float> zeros = {0.f, -0.f};
  for (const Backend* backend : cpuBackends()) {
    for (PointwiseOp op : {PointwiseOp::Tanh, PointwiseOp::Erf, PointwiseOp::Sin, PointwiseOp::Sqrt, PointwiseOp::Relu,
                           PointwiseOp::Gelu, PointwiseOp::Silu}) {
      const std::vector<float> out = run<float>(*backend, op, {zeros});
      CHECK_EQ(std::signbit(out[0]), false);
      CHECK_EQ(std::signbit(out[1]), true);
    }
  }
}

// Values that PyTorch gives at kinks, infinities and NaN.
struct Special {
  PointwiseOp op;
  std::vector<float> in;
  float out;
  std::vector<double> params;
};

TEST(specialValues) {
  const Special table[] = {
      {PointwiseOp::Sign, {kNaN}, 0, {}},
      {PointwiseOp::Relu, {kNaN}, kNaN, {}},
      {PointwiseOp::ReluBackward, {2, 0}, 0, {}},
      {PointwiseOp::ReluBackward, {2, 1}, 2, {}},
      {PointwiseOp::LeakyReluBackward, {2, 0}, 0.5f, {0.25}},
      {PointwiseOp::Elu, {-kInf}, -2, {2}},
      {PointwiseOp::EluBackward, {3, -1}, static_cast<float>(6 * std::exp(-1.0)), {2}},
      {PointwiseOp::Maximum, {kNaN, 1}, kNaN, {}},
      {PointwiseOp::Maximum, {1, kNaN}, kNaN, {}},
      {PointwiseOp::Minimum, {kNaN, 1}, kNaN, {}},
      {PointwiseOp::Minimum, {1, kNaN}, kNaN, {}},
      {PointwiseOp::MaximumBackward, {4, 1, 1}, 2, {}},
      {PointwiseOp::MaximumBackward, {4, 2, 1}, 4, {}},
      {PointwiseOp::MaximumBackward, {4, 1, 2}, 0, {}},
      {PointwiseOp::Clamp, {kNaN}, kNaN, {-1, 1}},
      {PointwiseOp::Clamp, {0}, 1, {2, 1}},
      {PointwiseOp::Clamp, {-kInf}, -kInf, {-INFINITY, 1}},
      {PointwiseOp::ClampBackward, {3, 1}, 3, {-1, 1}},
      {PointwiseOp::ClampBackward, {3, 1.5}, 0, {-1, 1}},
      {PointwiseOp::ClampBackward, {3, kNaN}, 0, {-1, 1}},
      {PointwiseOp::Rsqrt, {-0.f}, -kInf, {}},
      {PointwiseOp::Softplus, {kInf}, kInf, {1, 20}},
      {PointwiseOp::Softplus, {-kInf}, 0, {1, 20}},
      {PointwiseOp::Softplus, {kNaN}, kNaN, {1, 20}},
      {PointwiseOp::Softplus, {21}, 21, {1, 20}},
      {PointwiseOp::Huber, {kInf, 0}, kInf, {1}},
      {PointwiseOp::Huber, {3, 0}, 2.5, {1}},
      {PointwiseOp::Huber, {0.5, 0}, 0.125, {1}},
      {PointwiseOp::HuberBackward, {2, -3, 0}, -2, {1}},
      {PointwiseOp::HuberBackward, {2, kNaN, 0}, kNaN, {1}},
      {PointwiseOp::BinaryCrossEntropy, {1, 0}, 100, {}},
      {PointwiseOp::BinaryCrossEntropy, {0, 1}, 100, {}},
      {PointwiseOp::BinaryCrossEntropy, {0, 0}, 0, {}},
      {PointwiseOp::BinaryCrossEntropyBackward, {1, 0, 1}, -1e12f, {}},
      {PointwiseOp::BinaryCrossEntropyLogits, {kInf, 0.5}, kInf, {}},
      {PointwiseOp::BinaryCrossEntropyLogits, {-200, 1}, 200, {}},
      {PointwiseOp::BinaryCrossEntropyLogitsBackward, {1, kInf, 0}, 1, {}},
  };
  for (const Backend* backend : cpuBackends()) {
    for (const Special& row : table) {
      std::vector<std::vector<float>> in;
      std::vector<std::vector<double>> wide;
      for (float value : row.in) in.push_back({value}), wide.push_back({value});
      const double out = run<float>(*backend, row.op, in, row.params)[0];
      const double outWide = run<double>(*backend, row.op, wide, row.params)[0];
      const double tolerance = std::fabs(static_cast<double>(row.out)) * 1e-6;
      CHECK_NEAR(out, row.out, tolerance);
      CHECK_NEAR(outWide, row.out, tolerance);
    }
  }
}

}  // namespace
}  // namespace anneal
