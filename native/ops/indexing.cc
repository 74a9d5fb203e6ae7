// Indexing: rows and elements picked by number, and the sums that undo it. Indices are checked by the kernels.
#include "ops/indexing.h"

#include "ops/families.h"
#include "ops/functional.h"

namespace anneal {

int indexAxis(const Call& call) { return normalizeAxisOrScalar(call.name(), call.integer(0), call.in(0).rank()); }

Tensor asVector(const Tensor& t) { return t.rank() > 0 ? t : t.view({1}, {1}, t.offset()); }
Dims asVector(const Dims& shape) { return shape.empty() ? Dims{1} : shape; }

void toIndex(Call& call, int i) {
  if (categoryOf(call.in(i).dtype()) != Category::Integer) {
    fail(ErrorKind::DType, "[%s] indices must be integers, not %s", call.name(), nameOf(call.in(i).dtype()));
  }
  call.inputs[i] = cast(call.in(i), DType::Int64);
}

IndexArgs argsAround(const Call& call, IndexOp op, const Dims& shape, int axis) {
  IndexArgs args{};
  args.op = op;
  args.outer = args.inner = 1;
  for (int i = 0; i < axis; ++i) args.outer *= shape[i];
  for (int i = axis + 1; i < shape.size(); ++i) args.inner *= shape[i];
  args.extent = shape[axis];
  args.name = call.name();
  return args;
}

Tensor cutTo(Tensor t, const Dims& shape, int whole) {
  for (int i = 0; i < t.rank(); ++i) {
    if (i != whole && shape[i] < t.dim(i)) t = apply1("slice"_op, {t}, {attr(i), attr(0), attr(shape[i]), attr(1)});
  }
  return t;
}

void failIndex(const Call& call, const Tensor& t, int axis) {
  fail(ErrorKind::Shape, "[%s] an index of %s does not fit %s along axis %d", call.name(),
       call.in(1).shape().str().c_str(), t.shape().str().c_str(), axis);
}

bool picksFrom(const Dims& index, const Tensor& t, int axis) {
  const Dims vector = asVector(index), shape = asVector(t.shape());
  bool fits = vector.size() == shape.size();
  for (int i = 0; fits && i < shape.size(); ++i) fits = i == axis || vector[i] <= shape[i];
  return fits;
}

namespace {

constexpr Param kSelect[] = {{"x", ParamKind::Tensor}, {"axis", ParamKind::Int}, {"index", ParamKind::Tensor}};
constexpr Param kSelectBackward[] = {
    {"dout", ParamKind::Tensor}, {"axis", ParamKind::Int}, {"index", ParamKind::Tensor}, {"extent", ParamKind::Int}};
constexpr Param kEmbedding[] = {
    {"index", ParamKind::Tensor}, {"weight", ParamKind::Tensor}, {"paddingIdx", ParamKind::OptionalInt}};
constexpr Param kOneHot[] = {{"index", ParamKind::Tensor}, {"classes", ParamKind::Int}};

// ---- indexSelect -----------------------------------------------------------------------------------------------------------

void prepareSelect(Call& call) {
  toIndex(call, 1);
  if (call.in(1).rank() == 0) call.inputs[1] = reshape(call.in(1), {1});
  if (call.in(1).rank() != 1) {
    fail(ErrorKind::Shape, "[%s] the index must have one dimension, not %s", call.name(),
         call.in(1).shape().str().c_str());
  }
}

void inferSelect(const Call& call, Specs& out) {
  TensorSpec spec = call.in(0).spec();
  const int axis = indexAxis(call);
  const int64_t count = call.in(1).dim(0);
  if (!spec.shape.empty()) {
    spec.shape[axis] = count;
  } else if (count != 1) {
    fail(ErrorKind::Shape, "[%s] a scalar is selected from by one index, not %lld", call.name(),
         static_cast<long long>(count));
  }
  out.push_back(spec);
}

void runSelect(const Call& call, Tensors& out) {
  if (out[0].size() == 0) return;
  const Tensor x = dense(call.name(), call.in(0)), index = dense(call.name(), call.in(1));
  IndexArgs args = argsAround(call, IndexOp::Select, asVector(x.shape()), indexAxis(call));
  args.dtype = x.dtype();
  args.count = index.dim(0);
  args.src = x.data();
  args.index = static_cast<const int64_t*>(index.data());
  args.out = out[0].data();
  launch(call.name(), call.device, args);
}

void selectGradient(GradCall& g) {
  const Dims &shape = g.spec(0).shape, vector = asVector(shape);
  const int axis = normalizeAxis("indexSelect", g.integer(0), vector.size());
  const Tensor dout = shape.empty() ? reshape(g.dout(), vector) : g.dout();
  g.set(0, reshape(apply1("indexSelectBackward"_op, {dout, g.in(1)}, {attr(axis), attr(vector[axis])}), shape));
}

void inferSelectBackward(const Call& call, Specs& out) {
  TensorSpec spec = call.in(0).spec();
  const int axis = indexAxis(call);
  if (call.in(1).dim(0) != spec.shape[axis] || call.integer(1) < 0) {
    fail(ErrorKind::Shape, "[%s] %lld indices do not fit %s along axis %d", call.name(),
         static_cast<long long>(call.in(1).dim(0)), spec.shape.str().c_str(), axis);
  }
  spec.shape[axis] = call.integer(1);
  out.push_back(spec);
}

void runSelectBackward(const Call& call, Tensors& out) {
  if (out[0].size() == 0) return;
  const Tensor dout = dense(call.name(), call.in(0)), index = dense(call.name(), call.in(1));
  IndexArgs args = argsAround(call, IndexOp::SelectAdd, out[0].shape(), indexAxis(call));
  args.dtype = dout.dtype();
  args.count = index.dim(0);
  args.src = dout.data();
  args.index = static_cast<const int64_t*>(index.data());
  args.out = out[0].data();
  launch(call.name(), call.device, args);
}

void selectBackwardGradient(GradCall& g) {
  g.set(0, apply1("indexSelect"_op, {g.dout(), g.in(1)}, {attr(g.integer(0))}));
}

// ---- embedding ---------------------------------------------------------------------------------------------------------------

void inferEmbedding(const Call& call, Specs& out) {
  const Tensor& weight = call.in(1);
  if (weight.rank() != 2) {
    fail(ErrorKind::Shape, "[%s] the weight must be [entries, size], not %s", call.name(),
         weight.shape().str().c_str());
  }
  Dims shape = call.in(0).shape();
  shape.push(weight.dim(1));
  out.push_back({weight.dtype(), shape});
}

void runEmbedding(const Call& call, Tensors& out) {
  if (out[0].size() == 0) return;
  const Tensor index = dense(call.name(), call.in(0)), weight = dense(call.name(), call.in(1));
  IndexArgs args{};
  args.op = IndexOp::Select;
  args.dtype = weight.dtype();
  args.outer = 1;
  args.extent = weight.dim(0);
  args.count = index.size();
  args.inner = weight.dim(1);
  args.src = weight.data();
  args.index = static_cast<const int64_t*>(index.data());
  args.out = out[0].data();
  args.name = call.name();
  launch(call.name(), call.device, args);
}

// Rows of the padding's index have no part in the gradient.
void embeddingGradient(GradCall& g) {
  const Dims& weight = g.spec(1).shape;
  const Tensor index = reshape(g.in(0), {numel(g.spec(0).shape)});
  Tensor dout = reshape(g.dout(), {index.dim(0), weight[1]});
  if (g.call().attrs[0].present) {
    const Tensor padding = equal(reshape(index, {index.dim(0), 1}), number(static_cast<double>(g.integer(0)), index));
    dout = where(padding, number(0, dout), dout);
  }
  g.set(1, apply1("indexSelectBackward"_op, {dout, index}, {attr(0), attr(weight[0])}));
}

// ---- gather ---------------------------------------------------------------------------------------------------

// The index may be smaller than x off the axis: x is cut to it.
void prepareGather(Call& call) {
  toIndex(call, 1);
  const int axis = indexAxis(call);
  if (call.in(1).size() == 0) return;
  if (!picksFrom(call.in(1).shape(), call.in(0), axis)) failIndex(call, call.in(0), axis);
  call.inputs[0] = cutTo(call.in(0), asVector(call.in(1).shape()), axis);
}

void inferGather(const Call& call, Specs& out) { out.push_back({call.in(0).dtype(), call.in(1).shape()}); }

void runGather(const Call& call, Tensors& out) {
  if (out[0].size() == 0) return;
  const Tensor x = asVector(dense(call.name(), call.in(0))), index = asVector(dense(call.name(), call.in(1)));
  const int axis = indexAxis(call);
  IndexArgs args = argsAround(call, IndexOp::Gather, x.shape(), axis);
  args.dtype = x.dtype();
  args.count = index.dim(axis);
  args.src = x.data();
  args.index = static_cast<const int64_t*>(index.data());
  args.out = out[0].data();
  launch(call.name(), call.device, args);
}

void gatherGradient(GradCall& g) {
  // By the input as it was cut: the cut has a gradient of its own.
  const Tensor zeros = filled(g.spec(0), 0, g.call().device);
  g.set(0, apply1("scatterAdd"_op, {zeros, g.in(1), g.dout()}, {attr(g.integer(0))}));
}

// ---- oneHot -----------------------------------------------------------------------------------------------------------------

void inferOneHot(const Call& call, Specs& out) {
  if (call.integer(0) < 1) {
    fail(ErrorKind::Argument, "[%s] classes must be positive, not %lld", call.name(),
         static_cast<long long>(call.integer(0)));
  }
  Dims shape = call.in(0).shape();
  shape.push(call.integer(0));
  out.push_back({DType::Int64, shape});
}

void runOneHot(const Call& call, Tensors& out) {
  if (out[0].size() == 0) return;
  const Tensor index = dense(call.name(), call.in(0));
  IndexArgs args{};
  args.op = IndexOp::OneHot;
  args.dtype = out[0].dtype();
  args.outer = index.size();
  args.extent = call.integer(0);
  args.count = args.inner = 1;
  args.index = static_cast<const int64_t*>(index.data());
  args.out = out[0].data();
  args.name = call.name();
  launch(call.name(), call.device, args);
}

const Operator kOperators[] = {
    {.name = "indexSelect",
     .doc = "the entries of x along the axis that a vector of indices names",
     .params = kSelect,
     .prepare = prepareSelect,
     .infer = inferSelect,
     .run = runSelect,
     .gradient = selectGradient,
     .saves = saveIn(1)},
    {.name = "indexSelectBackward",
     .doc = "zeros with `extent` entries along the axis, and dout added at the indices",
     .params = kSelectBackward,
     .prepare = prepareSelect,
     .infer = inferSelectBackward,
     .run = runSelectBackward,
     .gradient = selectBackwardGradient,
     .saves = saveIn(1)},
    {.name = "embedding",
     .doc = "the rows of weight that index, of any shape, names; row paddingIdx has no gradient",
     .params = kEmbedding,
     .prepare = [](Call& call) { toIndex(call, 0); },
     .infer = inferEmbedding,
     .run = runEmbedding,
     .gradient = embeddingGradient,
     .saves = saveIn(0)},
    {.name = "gather",
     .doc = "out[i][j] = x[index[i][j]][j] for axis 0, alike for others",
     .params = kSelect,
     .prepare = prepareGather,
     .infer = inferGather,
     .run = runGather,
     .gradient = gatherGradient,
     .saves = saveIn(1)},
    {.name = "oneHot",
     .doc = "a last dimension of `classes`, 1 at the index and 0 elsewhere; int64",
     .params = kOneHot,
     .prepare = [](Call& call) { toIndex(call, 0); },
     .infer = inferOneHot,
     .run = runOneHot},
};

}  // namespace

Family indexingFamily() { return kOperators; }

}  // namespace anneal
