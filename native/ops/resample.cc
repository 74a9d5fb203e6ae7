// Resampling along one axis, and its transpose: each is the gradient of the other. Interpolation of images is one such operator after
// another, since its weights are products of those along each axis.
#include "ops/axes.h"
#include "ops/families.h"
#include "ops/functional.h"

namespace anneal {

namespace {

constexpr const char* kModes[] = {"nearest", "nearestExact", "linear", "cubic"};  // by ResampleMode
constexpr Param kResample[] = {{"x", ParamKind::Tensor},
                               {"axis", ParamKind::Int},
                               {"size", ParamKind::Int},
                               {"mode", ParamKind::Choice, ResampleMode::Nearest, kModes},
                               {"alignCorners", ParamKind::Bool, false},
                               {"antialias", ParamKind::Bool, false},
                               {"scale", ParamKind::OptionalFloat}};
constexpr Param kResampleBackward[] = {{"dout", ParamKind::Tensor},
                                       {"axis", ParamKind::Int},
                                       {"inputSize", ParamKind::Int},
                                       {"mode", ParamKind::Choice, ResampleMode::Nearest, kModes},
                                       {"alignCorners", ParamKind::Bool, false},
                                       {"antialias", ParamKind::Bool, false},
                                       {"scale", ParamKind::OptionalFloat}};

void prepare(Call& call) {
  if (isFloating(call.in(0).dtype())) return;
  fail(ErrorKind::DType, "[%s] takes floating tensors, not %s", call.name(), nameOf(call.in(0).dtype()));
}

int axisOf(const Call& call) { return normalizeAxis(call.name(), call.integer(0), call.in(0).rank()); }

void infer(const Call& call, Specs& out) {
  TensorSpec spec = call.in(0).spec();
  const int axis = axisOf(call);
  const bool smooth = call.integer(2) >= static_cast<int64_t>(ResampleMode::Linear);
  if (spec.shape[axis] < 1 || call.integer(1) < 1) {
    fail(ErrorKind::Shape, "[%s] sizes must be at least 1, not %lld and %lld along axis %d of %s", call.name(),
         static_cast<long long>(spec.shape[axis]), static_cast<long long>(call.integer(1)), axis,
         spec.shape.str().c_str());
  }
  if (!smooth && (call.flag(3) || call.flag(4))) {
    fail(ErrorKind::Argument, "[%s] alignCorners and antialias are for the modes linear and cubic", call.name());
  }
  if (call.attrs[5].present && !(call.real(5) > 0 && call.real(5) <= INT32_MAX)) {
    fail(ErrorKind::Argument, "[%s] the scale must be greater than 0, and no larger than sizes may be", call.name());
  }
  spec.shape[axis] = call.integer(1);
  out.push_back(spec);
}

template <bool Backward>
void run(const Call& call, Tensors& out) {
  if (out[0].size() == 0) return;
  const int axis = axisOf(call);
  const Tensor src = dense(call.name(), call.in(0));
  ResampleArgs args{};
  args.backward = Backward;
  args.dtype = src.dtype();
  args.mode = call.choice<ResampleMode>(2);
  args.alignCorners = call.flag(3);
  args.antialias = call.flag(4);
  args.scale = call.attrs[5].present ? call.real(5) : 0;
  args.outer = args.inner = 1;
  for (int i = 0; i < axis; ++i) args.outer *= src.dim(i);
  for (int i = axis + 1; i < src.rank(); ++i) args.inner *= src.dim(i);
  args.in = Backward ? call.integer(1) : src.dim(axis);
  args.out = Backward ? src.dim(axis) : call.integer(1);
  args.src = src.data();
  args.dst = out[0].data();
  launch(call.name(), call.device, args);
}

// The attributes with the size of the other direction: that of the input.
Attrs turned(const GradCall& g) {
  Attrs attrs = g.call().attrs;
  const Dims& shape = g.spec(0).shape;
  attrs[1] = attr(shape[normalizeAxis(g.call().name(), g.integer(0), shape.size())]);
  return attrs;
}

const Operator kOperators[] = {
    {.name = "resample",
     .doc = "x with `size` elements along the axis, each made of those around its position",
     .params = kResample,
     .prepare = prepare,
     .infer = infer,
     .run = run<false>,
     .gradient = [](GradCall& g) { g.set(0, apply1("resampleBackward"_op, {g.dout()}, turned(g))); }},
    {.name = "resampleBackward",
     .doc = "the gradient by the input of resample, with `inputSize` elements along the axis",
     .params = kResampleBackward,
     .prepare = prepare,
     .infer = infer,
     .run = run<true>,
     .gradient = [](GradCall& g) { g.set(0, apply1("resample"_op, {g.dout()}, turned(g))); }},
};

}  // namespace

Family resampleFamily() { return kOperators; }

}  // namespace anneal
