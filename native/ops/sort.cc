// Sorting, the first k, elements of a rank, the most frequent ones, places in sorted sequences, and draws from weights.
#include "ops/axes.h"
#include "ops/elementwise.h"
#include "ops/families.h"
#include "ops/functional.h"

namespace anneal {

namespace {

constexpr Param kSort[] = {
    {"x", ParamKind::Tensor}, {"axis", ParamKind::Int, -1}, {"descending", ParamKind::Bool, false}};
constexpr Param kTopK[] = {{"x", ParamKind::Tensor},
                           {"k", ParamKind::Int},
                           {"axis", ParamKind::Int, -1},
                           {"largest", ParamKind::Bool, true},
                           {"sorted", ParamKind::Bool, true}};
constexpr Param kKth[] = {{"x", ParamKind::Tensor},
                          {"k", ParamKind::Int},
                          {"axis", ParamKind::Int, -1},
                          {"keepDims", ParamKind::Bool, false}};
constexpr Param kPick[] = {
    {"x", ParamKind::Tensor}, {"axis", ParamKind::Int, -1}, {"keepDims", ParamKind::Bool, false}};
constexpr Param kSearch[] = {{"sequence", ParamKind::Tensor},
                             {"values", ParamKind::Operand},
                             {"sorter", ParamKind::OptionalTensor},
                             {"right", ParamKind::Bool, false}};
constexpr Param kDraw[] = {{"weights", ParamKind::Tensor},
                           {"count", ParamKind::Int},
                           {"replacement", ParamKind::Bool, false},
                           {"seed", ParamKind::Int},
                           {"offset", ParamKind::Int}};

// The axis that an attribute names; none of a scalar.
std::vector<int64_t> axesAt(const Call& call, int attribute) {
  return resolveAxes(call.name(), attr(std::vector<int64_t>{call.integer(attribute)}), call.in(0).rank());
}

// Elements along the axis, of which a row must not have too many.
int64_t extentOf(const Call& call, const std::vector<int64_t>& axes) {
  const int64_t extent = axes.empty() ? 1 : call.in(0).dim(static_cast<int>(axes[0]));
  if (extent > kLongestSorted) {
    fail(ErrorKind::Shape, "[%s] takes at most %lld elements along an axis, not %lld", call.name(),
         static_cast<long long>(kLongestSorted), static_cast<long long>(extent));
  }
  return extent;
}

SortArgs argsFor(const Call& call, SortOp op, const Arranged& x, const Tensors& out) {
  SortArgs args{};
  args.op = op;
  args.dtype = x.x.dtype();
  args.outer = x.outer;
  args.extent = x.extent;
  args.inner = x.inner;
  args.src = x.x.data();
  args.dst = out[0].data();
  args.index = static_cast<int64_t*>(out[1].data());
  args.name = call.name();
  return args;
}

Arranged arranged(const Call& call, const std::vector<int64_t>& axes) {
  return arrange(call.name(), dense(call.name(), call.in(0)), axes);
}

// ---- sort and topk --------------------------------------------------------------------------------------------------
void inferSort(const Call& call, Specs& out) {
  extentOf(call, axesAt(call, 0));
  out.push_back(call.in(0).spec());
  out.push_back({DType::Int64, call.in(0).shape()});
}

void runSort(const Call& call, Tensors& out) {
  if (out[0].size() == 0) return;
  const Arranged x = arranged(call, axesAt(call, 0));
  SortArgs args = argsFor(call, SortOp::Sort, x, out);
  args.descending = call.flag(1);
  launch(call.name(), call.device, args);
}

void inferTopK(const Call& call, Specs& out) {
  const auto axes = axesAt(call, 1);
  const int64_t extent = extentOf(call, axes), k = call.integer(0);
  if (k < 0 || k > extent) {
    fail(ErrorKind::Argument, "[%s] k is from 0 to the %lld elements along the axis, not %lld", call.name(),
         static_cast<long long>(extent), static_cast<long long>(k));
  }
  TensorSpec spec = call.in(0).spec();
  if (!axes.empty()) spec.shape[static_cast<int>(axes[0])] = k;
  out.push_back(spec);
  out.push_back({DType::Int64, spec.shape});
}

void runTopK(const Call& call, Tensors& out) {
  if (out[0].size() == 0) return;
  const Arranged x = arranged(call, axesAt(call, 1));
  SortArgs args = argsFor(call, SortOp::TopK, x, out);
  args.k = call.in(0).rank() == 0 ? 1 : call.integer(0);
  args.descending = call.flag(2);
  args.sorted = call.flag(3);
  launch(call.name(), call.device, args);
}

// Each element of the result is one of x.
void scatterBack(GradCall& g, const Tensor& index, const Tensor& dout, int64_t axis) {
  g.set(0, apply1("scatterAdd"_op, {filled(g.spec(0), 0, g.call().device), index, dout}, {attr(axis)}));
}
template <int Axis>
void sortGradient(GradCall& g) {
  scatterBack(g, g.out(1), g.dout(), g.integer(Axis));
}

// ---- one element along the axis -------------------------------------------------------------------------------------
template <int Axis>
void inferPick(const Call& call, Specs& out) {
  const auto axes = axesAt(call, Axis);
  const int64_t extent = extentOf(call, axes);
  if (extent == 0) {
    fail(ErrorKind::Shape, "[%s] nothing to choose from along axis %lld of %s", call.name(),
         static_cast<long long>(axes[0]), call.in(0).shape().str().c_str());
  }
  const Dims shape = reducedShape(call.in(0).shape(), axes, call.flag(Axis + 1));
  out.push_back({call.in(0).dtype(), shape});
  out.push_back({DType::Int64, shape});
}

void inferKth(const Call& call, Specs& out) {
  inferPick<1>(call, out);
  const int64_t extent = extentOf(call, axesAt(call, 1)), k = call.integer(0);
  if (k >= 1 && k <= extent) return;
  fail(ErrorKind::Argument, "[%s] k is from 1 to the %lld elements along the axis, not %lld", call.name(),
       static_cast<long long>(extent), static_cast<long long>(k));
}

template <SortOp Op, int Axis>
void runPick(const Call& call, Tensors& out) {
  if (out[0].size() == 0) return;
  const Arranged x = arranged(call, axesAt(call, Axis));
  SortArgs args = argsFor(call, Op, x, out);
  if (Op == SortOp::Rank) args.k = call.integer(0) - 1;
  launch(call.name(), call.device, args);
}

template <int Axis>
void pickGradient(GradCall& g) {
  const int rank = g.spec(0).shape.size();
  const auto axes = resolveAxes(g.call().name(), attr(std::vector<int64_t>{g.integer(Axis)}), rank);
  const auto restored = [&](const Tensor& t) { return g.flag(Axis + 1) ? t : restoreAxes(t, axes, rank); };
  scatterBack(g, restored(g.out(1)), restored(g.dout()), g.integer(Axis));
}

// ---- searchsorted ---------------------------------------------------------------------------------------------------
void prepareSearch(Call& call) {
  const DType dtype = resultType({call.in(0), call.in(1)});
  call.inputs[0] = cast(call.in(0), dtype);
  call.inputs[1] = call.in(1).weak() ? call.in(1).materialize(dtype) : cast(call.in(1), dtype);
  if (call.has(2)) call.inputs[2] = cast(call.in(2), DType::Int64);
}

void inferSearch(const Call& call, Specs& out) {
  const Dims &sequence = call.in(0).shape(), &values = call.in(1).shape();
  bool fits = sequence.size() == 1 || (sequence.size() > 1 && sequence.size() == values.size());
  for (int i = 0; fits && sequence.size() > 1 && i + 1 < sequence.size(); ++i) fits = sequence[i] == values[i];
  if (!fits) {
    fail(ErrorKind::Shape,
         "[%s] the sequence is a vector, or has the dimensions of the values but for the last: %s and %s", call.name(),
         sequence.str().c_str(), values.str().c_str());
  }
  if (call.has(2) && !(call.in(2).shape() == sequence)) {
    fail(ErrorKind::Shape, "[%s] a sorter of %s does not fit a sequence of %s", call.name(),
         call.in(2).shape().str().c_str(), sequence.str().c_str());
  }
  out.push_back({DType::Int64, values});
}

void runSearch(const Call& call, Tensors& out) {
  if (out[0].size() == 0) return;
  const Tensor sequence = dense(call.name(), call.in(0)), values = dense(call.name(), call.in(1));
  const Tensor sorter = call.has(2) ? dense(call.name(), call.in(2)) : Tensor();
  SortArgs args{};
  args.op = SortOp::Search;
  args.dtype = sequence.dtype();
  args.extent = sequence.dim(sequence.rank() - 1);
  args.k = sequence.rank() == 1 ? values.size() : values.dim(values.rank() - 1);
  args.outer = values.size() / args.k;
  args.inner = 1;
  args.right = call.flag(0);
  args.src = sequence.data();
  args.queries = values.data();
  args.sorter = call.has(2) ? static_cast<const int64_t*>(sorter.data()) : nullptr;
  args.index = static_cast<int64_t*>(out[0].data());
  args.name = call.name();
  launch(call.name(), call.device, args);
}

// ---- multinomial ----------------------------------------------------------------------------------------------------
void inferDraw(const Call& call, Specs& out) {
  const Tensor& weights = call.in(0);
  if (!isFloating(weights.dtype())) {
    fail(ErrorKind::DType, "[%s] weights are floating, not %s", call.name(), nameOf(weights.dtype()));
  }
  if (weights.rank() != 1 && weights.rank() != 2) {
    fail(ErrorKind::Shape, "[%s] expected weights of [classes] or [rows, classes], received %s", call.name(),
         weights.shape().str().c_str());
  }
  Dims shape = weights.shape();
  const int64_t classes = shape.back(), count = call.integer(0);
  const bool again = call.flag(1);
  if (classes > kLongestSorted) {
    fail(ErrorKind::Shape, "[%s] takes at most %lld classes, not %lld", call.name(),
         static_cast<long long>(kLongestSorted), static_cast<long long>(classes));
  }
  if (count < 1 || classes == 0 || (!again && count > classes)) {
    fail(ErrorKind::Argument, "[%s] cannot draw %lld of %lld classes%s", call.name(), static_cast<long long>(count),
         static_cast<long long>(classes), again ? "" : " without replacement");
  }
  shape[shape.size() - 1] = count;
  out.push_back({DType::Int64, shape});
}

void runDraw(const Call& call, Tensors& out) {
  if (out[0].size() == 0) return;
  const Tensor weights = dense(call.name(), call.in(0));
  SortArgs args{};
  args.op = SortOp::Draw;
  args.dtype = weights.dtype();
  args.extent = weights.dim(weights.rank() - 1);
  args.outer = weights.size() / args.extent;
  args.inner = 1;
  args.k = call.integer(0);
  args.distinct = !call.flag(1);
  args.src = weights.data();
  args.index = static_cast<int64_t*>(out[0].data());
  args.seed = static_cast<uint64_t>(call.integer(2));
  args.offset = static_cast<uint64_t>(call.integer(3));
  args.name = call.name();
  launch(call.name(), call.device, args);
}

// The row of an operator that picks one element along an axis, which is the attribute `Axis`.
template <SortOp Op, int Axis>
constexpr Operator pick(const char* name, const char* doc, std::span<const Param> params,
                        void (*infer)(const Call&, Specs&)) {
  return {.name = name,
          .doc = doc,
          .params = params,
          .outputs = 2,
          .infer = infer,
          .run = runPick<Op, Axis>,
          .gradient = pickGradient<Axis>,
          .saves = saveOut(1)};
}

const Operator kOperators[] = {
    {.name = "sort",
     .doc =
         "the elements along the axis in order, and their places (int64); equal ones keep theirs, NaN is the largest",
     .params = kSort,
     .outputs = 2,
     .infer = inferSort,
     .run = runSort,
     .gradient = sortGradient<0>,
     .saves = saveOut(1)},
    {.name = "topk",
     .doc = "the k largest (or smallest) elements along the axis, and their places (int64); of equal ones the first",
     .params = kTopK,
     .outputs = 2,
     .infer = inferTopK,
     .run = runTopK,
     .gradient = sortGradient<1>,
     .saves = saveOut(1)},
    pick<SortOp::Rank, 1>("kthvalue", "the k-th smallest element along the axis, and its place (int64)", kKth,
                          inferKth),
    pick<SortOp::Median, 0>("median",
                            "the element in the middle along the axis, the lower of two, and its place (int64); NaN if "
                            "there is one",
                            kPick, inferPick<0>),
    pick<SortOp::NanMedian, 0>("nanmedian", "the median of the elements that are not NaN, and its place (int64)", kPick,
                               inferPick<0>),
    pick<SortOp::Mode, 0>("mode",
                          "the most frequent element along the axis, the least of these, and its last place (int64)",
                          kPick, inferPick<0>),
    {.name = "searchsorted",
     .doc = "how many elements of a sorted sequence are less than each value, or not larger where `right`; int64",
     .params = kSearch,
     .prepare = prepareSearch,
     .infer = inferSearch,
     .run = runSearch},
    {.name = "multinomial",
     .doc = "places drawn from the last dimension with these weights; int64",
     .params = kDraw,
     .infer = inferDraw,
     .run = runDraw},
};

}  // namespace

Family sortFamily() { return kOperators; }

}  // namespace anneal
