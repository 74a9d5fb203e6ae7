// Losses: the element-wise errors with their derivatives, and the losses that reduce them.
#include <cmath>

#include "core/pointwise.h"
#include "ops/elementwise.h"
#include "ops/families.h"
#include "ops/functional.h"

namespace anneal {

Tensor reduceLoss(const Tensor& errors, Reduction reduction) {
  switch (reduction) {
    case Reduction::None: return errors;
    case Reduction::Sum: return sumAll(errors);
    default: return meanAll(errors);
  }
}

namespace {

constexpr Param kLoss[] = {{"input", ParamKind::Tensor}, {"target", ParamKind::Tensor}, kReductionParam};
constexpr Param kHuber[] = {
    {"input", ParamKind::Tensor}, {"target", ParamKind::Tensor}, kReductionParam, {"delta", ParamKind::Float, 1}};
constexpr Param kBinary3[] = {{"input", ParamKind::Tensor},
                              {"target", ParamKind::Tensor},
                              {"weight", ParamKind::OptionalTensor},
                              kReductionParam};
constexpr Param kBinaryLogits[] = {{"input", ParamKind::Tensor},
                                   {"target", ParamKind::Tensor},
                                   {"weight", ParamKind::OptionalTensor},
                                   {"posWeight", ParamKind::OptionalTensor},
                                   kReductionParam};
constexpr Param kError[] = {{"input", ParamKind::Tensor}, {"target", ParamKind::Tensor}};
constexpr Param kErrorBackward[] = {
    {"dout", ParamKind::Tensor}, {"input", ParamKind::Tensor}, {"target", ParamKind::Tensor}};
constexpr Param kHuberError[] = {
    {"input", ParamKind::Tensor}, {"target", ParamKind::Tensor}, {"delta", ParamKind::Float, 1}};
constexpr Param kHuberBackward[] = {{"dout", ParamKind::Tensor},
                                    {"input", ParamKind::Tensor},
                                    {"target", ParamKind::Tensor},
                                    {"delta", ParamKind::Float, 1}};

// A loss between shapes that merely broadcast trains to the wrong answer without a word, so they must be equal.
void checkSameShape(const Call& call) {
  if (call.in(0).shape() == call.in(1).shape()) return;
  fail(ErrorKind::Shape, "[%s] input and target must have the same shape: %s and %s (reshape one of them)", call.name(),
       call.in(0).shape().str().c_str(), call.in(1).shape().str().c_str());
}

Tensor weighted(const Call& call, Tensor errors, int weight) {
  return call.has(weight) ? mul(errors, call.in(weight)) : errors;
}

void expandMse(const Call& call, Tensors& out) {
  checkSameShape(call);
  out.push_back(reduceLoss(apply1("squaredError"_op, {call.in(0), call.in(1)}), call.choice<Reduction>(0)));
}

void expandL1(const Call& call, Tensors& out) {
  checkSameShape(call);
  const Tensor errors = apply1("abs"_op, {sub(call.in(0), call.in(1))});
  out.push_back(reduceLoss(errors, call.choice<Reduction>(0)));
}

void expandHuber(const Call& call, Tensors& out) {
  checkSameShape(call);
  if (!(call.real(1) > 0)) fail(ErrorKind::Argument, "[%s] delta must be positive, not %g", call.name(), call.real(1));
  out.push_back(
      reduceLoss(apply1("huberError"_op, {call.in(0), call.in(1)}, {attr(call.real(1))}), call.choice<Reduction>(0)));
}

void expandBinaryCrossEntropy(const Call& call, Tensors& out) {
  checkSameShape(call);
  const Tensor errors = apply1("binaryCrossEntropyError"_op, {call.in(0), call.in(1)});
  out.push_back(reduceLoss(weighted(call, errors, 2), call.choice<Reduction>(0)));
}

void expandBinaryCrossEntropyLogits(const Call& call, Tensors& out) {
  checkSameShape(call);
  const Tensor &x = call.in(0), &t = call.in(1);
  Tensor errors;
  if (call.has(3)) {
    // (1 - t) x + (1 + (p - 1) t) softplus(-x), with the weight p of the positive class.
    const Tensor scale = add(mul(add(call.in(3), -1), t), 1);
    const Tensor soft = apply1("softplus"_op, {neg(x)}, {attr(1.0), attr(1e300)});
    errors = add(mul(sub(1, t), x), mul(scale, soft));
  } else {
    errors = apply1("binaryCrossEntropyLogitsError"_op, {x, t});
  }
  out.push_back(reduceLoss(weighted(call, errors, 2), call.choice<Reduction>(0)));
}

// ---- derivatives of the errors ---------------------------------------------------------------------------------------------

void squaredErrorGradient(GradCall& g) {
  const Tensor slope = mul(mul(g.dout(), 2), sub(g.in(0), g.in(1)));
  if (g.needs(0)) g.set(0, slope);
  if (g.needs(1)) g.set(1, neg(slope));
}

void huberGradient(GradCall& g) {
  const Tensor slope = apply1("huberErrorBackward"_op, {g.dout(), g.in(0), g.in(1)}, g.call().attrs);
  if (g.needs(0)) g.set(0, slope);
  if (g.needs(1)) g.set(1, neg(slope));
}

void expandHuberBackward(const Call& call, Tensors& out) {
  // Where |d| = delta this has the derivative 0, as in PyTorch, and where d is NaN.
  const Tensor d = sub(call.in(1), call.in(2)), limit = number(call.real(0), d);
  const Tensor inside = apply1("lt"_op, {apply1("abs"_op, {d}), limit});
  const Tensor cut = where(apply1("ne"_op, {d, d}), number(NAN, d), mul(sign(d), call.real(0)));
  out.push_back(mul(call.in(0), where(inside, d, cut)));
}

// log(x), cut off at -100, with the derivative 0 where it is: not 0 / 0.
Tensor cutLog(const Tensor& x) {
  const Tensor low = number(-100, x), cut = apply1("lt"_op, {log(x), low});
  return where(cut, low, log(where(cut, number(1, x), x)));
}

// By the target: log(1 - y) - log(y), both cut off at -100 as the loss is.
void binaryCrossEntropyGradient(GradCall& g) {
  const Tensor &y = g.in(0), &t = g.in(1);
  if (g.needs(0)) g.set(0, apply1("binaryCrossEntropyErrorBackward"_op, {g.dout(), y, t}));
  if (g.needs(1)) g.set(1, mul(g.dout(), sub(cutLog(sub(1, y)), cutLog(y))));
}

void expandBinaryCrossEntropyBackward(const Call& call, Tensors& out) {
  const Tensor &y = call.in(1), &t = call.in(2);
  out.push_back(div(mul(call.in(0), sub(y, t)), maximum(mul(y, sub(1, y)), 1e-12)));
}

void binaryCrossEntropyLogitsGradient(GradCall& g) {
  if (g.needs(0)) g.set(0, apply1("binaryCrossEntropyLogitsErrorBackward"_op, {g.dout(), g.in(0), g.in(1)}));
  if (g.needs(1)) g.set(1, neg(mul(g.dout(), g.in(0))));
}

void expandBinaryCrossEntropyLogitsBackward(const Call& call, Tensors& out) {
  out.push_back(mul(call.in(0), sub(sigmoid(call.in(1)), call.in(2))));
}

const Operator kOperators[] = {
    {.name = "mse", .doc = "mean (or sum, or none) of (input - target)^2", .params = kLoss, .expand = expandMse},
    {.name = "l1", .doc = "mean (or sum, or none) of |input - target|", .params = kLoss, .expand = expandL1},
    {.name = "huber",
     .doc = "mean (or sum, or none) of e^2 / 2 where |e| <= delta, else delta (|e| - delta / 2)",
     .params = kHuber,
     .expand = expandHuber},
    {.name = "binaryCrossEntropy",
     .doc = "mean (or sum, or none) of -(t log y + (1 - t) log(1 - y)), logarithms cut off at -100",
     .params = kBinary3,
     .expand = expandBinaryCrossEntropy},
    {.name = "binaryCrossEntropyWithLogits",
     .doc = "binary cross-entropy of sigmoid(x), as max(x, 0) - x t + log(1 + exp(-|x|))",
     .params = kBinaryLogits,
     .expand = expandBinaryCrossEntropyLogits},
    pointwise("squaredError", "(input - target)^2", kError, prepareDifferentiable, PointwiseOp::SquaredError,
              kSaveAllInputs, squaredErrorGradient),
    pointwise("huberError", "e^2 / 2 where |e| <= delta, else delta (|e| - delta / 2)", kHuberError,
              prepareDifferentiable, PointwiseOp::Huber, kSaveAllInputs, huberGradient),
    pointwise("huberErrorBackward", "dout * clamp(input - target, -delta, delta)", kHuberBackward,
              prepareDifferentiable, PointwiseOp::HuberBackward, kSaveNothing, nullptr, expandHuberBackward),
    pointwise("binaryCrossEntropyError", "-(t log y + (1 - t) log(1 - y))", kError, prepareDifferentiable,
              PointwiseOp::BinaryCrossEntropy, kSaveAllInputs, binaryCrossEntropyGradient),
    pointwise("binaryCrossEntropyErrorBackward", "dout * (y - t) / max(y (1 - y), 1e-12)", kErrorBackward,
              prepareDifferentiable, PointwiseOp::BinaryCrossEntropyBackward, kSaveNothing, nullptr,
              expandBinaryCrossEntropyBackward),
    pointwise("binaryCrossEntropyLogitsError", "max(x, 0) - x t + log(1 + exp(-|x|))", kError, prepareDifferentiable,
              PointwiseOp::BinaryCrossEntropyLogits, kSaveAllInputs, binaryCrossEntropyLogitsGradient),
    pointwise("binaryCrossEntropyLogitsErrorBackward", "dout * (sigmoid(x) - t)", kErrorBackward, prepareDifferentiable,
              PointwiseOp::BinaryCrossEntropyLogitsBackward, kSaveNothing, nullptr,
              expandBinaryCrossEntropyLogitsBackward),
};

}  // namespace

Family lossFamily() { return kOperators; }

}  // namespace anneal
