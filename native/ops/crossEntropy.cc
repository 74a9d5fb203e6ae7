// Losses over classes: crossEntropy of logits and nll of log-probabilities, each one kernel forward and one backward.
#include <algorithm>

#include "ops/elementwise.h"
#include "ops/families.h"
#include "ops/functional.h"

namespace anneal {

namespace {

// Attributes: 0 reduction, 1 ignoreIndex, 2 labelSmoothing (crossEntropy only).
constexpr Param kCrossEntropy[] = {{"input", ParamKind::Tensor},          {"target", ParamKind::Tensor},
                                   {"weight", ParamKind::OptionalTensor}, kReductionParam,
                                   {"ignoreIndex", ParamKind::Int, -100}, {"labelSmoothing", ParamKind::Float, 0}};
constexpr Param kCrossEntropyBackward[] = {{"dout", ParamKind::Tensor},
                                           {"input", ParamKind::Tensor},
                                           {"target", ParamKind::Tensor},
                                           {"weight", ParamKind::OptionalTensor},
                                           kReductionParam,
                                           {"ignoreIndex", ParamKind::Int, -100},
                                           {"labelSmoothing", ParamKind::Float, 0}};
constexpr Param kNll[] = {{"input", ParamKind::Tensor},
                          {"target", ParamKind::Tensor},
                          {"weight", ParamKind::OptionalTensor},
                          kReductionParam,
                          {"ignoreIndex", ParamKind::Int, -100}};
constexpr Param kNllBackward[] = {{"dout", ParamKind::Tensor},
                                  {"input", ParamKind::Tensor},
                                  {"target", ParamKind::Tensor},
                                  {"weight", ParamKind::OptionalTensor},
                                  kReductionParam,
                                  {"ignoreIndex", ParamKind::Int, -100}};

bool byIndex(const Tensor& target) { return !isFloating(target.dtype()); }

// Where the classes of a [classes] or [batch, classes, ...] tensor are.
int classAxis(const Tensor& input) { return input.rank() == 1 ? 0 : 1; }

// [batch, classes, d1, ...] -> [batch, d1, ..., classes].
Tensor classesLast(const Tensor& x) {
  if (x.rank() <= 2) return x;
  std::vector<int64_t> axes{0};
  for (int i = 2; i < x.rank(); ++i) axes.push_back(i);
  axes.push_back(1);
  return permute(x, axes);
}

Tensor asRows(const Tensor& x) {
  const int64_t classes = x.shape().back();
  return reshape(x, {x.size() / std::max<int64_t>(classes, 1), classes});
}

// Brings the input to rows of classes, recorded, so that the kernels know rows only. The target keeps its shape (with the
// classes last, if it has them): that of an unreduced loss follows from it.
void prepare(Call& call) {
  Tensor &input = call.inputs[0], &target = call.inputs[1];
  if (!isFloating(input.dtype())) {
    fail(ErrorKind::DType, "[%s] the input must be floating, not %s", call.name(), nameOf(input.dtype()));
  }
  if (input.rank() == 0 || input.dim(classAxis(input)) == 0) {
    fail(ErrorKind::Shape, "[%s] the input must be [classes] or [batch, classes, ...], not %s", call.name(),
         input.shape().str().c_str());
  }
  Dims expected = input.shape();
  const int64_t classes = expected[classAxis(input)];
  if (byIndex(target)) {
    expected.erase(classAxis(input));
    target = cast(target, DType::Int64);
  } else {
    target = cast(target, input.dtype());
  }
  if (!(target.shape() == expected)) {
    fail(ErrorKind::Shape, "[%s] for an input of %s the target must be %s (%s), not %s", call.name(),
         input.shape().str().c_str(), expected.str().c_str(),
         byIndex(target) ? "class indices" : "class probabilities, since it is floating; indices need an integer dtype",
         target.shape().str().c_str());
  }
  if (call.has(2)) {
    if (!(call.in(2).shape() == Dims{classes})) {
      fail(ErrorKind::Shape, "[%s] the class weights must be [%lld], not %s", call.name(),
           static_cast<long long>(classes), call.in(2).shape().str().c_str());
    }
    call.inputs[2] = cast(call.in(2), input.dtype());
  }
  if (!byIndex(target)) target = classesLast(target);
  input = asRows(classesLast(input));
}

void checkSmoothing(const Call& call) {
  const double smoothing = call.real(2);
  if (!(smoothing >= 0 && smoothing <= 1)) {
    fail(ErrorKind::Argument, "[%s] labelSmoothing must be from 0 to 1, not %g", call.name(), smoothing);
  }
}

void prepareNll(Call& call) {
  if (!byIndex(call.in(1))) fail(ErrorKind::DType, "[%s] the target must hold class indices", call.name());
  prepare(call);
}

void prepareCrossEntropy(Call& call) {
  checkSmoothing(call);
  prepare(call);
}

void infer(const Call& call, Specs& out) {
  const Tensor &input = call.in(0), &target = call.in(1);
  Dims shape;
  if (call.choice<Reduction>(0) == Reduction::None) {
    shape = target.shape();
    if (!byIndex(target)) shape.erase(shape.size() - 1);
  }
  out.push_back({input.dtype(), shape});
}

CrossEntropyArgs rowArgs(const Call& call, bool logits, const Tensor& input, const Tensor& target,
                         const Tensor& weight) {
  CrossEntropyArgs args{};
  args.dtype = input.dtype();
  args.logits = logits;
  args.reduction = call.choice<Reduction>(0);
  args.rows = input.dim(0);
  args.classes = input.dim(1);
  args.labelSmoothing = logits ? call.real(2) : 0;
  args.ignoreIndex = call.integer(1);
  args.in = input.data();
  if (byIndex(target)) {
    args.index = static_cast<const int64_t*>(target.data());
  } else {
    args.target = target.data();
  }
  args.weight = weight.defined() ? weight.data() : nullptr;
  return args;
}

template <bool Logits>
void run(const Call& call, Tensors& out) {
  const Tensor input = dense(call.name(), call.in(0)), target = dense(call.name(), call.in(1));
  const Tensor weight = call.has(2) ? dense(call.name(), call.in(2)) : Tensor();
  CrossEntropyArgs args = rowArgs(call, Logits, input, target, weight);
  args.out = out[0].data();
  launch(call.name(), call.device, args);
}

template <bool Logits>
void runBackward(const Call& call, Tensors& out) {
  const Tensor dout = dense(call.name(), call.in(0)), input = dense(call.name(), call.in(1));
  const Tensor target = dense(call.name(), call.in(2));
  const Tensor weight = call.has(3) ? dense(call.name(), call.in(3)) : Tensor();
  CrossEntropyArgs args = rowArgs(call, Logits, input, target, weight);
  args.backward = true;
  args.dout = dout.data();
  args.out = out[0].data();
  launch(call.name(), call.device, args);
}

void prepareBackward(Call& call) {
  const Tensor &input = call.in(1), &target = call.in(2);
  const bool rows = input.rank() == 2 && isFloating(input.dtype());
  const bool fits = byIndex(target) ? rows && target.size() == input.dim(0) : rows && target.shape() == input.shape();
  const Reduction reduction = call.choice<Reduction>(0);
  if (!fits || call.in(0).size() != (reduction == Reduction::None ? input.dim(0) : 1) ||
      (call.has(3) && !(call.in(3).shape() == Dims{input.dim(1)}))) {
    fail(ErrorKind::Shape, "[%s] takes rows of classes and a target for each: %s and %s", call.name(),
         input.shape().str().c_str(), target.shape().str().c_str());
  }
  call.inputs[0] = cast(call.in(0), input.dtype());
  call.inputs[2] = cast(target, byIndex(target) ? DType::Int64 : input.dtype());
  if (call.has(3)) call.inputs[3] = cast(call.in(3), input.dtype());
}

void inferBackward(const Call& call, Specs& out) { out.push_back(call.in(1).spec()); }

// ---- the same in operators, for derivatives of derivatives -------------------------------------------------------------------

// What each row weighs each class with: [rows, classes], zero in ignored rows. With indices, `counted` receives the weight
// that the mean divides by (its reciprocal is applied by the caller).
Tensor classWeights(const Call& call, const Tensor& input, const Tensor& target, const Tensor& weight, double smoothing,
                    Tensor& counted) {
  const int64_t classes = input.dim(1);
  Tensor q;
  if (byIndex(target)) {
    const Tensor index = reshape(target, {input.dim(0)});
    const Tensor ignored = equal(index, number(static_cast<double>(call.integer(1)), index));
    const Tensor valid = where(ignored, number(0, index), index);
    const Tensor kept = reshape(cast(apply1("logicalNot"_op, {ignored}), input.dtype()), {input.dim(0), 1});
    const Tensor hot = mul(cast(apply1("oneHot"_op, {valid}, {attr(classes)}), input.dtype()), kept);
    counted = sumAll(weight.defined() ? mul(hot, weight) : hot);
    q = add(mul(hot, 1 - smoothing), mul(kept, smoothing / static_cast<double>(classes)));
  } else {
    q = add(mul(target, 1 - smoothing), smoothing / static_cast<double>(classes));
  }
  return weight.defined() ? mul(q, weight) : q;
}

// dout as a column that scales rows, the division of the mean included.
Tensor rowScale(const Call& call, const Tensor& dout, const Tensor& input, const Tensor& counted) {
  switch (call.choice<Reduction>(0)) {
    case Reduction::None: return reshape(dout, {input.dim(0), 1});
    case Reduction::Sum: return dout;
    default: break;
  }
  if (!counted.defined()) return div(dout, std::max(static_cast<double>(input.dim(0)), 1.0));
  // Where nothing counts all rows are zero: not 0 / 0.
  const Tensor nothing = equal(counted, number(0, counted));
  return div(dout, where(nothing, number(1, counted), counted));
}

void expandCrossEntropyBackward(const Call& call, Tensors& out) {
  Tensor input = call.in(1), counted;
  if (byIndex(call.in(2))) {  // ignored rows may hold infinities
    const Tensor index = reshape(call.in(2), {input.dim(0), 1});
    input = where(equal(index, number(static_cast<double>(call.integer(1)), index)), number(0, input), input);
  }
  const Tensor q = classWeights(call, input, call.in(2), call.in(3), call.real(2), counted);
  const Tensor slope = sub(mul(softmax(input, -1), sum(q, {1}, true)), q);
  out.push_back(mul(slope, rowScale(call, call.in(0), input, counted)));
}

void expandNllBackward(const Call& call, Tensors& out) {
  const Tensor& input = call.in(1);
  Tensor counted;
  const Tensor q = classWeights(call, input, call.in(2), call.in(3), 0, counted);
  out.push_back(mul(neg(q), rowScale(call, call.in(0), input, counted)));
}

// The gradient by the class weights, of values = -log p, [rows, classes]. The sum over rows is linear in them: its gradient d is
// the column sums of q values, q without weights. The mean over indices divides by the sum of the weights that count,
// whose gradient is the number h of rows of each class: d (w . d / w . h) = (d - h (w . d / w . h)) / w . h.
Tensor weightGradient(GradCall& g, const Tensor& values, const Tensor& target, double smoothing) {
  const Tensor &input = g.in(0), &weight = g.in(2);
  const Reduction reduction = g.choice<Reduction>(0);
  Tensor unweighted, counted;
  const Tensor q = classWeights(g.call(), input, target, Tensor(), smoothing, unweighted);
  const Tensor scale = reduction == Reduction::None ? reshape(g.dout(), {input.dim(0), 1}) : g.dout();
  // Ignored rows may hold infinities.
  const Tensor terms = mul(where(equal(q, number(0, q)), number(0, q), mul(q, values)), scale);
  const Tensor d = sum(terms, {0}, false);
  if (reduction != Reduction::Mean) return d;
  if (!byIndex(target)) return div(d, std::max(static_cast<double>(input.dim(0)), 1.0));
  const Tensor h = sum(classWeights(g.call(), input, target, Tensor(), 0, unweighted), {0}, false);
  const Tensor total = sumAll(mul(weight, h));
  const Tensor nothing = equal(total, number(0, total));
  const Tensor divisor = where(nothing, number(1, total), total);
  return div(sub(d, mul(h, div(sumAll(mul(weight, d)), divisor))), divisor);
}

Tensor rowTarget(GradCall& g) { return byIndex(g.in(1)) ? g.in(1) : asRows(g.in(1)); }

void crossEntropyGradient(GradCall& g) {
  const Tensor &input = g.in(0), &weight = g.in(2);
  if (g.needs(0)) g.set(0, apply1("crossEntropyBackward"_op, {g.dout(), input, rowTarget(g), weight}, g.call().attrs));
  if (g.needs(1)) {
    Tensor logs = mul(logSoftmax(input, -1), g.real(2) - 1);
    if (weight.defined()) logs = mul(logs, weight);
    g.set(1, reshape(mul(logs, rowScale(g.call(), g.dout(), input, Tensor())), g.spec(1).shape));
  }
  if (g.needs(2)) g.set(2, weightGradient(g, neg(logSoftmax(input, -1)), rowTarget(g), g.real(2)));
}

void nllGradient(GradCall& g) {
  if (g.needs(2)) g.set(2, weightGradient(g, neg(g.in(0)), rowTarget(g), 0));
  if (g.needs(0)) g.set(0, apply1("nllBackward"_op, {g.dout(), g.in(0), rowTarget(g), g.in(2)}, g.call().attrs));
}

const Operator kOperators[] = {
    {.name = "crossEntropy",
     .doc = "-sum(q log softmax(x)) over classes, of class indices or probabilities, with weights and label smoothing",
     .params = kCrossEntropy,
     .prepare = prepareCrossEntropy,
     .infer = infer,
     .run = run<true>,
     .gradient = crossEntropyGradient,
     .saves = kSaveAllInputs},
    {.name = "crossEntropyBackward",
     .doc = "gradient of crossEntropy by its input, as rows of classes",
     .params = kCrossEntropyBackward,
     .prepare = prepareBackward,
     .infer = inferBackward,
     .run = runBackward<true>,
     .expand = expandCrossEntropyBackward},
    {.name = "nll",
     .doc = "-x[target] over classes, of log-probabilities, with weights",
     .params = kNll,
     .prepare = prepareNll,
     .infer = infer,
     .run = run<false>,
     .gradient = nllGradient,
     .saves = kSaveAllInputs},
    {.name = "nllBackward",
     .doc = "gradient of nll by its input, as rows of classes",
     .params = kNllBackward,
     .prepare = prepareBackward,
     .infer = inferBackward,
     .run = runBackward<false>,
     .expand = expandNllBackward},
};

}  // namespace

Family crossEntropyFamily() { return kOperators; }

}  // namespace anneal
