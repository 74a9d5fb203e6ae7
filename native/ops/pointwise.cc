// Arithmetic, comparisons and logic, element by element.
#include <cmath>

#include "core/pointwise.h"
#include "ops/elementwise.h"
#include "ops/families.h"
#include "ops/functional.h"

namespace anneal {

namespace {

constexpr Param kClampParams[] = {
    {"x", ParamKind::Operand}, {"low", ParamKind::OptionalFloat}, {"high", ParamKind::OptionalFloat}};
constexpr Param kClampBackward[] = {
    {"dout", ParamKind::Tensor}, {"x", ParamKind::Tensor}, {"low", ParamKind::Float}, {"high", ParamKind::Float}};
constexpr Param kClampMin[] = {{"x", ParamKind::Operand}, {"low", ParamKind::Operand}};
constexpr Param kClampMax[] = {{"x", ParamKind::Operand}, {"high", ParamKind::Operand}};
constexpr Param kClampBetween[] = {
    {"x", ParamKind::Operand}, {"low", ParamKind::Operand}, {"high", ParamKind::Operand}};
constexpr Param kMulAdd[] = {{"x", ParamKind::Operand}, {"scale", ParamKind::Operand}, {"shift", ParamKind::Operand}};
constexpr Param kWhere[] = {{"condition", ParamKind::Tensor}, {"a", ParamKind::Operand}, {"b", ParamKind::Operand}};

void preparePow(Call& call) {
  const Tensor& exponent = call.in(1);
  const bool negative = exponent.weak() && exponent.impl()->weakValue < 0;
  prepareArithmetic(call);
  if (negative && !isFloating(call.in(0).dtype())) {
    fail(ErrorKind::Argument, "[pow] an integer tensor to a negative power is not an integer; cast to float32 first");
  }
}

void prepareClamp(Call& call) {
  if (!call.attrs[0].present) call.attrs[0] = attr(-INFINITY);
  if (!call.attrs[1].present) call.attrs[1] = attr(INFINITY);
  const double low = call.real(0), high = call.real(1);
  const auto whole = [](double v) { return std::isinf(v) || std::trunc(v) == v; };
  if (isFloating(call.in(0).dtype()) || (whole(low) && whole(high))) {
    prepareArithmetic(call);
  } else {
    prepareFloating(call);
  }
}

void prepareWhere(Call& call) {
  if (call.in(0).dtype() != DType::Bool) {
    fail(ErrorKind::DType, "[where] the condition must be bool, not %s", nameOf(call.in(0).dtype()));
  }
  const DType dtype = resultType(call.inputs, 1);
  for (int i = 1; i < 3; ++i) {
    Tensor& input = call.inputs[i];
    input = input.weak() ? input.materialize(dtype) : cast(input, dtype);
  }
}

void powGradient(GradCall& g) {
  const Tensor& a = g.in(0);
  const Tensor& b = g.in(1);
  const Tensor zero = number(0, a);
  if (g.needs(0)) {
    const Tensor slope = mul(b, pow(a, add(b, -1)));
    give(g, 0, where(equal(b, zero), zero, mul(g.dout(), slope)));
  }
  if (g.needs(1)) {
    // d(a^b)/db = a^b log a; 0 at a = 0, b >= 0, where the limit along b is 0 though log a is not finite.
    const Tensor flat = apply1("logicalAnd"_op, {equal(a, zero), apply1("ge"_op, {b, zero})});
    give(g, 1, mul(g.dout(), where(flat, zero, mul(g.out(0), log(a)))));
  }
}

// Gives input i what of dout flows where the condition holds.
void giveWhere(GradCall& g, int i, const Tensor& condition) {
  give(g, i, where(condition, g.dout(), number(0, g.dout())));
}

Tensor less(const Tensor& a, const Tensor& b) { return apply1("lt"_op, {a, b}); }
Tensor lessEqual(const Tensor& a, const Tensor& b) { return apply1("le"_op, {a, b}); }

// As PyTorch has it: x within its bounds has the gradient, a bound where it stands for x; none where x is NaN. Where the bounds
// are equal, the lower one has none; where they cross, the upper one has all.
void clampBetweenGradient(GradCall& g) {
  const Tensor &x = g.in(0), &low = g.in(1), &high = g.in(2);
  if (g.needs(0)) giveWhere(g, 0, apply1("logicalAnd"_op, {lessEqual(low, x), lessEqual(x, high)}));
  if (g.needs(1)) giveWhere(g, 1, apply1("logicalAnd"_op, {less(x, low), less(low, high)}));
  if (g.needs(2)) giveWhere(g, 2, apply1("logicalOr"_op, {less(high, x), less(high, low)}));
}

constexpr Operator comparison(const char* name, const char* doc, PointwiseOp op) {
  Operator record = pointwise(name, doc, kBinary, preparePromoted, op);
  record.infer = inferComparison;
  return record;
}

const Operator kOperators[] = {
    pointwise("add", "a + b", kBinary, prepareArithmetic, PointwiseOp::Add, kSaveNothing,
              [](GradCall& g) {
                if (g.needs(0)) give(g, 0, g.dout());
                if (g.needs(1)) give(g, 1, g.dout());
              }),
    pointwise("sub", "a - b", kBinary, prepareArithmetic, PointwiseOp::Sub, kSaveNothing,
              [](GradCall& g) {
                if (g.needs(0)) give(g, 0, g.dout());
                if (g.needs(1)) give(g, 1, neg(g.dout()));
              }),
    pointwise("mul", "a * b", kBinary, prepareArithmetic, PointwiseOp::Mul, kSaveAllInputs,
              [](GradCall& g) {
                if (g.needs(0)) give(g, 0, mul(g.dout(), g.in(1)));
                if (g.needs(1)) give(g, 1, mul(g.dout(), g.in(0)));
              }),
    pointwise("div", "a / b; integers are divided as float32", kBinary, prepareFloating, PointwiseOp::Div,
              kSaveAllInputs,
              [](GradCall& g) {
                const Tensor& b = g.in(1);
                if (g.needs(0)) give(g, 0, div(g.dout(), b));
                // The quotient first: where it is 0, so is this, also by dout.
                if (g.needs(1)) give(g, 1, neg(mul(g.dout(), div(div(g.in(0), b), b))));
              }),
    pointwise("pow", "a ^ b", kBinary, preparePow, PointwiseOp::Pow, kSaveAllInputs | saveOut(0), powGradient),
    pointwise("maximum", "the larger of a and b; NaN where either is; the gradient is halved at ties", kBinary,
              prepareArithmetic, PointwiseOp::Maximum, kSaveAllInputs,
              [](GradCall& g) {
                if (g.needs(0)) give(g, 0, apply1("maximumBackward"_op, {g.dout(), g.in(0), g.in(1)}));
                if (g.needs(1)) give(g, 1, apply1("maximumBackward"_op, {g.dout(), g.in(1), g.in(0)}));
              }),
    pointwise("minimum", "the smaller of a and b; NaN where either is; the gradient is halved at ties", kBinary,
              prepareArithmetic, PointwiseOp::Minimum, kSaveAllInputs,
              [](GradCall& g) {
                if (g.needs(0)) give(g, 0, apply1("maximumBackward"_op, {g.dout(), g.in(1), g.in(0)}));
                if (g.needs(1)) give(g, 1, apply1("maximumBackward"_op, {g.dout(), g.in(0), g.in(1)}));
              }),
    pointwise("maximumBackward", "dout where a > b, half of it where a = b, else 0", kBackward2, prepareDifferentiable,
              PointwiseOp::MaximumBackward, saveIn(1) | saveIn(2),
              [](GradCall& g) {
                if (g.needs(0)) give(g, 0, apply1("maximumBackward"_op, {g.dout(), g.in(1), g.in(2)}));
              }),
    pointwise("neg", "-x", kUnary, prepareArithmetic, PointwiseOp::Neg, kSaveNothing,
              [](GradCall& g) { g.set(0, neg(g.dout())); }),
    pointwise("abs", "|x|; the gradient at 0 is 0", kUnary, prepareArithmetic, PointwiseOp::Abs, saveIn(0),
              [](GradCall& g) { g.set(0, mul(g.dout(), sign(g.in(0)))); }),
    pointwise("sign", "-1, 0 or 1; the gradient is 0", kUnary, prepareArithmetic, PointwiseOp::Sign, kSaveNothing,
              [](GradCall& g) { g.set(0, mul(g.dout(), 0)); }),
    pointwise("square", "x * x", kUnary, prepareArithmetic, PointwiseOp::Square, saveIn(0),
              [](GradCall& g) { g.set(0, mul(g.dout(), mul(g.in(0), 2))); }),
    pointwise("clamp", "min(max(x, low), high); the gradient is 1 from low to high inclusive, else 0", kClampParams,
              prepareClamp, PointwiseOp::Clamp, saveIn(0),
              [](GradCall& g) {
                g.set(0, apply1("clampBackward"_op, {g.dout(), g.in(0)}, g.call().attrs));
              }),
    pointwise("clampBackward", "dout where low <= x <= high, else 0", kClampBackward, prepareDifferentiable,
              PointwiseOp::ClampBackward, saveIn(1),
              [](GradCall& g) {
                if (g.needs(0)) give(g, 0, apply1("clampBackward"_op, {g.dout(), g.in(1)}, g.call().attrs));
              }),
    pointwise("clampMin", "max(x, low); the gradient is that of x where low <= x, else of low", kClampMin,
              prepareArithmetic, PointwiseOp::ClampMin, kSaveAllInputs,
              [](GradCall& g) {
                if (g.needs(0)) giveWhere(g, 0, lessEqual(g.in(1), g.in(0)));
                if (g.needs(1)) giveWhere(g, 1, less(g.in(0), g.in(1)));
              }),
    pointwise("clampMax", "min(x, high); the gradient is that of x where x <= high, else of high", kClampMax,
              prepareArithmetic, PointwiseOp::ClampMax, kSaveAllInputs,
              [](GradCall& g) {
                if (g.needs(0)) giveWhere(g, 0, lessEqual(g.in(0), g.in(1)));
                if (g.needs(1)) giveWhere(g, 1, less(g.in(1), g.in(0)));
              }),
    pointwise(
        "clampBetween",
        "min(max(x, low), high); the gradient is that of x within the bounds, themselves included, else of the bound",
        kClampBetween, prepareArithmetic, PointwiseOp::ClampBetween, kSaveAllInputs, clampBetweenGradient),
    pointwise("mulAdd", "x * scale + shift, rounded once where the processor can", kMulAdd, prepareFloating,
              PointwiseOp::MulAdd, saveIn(0) | saveIn(1),
              [](GradCall& g) {
                if (g.needs(0)) g.set(0, mul(g.dout(), g.in(1)));
                if (g.needs(1)) g.set(1, mul(g.dout(), g.in(0)));
                if (g.needs(2)) g.set(2, g.dout());
              }),
    pointwise("exp", "e ^ x", kUnary, prepareFloating, PointwiseOp::Exp, saveOut(0),
              [](GradCall& g) { g.set(0, mul(g.dout(), g.out(0))); }),
    pointwise("log", "natural logarithm", kUnary, prepareFloating, PointwiseOp::Log, saveIn(0),
              [](GradCall& g) { g.set(0, div(g.dout(), g.in(0))); }),
    pointwise("sqrt", "square root", kUnary, prepareFloating, PointwiseOp::Sqrt, saveOut(0),
              [](GradCall& g) { g.set(0, div(g.dout(), mul(g.out(0), 2))); }),
    pointwise("rsqrt", "1 / sqrt(x)", kUnary, prepareFloating, PointwiseOp::Rsqrt, saveOut(0),
              [](GradCall& g) {  // d(x^-1/2)/dx = -1/2 y^3
                const Tensor& y = g.out(0);
                g.set(0, mul(mul(g.dout(), -0.5), mul(y, square(y))));
              }),
    pointwise("sin", "sine of radians", kUnary, prepareFloating, PointwiseOp::Sin, saveIn(0),
              [](GradCall& g) { g.set(0, mul(g.dout(), cos(g.in(0)))); }),
    pointwise("cos", "cosine of radians", kUnary, prepareFloating, PointwiseOp::Cos, saveIn(0),
              [](GradCall& g) { g.set(0, neg(mul(g.dout(), sin(g.in(0))))); }),
    pointwise("erf", "error function, 2 / sqrt(pi) times the integral of exp(-t^2) from 0 to x", kUnary,
              prepareFloating, PointwiseOp::Erf, saveIn(0),
              [](GradCall& g) {
                constexpr double kTwoOverSqrtPi = 1.1283791670955126;
                g.set(0, mul(g.dout(), mul(exp(neg(square(g.in(0)))), kTwoOverSqrtPi)));
              }),
    pointwise("where", "a where the condition holds, else b", kWhere, prepareWhere, PointwiseOp::Where, saveIn(0),
              [](GradCall& g) {
                const Tensor zero = number(0, g.dout());
                if (g.needs(1)) give(g, 1, where(g.in(0), g.dout(), zero));
                if (g.needs(2)) give(g, 2, where(g.in(0), zero, g.dout()));
              }),

    comparison("eq", "a = b", PointwiseOp::Equal),
    comparison("ne", "a != b", PointwiseOp::NotEqual),
    comparison("lt", "a < b", PointwiseOp::Less),
    comparison("le", "a <= b", PointwiseOp::LessEqual),
    comparison("gt", "a > b", PointwiseOp::Greater),
    comparison("ge", "a >= b", PointwiseOp::GreaterEqual),

    pointwise("logicalAnd", "a and b, of a != 0 and b != 0", kBinary, prepareLogical, PointwiseOp::LogicalAnd),
    pointwise("logicalOr", "a or b, of a != 0 and b != 0", kBinary, prepareLogical, PointwiseOp::LogicalOr),
    pointwise("logicalXor", "a exclusive-or b, of a != 0 and b != 0", kBinary, prepareLogical, PointwiseOp::LogicalXor),
    pointwise("logicalNot", "x = 0", kUnary, prepareLogical, PointwiseOp::LogicalNot),
};

}  // namespace

Family pointwiseFamily() { return kOperators; }

}  // namespace anneal
