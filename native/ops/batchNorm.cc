// Batch norm: with the statistics of the batch, with those kept from training, and how the latter are kept.
#include <algorithm>

#include "ops/families.h"
#include "ops/norm.h"

namespace anneal {

namespace {

constexpr Param kBatch[] = {{"x", ParamKind::Tensor},
                            {"weight", ParamKind::OptionalTensor},
                            {"bias", ParamKind::OptionalTensor},
                            {"eps", ParamKind::Float, 1e-5}};
constexpr Param kBackward[] = {{"dout", ParamKind::Tensor},           {"x", ParamKind::Tensor},
                               {"mean", ParamKind::Tensor},           {"variance", ParamKind::Tensor},
                               {"weight", ParamKind::OptionalTensor}, {"eps", ParamKind::Float, 1e-5},
                               {"parameters", ParamKind::Bool, true}};
constexpr Param kInference[] = {{"x", ParamKind::Tensor},
                                {"runningMean", ParamKind::Tensor},
                                {"runningVar", ParamKind::Tensor},
                                {"weight", ParamKind::OptionalTensor},
                                {"bias", ParamKind::OptionalTensor},
                                {"eps", ParamKind::Float, 1e-5}};
constexpr Param kUpdate[] = {{"runningMean", ParamKind::Tensor},
                             {"runningVar", ParamKind::Tensor},
                             {"numBatchesTracked", ParamKind::OptionalTensor},
                             {"mean", ParamKind::Tensor},
                             {"variance", ParamKind::Tensor},
                             {"momentum", ParamKind::OptionalFloat},
                             {"count", ParamKind::Int}};

void infer(const Call& call, Specs& out) { inferNorm(call, out, channelLayout(call, call.in(0).shape())); }

void run(const Call& call, Tensors& out) {
  launchNorm(call, out, NormOp::Channels, channelLayout(call, call.in(0).shape()), call.real(0));
}

void inferBackward(const Call& call, Specs& out) {
  inferNormBackward(call, out, channelLayout(call, call.in(1).shape()));
}

void runBackward(const Call& call, Tensors& out) {
  launchNormBackward(call, out, NormOp::ChannelsBackward, channelLayout(call, call.in(1).shape()), call.real(0));
}

Tensor rsqrt(const Tensor& x) { return apply1("rsqrt"_op, {x}); }

Dims threeDimensions(const NormLayout& layout) { return {layout.outer, layout.channels, layout.inner}; }

void expandBackward(const Call& call, Tensors& out) {
  const Tensor &dout = call.in(0), &x = call.in(1), &weight = call.in(4);
  const NormLayout layout = channelLayout(call, x.shape());
  const Dims channels = threeDimensions(layout), column{layout.channels, 1};
  const Tensor rstd = rsqrt(add(reshape(call.in(3), column), call.real(0))), d = reshape(dout, channels);
  const Tensor xhat = mul(sub(reshape(x, channels), reshape(call.in(2), column)), rstd);
  const Tensor g = weight.defined() ? mul(d, reshape(weight, column)) : d;
  out.push_back(reshape(normInputGradient(g, xhat, rstd, {0, 2}), x.shape()));
  out.push_back(call.flag(1) ? sum(mul(d, xhat), {0, 2}, false) : emptyLike(x));
  out.push_back(call.flag(1) ? sum(d, {0, 2}, false) : emptyLike(x));
}

// Mean and variance are results too: d mean / dx = 1 / n, d variance / dx = 2 (x - mean) / n.
void gradient(GradCall& g) {
  const Tensor& x = g.in(0);
  Tensor dx =
      takeNormGradients(g, "batchNormBackward"_op, {g.dout(), x, g.out(1), g.out(2), g.in(1)}, {attr(g.real(0))});
  if (g.dout(1).defined() || g.dout(2).defined()) {
    const NormLayout layout = channelLayout(g.call(), x.shape());
    const Dims channels = threeDimensions(layout), column{layout.channels, 1};
    const double n = std::max(static_cast<double>(layout.outer * layout.inner), 1.0);
    Tensor more;
    if (g.dout(1).defined()) more = expand(reshape(div(g.dout(1), n), column), channels);
    if (g.dout(2).defined()) {
      const Tensor deviation = sub(reshape(x, channels), reshape(g.out(1), column));
      more = plus(more, mul(reshape(mul(g.dout(2), 2 / n), column), deviation));
    }
    dx = plus(dx, reshape(more, x.shape()));
  }
  if (g.needs(0)) g.set(0, dx);
}

// x * scale + shift with scale = weight / sqrt(variance + eps) and shift = bias - mean * scale.
void expandInference(const Call& call, Tensors& out) {
  const Tensor &x = call.in(0), &average = call.in(1), &weight = call.in(3), &bias = call.in(4);
  const NormLayout layout = channelLayout(call, x.shape());
  for (int i = 1; i < 5; ++i) checkShapeOf(call, call.op->params[i].name, call.in(i), layout.affine);
  Tensor scale = rsqrt(add(call.in(2), call.real(0)));
  if (weight.defined()) scale = mul(scale, weight);
  const Tensor moved = mul(average, scale), shift = bias.defined() ? sub(bias, moved) : neg(moved);
  Dims column = Dims::filled(x.rank() - 1, 1);
  column[0] = layout.channels;
  out.push_back(apply1("mulAdd"_op, {x, reshape(scale, column), reshape(shift, column)}));
}

// ---- running statistics ----------------------------------------------------------------------------------------------

void checkUpdated(const Call& call, int i, DType dtype, const Dims& shape) {
  const Tensor& tensor = call.in(i);
  const char* name = call.op->params[i].name;
  checkShapeOf(call, name, tensor, shape);
  if (tensor.dtype() != dtype) {
    fail(ErrorKind::DType, "[%s] expected '%s' of %s, received %s", call.name(), name, nameOf(dtype),
         nameOf(tensor.dtype()));
  }
  if (!tensor.contiguous()) {
    fail(ErrorKind::Argument, "[%s] '%s' must be contiguous to be updated in place", call.name(), name);
  }
}

void inferUpdate(const Call& call, Specs&) {
  const Tensor &mean = call.in(3), &variance = call.in(4);
  if (!isFloating(mean.dtype()) || variance.dtype() != mean.dtype()) {
    fail(ErrorKind::DType, "[%s] mean and variance must be of one floating dtype: %s and %s", call.name(),
         nameOf(mean.dtype()), nameOf(variance.dtype()));
  }
  if (mean.rank() != 1) {
    fail(ErrorKind::Shape, "[%s] expected 'mean' of one dimension, received %s", call.name(),
         mean.shape().str().c_str());
  }
  checkShapeOf(call, "variance", variance, mean.shape());
  for (int i = 0; i < 2; ++i) checkUpdated(call, i, mean.dtype(), mean.shape());
  if (call.has(2)) checkUpdated(call, 2, DType::Int64, {});
  if (call.integer(1) < 2) {
    fail(ErrorKind::Argument, "[%s] an unbiased variance needs more than one value per channel", call.name());
  }
  const bool cumulative = !call.attrs[0].present;
  if (cumulative && !call.has(2)) {
    fail(ErrorKind::Argument, "[%s] a cumulative average, which momentum null asks for, needs numBatchesTracked",
         call.name());
  }
}

void runUpdate(const Call& call, Tensors&) {
  const Tensor mean = dense(call.name(), call.in(3)), variance = dense(call.name(), call.in(4));
  const auto update = [](const Tensor& tensor) {
    tensor.storage().bumpVersion();
    return tensor.data();
  };
  const double count = static_cast<double>(call.integer(1));
  NormArgs args{};
  args.op = NormOp::Track;
  args.dtype = mean.dtype();
  args.outer = args.inner = 1;
  args.channels = mean.size();
  args.meanIn = mean.data();
  args.spreadIn = variance.data();
  args.runningMean = update(call.in(0));
  args.runningVariance = update(call.in(1));
  if (call.has(2)) args.counted = static_cast<int64_t*>(update(call.in(2)));
  args.cumulative = !call.attrs[0].present;
  args.momentum = args.cumulative ? 0 : call.real(0);
  args.correction = count / (count - 1);
  launch(call.name(), call.device, args);
}

const Operator kOperators[] = {
    {.name = "batchNorm",
     .doc = "(x - mean) / sqrt(variance + eps) * weight + bias by channel of [batch, channels, ...], then the mean and "
            "the "
            "biased variance of the batch",
     .params = kBatch,
     .outputs = 3,
     .prepare = prepareNorm,
     .infer = infer,
     .run = run,
     .gradient = gradient,
     .saves = saveIn(0) | saveIn(1) | saveOut(1) | saveOut(2)},
    {.name = "batchNormBackward",
     .doc = "gradients of batchNorm by x, weight and bias",
     .params = kBackward,
     .outputs = 3,
     .prepare = prepareNorm,
     .infer = inferBackward,
     .run = runBackward,
     .expand = expandBackward},
    {.name = "batchNormInference",
     .doc = "(x - mean) / sqrt(variance + eps) * weight + bias by channel, with the mean and variance given",
     .params = kInference,
     .prepare = prepareNorm,
     .expand = expandInference},
    {.name = "updateStatistics",
     .doc = "moves running mean and variance towards those of a batch of `count` values per channel, in place, by the "
            "momentum "
            "or, where that is null, so that they stay the averages of all batches; the variance becomes unbiased",
     .params = kUpdate,
     .outputs = 0,
     .infer = inferUpdate,
     .run = runUpdate},
};

}  // namespace

Family batchNormFamily() { return kOperators; }

}  // namespace anneal
