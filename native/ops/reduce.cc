// Reductions over any axes.
#include <algorithm>

#include "ops/axes.h"
#include "ops/elementwise.h"
#include "ops/families.h"
#include "ops/functional.h"

namespace anneal {

namespace {

constexpr Param kReduce[] = {
    {"x", ParamKind::Tensor}, {"axes", ParamKind::OptionalInts}, {"keepDims", ParamKind::Bool, false}};
constexpr Param kSpread[] = {{"x", ParamKind::Tensor},
                             {"axes", ParamKind::OptionalInts},
                             {"keepDims", ParamKind::Bool, false},
                             {"correction", ParamKind::Float, 1}};

std::vector<int64_t> axesOf(const Call& call) { return resolveAxes(call.name(), call.attrs[0], call.in(0).rank()); }

// Sums of integers and truth values are int64.
void prepareSum(Call& call) {
  if (!isFloating(call.in(0).dtype())) call.inputs[0] = cast(call.in(0), DType::Int64);
}

void prepareMean(Call& call) {
  if (!isFloating(call.in(0).dtype())) call.inputs[0] = cast(call.in(0), DType::Float32);
}

void infer(const Call& call, Specs& out) {
  out.push_back({call.in(0).dtype(), reducedShape(call.in(0).shape(), axesOf(call), call.flag(1))});
}

// max, min and their positions have no value over nothing.
void checkNotEmpty(const Call& call, const std::vector<int64_t>& axes) {
  const Dims& shape = call.in(0).shape();
  for (int64_t axis : axes) {
    if (shape[static_cast<int>(axis)] == 0) {
      fail(ErrorKind::Shape, "[%s] nothing to choose from along axis %lld of %s", call.name(),
           static_cast<long long>(axis), shape.str().c_str());
    }
  }
}

void inferExtreme(const Call& call, Specs& out) {
  checkNotEmpty(call, axesOf(call));
  infer(call, out);
}

void inferArg(const Call& call, Specs& out) {
  const auto axes = axesOf(call);
  if (call.attrs[0].present && call.list(0).size() > 1) {
    fail(ErrorKind::Argument, "[%s] takes one axis or none (the flattened tensor)", call.name());
  }
  checkNotEmpty(call, axes);
  out.push_back({DType::Int64, reducedShape(call.in(0).shape(), axes, call.flag(1))});
}

template <ReduceOp Op>
void run(const Call& call, Tensors& out) {
  if (out[0].size() == 0) return;
  const Arranged arranged = arrange(call.name(), call.in(0), axesOf(call));
  ReduceArgs args{};
  args.op = Op;
  args.dtype = call.in(0).dtype();
  args.outer = arranged.outer;
  args.extent = arranged.extent;
  args.inner = arranged.inner;
  args.correction = call.attrs.size() > 2 ? call.real(2) : 0;
  args.src = arranged.x.data();
  args.dst = out[0].data();
  launch(call.name(), call.device, args);
}

// All or any: the least or the largest truth value; of nothing, what changes none.
template <bool All>
void runLogical(const Call& call, Tensors& out) {
  if (call.in(0).size() > 0) return run < All ? ReduceOp::Min : ReduceOp::Max > (call, out);
  if (out[0].size() > 0) copyInto(call.name(), filled({DType::Bool, {}}, All, call.device), out[0]);
}

std::vector<int64_t> axesOf(const GradCall& g) {
  return resolveAxes(g.call().name(), g.call().attrs[0], g.spec(0).shape.size());
}

// A reduced tensor with its axes back as size 1, so that it broadcasts against the input.
Tensor unreduced(const GradCall& g, const Tensor& reduced) {
  return g.flag(1) ? reduced : restoreAxes(reduced, axesOf(g), g.spec(0).shape.size());
}

// Elements per result.
double countOf(const GradCall& g) {
  double count = 1;
  for (int64_t axis : axesOf(g)) count *= static_cast<double>(g.spec(0).shape[static_cast<int>(axis)]);
  return count;
}

void sumGradient(GradCall& g) { g.set(0, expand(unreduced(g, g.dout()), g.spec(0).shape)); }

// Over nothing the gradient has no elements, and so 0 is what dout gets back in a second derivative: not 0 / 0.
void meanGradient(GradCall& g) {
  g.set(0, expand(unreduced(g, div(g.dout(), std::max(countOf(g), 1.0))), g.spec(0).shape));
}

// Ties share the gradient evenly.
void extremeGradient(GradCall& g) {
  const Tensor& x = g.in(0);
  const Tensor chosen = cast(equal(x, unreduced(g, g.out(0))), x.dtype());
  const Tensor share = div(unreduced(g, g.dout()), sum(chosen, axesOf(g), true));
  g.set(0, mul(chosen, share));
}

// d prod / dx_i is the product of the others. Dividing the whole by x_i would fail at zeros, and so would its derivative: the
// rows [outer, n] are multiplied up in pairs to [outer, 1] instead, and the gradient comes down the same tree.
void prodGradient(GradCall& g) {
  const Tensor& x = g.in(0);
  const auto axes = axesOf(g);
  std::vector<int64_t> order, inverse(x.rank());
  for (int i = 0; i < x.rank(); ++i) {
    if (std::find(axes.begin(), axes.end(), i) == axes.end()) order.push_back(i);
  }
  order.insert(order.end(), axes.begin(), axes.end());
  Dims arranged;
  for (int i = 0; i < x.rank(); ++i) {
    inverse[order[i]] = i;
    arranged.push(x.dim(static_cast<int>(order[i])));
  }
  const int64_t outer = g.dout().size(), n = static_cast<int64_t>(countOf(g));
  int64_t width = 1;
  while (width < n) width *= 2;

  const Tensor rows = reshape(permute(x, order), {outer, n});
  Tensors levels = {apply1("pad"_op, {rows}, {attr(std::vector<int64_t>{0, 0, 0, width - n}), attr(1.0)})};
  const auto half = [&](const Tensor& t, int64_t begin) {  // every second column
    return apply1("slice"_op, {t}, {attr(1), attr(begin), attr(t.dim(1)), attr(2)});
  };
  while (levels.back().dim(1) > 1) levels.push_back(mul(half(levels.back(), 0), half(levels.back(), 1)));
  Tensor dx = reshape(g.dout(), {outer, 1});
  for (size_t level = levels.size() - 1; level-- > 0;) {
    const Tensor& t = levels[level];
    dx = reshape(apply1("stack"_op, {mul(dx, half(t, 1)), mul(dx, half(t, 0))}, {attr(2)}), {outer, t.dim(1)});
  }
  dx = apply1("slice"_op, {dx}, {attr(1), attr(0), attr(n), attr(1)});
  g.set(0, permute(reshape(dx, arranged), inverse));
}

Tensor deviation(GradCall& g) {
  const Tensor& x = g.in(0);
  return sub(x, mean(x, axesOf(g), true));
}

// What the sum of squares is divided by. Of an empty tensor the gradient has no elements: any number does.
double divisorOf(const GradCall& g) { return countOf(g) == 0 ? 1 : std::max(countOf(g) - g.real(2), 0.0); }

void varianceGradient(GradCall& g) { g.set(0, mul(unreduced(g, mul(g.dout(), 2 / divisorOf(g))), deviation(g))); }

// The root has no derivative at 0, where all values are equal: 0 is chosen. The divisor is replaced there, not the
// quotient, so that no 0 / 0 comes back in a second derivative.
void stdGradient(GradCall& g) {
  const Tensor flat = equal(g.out(0), number(0, g.dout()));
  const Tensor root = where(flat, number(1, g.dout()), g.out(0));
  const Tensor dout = where(flat, number(0, g.dout()), g.dout());
  const Tensor scale = div(dout, mul(root, divisorOf(g)));
  g.set(0, mul(unreduced(g, scale), deviation(g)));
}

const Operator kOperators[] = {
    {.name = "sum",
     .doc = "sum over the axes; integers and bool are summed as int64",
     .params = kReduce,
     .prepare = prepareSum,
     .infer = infer,
     .run = run<ReduceOp::Sum>,
     .gradient = sumGradient},
    {.name = "mean",
     .doc = "mean over the axes; integers are averaged as float32",
     .params = kReduce,
     .prepare = prepareMean,
     .infer = infer,
     .run = run<ReduceOp::Mean>,
     .gradient = meanGradient},
    {.name = "max",
     .doc = "largest element over the axes; ties share the gradient",
     .params = kReduce,
     .infer = inferExtreme,
     .run = run<ReduceOp::Max>,
     .gradient = extremeGradient,
     .saves = saveIn(0) | saveOut(0)},
    {.name = "min",
     .doc = "smallest element over the axes; ties share the gradient",
     .params = kReduce,
     .infer = inferExtreme,
     .run = run<ReduceOp::Min>,
     .gradient = extremeGradient,
     .saves = saveIn(0) | saveOut(0)},
    {.name = "prod",
     .doc = "product over the axes; integers and bool are multiplied as int64",
     .params = kReduce,
     .prepare = prepareSum,
     .infer = infer,
     .run = run<ReduceOp::Prod>,
     .gradient = prodGradient,
     .saves = saveIn(0)},
    {.name = "all",
     .doc = "whether all elements over the axes are not 0; bool",
     .params = kReduce,
     .prepare = prepareLogical,
     .infer = infer,
     .run = runLogical<true>},
    {.name = "any",
     .doc = "whether any element over the axes is not 0; bool",
     .params = kReduce,
     .prepare = prepareLogical,
     .infer = infer,
     .run = runLogical<false>},
    {.name = "argmax",
     .doc = "position of the first largest element along one axis, or in the flattened tensor; int64",
     .params = kReduce,
     .infer = inferArg,
     .run = run<ReduceOp::ArgMax>},
    {.name = "argmin",
     .doc = "position of the first smallest element along one axis, or in the flattened tensor; int64",
     .params = kReduce,
     .infer = inferArg,
     .run = run<ReduceOp::ArgMin>},
    {.name = "variance",
     .doc = "mean squared deviation from the mean, divided by count - correction",
     .params = kSpread,
     .prepare = prepareMean,
     .infer = infer,
     .run = run<ReduceOp::Variance>,
     .gradient = varianceGradient,
     .saves = saveIn(0)},
    {.name = "std",
     .doc = "square root of the variance",
     .params = kSpread,
     .prepare = prepareMean,
     .infer = infer,
     .run = run<ReduceOp::Std>,
     .gradient = stdGradient,
     .saves = saveIn(0) | saveOut(0)},
};

}  // namespace

Family reduceFamily() { return kOperators; }

}  // namespace anneal
