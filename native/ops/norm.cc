// Layer norm, RMS norm and group norm. Each is one kernel forward and one backward; the backward kernel is an operator too, whose
// composition gives second derivatives.
#include "ops/norm.h"

#include <algorithm>
#include <limits>

#include "ops/families.h"

namespace anneal {

// ---- shared with batch norm ------------------------------------------------------------------------------------------

NormLayout channelLayout(const Call& call, const Dims& shape) {
  if (shape.size() < 2) {
    fail(ErrorKind::Shape, "[%s] expected [batch, channels, ...], received %s", call.name(), shape.str().c_str());
  }
  NormLayout layout;
  layout.outer = shape[0];
  layout.channels = shape[1];
  for (int i = 2; i < shape.size(); ++i) layout.inner *= shape[i];
  layout.statistics = layout.affine = Dims{layout.channels};
  return layout;
}

void prepareNorm(Call& call) {
  const DType dtype = call.in(0).dtype();
  if (!isFloating(dtype)) fail(ErrorKind::DType, "[%s] takes floating tensors, not %s", call.name(), nameOf(dtype));
  for (const Tensor& input : call.inputs) {
    if (!input.defined() || input.dtype() == dtype) continue;
    fail(ErrorKind::DType, "[%s] all tensors must be of one floating dtype: %s and %s", call.name(), nameOf(dtype),
         nameOf(input.dtype()));
  }
}

void checkShapeOf(const Call& call, const char* name, const Tensor& tensor, const Dims& expected) {
  if (!tensor.defined() || tensor.shape() == expected) return;
  fail(ErrorKind::Shape, "[%s] expected '%s' of %s, received %s", call.name(), name, expected.str().c_str(),
       tensor.shape().str().c_str());
}

namespace {

// What the kernel reads, dense: held until it has been launched.
class DenseInputs {
 public:
  explicit DenseInputs(const Call& call) : call_(call) {}
  const void* of(int i) {
    if (!call_.has(i)) return nullptr;
    held_.push_back(dense(call_.name(), call_.in(i)));
    return held_.back().data();
  }

 private:
  const Call& call_;
  Tensors held_;
};

NormArgs argsFor(NormOp op, DType dtype, const NormLayout& layout, double eps, bool centered) {
  NormArgs args{};
  args.op = op;
  args.dtype = dtype;
  args.centered = centered;
  args.outer = layout.outer;
  args.channels = layout.channels;
  args.inner = layout.inner;
  args.groups = layout.groups;
  args.eps = eps;
  return args;
}

}  // namespace

void inferNorm(const Call& call, Specs& out, const NormLayout& layout, bool centered) {
  const TensorSpec each{call.in(0).dtype(), layout.statistics};
  checkShapeOf(call, "weight", call.in(1), layout.affine);
  if (centered) checkShapeOf(call, "bias", call.in(2), layout.affine);
  out.push_back(call.in(0).spec());
  if (centered) out.push_back(each);
  out.push_back(each);
}

void launchNorm(const Call& call, Tensors& out, NormOp op, const NormLayout& layout, double eps, bool centered) {
  NormArgs args = argsFor(op, call.in(0).dtype(), layout, eps, centered);
  DenseInputs inputs(call);
  args.x = inputs.of(0);
  args.weight = inputs.of(1);
  if (centered) args.bias = inputs.of(2);
  args.y = out[0].data();
  if (centered) args.mean = out[1].data();
  args.spread = out[centered ? 2 : 1].data();
  launch(call.name(), call.device, args);
}

void inferNormBackward(const Call& call, Specs& out, const NormLayout& layout, bool centered) {
  const int spread = centered ? 3 : 2;
  checkShapeOf(call, "dout", call.in(0), call.in(1).shape());
  if (centered) checkShapeOf(call, "mean", call.in(2), layout.statistics);
  checkShapeOf(call, call.op->params[static_cast<size_t>(spread)].name, call.in(spread), layout.statistics);
  checkShapeOf(call, "weight", call.in(spread + 1), layout.affine);
  const TensorSpec along{call.in(1).dtype(), call.flag(1) ? layout.affine : Dims{0}};
  out.push_back(call.in(1).spec());
  out.push_back(along);
  if (centered) out.push_back(along);
}

void launchNormBackward(const Call& call, Tensors& out, NormOp op, const NormLayout& layout, double eps,
                        bool centered) {
  NormArgs args = argsFor(op, call.in(1).dtype(), layout, eps, centered);
  DenseInputs inputs(call);
  const int spread = centered ? 3 : 2;
  args.dout = inputs.of(0);
  args.x = inputs.of(1);
  if (centered) args.meanIn = inputs.of(2);
  args.spreadIn = inputs.of(spread);
  args.weight = inputs.of(spread + 1);
  args.y = out[0].data();
  if (call.flag(1)) args.dweight = out[1].data();
  if (call.flag(1) && centered) args.dbias = out[2].data();
  launch(call.name(), call.device, args);
}

Tensor normInputGradient(const Tensor& g, const Tensor& xhat, const Tensor& rstd, const std::vector<int64_t>& axes,
                         bool centered) {
  const Tensor along = mul(xhat, mean(mul(g, xhat), axes, true));
  return mul(rstd, sub(g, centered ? add(along, mean(g, axes, true)) : along));
}

Tensor emptyLike(const Tensor& x) { return filled({x.dtype(), {0}}, 0, x.device()); }

Tensor takeNormGradients(GradCall& g, const Operator& backward, Tensors inputs, Attrs attrs) {
  if (!g.dout().defined()) return {};
  const bool centered = g.inputs() > 2;
  attrs.push_back(attr(g.needs(1) || (centered && g.needs(2))));
  const Tensors found = apply(backward, std::move(inputs), std::move(attrs));
  if (g.needs(1)) g.set(1, found[1]);
  if (centered && g.needs(2)) g.set(2, found[2]);
  return found[0];
}

// ---- layer norm and RMS norm -----------------------------------------------------------------------------------------
namespace {

constexpr Param kLayer[] = {{"x", ParamKind::Tensor},
                            {"normalizedShape", ParamKind::Ints},
                            {"weight", ParamKind::OptionalTensor},
                            {"bias", ParamKind::OptionalTensor},
                            {"eps", ParamKind::Float, 1e-5}};
constexpr Param kRms[] = {{"x", ParamKind::Tensor},
                          {"normalizedShape", ParamKind::Ints},
                          {"weight", ParamKind::OptionalTensor},
                          {"eps", ParamKind::OptionalFloat}};
constexpr Param kLayerBackward[] = {{"dout", ParamKind::Tensor},           {"x", ParamKind::Tensor},
                                    {"mean", ParamKind::Tensor},           {"rstd", ParamKind::Tensor},
                                    {"weight", ParamKind::OptionalTensor}, {"normalizedShape", ParamKind::Ints},
                                    {"parameters", ParamKind::Bool, true}};
constexpr Param kRmsBackward[] = {{"dout", ParamKind::Tensor},          {"x", ParamKind::Tensor},
                                  {"rstd", ParamKind::Tensor},          {"weight", ParamKind::OptionalTensor},
                                  {"normalizedShape", ParamKind::Ints}, {"parameters", ParamKind::Bool, true}};

// The last dimensions, which must be the attribute 0, are rows.
NormLayout rowLayout(const Call& call, const Dims& shape) {
  const auto& normalized = call.list(0);
  const int rank = shape.size(), own = static_cast<int>(normalized.size());
  NormLayout layout;
  layout.affine = toShape(call.name(), normalized);
  bool fits = own > 0 && own <= rank;
  for (int i = 0; fits && i < own; ++i) fits = shape[rank - own + i] == layout.affine[i];
  if (!fits) {
    fail(ErrorKind::Shape, "[%s] normalizedShape %s is not how the shape %s ends", call.name(),
         layout.affine.str().c_str(), shape.str().c_str());
  }
  for (int i = 0; i < rank; ++i) {
    const bool inside = i >= rank - own;
    (inside ? layout.inner : layout.outer) *= shape[i];
    layout.statistics.push(inside ? 1 : shape[i]);
  }
  return layout;
}

std::vector<int64_t> rowAxes(const Call& call, int rank) {
  std::vector<int64_t> axes;
  for (int i = rank - static_cast<int>(call.list(0).size()); i < rank; ++i) axes.push_back(i);
  return axes;
}

// PyTorch's default of RMS norm: the spacing of the dtype at 1.
double epsOf(const Call& call) {
  if (call.attrs[1].present) return call.real(1);
  const bool narrow = call.in(0).dtype() == DType::Float32;
  return narrow ? std::numeric_limits<float>::epsilon() : std::numeric_limits<double>::epsilon();
}

template <bool Centered>
void inferRows(const Call& call, Specs& out) {
  inferNorm(call, out, rowLayout(call, call.in(0).shape()), Centered);
}

template <bool Centered>
void runRows(const Call& call, Tensors& out) {
  launchNorm(call, out, NormOp::Rows, rowLayout(call, call.in(0).shape()), epsOf(call), Centered);
}

template <bool Centered>
void inferRowsBackward(const Call& call, Specs& out) {
  inferNormBackward(call, out, rowLayout(call, call.in(1).shape()), Centered);
}

template <bool Centered>
void runRowsBackward(const Call& call, Tensors& out) {
  launchNormBackward(call, out, NormOp::RowsBackward, rowLayout(call, call.in(1).shape()), 0, Centered);
}

template <bool Centered>
void expandRowsBackward(const Call& call, Tensors& out) {
  constexpr int kSpread = Centered ? 3 : 2;
  const Tensor &dout = call.in(0), &x = call.in(1), &rstd = call.in(kSpread), &weight = call.in(kSpread + 1);
  const NormLayout layout = rowLayout(call, x.shape());
  const Tensor xhat = mul(Centered ? sub(x, call.in(2)) : x, rstd);
  const Tensor g = weight.defined() ? mul(dout, weight) : dout;
  out.push_back(normInputGradient(g, xhat, rstd, rowAxes(call, x.rank()), Centered));
  out.push_back(call.flag(1) ? sumTo(mul(dout, xhat), layout.affine) : emptyLike(x));
  if (Centered) out.push_back(call.flag(1) ? sumTo(dout, layout.affine) : emptyLike(x));
}

// Mean and rstd are computed from x too: d mean / dx = 1 / n, d rstd / dx = -rstd^3 (x - mean) / n.
template <bool Centered>
void rowsGradient(GradCall& g) {
  constexpr int kSpread = Centered ? 2 : 1;
  const Tensor &x = g.in(0), &rstd = g.out(kSpread);
  Tensors inputs{g.dout(), x};
  if (Centered) inputs.push_back(g.out(1));
  inputs.push_back(rstd);
  inputs.push_back(g.in(1));
  Tensor dx = takeNormGradients(g, Centered ? "layerNormBackward"_op : "rmsNormBackward"_op, std::move(inputs),
                                {attr(g.list(0))});
  double n = 1;
  for (int64_t size : g.list(0)) n *= static_cast<double>(std::max<int64_t>(size, 1));
  if (Centered && g.dout(1).defined()) dx = plus(dx, expand(div(g.dout(1), n), x.shape()));
  if (g.dout(kSpread).defined()) {
    const Tensor slope = mul(mul(g.dout(kSpread), -1 / n), mul(rstd, square(rstd)));
    dx = plus(dx, mul(slope, Centered ? sub(x, g.out(1)) : x));
  }
  if (g.needs(0)) g.set(0, dx);
}

// ---- group norm ------------------------------------------------------------------------------------------------------

constexpr Param kGroup[] = {{"x", ParamKind::Tensor},
                            {"numGroups", ParamKind::Int},
                            {"weight", ParamKind::OptionalTensor},
                            {"bias", ParamKind::OptionalTensor},
                            {"eps", ParamKind::Float, 1e-5}};
constexpr Param kGroupBackward[] = {{"dout", ParamKind::Tensor},           {"x", ParamKind::Tensor},
                                    {"mean", ParamKind::Tensor},           {"rstd", ParamKind::Tensor},
                                    {"weight", ParamKind::OptionalTensor}, {"numGroups", ParamKind::Int},
                                    {"parameters", ParamKind::Bool, true}};

NormLayout groupLayout(const Call& call, const Dims& shape) {
  NormLayout layout = channelLayout(call, shape);
  layout.groups = call.integer(0);
  if (layout.groups < 1 || layout.channels % layout.groups != 0) {
    fail(ErrorKind::Argument, "[%s] numGroups must divide the %lld channels of %s, and %lld does not", call.name(),
         static_cast<long long>(layout.channels), shape.str().c_str(), static_cast<long long>(layout.groups));
  }
  layout.statistics = Dims{layout.outer, layout.groups, 1};
  return layout;
}

// [outer, groups, elements of a group]
Dims groupedShape(const NormLayout& layout) {
  return {layout.outer, layout.groups, layout.channels / layout.groups * layout.inner};
}

void inferGroups(const Call& call, Specs& out) { inferNorm(call, out, groupLayout(call, call.in(0).shape())); }

void runGroups(const Call& call, Tensors& out) {
  launchNorm(call, out, NormOp::Groups, groupLayout(call, call.in(0).shape()), call.real(1));
}

void inferGroupsBackward(const Call& call, Specs& out) {
  inferNormBackward(call, out, groupLayout(call, call.in(1).shape()));
}

void runGroupsBackward(const Call& call, Tensors& out) {
  launchNormBackward(call, out, NormOp::GroupsBackward, groupLayout(call, call.in(1).shape()), 0);
}

void expandGroupsBackward(const Call& call, Tensors& out) {
  const Tensor &dout = call.in(0), &x = call.in(1), &rstd = call.in(3), &weight = call.in(4);
  const NormLayout layout = groupLayout(call, x.shape());
  const Dims groups = groupedShape(layout), channels{layout.outer, layout.channels, layout.inner};
  const Tensor xhat = mul(sub(reshape(x, groups), call.in(2)), rstd), d = reshape(dout, channels);
  const Tensor g = weight.defined() ? mul(d, reshape(weight, {layout.channels, 1})) : d;
  out.push_back(reshape(normInputGradient(reshape(g, groups), xhat, rstd, {2}), x.shape()));
  out.push_back(call.flag(1) ? sum(mul(d, reshape(xhat, channels)), {0, 2}, false) : emptyLike(x));
  out.push_back(call.flag(1) ? sum(d, {0, 2}, false) : emptyLike(x));
}

void groupsGradient(GradCall& g) {
  const Tensor &x = g.in(0), &rstd = g.out(2);
  Tensor dx =
      takeNormGradients(g, "groupNormBackward"_op, {g.dout(), x, g.out(1), rstd, g.in(1)}, {attr(g.integer(0))});
  if (g.dout(1).defined() || g.dout(2).defined()) {
    const Dims groups = groupedShape(groupLayout(g.call(), x.shape()));
    const double n = std::max(static_cast<double>(groups[2]), 1.0);
    Tensor more;
    if (g.dout(1).defined()) more = expand(div(g.dout(1), n), groups);
    if (g.dout(2).defined()) {
      const Tensor slope = mul(mul(g.dout(2), -1 / n), mul(rstd, square(rstd)));
      more = plus(more, mul(slope, sub(reshape(x, groups), g.out(1))));
    }
    dx = plus(dx, reshape(more, x.shape()));
  }
  if (g.needs(0)) g.set(0, dx);
}

constexpr uint32_t kSaves = saveIn(0) | saveIn(1) | saveOut(1) | saveOut(2);

const Operator kOperators[] = {
    {.name = "layerNorm",
     .doc = "(x - mean) / sqrt(variance + eps) * weight + bias over the last dimensions",
     .params = kLayer,
     .outputs = 3,
     .visible = 1,
     .prepare = prepareNorm,
     .infer = inferRows<true>,
     .run = runRows<true>,
     .gradient = rowsGradient<true>,
     .saves = kSaves},
    {.name = "layerNormBackward",
     .doc = "gradients of layerNorm by x, weight and bias",
     .params = kLayerBackward,
     .outputs = 3,
     .prepare = prepareNorm,
     .infer = inferRowsBackward<true>,
     .run = runRowsBackward<true>,
     .expand = expandRowsBackward<true>},
    {.name = "rmsNorm",
     .doc = "x / sqrt(mean(x^2) + eps) * weight over the last dimensions; eps is the spacing of the dtype at 1 if left "
            "out",
     .params = kRms,
     .outputs = 2,
     .visible = 1,
     .prepare = prepareNorm,
     .infer = inferRows<false>,
     .run = runRows<false>,
     .gradient = rowsGradient<false>,
     .saves = saveIn(0) | saveIn(1) | saveOut(1)},
    {.name = "rmsNormBackward",
     .doc = "gradients of rmsNorm by x and weight",
     .params = kRmsBackward,
     .outputs = 2,
     .prepare = prepareNorm,
     .infer = inferRowsBackward<false>,
     .run = runRowsBackward<false>,
     .expand = expandRowsBackward<false>},
    {.name = "groupNorm",
     .doc = "layerNorm of groups of channels of [batch, channels, ...], with weight and bias by channel",
     .params = kGroup,
     .outputs = 3,
     .visible = 1,
     .prepare = prepareNorm,
     .infer = inferGroups,
     .run = runGroups,
     .gradient = groupsGradient,
     .saves = kSaves},
    {.name = "groupNormBackward",
     .doc = "gradients of groupNorm by x, weight and bias",
     .params = kGroupBackward,
     .outputs = 3,
     .prepare = prepareNorm,
     .infer = inferGroupsBackward,
     .run = runGroupsBackward,
     .expand = expandGroupsBackward},
};

}  // namespace

Family normFamily() { return kOperators; }

}  // namespace anneal
