// Pooling over the last one to three dimensions: maxima and means of windows.
//
// Each operator has an adjoint that is an operator too: maxPoolBackward and maxPoolPick are each other's, as are averages and their
// gradients, so that everything can be differentiated as often as wanted.
#include "ops/pool.h"
#include "ops/families.h"
#include "ops/functional.h"

namespace anneal {

namespace {

constexpr Param kMax[] = {{"x", ParamKind::Tensor},
                          {"kernelSize", ParamKind::Ints},
                          {"stride", ParamKind::OptionalInts},
                          {"padding", ParamKind::OptionalInts},
                          {"dilation", ParamKind::OptionalInts},
                          {"ceilMode", ParamKind::Bool, false}};
constexpr Param kAvg[] = {{"x", ParamKind::Tensor},
                          {"kernelSize", ParamKind::Ints},
                          {"stride", ParamKind::OptionalInts},
                          {"padding", ParamKind::OptionalInts},
                          {"ceilMode", ParamKind::Bool, false},
                          {"countIncludePad", ParamKind::Bool, true},
                          {"divisorOverride", ParamKind::OptionalInt}};
constexpr Param kAvgBackward[] = {{"dout", ParamKind::Tensor},
                                  {"kernelSize", ParamKind::Ints},
                                  {"stride", ParamKind::OptionalInts},
                                  {"padding", ParamKind::OptionalInts},
                                  {"ceilMode", ParamKind::Bool, false},
                                  {"countIncludePad", ParamKind::Bool, true},
                                  {"divisorOverride", ParamKind::OptionalInt},
                                  {"inputSize", ParamKind::Ints}};
constexpr Param kAdaptive[] = {{"x", ParamKind::Tensor}, {"outputSize", ParamKind::Ints}};
constexpr Param kAdaptiveBackward[] = {{"dout", ParamKind::Tensor}, {"inputSize", ParamKind::Ints}};
constexpr Param kMaxBackward[] = {
    {"dout", ParamKind::Tensor}, {"index", ParamKind::Tensor}, {"inputSize", ParamKind::Ints}};
constexpr Param kMaxPick[] = {{"x", ParamKind::Tensor}, {"index", ParamKind::Tensor}, {"dimensions", ParamKind::Int}};

// ---- what the operators share ---------------------------------------------------------------------------------------------------

// The shape of t with other sizes of the pooled dimensions: the last of `sizes`.
Dims pooledShape(const Tensor& t, const int64_t (&sizes)[kPoolRank], int dimensions) {
  Dims shape = t.shape();
  for (int d = 0; d < dimensions; ++d) shape[shape.size() - 1 - d] = sizes[kPoolRank - 1 - d];
  return shape;
}

// The operators whose result is smaller than their input.
template <PoolArgs (*ArgsOf)(const Call&)>
void inferSmaller(const Call& call, Specs& out) {
  const PoolArgs args = ArgsOf(call);
  const int dimensions = call.op->params.back().kind == ParamKind::Int ? static_cast<int>(call.integer(0))
                                                                       : static_cast<int>(call.list(0).size());
  out.push_back({call.in(0).dtype(), pooledShape(call.in(0), args.out, dimensions)});
  if (call.op->outputs == 2) out.push_back({DType::Int32, out[0].shape});
}

template <PoolArgs (*ArgsOf)(const Call&)>
void inferLarger(const Call& call, Specs& out) {
  const PoolArgs args = ArgsOf(call);
  const int dimensions = static_cast<int>(call.attrs[call.attrs.size() - 1].list.size());
  out.push_back({call.in(0).dtype(), pooledShape(call.in(0), args.in, dimensions)});
}

template <PoolArgs (*ArgsOf)(const Call&)>
void run(const Call& call, Tensors& out) {
  if (out[0].size() == 0) return;
  const Tensor src = dense(call.name(), call.in(0));
  const Tensor index = call.inputs.size() > 1 ? dense(call.name(), call.in(1)) : Tensor();
  PoolArgs args = ArgsOf(call);
  args.dtype = src.dtype();
  args.src = src.data();
  args.index = index.defined() ? static_cast<const int32_t*>(index.data()) : nullptr;
  args.dst = out[0].data();
  args.indexOut = out.size() > 1 ? static_cast<int32_t*>(out[1].data()) : nullptr;
  launch(call.name(), call.device, args);
}

// A window that is the whole plane is a row, which reductions fold in a tree.
void runAdaptiveAvg(const Call& call, Tensors& out) {
  const PoolArgs args = adaptiveAvgArgs(call);
  if (out[0].size() == 0 || elements(args.out, kPoolRank) > 1) return run<adaptiveAvgArgs>(call, out);
  const Tensor src = dense(call.name(), call.in(0));
  ReduceArgs reduce{};
  reduce.op = ReduceOp::Mean;
  reduce.dtype = src.dtype();
  reduce.outer = args.planes;
  reduce.extent = elements(args.in, kPoolRank);
  reduce.inner = 1;
  reduce.src = src.data();
  reduce.dst = out[0].data();
  launch(call.name(), call.device, reduce);
}

void requireFloating(Call& call) {
  if (isFloating(call.in(0).dtype())) return;
  fail(ErrorKind::DType, "[%s] takes floating tensors, not %s", call.name(), nameOf(call.in(0).dtype()));
}

void requireNumbers(Call& call) {
  if (call.in(0).dtype() != DType::Bool) return;
  fail(ErrorKind::DType, "[%s] is not defined for bool; cast to a number first", call.name());
}

void prepareIndexed(Call& call) {
  requireFloating(call);
  if (categoryOf(call.in(1).dtype()) != Category::Integer) {
    fail(ErrorKind::DType, "[%s] indices must be integers, not %s", call.name(), nameOf(call.in(1).dtype()));
  }
  call.inputs[1] = cast(call.in(1), DType::Int32);
}

// ---- gradients ------------------------------------------------------------------------------------------------------------------

// The last `dimensions` sizes of a shape.
std::vector<int64_t> lastSizes(const Dims& shape, size_t dimensions) { return {shape.end() - dimensions, shape.end()}; }

void maxGradient(GradCall& g) {
  const auto in = lastSizes(g.spec(0).shape, g.list(0).size());
  g.set(0, apply1("maxPoolBackward"_op, {g.dout(), g.out(1)}, {attr(in)}));
}

void maxBackwardGradient(GradCall& g) {
  g.set(0, apply1("maxPoolPick"_op, {g.dout(), g.in(1)}, {attr(static_cast<int64_t>(g.list(0).size()))}));
}

void maxPickGradient(GradCall& g) {
  const auto in = lastSizes(g.spec(0).shape, static_cast<size_t>(g.integer(0)));
  g.set(0, apply1("maxPoolBackward"_op, {g.dout(), g.in(1)}, {attr(in)}));
}

void avgGradient(GradCall& g) {
  Attrs attrs = g.call().attrs;
  attrs.push_back(attr(lastSizes(g.spec(0).shape, g.list(0).size())));
  g.set(0, apply1("avgPoolBackward"_op, {g.dout()}, std::move(attrs)));
}

void avgBackwardGradient(GradCall& g) {
  Attrs attrs = g.call().attrs;
  attrs.resize(attrs.size() - 1);
  g.set(0, apply1("avgPool"_op, {g.dout()}, std::move(attrs)));
}

void adaptiveAvgGradient(GradCall& g) {
  const auto in = lastSizes(g.spec(0).shape, g.list(0).size());
  g.set(0, apply1("adaptiveAvgPoolBackward"_op, {g.dout()}, {attr(in)}));
}

void adaptiveAvgBackwardGradient(GradCall& g) {
  const auto out = lastSizes(g.spec(0).shape, g.list(0).size());
  g.set(0, apply1("adaptiveAvgPool"_op, {g.dout()}, {attr(out)}));
}

const Operator kOperators[] = {
    {.name = "maxPool",
     .doc = "the largest element of each window of the last one to three dimensions",
     .params = kMax,
     .prepare = requireNumbers,
     .infer = inferSmaller<maxArgs>,
     .run = run<maxArgs>,
     .expand = [](const Call& call,
                  Tensors& out) { out.push_back(apply1("maxPoolWithIndex"_op, {call.in(0)}, call.attrs)); }},
    {.name = "maxPoolWithIndex",
     .doc = "maxPool, and the places of the elements in their planes: the first of equal ones; -1 for a window of "
            "padding; "
            "int32",
     .params = kMax,
     .outputs = 2,
     .prepare = requireNumbers,
     .infer = inferSmaller<maxArgs>,
     .run = run<maxArgs>,
     .gradient = maxGradient,
     .saves = saveOut(1)},
    {.name = "adaptiveMaxPool",
     .doc = "the largest element of each of `outputSize` windows that cover the last one to three dimensions",
     .params = kAdaptive,
     .prepare = requireNumbers,
     .infer = inferSmaller<adaptiveMaxArgs>,
     .run = run<adaptiveMaxArgs>,
     .expand = [](const Call& call,
                  Tensors& out) { out.push_back(apply1("adaptiveMaxPoolWithIndex"_op, {call.in(0)}, call.attrs)); }},
    {.name = "adaptiveMaxPoolWithIndex",
     .doc = "adaptiveMaxPool, and the places of the elements in their planes: the first of equal ones; int32",
     .params = kAdaptive,
     .outputs = 2,
     .prepare = requireNumbers,
     .infer = inferSmaller<adaptiveMaxArgs>,
     .run = run<adaptiveMaxArgs>,
     .gradient = maxGradient,
     .saves = saveOut(1)},
    {.name = "maxPoolBackward",
     .doc = "planes of `inputSize` zeros, with dout added at the places that index names; -1 names none",
     .params = kMaxBackward,
     .prepare = prepareIndexed,
     .infer = inferLarger<maxBackwardArgs>,
     .run = run<maxBackwardArgs>,
     .gradient = maxBackwardGradient,
     .saves = saveIn(1)},
    {.name = "maxPoolPick",
     .doc = "the elements of planes of the last `dimensions` dimensions that index names; 0 where it is -1",
     .params = kMaxPick,
     .prepare = prepareIndexed,
     .infer = inferSmaller<maxPickArgs>,
     .run = run<maxPickArgs>,
     .gradient = maxPickGradient,
     .saves = saveIn(1)},
    {.name = "avgPool",
     .doc = "the mean of each window of the last one to three dimensions, padded by zeros",
     .params = kAvg,
     .prepare = requireFloating,
     .infer = inferSmaller<avgArgs>,
     .run = run<avgArgs>,
     .gradient = avgGradient},
    {.name = "avgPoolBackward",
     .doc = "dout divided by the divisors of its windows, added up over their elements in planes of `inputSize`",
     .params = kAvgBackward,
     .prepare = requireFloating,
     .infer = inferLarger<avgBackwardArgs>,
     .run = run<avgBackwardArgs>,
     .gradient = avgBackwardGradient},
    {.name = "adaptiveAvgPool",
     .doc = "the mean of each of `outputSize` windows that cover the last one to three dimensions",
     .params = kAdaptive,
     .prepare = requireFloating,
     .infer = inferSmaller<adaptiveAvgArgs>,
     .run = runAdaptiveAvg,
     .gradient = adaptiveAvgGradient},
    {.name = "adaptiveAvgPoolBackward",
     .doc = "dout divided by the sizes of its windows, added up over their elements in planes of `inputSize`",
     .params = kAdaptiveBackward,
     .prepare = requireFloating,
     .infer = inferLarger<adaptiveBackwardArgs>,
     .run = run<adaptiveBackwardArgs>,
     .gradient = adaptiveAvgBackwardGradient},
};

}  // namespace

Family poolFamily() { return kOperators; }

}  // namespace anneal
