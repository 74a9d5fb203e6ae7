// Exponentials and logarithms to other bases, error functions, lgamma and its derivatives, lengths and signs. Integers become float32.
#include <cmath>

#include "core/pointwise.h"
#include "ops/elementwise.h"
#include "ops/families.h"
#include "ops/functional.h"

namespace anneal {

namespace {

constexpr double kLn2 = 0.69314718055994530942, kLn10 = 2.30258509299404568402;
constexpr double kRootPi = 1.77245385090551602730;
constexpr int kMostPolygamma = 32;

constexpr Param kPolygamma[] = {{"x", ParamKind::Operand}, {"n", ParamKind::Float}};

void preparePolygamma(Call& call) {
  const double n = call.real(0);
  if (!(n >= 0 && n <= kMostPolygamma && n == std::trunc(n))) {
    fail(ErrorKind::Argument, "[polygamma] expected an integer from 0 to %d for 'n', received %g", kMostPolygamma, n);
  }
  prepareFloating(call);
}

Tensor polygamma(const Tensor& x, double n) { return apply1("polygamma"_op, {x}, {attr(n)}); }

constexpr Operator function(const char* name, const char* doc, PointwiseOp op, uint32_t saves,
                            void (*gradient)(GradCall&)) {
  return pointwise(name, doc, kUnary, prepareFloating, op, saves, gradient);
}

const Operator kOperators[] = {
    function("exp2", "2 ^ x", PointwiseOp::Exp2, saveOut(0),
             [](GradCall& g) { g.set(0, mul(mul(g.dout(), g.out(0)), kLn2)); }),
    function("expm1", "e^x - 1, exact near 0", PointwiseOp::Expm1, saveOut(0),
             [](GradCall& g) { g.set(0, mul(g.dout(), add(g.out(0), 1))); }),
    function("log1p", "log(1 + x), exact near 0", PointwiseOp::Log1p, saveIn(0),
             [](GradCall& g) { g.set(0, div(g.dout(), add(g.in(0), 1))); }),
    function("log2", "logarithm to base 2", PointwiseOp::Log2, saveIn(0),
             [](GradCall& g) { g.set(0, div(g.dout(), mul(g.in(0), kLn2))); }),
    function("log10", "logarithm to base 10", PointwiseOp::Log10, saveIn(0),
             [](GradCall& g) { g.set(0, div(g.dout(), mul(g.in(0), kLn10))); }),
    function("erfc", "1 - erf(x), exact where erf(x) is near 1", PointwiseOp::Erfc, saveIn(0),
             [](GradCall& g) { g.set(0, mul(g.dout(), mul(exp(neg(square(g.in(0)))), -2 / kRootPi))); }),
    function("erfinv", "the x whose erf is given, of numbers from -1 to 1", PointwiseOp::Erfinv, saveOut(0),
             [](GradCall& g) { g.set(0, mul(g.dout(), mul(exp(square(g.out(0))), kRootPi / 2))); }),
    function("lgamma", "log(|gamma(x)|)", PointwiseOp::Lgamma, saveIn(0),
             [](GradCall& g) { g.set(0, mul(g.dout(), polygamma(g.in(0), 0))); }),
    pointwise("polygamma", "the derivative of order n + 1 of lgamma; n = 0 is digamma", kPolygamma, preparePolygamma,
              PointwiseOp::Polygamma, saveIn(0),
              [](GradCall& g) { g.set(0, mul(g.dout(), polygamma(g.in(0), g.real(0) + 1))); }),
    pointwise("hypot", "sqrt(a^2 + b^2), without overflow on the way", kBinary, prepareFloating, PointwiseOp::Hypot,
              kSaveAllInputs | saveOut(0),
              [](GradCall& g) {
                if (g.needs(0)) give(g, 0, mul(g.dout(), div(g.in(0), g.out(0))));
                if (g.needs(1)) give(g, 1, mul(g.dout(), div(g.in(1), g.out(0))));
              }),
    pointwise("copysign", "|a| with the sign of b, also of -0; the gradient at a = 0 is 0", kBinary, prepareFloating,
              PointwiseOp::CopySign, saveIn(0) | saveOut(0),
              [](GradCall& g) {
                const Tensor& a = g.in(0);
                const Tensor zero = number(0, a);
                if (g.needs(0)) give(g, 0, mul(g.dout(), where(equal(a, zero), zero, div(g.out(0), a))));
                if (g.needs(1)) g.set(1, filled(g.spec(1), 0, g.dout().device()));
              }),
};

}  // namespace

Family specialFamily() { return kOperators; }

}  // namespace anneal
