// Activations. Each has a backward formula of its own, which is itself an operator: one pass over memory, and
// differentiable again through its composition.
#include <cmath>

#include "core/pointwise.h"
#include "ops/elementwise.h"
#include "ops/families.h"
#include "ops/functional.h"

namespace anneal {

namespace {

constexpr Param kX[] = {{"x", ParamKind::Tensor}};
constexpr Param kSlope[] = {{"x", ParamKind::Tensor}, {"slope", ParamKind::Float, 0.01}};
constexpr Param kAlpha[] = {{"x", ParamKind::Tensor}, {"alpha", ParamKind::Float, 1}};
constexpr Param kBeta[] = {
    {"x", ParamKind::Tensor}, {"beta", ParamKind::Float, 1}, {"threshold", ParamKind::Float, 20}};
constexpr Param kOutput[] = {{"dout", ParamKind::Tensor}, {"y", ParamKind::Tensor}};
constexpr Param kSlopeBackward[] = {{"dout", ParamKind::Tensor}, {"x", ParamKind::Tensor}, {"slope", ParamKind::Float}};
constexpr Param kAlphaBackward[] = {{"dout", ParamKind::Tensor}, {"x", ParamKind::Tensor}, {"alpha", ParamKind::Float}};
constexpr Param kBetaBackward[] = {
    {"dout", ParamKind::Tensor}, {"x", ParamKind::Tensor}, {"beta", ParamKind::Float}, {"threshold", ParamKind::Float}};

// The gradient rule that applies the operator `Backward` to dout and the saved input or output.
template <OpRef Backward, bool FromOutput>
void through(GradCall& g) {
  g.set(0, apply1(operator""_op<Backward>(), {g.dout(), FromOutput ? g.out(0) : g.in(0)}, g.call().attrs));
}

constexpr bool kFromInput = false, kFromOutput = true;

Tensor one(const Tensor& like) { return number(1, like); }

// Compositions choose by the condition of the kernel, and keep values out of branches that they do not choose: infinity there
// times a gradient of 0 would be NaN.

void expandRelu(const Call& call, Tensors& out) {
  const Tensor& dout = call.in(0);
  out.push_back(where(apply1("le"_op, {call.in(1), number(0, dout)}), number(0, dout), dout));
}

void expandLeakyRelu(const Call& call, Tensors& out) {
  const Tensor& x = call.in(1);
  out.push_back(mul(call.in(0), where(greater(x, 0), one(x), filled({x.dtype(), {}}, call.real(0), x.device()))));
}

void expandElu(const Call& call, Tensors& out) {
  const Tensor &dout = call.in(0), &x = call.in(1);
  // At 0 the derivative is that from below, and has itself the derivative 0, as in PyTorch.
  const Tensor above = greater(x, 0), notBelow = apply1("ge"_op, {x, number(0, x)});
  const Tensor below = where(notBelow, number(0, x), x);
  out.push_back(where(above, dout, mul(dout, mul(exp(below), call.real(0)))));
}

void expandSigmoid(const Call& call, Tensors& out) {
  const Tensor& y = call.in(1);
  out.push_back(mul(call.in(0), mul(y, sub(1, y))));
}

void expandTanh(const Call& call, Tensors& out) { out.push_back(mul(call.in(0), sub(1, square(call.in(1))))); }

// gelu' = Phi(x) + x phi(x), the normal distribution and its density.
void expandGelu(const Call& call, Tensors& out) {
  constexpr double kInvSqrt2 = 0.70710678118654752, kInvSqrt2Pi = 0.39894228040143268;
  const Tensor& x = call.in(1);
  const Tensor distribution = mul(add(erf(mul(x, kInvSqrt2)), 1), 0.5);
  const Tensor density = mul(exp(mul(square(x), -0.5)), kInvSqrt2Pi);
  out.push_back(mul(call.in(0), add(distribution, mul(x, density))));
}

// With t = tanh(u), u = sqrt(2/pi) (x + 0.044715 x^3): 0.5 (1 + t) + 0.5 x (1 - t^2) u'.
void expandGeluTanh(const Call& call, Tensors& out) {
  constexpr double kScale = 0.79788456080286536, kCubic = 0.044715;
  const Tensor& x = call.in(1);
  const Tensor x2 = square(x);
  const Tensor t = tanh(mul(mul(x, add(mul(x2, kCubic), 1)), kScale));
  const Tensor du = mul(add(mul(x2, 3 * kCubic), 1), kScale);
  const Tensor slope = add(mul(add(t, 1), 0.5), mul(mul(mul(x, 0.5), sub(1, square(t))), du));
  out.push_back(mul(call.in(0), slope));
}

void expandSilu(const Call& call, Tensors& out) {
  const Tensor& x = call.in(1);
  const Tensor s = sigmoid(x);
  out.push_back(mul(call.in(0), mul(s, add(mul(x, sub(1, s)), 1))));
}

void expandSoftplus(const Call& call, Tensors& out) {
  const Tensor &dout = call.in(0), scaled = mul(call.in(1), call.real(0));
  out.push_back(where(greater(scaled, call.real(1)), dout, mul(dout, sigmoid(scaled))));
}

void expandSoftsign(const Call& call, Tensors& out) {
  const Tensor scale = add(apply1("abs"_op, {call.in(1)}), 1);
  out.push_back(div(div(call.in(0), scale), scale));
}

const Operator kOperators[] = {
    pointwise("relu", "max(x, 0); the gradient at 0 is 0", kX, prepareArithmetic, PointwiseOp::Relu, saveOut(0),
              through<"reluBackward", kFromOutput>),
    pointwise("reluBackward", "dout where y > 0, else 0", kOutput, prepareDifferentiable, PointwiseOp::ReluBackward,
              kSaveNothing, nullptr, expandRelu),
    pointwise("leakyRelu", "x where x > 0, else slope * x", kSlope, prepareFloating, PointwiseOp::LeakyRelu, saveIn(0),
              through<"leakyReluBackward", kFromInput>),
    pointwise("leakyReluBackward", "dout where x > 0, else slope * dout", kSlopeBackward, prepareDifferentiable,
              PointwiseOp::LeakyReluBackward, kSaveNothing, nullptr, expandLeakyRelu),
    pointwise("elu", "x where x > 0, else alpha * (exp(x) - 1)", kAlpha, prepareFloating, PointwiseOp::Elu, saveIn(0),
              through<"eluBackward", kFromInput>),
    pointwise("eluBackward", "dout where x > 0, else dout * alpha * exp(x)", kAlphaBackward, prepareDifferentiable,
              PointwiseOp::EluBackward, kSaveNothing, nullptr, expandElu),
    pointwise("sigmoid", "1 / (1 + exp(-x))", kX, prepareFloating, PointwiseOp::Sigmoid, saveOut(0),
              through<"sigmoidBackward", kFromOutput>),
    pointwise("sigmoidBackward", "dout * y * (1 - y)", kOutput, prepareDifferentiable, PointwiseOp::SigmoidBackward,
              kSaveNothing, nullptr, expandSigmoid),
    pointwise("tanh", "hyperbolic tangent", kX, prepareFloating, PointwiseOp::Tanh, saveOut(0),
              through<"tanhBackward", kFromOutput>),
    pointwise("tanhBackward", "dout * (1 - y^2)", kOutput, prepareDifferentiable, PointwiseOp::TanhBackward,
              kSaveNothing, nullptr, expandTanh),
    pointwise("gelu", "x * Phi(x), with the normal distribution Phi (Hendrycks and Gimpel 2016)", kX, prepareFloating,
              PointwiseOp::Gelu, saveIn(0), through<"geluBackward", kFromInput>),
    pointwise("geluBackward", "dout * (Phi(x) + x * phi(x))", kBackward1, prepareDifferentiable,
              PointwiseOp::GeluBackward, kSaveNothing, nullptr, expandGelu),
    pointwise("geluTanh", "0.5 x (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3)))", kX, prepareFloating,
              PointwiseOp::GeluTanh, saveIn(0), through<"geluTanhBackward", kFromInput>),
    pointwise("geluTanhBackward", "dout times the derivative of geluTanh at x", kBackward1, prepareDifferentiable,
              PointwiseOp::GeluTanhBackward, kSaveNothing, nullptr, expandGeluTanh),
    pointwise("silu", "x * sigmoid(x)", kX, prepareFloating, PointwiseOp::Silu, saveIn(0),
              through<"siluBackward", kFromInput>),
    pointwise("siluBackward", "dout * s * (1 + x * (1 - s)), s = sigmoid(x)", kBackward1, prepareDifferentiable,
              PointwiseOp::SiluBackward, kSaveNothing, nullptr, expandSilu),
    pointwise("softplus", "log(1 + exp(beta * x)) / beta; x itself where beta * x > threshold", kBeta, prepareFloating,
              PointwiseOp::Softplus, saveIn(0), through<"softplusBackward", kFromInput>),
    pointwise("softplusBackward", "dout * sigmoid(beta * x); dout where beta * x > threshold", kBetaBackward,
              prepareDifferentiable, PointwiseOp::SoftplusBackward, kSaveNothing, nullptr, expandSoftplus),
    pointwise("softsign", "x / (1 + |x|)", kX, prepareFloating, PointwiseOp::Softsign, saveIn(0),
              through<"softsignBackward", kFromInput>),
    pointwise("softsignBackward", "dout / (1 + |x|)^2", kBackward1, prepareDifferentiable,
              PointwiseOp::SoftsignBackward, kSaveNothing, nullptr, expandSoftsign),
};

}  // namespace

Family activationFamily() { return kOperators; }

}  // namespace anneal
