// Sums, products, extremes and log-sum-exps of the elements so far along an axis, and linear recurrences.
#include "ops/axes.h"
#include "ops/elementwise.h"
#include "ops/families.h"
#include "ops/functional.h"

namespace anneal {

namespace {

constexpr Param kCumsum[] = {
    {"x", ParamKind::Tensor}, {"axis", ParamKind::Int}, {"reverse", ParamKind::Bool}, {"dtype", ParamKind::DType}};
constexpr Param kCumprod[] = {{"x", ParamKind::Tensor}, {"axis", ParamKind::Int}, {"dtype", ParamKind::DType}};
constexpr Param kScan[] = {{"x", ParamKind::Tensor}, {"axis", ParamKind::Int}};
constexpr Param kLinearScan[] = {{"x", ParamKind::Tensor},
                                 {"factor", ParamKind::Tensor},
                                 {"axis", ParamKind::Int},
                                 {"reverse", ParamKind::Bool, false}};

template <int At>
void prepareTotal(Call& call) {
  const DType dtype = call.dtype(At);
  if (dtype == DType::Bool) fail(ErrorKind::DType, "[%s] totals are not bool; choose a dtype of numbers", call.name());
  call.inputs[0] = cast(call.in(0), dtype);
}

void prepareFloat(Call& call) {
  if (!isFloating(call.in(0).dtype())) call.inputs[0] = cast(call.in(0), DType::Float32);
}

void infer(const Call& call, Specs& out) {
  singleAxis(call);  // checks it
  out.push_back(call.in(0).spec());
}

void inferExtreme(const Call& call, Specs& out) {
  infer(call, out);
  out.push_back({DType::Int64, call.in(0).shape()});
}

void inferLinear(const Call& call, Specs& out) {
  if (!(call.in(0).shape() == call.in(1).shape())) {
    fail(ErrorKind::Shape, "[%s] x of %s and factors of %s differ", call.name(), call.in(0).shape().str().c_str(),
         call.in(1).shape().str().c_str());
  }
  infer(call, out);
}

template <ScanOp Op>
ScanArgs argsFor(const Arranged& in, const Tensors& out) {
  ScanArgs args{};
  args.op = Op;
  args.dtype = out[0].dtype();
  args.outer = in.outer;
  args.extent = in.extent;
  args.inner = in.inner;
  args.in = in.x.data();
  args.out = out[0].data();
  if (out.size() > 1) args.index = static_cast<int64_t*>(out[1].data());
  return args;
}

Arranged arranged(const Call& call, int input) { return arrange(call.name(), call.in(input), singleAxis(call)); }

template <ScanOp Op>
void run(const Call& call, Tensors& out) {
  if (out[0].size() == 0) return;
  const Arranged in = arranged(call, 0);
  ScanArgs args = argsFor<Op>(in, out);
  args.reverse = Op == ScanOp::Sum && call.flag(1);
  launch(call.name(), call.device, args);
}

void runLinear(const Call& call, Tensors& out) {
  if (out[0].size() == 0) return;
  const Arranged in = arranged(call, 0), factor = arranged(call, 1);
  ScanArgs args = argsFor<ScanOp::Linear>(in, out);
  args.factor = factor.x.data();
  args.reverse = call.flag(1);
  launch(call.name(), call.device, args);
}

// x_i is a term of every sum from i on: the gradient adds those up from the end.
void sumGradient(GradCall& g) {
  const DType dtype = g.dout().dtype();
  g.set(0, apply1("cumsum"_op, {g.dout()}, {attr(g.integer(0)), attr(!g.flag(1)), attr(dtype)}));
}

Tensor linearScan(const Tensor& x, const Tensor& factor, int axis, bool reverse) {
  return apply1("linearScan"_op, {x, factor}, {attr(axis), attr(reverse)});
}

// The axis of a gradient's first input, which has dimensions.
int axisOf(const GradCall& g) { return normalizeAxis(g.call().name(), g.integer(0), g.spec(0).shape.size()); }

// Along the axis, `by` places on (or back where it is negative), with `value` in the places that become free.
Tensor moved(const Tensor& x, int axis, int by, double value) {
  std::vector<int64_t> padding(2 * static_cast<size_t>(x.rank()));
  padding[2 * static_cast<size_t>(axis)] = by;
  padding[2 * static_cast<size_t>(axis) + 1] = -by;
  return apply1("pad"_op, {x}, {attr(std::move(padding)), attr(value)});
}

// dx_i = y_(i-1) (dout_i + x_(i+1) (dout_(i+1) + x_(i+2) (...))): what stands before x_i, and what comes of all behind it. Without
// a quotient, zeros need no care.
void prodGradient(GradCall& g) {
  const Tensor& x = g.in(0);
  if (x.rank() == 0) return g.set(0, g.dout());
  const int axis = axisOf(g);
  g.set(0, x.dim(axis) == 0 ? g.dout() : mul(moved(g.out(0), axis, 1, 1), linearScan(g.dout(), x, axis, true)));
}

// The element that was the extreme has the gradient.
void extremeGradient(GradCall& g) {
  g.set(0, apply1("scatterAdd"_op, {filled(g.spec(0), 0, g.call().device), g.out(1), g.dout()}, {attr(g.integer(0))}));
}

// dx_j = sum over i >= j of dout_i exp(x_j - y_i) = exp(x_j - y_j) t_j, where t_j = dout_j + exp(y_j - y_(j+1)) t_(j+1) and no
// exponential exceeds 1. Differences of equal infinities count as 0.
void logSumExpGradient(GradCall& g) {
  const Tensor &x = g.in(0), &y = g.out(0);
  if (x.rank() == 0) return g.set(0, g.dout());
  const int axis = axisOf(g);
  if (x.dim(axis) == 0) return g.set(0, g.dout());
  const auto ratio = [&](const Tensor& a, const Tensor& b) {
    const Tensor same = equal(a, b), zero = number(0, a);
    return exp(sub(where(same, zero, a), where(same, zero, b)));
  };
  const auto cut = [&](int64_t begin, int64_t end) {
    return apply1("slice"_op, {y}, {attr(axis), attr(begin), attr(end), attr(1)});
  };
  std::vector<int64_t> padding(2 * static_cast<size_t>(x.rank()));
  padding[2 * static_cast<size_t>(axis)] = 1;
  const Tensor decay =
      apply1("pad"_op, {ratio(cut(0, y.dim(axis) - 1), cut(1, y.dim(axis)))}, {attr(padding), attr(0.0)});
  g.set(0, mul(ratio(x, y), linearScan(g.dout(), decay, axis, true)));
}

// The scan in the other direction is the adjoint. A factor has the gradient of the result that it takes part in, times the one before.
void linearGradient(GradCall& g) {
  const Tensor &factor = g.in(1), &y = g.out(0);
  const bool reverse = g.flag(1);
  if (factor.rank() == 0 || factor.dim(axisOf(g)) == 0) {
    g.set(0, g.dout());
    return g.set(1, filled(g.spec(1), 0, g.call().device));
  }
  const int axis = axisOf(g);
  const Tensor dx = linearScan(g.dout(), factor, axis, !reverse);
  if (g.needs(0)) g.set(0, dx);
  if (g.needs(1)) g.set(1, reverse ? mul(moved(dx, axis, 1, 0), y) : mul(dx, moved(y, axis, 1, 0)));
}

const Operator kOperators[] = {
    {.name = "cumsum",
     .doc = "sums of the elements up to each one along the axis, or from each one on where `reverse` is set",
     .params = kCumsum,
     .prepare = prepareTotal<2>,
     .infer = infer,
     .run = run<ScanOp::Sum>,
     .gradient = sumGradient},
    {.name = "cumprod",
     .doc = "products of the elements up to each one along the axis",
     .params = kCumprod,
     .prepare = prepareTotal<1>,
     .infer = infer,
     .run = run<ScanOp::Prod>,
     .gradient = prodGradient,
     .saves = saveIn(0) | saveOut(0)},
    {.name = "cummax",
     .doc = "largest of the elements up to each one along the axis, and where it is, the last of equal ones (int64)",
     .params = kScan,
     .outputs = 2,
     .infer = inferExtreme,
     .run = run<ScanOp::Max>,
     .gradient = extremeGradient,
     .saves = saveOut(1)},
    {.name = "cummin",
     .doc = "smallest of the elements up to each one along the axis, and where it is, the last of equal ones (int64)",
     .params = kScan,
     .outputs = 2,
     .infer = inferExtreme,
     .run = run<ScanOp::Min>,
     .gradient = extremeGradient,
     .saves = saveOut(1)},
    {.name = "logcumsumexp",
     .doc = "logarithms of the sums of the exponentials of the elements up to each one along the axis",
     .params = kScan,
     .prepare = prepareFloat,
     .infer = infer,
     .run = run<ScanOp::LogSumExp>,
     .gradient = logSumExpGradient,
     .saves = saveIn(0) | saveOut(0)},
    {.name = "linearScan",
     .doc = "y[i] = x[i] + factor[i] y[i - 1] along the axis, or x[i] + factor[i + 1] y[i + 1] where `reverse` is set",
     .params = kLinearScan,
     .prepare = prepareDifferentiable,
     .infer = inferLinear,
     .run = runLinear,
     .gradient = linearGradient,
     .saves = saveIn(1) | saveOut(0)},
};

}  // namespace

Family scanFamily() { return kOperators; }

}  // namespace anneal
