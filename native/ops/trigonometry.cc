// The tangent, inverse trigonometric functions and hyperbolic functions. Integers become float32.
#include "core/pointwise.h"
#include "ops/elementwise.h"
#include "ops/families.h"
#include "ops/functional.h"

namespace anneal {

namespace {

Tensor rsqrt(const Tensor& x) { return apply1("rsqrt"_op, {x}); }
Tensor sinh(const Tensor& x) { return apply1("sinh"_op, {x}); }
Tensor cosh(const Tensor& x) { return apply1("cosh"_op, {x}); }

constexpr Operator function(const char* name, const char* doc, PointwiseOp op, uint32_t saves,
                            void (*gradient)(GradCall&)) {
  return pointwise(name, doc, kUnary, prepareFloating, op, saves, gradient);
}

constexpr Param kAtan2[] = {{"y", ParamKind::Operand}, {"x", ParamKind::Operand}};

const Operator kOperators[] = {
    function("tan", "tangent of radians", PointwiseOp::Tan, saveOut(0),
             [](GradCall& g) { g.set(0, mul(g.dout(), add(square(g.out(0)), 1))); }),
    function("asin", "the angle from -pi / 2 to pi / 2 that has the sine x", PointwiseOp::Asin, saveIn(0),
             [](GradCall& g) { g.set(0, mul(g.dout(), rsqrt(sub(1, square(g.in(0)))))); }),
    function("acos", "the angle from 0 to pi that has the cosine x", PointwiseOp::Acos, saveIn(0),
             [](GradCall& g) { g.set(0, neg(mul(g.dout(), rsqrt(sub(1, square(g.in(0))))))); }),
    function("atan", "the angle between -pi / 2 and pi / 2 that has the tangent x", PointwiseOp::Atan, saveIn(0),
             [](GradCall& g) { g.set(0, div(g.dout(), add(mul(g.in(0), g.in(0)), 1))); }),
    pointwise("atan2", "the angle from -pi to pi of the point (x, y); the gradient at (0, 0) is 0", kAtan2,
              prepareFloating, PointwiseOp::Atan2, kSaveAllInputs,
              [](GradCall& g) {
                const Tensor &y = g.in(0), &x = g.in(1);
                const Tensor length = add(mul(y, y), mul(x, x)), zero = number(0, y);
                const Tensor nowhere = equal(length, zero);
                const Tensor each = div(where(nowhere, zero, g.dout()), where(nowhere, number(1, y), length));
                if (g.needs(0)) give(g, 0, mul(each, x));
                if (g.needs(1)) give(g, 1, neg(mul(each, y)));
              }),
    function("sinh", "(e^x - e^-x) / 2", PointwiseOp::Sinh, saveIn(0),
             [](GradCall& g) { g.set(0, mul(g.dout(), cosh(g.in(0)))); }),
    function("cosh", "(e^x + e^-x) / 2", PointwiseOp::Cosh, saveIn(0),
             [](GradCall& g) { g.set(0, mul(g.dout(), sinh(g.in(0)))); }),
    function("asinh", "log(x + sqrt(x^2 + 1))", PointwiseOp::Asinh, saveIn(0),
             [](GradCall& g) { g.set(0, mul(g.dout(), rsqrt(add(square(g.in(0)), 1)))); }),
    function("acosh", "log(x + sqrt(x^2 - 1)), of x from 1 on", PointwiseOp::Acosh, saveIn(0),
             [](GradCall& g) { g.set(0, mul(g.dout(), rsqrt(add(mul(g.in(0), g.in(0)), -1)))); }),
    function("atanh", "log((1 + x) / (1 - x)) / 2, of x from -1 to 1", PointwiseOp::Atanh, saveIn(0),
             [](GradCall& g) { g.set(0, div(g.dout(), sub(1, square(g.in(0))))); }),
};

}  // namespace

Family trigonometryFamily() { return kOperators; }

}  // namespace anneal
