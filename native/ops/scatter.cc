// Writing by index: elements and blocks put into a copy of a tensor, or joined with what is there. Indices are checked by the kernels.
#include <cmath>

#include "ops/families.h"
#include "ops/functional.h"
#include "ops/indexing.h"
#include "ops/slice.h"

namespace anneal {

namespace {

constexpr Param kScatterAdd[] = {
    {"base", ParamKind::Tensor}, {"axis", ParamKind::Int}, {"index", ParamKind::Tensor}, {"src", ParamKind::Tensor}};
constexpr Param kScatter[] = {
    {"base", ParamKind::Tensor}, {"axis", ParamKind::Int}, {"index", ParamKind::Tensor}, {"src", ParamKind::Operand}};
enum class Join : int64_t { Sum, Prod, Mean, Max, Min };
constexpr const char* kJoins[] = {"sum", "prod", "mean", "max", "min"};  // by Join
constexpr Param kScatterReduce[] = {{"base", ParamKind::Tensor},
                                    {"axis", ParamKind::Int},
                                    {"index", ParamKind::Tensor},
                                    {"src", ParamKind::Tensor},
                                    {"reduce", ParamKind::Choice, {}, kJoins},
                                    {"includeSelf", ParamKind::Bool, true}};
constexpr Param kAssignAt[] = {{"target", ParamKind::Tensor},
                               {"axis", ParamKind::Int},
                               {"index", ParamKind::Tensor},
                               {"values", ParamKind::Tensor}};
constexpr Param kSliceScatter[] = {{"x", ParamKind::Tensor},
                                   {"src", ParamKind::Operand},
                                   {"begins", ParamKind::Ints},
                                   {"ends", ParamKind::Ints},
                                   {"steps", ParamKind::Ints}};
constexpr const char* kCallers[] = {"at", "withAt", "take"};
constexpr Param kLinearIndex[] = {{"base", ParamKind::OptionalTensor},
                                  {"index", ParamKind::Tensor},
                                  {"extent", ParamKind::Int},
                                  {"caller", ParamKind::Choice, 0, kCallers}};
constexpr Param kPositions[] = {{"mask", ParamKind::Tensor}, {"size", ParamKind::Int}, {"fill", ParamKind::Int, -1}};

// ---- scatterAdd, scatter, scatterProd, scatterMax, scatterMin ------------------------------------------------------------------

// The index may be smaller than the source, of which the rest is left out, and off the axis than the base.
void fitSource(Call& call) {
  const int axis = indexAxis(call);
  const Dims index = call.in(1).shape();
  if (numel(index) == 0) return;
  if (!picksFrom(index, call.in(0), axis)) failIndex(call, call.in(0), axis);
  if (!picksFrom(index, call.in(2), -1)) failIndex(call, call.in(2), axis);
  call.inputs[2] = cutTo(call.in(2), asVector(index), -1);
}

void prepareJoin(Call& call) {
  toIndex(call, 1);
  const DType dtype = promote(call.in(0).dtype(), call.in(2).dtype());
  call.inputs[0] = cast(call.in(0), dtype);
  call.inputs[2] = cast(call.in(2), dtype);
  fitSource(call);
}

// A number stands for a source full of it; what is written takes the dtype of the base.
void prepareScatter(Call& call) {
  toIndex(call, 1);
  Tensor& src = call.inputs[2];
  const DType dtype = call.in(0).dtype();
  src = src.weak() ? expand(src.materialize(dtype), call.in(1).shape()) : cast(src, dtype);
  fitSource(call);
}

void inferScatter(const Call& call, Specs& out) { out.push_back(call.in(0).spec()); }

template <IndexOp Op>
void runScatter(const Call& call, Tensors& out) {
  if (out[0].size() == 0) return;
  if (call.in(1).size() == 0) return copyInto(call.name(), call.in(0), out[0]);
  const int axis = indexAxis(call);
  const Tensor index = asVector(dense(call.name(), call.in(1))), src = dense(call.name(), call.in(2));
  // What the index reaches is a block of the base, and written in memory of its own where that is not all of it.
  Tensor whole = asVector(call.in(0)), reached = whole, result = out[0];
  for (int i = 0; i < whole.rank(); ++i) {
    if (i != axis) reached = sliceView(reached, {i, 0, 1, index.dim(i)});
  }
  const bool partly = !(reached.shape() == whole.shape());
  if (partly) result = Tensor::empty(reached.spec(), call.device);
  const Tensor base = dense(call.name(), reached);
  IndexArgs args = argsAround(call, Op, base.shape(), axis);
  args.dtype = base.dtype();
  args.count = index.dim(axis);
  args.src = src.data();
  args.base = base.data();
  args.index = static_cast<const int64_t*>(index.data());
  args.out = result.data();
  launch(call.name(), call.device, args);
  if (!partly) return;
  copyInto(call.name(), whole, out[0]);
  Tensor target = out[0];
  for (int i = 0; i < target.rank(); ++i) target = sliceView(target, {i, 0, 1, result.dim(i)});
  copyPart(call.name(), result, target, false);
}

// ---- assignAt ----------------------------------------------------------------------------------------------------------------
void prepareAssignAt(Call& call) {
  toIndex(call, 1);
  call.inputs[2] = cast(call.in(2), call.in(0).dtype());
}

void inferAssignAt(const Call& call, Specs&) {
  const Tensor &target = call.in(0), &index = call.in(1), &values = call.in(2);
  const int axis = indexAxis(call);
  Dims expected = target.shape();
  if (index.rank() == 1 && !expected.empty()) expected[axis] = index.dim(0);
  if (index.rank() != 1 || !(values.shape() == expected)) {
    fail(ErrorKind::Shape, "[%s] values %s at the indices %s along axis %d do not fit a tensor of %s", call.name(),
         values.shape().str().c_str(), index.shape().str().c_str(), axis, target.shape().str().c_str());
  }
  if (!target.contiguous()) {
    fail(ErrorKind::Argument, "[%s] writes to dense tensors only; make it contiguous", call.name());
  }
}

void runAssignAt(const Call& call, Tensors&) {
  const Tensor& target = call.in(0);
  if (call.in(2).size() == 0) return;
  const bool overlaps = &target.storage() == &call.in(2).storage();
  const Tensor values = overlaps ? copyTo(call.name(), call.in(2), target.dtype()) : dense(call.name(), call.in(2));
  const Tensor index = dense(call.name(), call.in(1));
  target.storage().bumpVersion();
  IndexArgs args = argsAround(call, IndexOp::Put, target.shape(), indexAxis(call));
  args.dtype = target.dtype();
  args.count = index.dim(0);
  args.src = values.data();
  args.index = static_cast<const int64_t*>(index.data());
  args.out = target.data();
  launch(call.name(), call.device, args);
}

Tensor gather(const Tensor& x, int64_t axis, const Tensor& index) {
  return apply1("gather"_op, {x, index}, {attr(axis)});
}
Tensor scatter(const Tensor& base, int64_t axis, const Tensor& index, const Tensor& src) {
  return apply1("scatter"_op, {base, index, src}, {attr(axis)});
}
Tensor scatterAdd(const Tensor& base, int64_t axis, const Tensor& index, const Tensor& src) {
  return apply1("scatterAdd"_op, {base, index, src}, {attr(axis)});
}

// Gives the source what `found`, picked by the index, holds for it.
template <class Found>
void giveSource(GradCall& g, Found&& found) {
  const TensorSpec& src = g.spec(2);
  const bool nothing = numel(g.in(1).shape()) == 0;
  g.set(2, nothing ? filled(src, 0, g.call().device) : reshape(found(), src.shape));
}

void scatterAddGradient(GradCall& g) {
  if (g.needs(0)) g.set(0, g.dout());
  if (g.needs(2)) giveSource(g, [&] { return gather(g.dout(), g.integer(0), g.in(1)); });
}

// As PyTorch has it: of sources that are written to one place each has the gradient, though only the last one is there.
void scatterGradient(GradCall& g) {
  if (g.needs(0)) g.set(0, scatter(g.dout(), g.integer(0), g.in(1), number(0, g.dout())));
  if (g.needs(2)) giveSource(g, [&] { return gather(g.dout(), g.integer(0), g.in(1)); });
}

// The derivative by the base is the product of the sources; by a source it is the result without it, which a quotient gives but
// where the source is 0. A 0 that is the only one of its place has the product of the others, two leave nothing.
void scatterProdGradient(GradCall& g) {
  const int64_t axis = g.integer(0);
  const Tensor &base = g.in(0), &index = g.in(1), &src = g.in(2);
  const Tensor one = number(1, base), zero = number(0, base);
  const auto prod = [&](const Tensor& from, const Tensor& by) {
    return apply1("scatterProd"_op, {from, index, by}, {attr(axis)});
  };
  if (g.needs(0)) g.set(0, mul(g.dout(), prod(filled(g.spec(0), 1, g.call().device), src)));
  if (!g.needs(2)) return;
  giveSource(g, [&] {
    const Tensor isZero = equal(src, zero);
    const Tensor zeros = scatterAdd(filled(g.spec(0), 0, g.call().device), axis, index, cast(isZero, src.dtype()));
    const Tensor single = apply1("logicalAnd"_op, {isZero, equal(gather(zeros, axis, index), one)});
    const Tensor others = gather(mul(g.dout(), prod(base, where(single, one, src))), axis, index);
    const Tensor quotient = div(gather(mul(g.dout(), prod(base, src)), axis, index), where(isZero, one, src));
    return where(single, others, quotient);
  });
}

// Ties share the gradient evenly.
void scatterExtremeGradient(GradCall& g) {
  const int64_t axis = g.integer(0);
  const Tensor &index = g.in(1), &out = g.out(0);
  const DType dtype = out.dtype();
  const Tensor base = cast(equal(g.in(0), out), dtype);
  const Tensor src = cast(equal(g.in(2), gather(out, axis, index)), dtype);
  const Tensor share = div(g.dout(), scatterAdd(base, axis, index, src));
  if (g.needs(0)) g.set(0, mul(base, share));
  if (g.needs(2)) giveSource(g, [&] { return mul(src, gather(share, axis, index)); });
}

// ---- scatterReduce -----------------------------------------------------------------------------------------------------------

Tensor lowestOf(DType dtype, bool highest, const Tensor& like) {
  const double infinity = highest ? INFINITY : -INFINITY;
  double value = infinity;
  switch (dtype) {
    case DType::Int32: value = highest ? INT32_MAX : INT32_MIN; break;
    case DType::Int64: value = highest ? 9223372036854774784.0 : -9223372036854775808.0; break;
    case DType::UInt8: value = highest ? UINT8_MAX : 0; break;
    case DType::Bool: value = highest; break;
    default: break;
  }
  return number(value, like);
}

// Where the base does not take part, it is replaced, where something is scattered to, by what changes nothing.
void scatterReduceExpand(const Call& call, Tensors& out) {
  const Join join = call.choice<Join>(1);
  const int64_t axis = call.integer(0);
  const Tensor &index = call.in(1), &src = call.in(2);
  Tensor base = call.in(0);
  const bool self = call.flag(2);
  if (!self) {
    const Tensor neutral = join == Join::Prod                       ? number(1, base)
                           : join == Join::Max || join == Join::Min ? lowestOf(base.dtype(), join == Join::Min, base)
                                                                    : number(0, base);
    base = scatter(base, axis, index, neutral);
  }
  const auto joined = [&](const Operator& op) { return apply1(op, {base, index, src}, {attr(axis)}); };
  switch (join) {
    case Join::Sum: return out.push_back(joined("scatterAdd"_op));
    case Join::Prod: return out.push_back(joined("scatterProd"_op));
    case Join::Max: return out.push_back(joined("scatterMax"_op));
    case Join::Min: return out.push_back(joined("scatterMin"_op));
    case Join::Mean: break;
  }
  const Tensor ones = filled({base.dtype(), base.shape()}, 1, call.device);
  const Tensor start = self ? ones : scatter(ones, axis, index, number(0, base));
  const Tensor each = filled({base.dtype(), src.shape()}, 1, call.device);
  out.push_back(div(joined("scatterAdd"_op), scatterAdd(start, axis, index, each)));
}

void prepareReduce(Call& call) {
  prepareJoin(call);
  if (call.choice<Join>(1) == Join::Mean && !isFloating(call.in(0).dtype())) {
    fail(ErrorKind::DType, "[%s] the mean is of floating tensors, not %s", call.name(), nameOf(call.in(0).dtype()));
  }
}

// ---- sliceScatter -------------------------------------------------------------------------------------------------------------

// What the attributes from `first` on pick of t, axis by axis: as a view, or recorded.
template <class Pick>
Tensor pickRegion(const char* op, Tensor t, const Dims& shape, const Attrs& attrs, Pick&& pick) {
  for (size_t k = 0; k < 3; ++k) {
    if (attrs[k].list.size() != static_cast<size_t>(shape.size())) {
      fail(ErrorKind::Argument, "[%s] expected a begin, an end and a step for each of %d dimensions", op, shape.size());
    }
  }
  for (int i = 0; i < shape.size(); ++i) {
    t = pick(t, resolveSlice(op, shape, i, attrs[0].list[i], attrs[1].list[i], attrs[2].list[i]));
  }
  return t;
}

Tensor regionView(const char* op, const Tensor& t, const Attrs& attrs) {
  return pickRegion(op, t, t.shape(), attrs, sliceView);
}

void prepareSliceScatter(Call& call) {
  const Tensor& x = call.in(0);
  Tensor& src = call.inputs[1];
  src = src.weak() ? src.materialize(x.dtype()) : cast(src, x.dtype());
  src = expand(src, regionView(call.name(), x, call.attrs).shape());
}

void runSliceScatter(const Call& call, Tensors& out) {
  if (out[0].size() == 0) return;
  copyInto(call.name(), call.in(0), out[0]);
  const Tensor region = regionView(call.name(), out[0], call.attrs);
  if (region.size() > 0) copyPart(call.name(), call.in(1), region, false);
}

void sliceScatterGradient(GradCall& g) {
  if (g.needs(0)) g.set(0, apply1("sliceScatter"_op, {g.dout(), number(0, g.dout())}, g.call().attrs));
  if (!g.needs(1)) return;
  g.set(1, pickRegion("sliceScatter", g.dout(), g.dout().shape(), g.call().attrs, [](const Tensor& t, const Range& r) {
          const int64_t end = r.count > 0 ? r.begin + (r.count - 1) * r.step + 1 : r.begin;
          return apply1("slice"_op, {t}, {attr(r.axis), attr(r.begin), attr(end), attr(r.step)});
        }));
}

// ---- linearIndex and positions --------------------------------------------------------------------------------------------------

void prepareLinear(Call& call) {
  toIndex(call, 1);
  if (call.has(0)) toIndex(call, 0);
}

void inferLinear(const Call& call, Specs& out) {
  if (call.has(0) && !(call.in(0).shape() == call.in(1).shape())) {
    fail(ErrorKind::Shape, "[%s] indices of %s and %s differ", call.name(), call.in(0).shape().str().c_str(),
         call.in(1).shape().str().c_str());
  }
  if (call.integer(0) < 0) fail(ErrorKind::Argument, "[%s] the extent must not be negative", call.name());
  out.push_back(call.in(1).spec());
}

void runLinear(const Call& call, Tensors& out) {
  if (out[0].size() == 0) return;
  const Tensor index = dense(call.name(), call.in(1));
  const Tensor base = call.has(0) ? dense(call.name(), call.in(0)) : Tensor();
  IndexArgs args{};
  args.op = IndexOp::Linear;
  args.dtype = DType::Int64;
  args.outer = args.inner = 1;
  args.extent = call.integer(0);
  args.count = index.size();
  args.index = static_cast<const int64_t*>(index.data());
  args.base = call.has(0) ? base.data() : nullptr;
  args.out = out[0].data();
  args.name = kCallers[call.integer(1)];
  launch(call.name(), call.device, args);
}

void inferPositions(const Call& call, Specs& out) {
  if (call.integer(0) < 0) fail(ErrorKind::Argument, "[%s] the size must not be negative", call.name());
  out.push_back({DType::Int64, {call.integer(0)}});
}

void runPositions(const Call& call, Tensors& out) {
  if (out[0].size() == 0) return;
  const Tensor mask = dense(call.name(), call.in(0));
  IndexArgs args{};
  args.op = IndexOp::Positions;
  args.dtype = DType::Int64;
  args.outer = mask.size();
  args.inner = 1;
  args.count = out[0].size();
  args.fill = call.integer(1);
  args.src = mask.data();
  args.out = out[0].data();
  args.name = call.name();
  launch(call.name(), call.device, args);
}

const Operator kOperators[] = {
    {.name = "assignAt",
     .doc = "writes values into the entries of target that a vector of indices names along the axis, in place",
     .params = kAssignAt,
     .outputs = 0,
     .prepare = prepareAssignAt,
     .infer = inferAssignAt,
     .run = runAssignAt},
    {.name = "scatterAdd",
     .doc = "base with out[index[i][j]][j] += src[i][j] for axis 0, alike for others",
     .params = kScatterAdd,
     .prepare = prepareJoin,
     .infer = inferScatter,
     .run = runScatter<IndexOp::ScatterAdd>,
     .gradient = scatterAddGradient,
     .saves = saveIn(1)},
    {.name = "scatter",
     .doc = "base with out[index[i][j]][j] = src[i][j] for axis 0, alike for others; where indices repeat, the last "
            "one counts",
     .params = kScatter,
     .prepare = prepareScatter,
     .infer = inferScatter,
     .run = runScatter<IndexOp::Scatter>,
     .gradient = scatterGradient,
     .saves = saveIn(1)},
    {.name = "scatterProd",
     .doc = "base with out[index[i][j]][j] *= src[i][j] for axis 0, alike for others",
     .params = kScatterAdd,
     .prepare = prepareJoin,
     .infer = inferScatter,
     .run = runScatter<IndexOp::ScatterProd>,
     .gradient = scatterProdGradient,
     .saves = kSaveAllInputs},
    {.name = "scatterMax",
     .doc = "base with the largest of out[index[i][j]][j] and src[i][j] for axis 0, alike for others; ties share the "
            "gradient",
     .params = kScatterAdd,
     .prepare = prepareJoin,
     .infer = inferScatter,
     .run = runScatter<IndexOp::ScatterMax>,
     .gradient = scatterExtremeGradient,
     .saves = kSaveAllInputs | saveOut(0)},
    {.name = "scatterMin",
     .doc = "base with the smallest of out[index[i][j]][j] and src[i][j] for axis 0, alike for others; ties share the "
            "gradient",
     .params = kScatterAdd,
     .prepare = prepareJoin,
     .infer = inferScatter,
     .run = runScatter<IndexOp::ScatterMin>,
     .gradient = scatterExtremeGradient,
     .saves = kSaveAllInputs | saveOut(0)},
    {.name = "scatterReduce",
     .doc = "what is scattered to one place, with the base or without it, joined to one value",
     .params = kScatterReduce,
     .prepare = prepareReduce,
     .expand = scatterReduceExpand},
    {.name = "sliceScatter",
     .doc = "x with src, broadcast, in place of the slice that begins, ends and steps of all axes pick",
     .params = kSliceScatter,
     .prepare = prepareSliceScatter,
     .infer = inferScatter,
     .run = runSliceScatter,
     .gradient = sliceScatterGradient},
    {.name = "linearIndex",
     .doc = "base * extent + index, with negative indices counted from the end of `extent`; int64",
     .params = kLinearIndex,
     .prepare = prepareLinear,
     .infer = inferLinear,
     .run = runLinear},
    {.name = "positions",
     .doc = "the first `size` positions, in row-major order, at which a mask holds, and `fill` where there are fewer; "
            "int64",
     .params = kPositions,
     .prepare = [](Call& call) { call.inputs[0] = cast(call.in(0), DType::Bool); },
     .infer = inferPositions,
     .run = runPositions},
};

}  // namespace

Family scatterFamily() { return kOperators; }

}  // namespace anneal
