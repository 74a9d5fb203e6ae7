// Tensors joined, taken apart and surrounded.
#include <algorithm>

#include "ops/families.h"
#include "ops/functional.h"
#include "ops/slice.h"

namespace anneal {

namespace {

constexpr Param kList[] = {{"tensors", ParamKind::TensorList}, {"axis", ParamKind::Int, 0}};
constexpr Param kSplit[] = {{"x", ParamKind::Tensor}, {"sizes", ParamKind::Ints}, {"axis", ParamKind::Int, 0}};
constexpr Param kPad[] = {{"x", ParamKind::Tensor}, {"padding", ParamKind::Ints}, {"value", ParamKind::Float, 0}};

void splitOperator(const Call& call, Tensors& out) {
  const Tensor& x = call.in(0);
  const int axis = normalizeAxis(call.name(), call.integer(1), x.rank());
  int64_t begin = 0;
  for (int64_t size : call.list(0)) {
    if (size < 0 || size > x.dim(axis) - begin) {
      begin = -1;
      break;
    }
    out.push_back(sliceView(x, {axis, begin, 1, size}));
    begin += size;
  }
  if (begin != x.dim(axis)) {
    fail(ErrorKind::Shape, "[%s] the sizes do not add up to dimension %d of %s", call.name(), axis,
         x.shape().str().c_str());
  }
}

void splitGradient(GradCall& g) {
  const TensorSpec& whole = g.spec(0);
  const int axis = normalizeAxis("split", g.integer(1), whole.shape.size());
  Tensors parts;
  for (size_t i = 0; i < g.list(0).size(); ++i) {
    TensorSpec part = whole;
    part.shape[axis] = g.list(0)[i];
    const Tensor& dout = g.dout(static_cast<int>(i));
    parts.push_back(dout.defined() ? dout : filled(part, 0, g.call().device));
  }
  g.set(0, apply1("concat"_op, std::move(parts), {attr(axis)}));
}

// ---- joining ---------------------------------------------------------------------------------------------------------------

void prepareJoin(Call& call) {
  if (call.inputs.empty()) fail(ErrorKind::Argument, "[%s] needs at least one tensor", call.name());
  DType dtype = call.in(0).dtype();
  for (const Tensor& t : call.inputs) dtype = promote(dtype, t.dtype());
  for (Tensor& t : call.inputs) t = cast(t, dtype);
}

void inferConcat(const Call& call, Specs& out) {
  TensorSpec spec = call.in(0).spec();
  const int axis = normalizeAxis(call.name(), call.integer(0), spec.shape.size());
  for (size_t i = 1; i < call.inputs.size(); ++i) {
    const Dims& shape = call.inputs[i].shape();
    bool fits = shape.size() == spec.shape.size();
    for (int d = 0; fits && d < shape.size(); ++d) fits = d == axis || shape[d] == spec.shape[d];
    if (!fits) {
      fail(ErrorKind::Shape, "[%s] shapes differ outside axis %d: %s and %s", call.name(), axis,
           call.in(0).shape().str().c_str(), shape.str().c_str());
    }
    if (__builtin_add_overflow(spec.shape[axis], shape[axis], &spec.shape[axis])) {
      fail(ErrorKind::OutOfMemory, "[%s] the joined tensor is too large", call.name());
    }
  }
  out.push_back(spec);
}

void runConcat(const Call& call, Tensors& out) {
  const int axis = normalizeAxis(call.name(), call.integer(0), out[0].rank());
  int64_t begin = 0;
  for (const Tensor& part : call.inputs) {
    // Empty parts before the first one that is not leave `begin` where it is.
    copyPart(call.name(), part, sliceView(out[0], {axis, begin, 1, part.dim(axis)}), begin == 0);
    begin += part.dim(axis);
  }
}

void concatGradient(GradCall& g) {
  const int axis = normalizeAxis("concat", g.integer(0), g.spec(0).shape.size());
  int64_t begin = 0;
  for (int i = 0; i < g.inputs(); ++i) {
    const int64_t end = begin + g.spec(i).shape[axis];
    if (g.needs(i)) g.set(i, apply1("slice"_op, {g.dout()}, {attr(axis), attr(begin), attr(end), attr(1)}));
    begin = end;
  }
}

void expandStack(const Call& call, Tensors& out) {
  if (call.inputs.empty()) fail(ErrorKind::Argument, "[%s] needs at least one tensor", call.name());
  Tensors parts;
  for (const Tensor& t : call.inputs) {
    if (!(t.shape() == call.in(0).shape())) {
      fail(ErrorKind::Shape, "[%s] shapes differ: %s and %s", call.name(), call.in(0).shape().str().c_str(),
           t.shape().str().c_str());
    }
    parts.push_back(apply1("unsqueeze"_op, {t}, {attr(call.integer(0))}));
  }
  const int axis = normalizeAxis(call.name(), call.integer(0), call.in(0).rank() + 1);
  out.push_back(apply1("concat"_op, std::move(parts), {attr(axis)}));
}

// padding holds (before, after) for each dimension, first to last; a negative one cuts off.
void inferPad(const Call& call, Specs& out) {
  TensorSpec spec = call.in(0).spec();
  const auto& padding = call.list(0);
  if (padding.size() != 2 * static_cast<size_t>(spec.shape.size())) {
    fail(ErrorKind::Argument, "[%s] %zu paddings given for %d dimensions: two for each are needed", call.name(),
         padding.size(), spec.shape.size());
  }
  for (int i = 0; i < spec.shape.size(); ++i) {
    const int64_t before = padding[2 * i], after = padding[2 * i + 1], extent = spec.shape[i];
    if (__builtin_add_overflow(spec.shape[i], padding[2 * i], &spec.shape[i]) ||
        __builtin_add_overflow(spec.shape[i], padding[2 * i + 1], &spec.shape[i])) {
      fail(ErrorKind::OutOfMemory, "[%s] the padded tensor is too large", call.name());
    }
    // Each side cuts off what there is at most, so that what is left has a place in the result.
    if (spec.shape[i] < 0 || extent + std::min<int64_t>(before, 0) + std::min<int64_t>(after, 0) < 0) {
      fail(ErrorKind::Shape, "[%s] (%lld, %lld) cuts more than there is off dimension %d of %s", call.name(),
           static_cast<long long>(before), static_cast<long long>(after), i, call.in(0).shape().str().c_str());
    }
  }
  if (!holds(spec.dtype, call.real(1))) {
    fail(ErrorKind::Argument, "[%s] %.17g does not fit %s, which holds %s", call.name(), call.real(1),
         nameOf(spec.dtype), rangeOf(spec.dtype));
  }
  out.push_back(spec);
}

// The part of t that a tensor padded with -padding has too.
Tensor interior(const Tensor& t, const std::vector<int64_t>& padding) {
  Tensor view = t;
  for (int i = 0; i < t.rank(); ++i) {
    const int64_t before = std::max<int64_t>(padding[2 * i], 0), after = std::max<int64_t>(padding[2 * i + 1], 0);
    view = sliceView(view, {i, before, 1, t.dim(i) - before - after});
  }
  return view;
}

std::vector<int64_t> negated(std::vector<int64_t> padding) {
  for (int64_t& p : padding) p = -p;
  return padding;
}

void runPad(const Call& call, Tensors& out) {
  if (out[0].size() == 0) return;
  FillArgs args{};
  args.op = FillOp::Constant;
  args.dtype = out[0].dtype();
  args.count = out[0].size();
  args.start = call.real(1);
  args.out = out[0].data();
  launch(call.name(), call.device, args);
  copyPart(call.name(), interior(call.in(0), negated(call.list(0))), interior(out[0], call.list(0)), false);
}

void padGradient(GradCall& g) {
  const std::vector<int64_t>& padding = g.list(0);
  if (std::any_of(padding.begin(), padding.end(), [](int64_t p) { return p < 0; })) {
    return g.set(0, apply1("pad"_op, {g.dout()}, {attr(negated(padding)), attr(0.0)}));
  }
  Tensor grad = g.dout();
  const Dims& inner = g.spec(0).shape;
  for (int i = 0; i < inner.size(); ++i) {
    const int64_t begin = padding[2 * i];
    grad = apply1("slice"_op, {grad}, {attr(i), attr(begin), attr(begin + inner[i]), attr(1)});
  }
  g.set(0, grad);
}

const Operator kOperators[] = {
    {.name = "split",
     .doc = "consecutive parts of the given sizes along `axis`",
     .params = kSplit,
     .outputs = kVariadic,
     .view = splitOperator,
     .gradient = splitGradient},
    {.name = "concat",
     .doc = "tensors joined along an existing `axis`",
     .params = kList,
     .prepare = prepareJoin,
     .infer = inferConcat,
     .run = runConcat,
     .gradient = concatGradient},
    {.name = "stack", .doc = "tensors of one shape joined along a new `axis`", .params = kList, .expand = expandStack},
    {.name = "pad",
     .doc = "x surrounded by `value`; padding is (before, after) for each dimension, negative to cut off",
     .params = kPad,
     .infer = inferPad,
     .run = runPad,
     .gradient = padGradient},
};

}  // namespace

Family joinFamily() { return kOperators; }

}  // namespace anneal
