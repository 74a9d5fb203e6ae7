// Pointwise mathematics on every instruction-set level of this CPU: float32 against float64 in units in the last place,
// over every exponent and both signs; special values; equal results wherever an element lies in a tile.
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "cpu/dispatch.h"
#include "test/check.h"

namespace anneal {
namespace {

using Reference = double (*)(double, double);

const float kInf = std::numeric_limits<float>::infinity();
const float kNaN = std::numeric_limits<float>::quiet_NaN();

template <class T>
constexpr DType dtypeOf() {
  return sizeof(T) == 4 ? DType::Float32 : DType::Float64;
}

// out = op(a, b, c) on contiguous operands of equal length.
template <class T>
std::vector<T> run(const Backend& backend, PointwiseOp op, const std::vector<std::vector<T>>& in,
                   std::vector<double> params = {}) {
  std::vector<T> out(in[0].size());
  PointwiseArgs args{};
  args.op = op;
  args.dtype = dtypeOf<T>();
  args.inputs = static_cast<uint8_t>(in.size());
  args.rank = 1;
  args.shape[0] = static_cast<int64_t>(out.size());
  for (size_t i = 0; i < in.size(); i++) {
    args.in[i] = in[i].data();
    args.strides[i][0] = 1;
  }
  args.out = out.data();
  for (size_t i = 0; i < params.size(); i++) args.params[i] = params[i];
  backend.pointwise(args);
  return out;
}

// Both signs of `perExponent` mantissas for every exponent, denormals included; then the special values.
std::vector<float> everyExponent(int perExponent) {
  std::vector<float> values;
  const uint32_t step = (1u << 23) / static_cast<uint32_t>(perExponent);
  for (uint32_t exponent = 0; exponent < 255; exponent++) {
    for (uint32_t i = 0; i < static_cast<uint32_t>(perExponent); i++) {
      const uint32_t mantissa = (i * step + (i * 2654435761u) % step) & 0x7fffffu;
      for (uint32_t sign : {0u, 1u}) {
        const uint32_t bits = sign << 31 | exponent << 23 | mantissa;
        float value;
        std::memcpy(&value, &bits, sizeof value);
        values.push_back(value);
      }
    }
  }
  for (float value : {0.f, -0.f, 1.f, -1.f, kInf, -kInf, kNaN, 3.4028235e38f, 1.17549435e-38f, 1e-45f}) {
    values.push_back(value);
    values.push_back(-value);
  }
  return values;
}

// Evenly spaced, where most arguments lie.
std::vector<float> interval(float low, float high, int count) {
  std::vector<float> values;
  const float step = (high - low) / static_cast<float>(count);
  for (int i = 0; i <= count; i++) values.push_back(low + step * static_cast<float>(i));
  return values;
}

// Distance in units in the last place of the float32 next to `exact`; infinite where one is NaN or infinite alone.
double ulpError(float actual, double exact) {
  const float rounded = static_cast<float>(exact);
  if (std::isnan(exact)) return std::isnan(actual) ? 0 : INFINITY;
  if (std::isnan(actual)) return INFINITY;
  if (std::isinf(rounded) || std::isinf(actual)) {
    if (rounded == actual) return 0;
    // At the edge of overflow, the largest number and infinity are neighbours.
    const double magnitude = std::fabs(exact);
    return magnitude > 3.4028234e38 && magnitude < 3.4028238e38 && (exact < 0) == (actual < 0) ? 1 : INFINITY;
  }
  int exponent;
  std::frexp(exact, &exponent);
  const double ulp = std::ldexp(1.0, exponent - 24 > -149 ? exponent - 24 : -149);
  return std::fabs(static_cast<double>(actual) - exact) / ulp;
}

struct Worst {
  double error = 0;
  double x = 0, y = 0, actual = 0, exact = 0;
};

void checkUlp(const char* name, PointwiseOp op, Reference reference, const std::vector<float>& x,
              const std::vector<float>& y, double limit) {
  for (const CpuLevel& level : cpuLevels()) {
    std::vector<std::vector<float>> in = {x};
    if (!y.empty()) in.push_back(y);
    const std::vector<float> out = run(*level.backend, op, in);
    Worst worst;
    for (size_t i = 0; i < x.size(); i++) {
      const double second = y.empty() ? 0 : y[i];
      const double exact = reference(x[i], second);
      const double error = ulpError(out[i], exact);
      if (error > worst.error) worst = {error, x[i], second, out[i], exact};
    }
    if (std::getenv("ANNEAL_TEST_VERBOSE") != nullptr) {
      std::printf("  %-8s %s: %.3f ulp at x = %.9g\n", name, level.name, worst.error, worst.x);
    }
    if (worst.error > limit) {
      test::report(__FILE__, __LINE__,
                   std::string(name) + " on " + level.name + ": " + test::show(worst.error) + " ulp at (" +
                       test::show(worst.x) + ", " + test::show(worst.y) + "): " + test::show(worst.actual) + ", not " +
                       test::show(worst.exact));
    }
  }
}

void checkFunction(const char* name, PointwiseOp op, Reference reference, double limit = 2.0) {
  std::vector<float> x = everyExponent(512);
  for (auto [low, high] : {std::pair{-2.f, 2.f}, std::pair{-20.f, 20.f}, std::pair{-110.f, 110.f}}) {
    for (float value : interval(low, high, 100003)) x.push_back(value);
  }
  checkUlp(name, op, reference, x, {}, limit);
}

double sigmoid(double x) { return x < 0 ? std::exp(x) / (1 + std::exp(x)) : 1 / (1 + std::exp(-x)); }

TEST(ulpExp) {
  checkFunction(
      "exp", PointwiseOp::Exp, [](double x, double) { return std::exp(x); }, 1.0);
}
TEST(ulpLog) {
  checkFunction(
      "log", PointwiseOp::Log, [](double x, double) { return std::log(x); }, 1.0);
}
TEST(ulpTanh) {
  checkFunction(
      "tanh", PointwiseOp::Tanh, [](double x, double) { return std::tanh(x); }, 2.0);
}
TEST(ulpSigmoid) {
  checkFunction(
      "sigmoid", PointwiseOp::Sigmoid, [](double x, double) { return sigmoid(x); }, 2.0);
}
TEST(ulpErf) {
  checkFunction(
      "erf", PointwiseOp::Erf, [](double x, double) { return std::erf(x); }, 2.0);
}
TEST(ulpSin) {
  checkFunction(
      "sin", PointwiseOp::Sin, [](double x, double) { return std::sin(x); }, 2.0);
}
TEST(ulpCos) {
  checkFunction(
      "cos", PointwiseOp::Cos, [](double x, double) { return std::cos(x); }, 2.0);
}
TEST(ulpSqrt) {
  checkFunction(
      "sqrt", PointwiseOp::Sqrt, [](double x, double) { return std::sqrt(x); }, 0.5);
}
TEST(ulpRsqrt) {
  checkFunction(
      "rsqrt", PointwiseOp::Rsqrt, [](double x, double) { return 1 / std::sqrt(x); }, 1.5);
}

// x Phi(x) with erfc, relative in the tail; x^2 / 2 costs up to its own size in units there.
TEST(ulpGelu) {
  const Reference reference = [](double x, double) { return x * 0.5 * std::erfc(-x * std::sqrt(0.5)); };
  std::vector<float> x;
  for (float value : interval(-3.f, 30.f, 200003)) x.push_back(value);
  for (float value : everyExponent(64)) {
    if (!(value < -3.f)) x.push_back(value);
  }
  checkUlp("gelu", PointwiseOp::Gelu, reference, x, {}, 8.0);
  checkUlp("gelu", PointwiseOp::Gelu, reference, interval(-12.f, -3.f, 200003), {}, 100.0);
}

// expm1 through elu with alpha 1, log1p through the softplus of arguments whose exponential is exact enough.
TEST(ulpExpm1) {
  std::vector<float> x = everyExponent(512);
  for (float value : interval(-20.f, 0.f, 100003)) x.push_back(value);
  for (const Backend* backend : cpuBackends()) {
    const std::vector<float> out = run<float>(*backend, PointwiseOp::Elu, {x}, {1.0});
    double worst = 0, at = 0;
    for (size_t i = 0; i < x.size(); i++) {
      const double error = ulpError(out[i], x[i] > 0 ? x[i] : std::expm1(static_cast<double>(x[i])));
      if (error > worst) worst = error, at = x[i];
    }
    if (worst > 2.0) test::report(__FILE__, __LINE__, "expm1: " + test::show(worst) + " ulp at " + test::show(at));
  }
}
TEST(ulpLog1p) {
  // Softplus is max(x, 0) + log1p(exp(-|x|)): for x <= 0 its error is that of exp and log1p, one each.
  std::vector<float> x;
  for (float value : interval(-100.f, 0.f, 200003)) x.push_back(value);
  for (const Backend* backend : cpuBackends()) {
    const std::vector<float> out = run<float>(*backend, PointwiseOp::Softplus, {x}, {1.0, 20.0});
    double worst = 0, at = 0;
    for (size_t i = 0; i < x.size(); i++) {
      const double error = ulpError(out[i], std::log1p(std::exp(static_cast<double>(x[i]))));
      if (error > worst) worst = error, at = x[i];
    }
    if (worst > 3.0) test::report(__FILE__, __LINE__, "log1p: " + test::show(worst) + " ulp at " + test::show(at));
  }
}

TEST(ulpPow) {
  std::vector<float> bases = everyExponent(4), x, y;
  for (float base : bases) {
    for (float exponent : {0.f,  -0.f,  1.f,  2.f,   3.f,  -1.f,       -2.f,       0.5f, -0.5f, 1.5f, 7.f,
                           0.1f, -3.3f, 31.f, 1e-3f, 1e6f, 16777216.f, 16777215.f, kInf, -kInf, kNaN}) {
      x.push_back(base);
      y.push_back(exponent);
    }
  }
  for (float exponent : everyExponent(4)) {
    for (float base :
         {0.f, -0.f, 0.5f, 2.f, -2.f, 1.f, -1.f, 0.99999994f, 1.0000001f, 10.f, kInf, -kInf, kNaN, 1e-45f}) {
      x.push_back(base);
      y.push_back(exponent);
    }
  }
  const Reference reference = [](double a, double b) { return std::pow(a, b); };
  checkUlp("pow", PointwiseOp::Pow, reference, x, y, 1.0);
  // Again without the special pairs, which take their whole vector through the C library.
  std::vector<float> ordinaryX, ordinaryY;
  for (size_t i = 0; i < x.size(); i++) {
    const bool special = std::isnan(x[i]) || !std::isfinite(y[i]) || (x[i] < 0 && std::rint(y[i]) != y[i]);
    if (special) continue;
    ordinaryX.push_back(x[i]);
    ordinaryY.push_back(y[i]);
  }
  checkUlp("pow", PointwiseOp::Pow, reference, ordinaryX, ordinaryY, 1.0);
}

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
      {PointwiseOp::EluBackward, {3, -1}, 3, {2}},
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
