// Elementary functions in float32 against float64, in units in the last place, on every instruction-set level of this CPU.
//
// By default over a dense sample of every exponent, both signs, denormals and special values. With
// ANNEAL_TEST_ULP_STEP=n over every n-th float32 there is (1: all 2^32; odd, so that all mantissas are met).
// ANNEAL_TEST_VERBOSE prints the worst cases.
#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <string>
#include <utility>
#include <vector>

#include "core/pointwise.h"
#include "test/pointwise.h"

namespace anneal {
namespace {

struct Function {
  const char* name;
  PointwiseOp op;
  double (*reference)(double, double);
  double limit;                     // in units in the last place
  std::vector<double> params = {};  // of the operator
  float low = -kInf, high = kInf;   // where it is checked; NaN always is
};

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
  double error = 0, x = 0, y = 0, actual = 0, exact = 0;
};

// The worst case of each level so far becomes that of these arguments, if it is worse.
void accumulate(const Function& f, const std::vector<float>& x, const std::vector<float>& y,
                std::vector<Worst>& worst) {
  std::vector<std::vector<float>> in = {x};
  if (!y.empty()) in.push_back(y);
  std::vector<double> exact(x.size());
  for (size_t i = 0; i < x.size(); i++) exact[i] = f.reference(x[i], y.empty() ? 0 : y[i]);
  worst.resize(cpuLevels().size());
  for (size_t level = 0; level < worst.size(); level++) {
    const std::vector<float> out = run(*cpuLevels()[level].backend, f.op, in, f.params);
    for (size_t i = 0; i < x.size(); i++) {
      const double error = ulpError(out[i], exact[i]);
      if (error > worst[level].error) worst[level] = {error, x[i], y.empty() ? 0 : y[i], out[i], exact[i]};
    }
  }
}

void judge(const Function& f, const std::vector<Worst>& worst) {
  for (size_t level = 0; level < worst.size(); level++) {
    const Worst& w = worst[level];
    const std::string text = std::string(f.name) + " on " + cpuLevels()[level].name + ": " + test::show(w.error) +
                             " ulp at (" + test::show(w.x) + ", " + test::show(w.y) + "): " + test::show(w.actual) +
                             ", not " + test::show(w.exact);
    if (std::getenv("ANNEAL_TEST_VERBOSE") != nullptr) std::printf("  %s\n", text.c_str());
    if (w.error > f.limit) test::report(__FILE__, __LINE__, text);
  }
}

void checkUlp(const Function& f, const std::vector<float>& x, const std::vector<float>& y) {
  std::vector<Worst> worst;
  accumulate(f, x, y, worst);
  judge(f, worst);
}

void checkEvery(const Function& f, uint64_t step) {
  constexpr uint64_t kBlock = 1 << 20;
  std::vector<Worst> worst;
  std::vector<float> x;
  for (uint64_t bits = 0; bits < (uint64_t{1} << 32); bits += step) {
    float value;
    const uint32_t low = static_cast<uint32_t>(bits);
    std::memcpy(&value, &low, sizeof value);
    if (!(value < f.low) && !(value > f.high)) x.push_back(value);
    if (x.size() < kBlock && bits + step < (uint64_t{1} << 32)) continue;
    accumulate(f, x, {}, worst);
    x.clear();
  }
  judge(f, worst);
}

void check(const Function& f) {
  if (const char* step = std::getenv("ANNEAL_TEST_ULP_STEP")) return checkEvery(f, std::strtoull(step, nullptr, 10));
  std::vector<float> x = everyExponent(1024);
  for (auto [low, high] : {std::pair{-2.f, 2.f}, std::pair{-20.f, 20.f}, std::pair{-110.f, 110.f}}) {
    for (float value : interval(low, high, 100003)) x.push_back(value);
  }
  x.erase(std::remove_if(x.begin(), x.end(), [&](float v) { return v < f.low || v > f.high; }), x.end());
  checkUlp(f, x, {});
}

double sigmoid(double x) { return x < 0 ? std::exp(x) / (1 + std::exp(x)) : 1 / (1 + std::exp(-x)); }

TEST(ulpExp) {
  check({"exp", PointwiseOp::Exp, [](double x, double) { return std::exp(x); }, 1.25});
}
TEST(ulpLog) {
  check({"log", PointwiseOp::Log, [](double x, double) { return std::log(x); }, 1.0});
}
TEST(ulpTanh) {
  check({"tanh", PointwiseOp::Tanh, [](double x, double) { return std::tanh(x); }, 2.0});
}
TEST(ulpSigmoid) {
  check({"sigmoid", PointwiseOp::Sigmoid, [](double x, double) { return sigmoid(x); }, 2.0});
}
TEST(ulpErf) {
  check({"erf", PointwiseOp::Erf, [](double x, double) { return std::erf(x); }, 2.0});
}
TEST(ulpSin) {
  check({"sin", PointwiseOp::Sin, [](double x, double) { return std::sin(x); }, 2.0});
}
TEST(ulpCos) {
  check({"cos", PointwiseOp::Cos, [](double x, double) { return std::cos(x); }, 2.0});
}
TEST(ulpSqrt) {
  check({"sqrt", PointwiseOp::Sqrt, [](double x, double) { return std::sqrt(x); }, 0.5});
}
TEST(ulpRsqrt) {
  check({"rsqrt", PointwiseOp::Rsqrt, [](double x, double) { return 1 / std::sqrt(x); }, 1.5});
}

TEST(ulpTrigonometry) {
  check({"tan", PointwiseOp::Tan, [](double x, double) { return std::tan(x); }, 4.0});
  check({"asin", PointwiseOp::Asin, [](double x, double) { return std::asin(x); }, 3.0});
  check({"acos", PointwiseOp::Acos, [](double x, double) { return std::acos(x); }, 2.0});
  check({"atan", PointwiseOp::Atan, [](double x, double) { return std::atan(x); }, 3.0});
}
TEST(ulpHyperbolic) {
  check({"sinh", PointwiseOp::Sinh, [](double x, double) { return std::sinh(x); }, 3.0});
  check({"cosh", PointwiseOp::Cosh, [](double x, double) { return std::cosh(x); }, 3.0});
  check({"asinh", PointwiseOp::Asinh, [](double x, double) { return std::asinh(x); }, 3.0});
  check({"acosh", PointwiseOp::Acosh, [](double x, double) { return std::acosh(x); }, 3.0});
  check({"atanh", PointwiseOp::Atanh, [](double x, double) { return std::atanh(x); }, 3.0});
}
TEST(ulpSpecial) {
  check({"exp2", PointwiseOp::Exp2, [](double x, double) { return std::exp2(x); }, 2.0});
  check({"expm1", PointwiseOp::Expm1, [](double x, double) { return std::expm1(x); }, 2.0});
  check({"log1p", PointwiseOp::Log1p, [](double x, double) { return std::log1p(x); }, 2.0});
  check({"log2", PointwiseOp::Log2, [](double x, double) { return std::log2(x); }, 2.0});
  check({"log10", PointwiseOp::Log10, [](double x, double) { return std::log10(x); }, 2.0});
  check({"erfc", PointwiseOp::Erfc, [](double x, double) { return std::erfc(x); }, 6.0});
  check({"lgamma", PointwiseOp::Lgamma, [](double x, double) { return std::lgamma(x); }, 1.0});
}

// The inverse, judged by the function: what erf(y) is off by, over its slope, is what y is off by. Within 3 units in the last place.
TEST(ulpErfinv) {
  for (const Backend* backend : cpuBackends()) {
    const std::vector<float> x = interval(-0.99999994f, 0.99999994f, 400003);
    const std::vector<float> y = run<float>(*backend, PointwiseOp::Erfinv, {x});
    for (size_t i = 0; i < x.size(); i++) {
      const double slope = 1.1283791670955126 * std::exp(-double{y[i]} * y[i]);
      const double found =
          x[i] < 0 ? std::erfc(-double{y[i]}) - (1 + double{x[i]}) : (1 - double{x[i]}) - std::erfc(double{y[i]});
      CHECK(std::fabs(found / slope) <= 3 * 0x1p-23 * std::fabs(double{y[i]}) + 1e-45);
    }
  }
}

// Quotients and remainders have no error: those of the C library, for numbers of every size beside each other.
TEST(remainders) {
  std::vector<float> a, b;
  for (float x : everyExponent(1)) {
    for (float y : everyExponent(1)) {
      a.push_back(x), b.push_back(y);
    }
  }
  for (const Backend* backend : cpuBackends()) {
    const std::vector<float> rest = run<float>(*backend, PointwiseOp::Fmod, {a, b});
    for (size_t i = 0; i < a.size(); i++) {
      const float exact = std::fmod(a[i], b[i]);
      CHECK(rest[i] == exact || (std::isnan(rest[i]) && std::isnan(exact)));
    }
  }
}

// x Phi(x) with erfc, relative in the tail; x^2 / 2 costs up to its own size in units there.
TEST(ulpGelu) {
  Function gelu{"gelu", PointwiseOp::Gelu, [](double x, double) { return x * 0.5 * std::erfc(-x * std::sqrt(0.5)); },
                8.0};
  gelu.low = -3.f;
  check(gelu);
  gelu.low = -12.f, gelu.high = -3.f, gelu.limit = 100;
  check(gelu);
}

// Elu with alpha 1 is expm1 for x <= 0.
TEST(ulpExpm1) {
  check({"expm1", PointwiseOp::Elu, [](double x, double) { return x > 0 ? x : std::expm1(x); }, 2.0, {1.0}});
}

// Softplus, max(x, 0) + log1p(exp(-|x|)), has the errors of exp, of log1p and of the sum.
TEST(ulpSoftplus) {
  check({"softplus",
         PointwiseOp::Softplus,
         [](double x, double) { return x > 20 ? x : (x > 0 ? x : 0) + std::log1p(std::exp(-std::fabs(x))); },
         3.0,
         {1.0, 20.0}});
}

// The loss of y against 0 is -log1p(-y), not above 100.
TEST(ulpLog1p) {
  const Function loss{"log1p",
                      PointwiseOp::BinaryCrossEntropy,
                      [](double y, double) { return std::fmin(100.0, -std::log1p(-y)); },
                      2.0,
                      {},
                      0.f,
                      1.f};
  std::vector<float> y = interval(0.f, 1.f, 400003);
  for (float value : everyExponent(1024)) {
    if (value >= 0 && value <= 1) y.push_back(value);
  }
  checkUlp(loss, y, std::vector<float>(y.size(), 0.f));
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
  Function function{"pow", PointwiseOp::Pow, [](double a, double b) { return std::pow(a, b); }, 1.0};
  checkUlp(function, x, y);
  // Again without the special pairs, which take their whole vector through the C library.
  std::vector<float> ordinaryX, ordinaryY;
  for (size_t i = 0; i < x.size(); i++) {
    const bool special = std::isnan(x[i]) || !std::isfinite(y[i]) || (x[i] < 0 && std::rint(y[i]) != y[i]);
    if (special) continue;
    ordinaryX.push_back(x[i]);
    ordinaryY.push_back(y[i]);
  }
  checkUlp(function, ordinaryX, ordinaryY);
}

}  // namespace
}  // namespace anneal
