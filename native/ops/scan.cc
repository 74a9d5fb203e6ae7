// Cumulative sums along an axis.
#include "ops/axes.h"
#include "ops/families.h"
#include "ops/functional.h"

namespace anneal {

namespace {

constexpr Param kCumsum[] = {
    {"x", ParamKind::Tensor}, {"axis", ParamKind::Int}, {"reverse", ParamKind::Bool}, {"dtype", ParamKind::DType}};

void prepare(Call& call) {
  const DType dtype = call.dtype(2);
  if (dtype == DType::Bool) fail(ErrorKind::DType, "[%s] sums are not bool; choose a dtype of numbers", call.name());
  call.inputs[0] = cast(call.in(0), dtype);
}

void infer(const Call& call, Specs& out) {
  singleAxis(call);  // checks it
  out.push_back(call.in(0).spec());
}

void run(const Call& call, Tensors& out) {
  if (out[0].size() == 0) return;
  const Arranged in = arrange(call.name(), call.in(0), singleAxis(call));
  ScanArgs args{};
  args.dtype = out[0].dtype();
  args.reverse = call.flag(1);
  args.outer = in.outer;
  args.extent = in.extent;
  args.inner = in.inner;
  args.in = in.x.data();
  args.out = out[0].data();
  launch(call.name(), call.device, args);
}

// x_i is a term of every sum from i on: the gradient adds those up from the end.
void gradient(GradCall& g) {
  const DType dtype = g.dout().dtype();
  g.set(0, apply1("cumsum"_op, {g.dout()}, {attr(g.integer(0)), attr(!g.flag(1)), attr(dtype)}));
}

const Operator kOperators[] = {
    {.name = "cumsum",
     .doc = "sums of the elements up to each one along the axis, or from each one on where `reverse` is set",
     .params = kCumsum,
     .prepare = prepare,
     .infer = infer,
     .run = run,
     .gradient = gradient},
};

}  // namespace

Family scanFamily() { return kOperators; }

}  // namespace anneal
