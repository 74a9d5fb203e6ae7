// Softmax and its relatives, along one axis (logSumExp: any).
#include "ops/axes.h"
#include "ops/elementwise.h"
#include "ops/families.h"
#include "ops/functional.h"

namespace anneal {

namespace {

constexpr Param kAlong[] = {{"x", ParamKind::Tensor}, {"axis", ParamKind::Int, -1}};
constexpr Param kReduce[] = {
    {"x", ParamKind::Tensor}, {"axes", ParamKind::OptionalInts}, {"keepDims", ParamKind::Bool, false}};
constexpr Param kBackward[] = {{"dout", ParamKind::Tensor}, {"y", ParamKind::Tensor}, {"axis", ParamKind::Int}};

void inferSame(const Call& call, Specs& out) {
  singleAxis(call);  // checks it
  if (call.inputs.size() > 1 && !(call.in(0).shape() == call.in(1).shape())) {
    fail(ErrorKind::Shape, "[%s] shapes differ: %s and %s", call.name(), call.in(0).shape().str().c_str(),
         call.in(1).shape().str().c_str());
  }
  out.push_back(call.in(0).spec());
}

// Runs the kernel on rows; where the axis is not the last, on a rearranged copy, whose result is copied back.
template <SoftmaxOp Op>
void run(const Call& call, Tensors& out) {
  if (out[0].size() == 0) return;
  const auto axis = singleAxis(call);
  const Arranged in = arrangeRows(call.name(), call.inputs.back(), axis);
  const Arranged dout = arrangeRows(call.name(), call.in(0), axis);
  const bool last = axis.empty() || axis[0] == out[0].rank() - 1;
  const Tensor rows = last ? out[0] : Tensor::empty(in.x.spec(), call.device);
  SoftmaxArgs args{};
  args.op = Op;
  args.dtype = rows.dtype();
  args.rows = in.outer;
  args.extent = in.extent;
  args.in = in.x.data();
  args.dout = dout.x.data();
  args.out = rows.data();
  launch(call.name(), call.device, args);
  if (last) return;
  Dims strides = rows.strides();  // of the axes in their own order again
  const int64_t along = strides.back();
  strides.erase(strides.size() - 1);
  strides.insert(static_cast<int>(axis[0]), along);
  copyInto(call.name(), rows.view(out[0].shape(), strides, 0), out[0]);
}

void softmaxGradient(GradCall& g) { g.set(0, apply1("softmaxBackward"_op, {g.dout(), g.out(0)}, g.call().attrs)); }

void logSoftmaxGradient(GradCall& g) {
  g.set(0, apply1("logSoftmaxBackward"_op, {g.dout(), g.out(0)}, g.call().attrs));
}

void expandSoftmaxBackward(const Call& call, Tensors& out) {
  const Tensor &dout = call.in(0), &y = call.in(1);
  out.push_back(mul(y, sub(dout, sum(mul(dout, y), singleAxis(call), true))));
}

void expandLogSoftmaxBackward(const Call& call, Tensors& out) {
  const Tensor &dout = call.in(0), &y = call.in(1);
  out.push_back(sub(dout, mul(exp(y), sum(dout, singleAxis(call), true))));
}

std::vector<int64_t> sumAxes(const Call& call, int rank) { return resolveAxes(call.name(), call.attrs[0], rank); }

void inferLogSumExp(const Call& call, Specs& out) {
  const Tensor& x = call.in(0);
  out.push_back({x.dtype(), reducedShape(x.shape(), sumAxes(call, x.rank()), call.flag(1))});
}

void runLogSumExp(const Call& call, Tensors& out) {
  if (out[0].size() == 0) return;
  const Arranged in = arrangeRows(call.name(), call.in(0), sumAxes(call, call.in(0).rank()));
  SoftmaxArgs args{};
  args.op = SoftmaxOp::LogSumExp;
  args.dtype = out[0].dtype();
  args.rows = in.outer;
  args.extent = in.extent;
  args.in = in.x.data();
  args.out = out[0].data();
  launch(call.name(), call.device, args);
}

// d logSumExp / dx = softmax = exp(x - logSumExp).
void logSumExpGradient(GradCall& g) {
  const int rank = g.spec(0).shape.size();
  const auto axes = sumAxes(g.call(), rank);
  const auto whole = [&](const Tensor& t) { return g.flag(1) ? t : restoreAxes(t, axes, rank); };
  g.set(0, mul(whole(g.dout()), exp(sub(g.in(0), whole(g.out(0))))));
}

const Operator kOperators[] = {
    {.name = "softmax",
     .doc = "exp(x) / sum(exp(x)) along the axis, computed from x - max(x)",
     .params = kAlong,
     .prepare = prepareFloating,
     .infer = inferSame,
     .run = run<SoftmaxOp::Softmax>,
     .gradient = softmaxGradient,
     .saves = saveOut(0)},
    {.name = "softmaxBackward",
     .doc = "y * (dout - sum(dout * y)) along the axis",
     .params = kBackward,
     .prepare = prepareDifferentiable,
     .infer = inferSame,
     .run = run<SoftmaxOp::SoftmaxBackward>,
     .expand = expandSoftmaxBackward},
    {.name = "logSoftmax",
     .doc = "x - logSumExp(x) along the axis",
     .params = kAlong,
     .prepare = prepareFloating,
     .infer = inferSame,
     .run = run<SoftmaxOp::LogSoftmax>,
     .gradient = logSoftmaxGradient,
     .saves = saveOut(0)},
    {.name = "logSoftmaxBackward",
     .doc = "dout - exp(y) * sum(dout) along the axis",
     .params = kBackward,
     .prepare = prepareDifferentiable,
     .infer = inferSame,
     .run = run<SoftmaxOp::LogSoftmaxBackward>,
     .expand = expandLogSoftmaxBackward},
    {.name = "logSumExp",
     .doc = "log(sum(exp(x))) over the axes, computed from x - max(x)",
     .params = kReduce,
     .prepare = prepareFloating,
     .infer = inferLogSumExp,
     .run = runLogSumExp,
     .gradient = logSumExpGradient,
     .saves = saveIn(0) | saveOut(0)},
};

}  // namespace

Family softmaxFamily() { return kOperators; }

}  // namespace anneal
