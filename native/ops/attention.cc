// Attention of queries to keys, by heads, without the matrix of scores; its gradients by one kernel.
#include "ops/attention.h"

#include "ops/families.h"
#include "ops/functional.h"

namespace anneal {

namespace {

// Attributes: 0 causal, 1 scale, 2 enableGqa, 3 dropout, and of attention 4 seed, 5 offset.
constexpr Param kAttention[] = {{"q", ParamKind::Tensor},
                                {"k", ParamKind::Tensor},
                                {"v", ParamKind::Tensor},
                                {"mask", ParamKind::OptionalTensor},
                                {"causal", ParamKind::Bool, false},
                                {"scale", ParamKind::OptionalFloat},
                                {"enableGqa", ParamKind::Bool, false},
                                {"dropout", ParamKind::Float, 0},
                                {"seed", ParamKind::Int, 0},
                                {"offset", ParamKind::Int, 0}};
constexpr Param kAttentionBackward[] = {{"dout", ParamKind::Tensor},
                                        {"q", ParamKind::Tensor},
                                        {"k", ParamKind::Tensor},
                                        {"v", ParamKind::Tensor},
                                        {"mask", ParamKind::OptionalTensor},
                                        {"out", ParamKind::Tensor},
                                        {"stats", ParamKind::Tensor},
                                        {"drawn", ParamKind::Tensor},
                                        {"causal", ParamKind::Bool, false},
                                        {"scale", ParamKind::OptionalFloat},
                                        {"enableGqa", ParamKind::Bool, false},
                                        {"dropout", ParamKind::Float, 0}};
constexpr Param kKeep[] = {{"drawn", ParamKind::Tensor},
                           {"shape", ParamKind::Ints},
                           {"dropout", ParamKind::Float},
                           {"dtype", ParamKind::DType, DType::Float32}};

// ---- shapes ------------------------------------------------------------------------------------------------------------------
// The sizes of one application, with the dimensions before the heads as one.
struct Sizes {
  int rank;
  Dims batch;  // the dimensions before the heads
  int64_t heads = 1, kvHeads = 1, queries, keys, dim, valueDim;

  Sizes(const Tensor& q, const Tensor& k, const Tensor& v) : rank(q.rank()) {
    for (int d = 0; d < rank - 3; ++d) batch.push(q.dim(d));
    if (rank > 2) {
      heads = q.dim(rank - 3);
      kvHeads = k.dim(rank - 3);
    }
    queries = q.dim(rank - 2);
    keys = k.dim(rank - 2);
    dim = q.dim(rank - 1);
    valueDim = v.dim(rank - 1);
  }

  int64_t rows() const { return numel(batch) * heads * queries; }
  // [batch..., rows, heads, columns], as what is written lies.
  Dims rowsFirst(int64_t rows, int64_t of, int64_t columns) const {
    Dims shape = batch;
    shape.push(rows);
    if (rank > 2) shape.push(of);
    shape.push(columns);
    return shape;
  }
  Dims scores() const {
    Dims shape = batch;
    if (rank > 2) shape.push(heads);
    shape.push(queries);
    shape.push(keys);
    return shape;
  }
};

[[noreturn]] void failShapes(const Call& call, const char* rule, const Tensor& q, const Tensor& k, const Tensor& v) {
  fail(ErrorKind::Shape, "[%s] %s: queries %s, keys %s, values %s", call.name(), rule, q.shape().str().c_str(),
       k.shape().str().c_str(), v.shape().str().c_str());
}

void checkDropout(const Call& call, double p) {
  if (!(p >= 0 && p <= 1)) fail(ErrorKind::Argument, "[%s] a probability is from 0 to 1, not %g", call.name(), p);
}

void checkDTypes(const Call& call, const Tensor& q, const Tensor& k, const Tensor& v) {
  if (!isFloating(q.dtype()) || k.dtype() != q.dtype() || v.dtype() != q.dtype()) {
    fail(ErrorKind::DType, "[%s] queries, keys and values must have one floating dtype: %s, %s, %s", call.name(),
         nameOf(q.dtype()), nameOf(k.dtype()), nameOf(v.dtype()));
  }
}

Dims leading(const Tensor& x, int less) {
  Dims dims;
  for (int d = 0; d < x.rank() - less; ++d) dims.push(x.dim(d));
  return dims;
}

// x [..., rows, dim], or with `ofHeads` [..., heads, rows, dim], with the dimensions `batch` before.
Tensor broadcastTo(const Tensor& x, Dims batch, int kept) {
  for (int d = kept; d > 0; --d) batch.push(x.dim(x.rank() - d));
  return x.shape() == batch ? x : expand(x, batch);
}

// Gives queries, keys and values the same dimensions before the heads, or before the rows where heads are no groups.
void prepare(Call& call) {
  Tensor &q = call.inputs[0], &k = call.inputs[1], &v = call.inputs[2], &mask = call.inputs[3];
  checkDTypes(call, q, k, v);
  checkDropout(call, call.real(3));
  if (q.rank() < 2 || k.rank() < 2 || v.rank() < 2) {
    failShapes(call, "takes [..., rows, dim], at least matrices", q, k, v);
  }
  const int kept = call.flag(2) ? 3 : 2;
  if (kept == 3) {
    if (q.rank() < 3 || k.rank() < 3 || v.rank() < 3) {
      failShapes(call, "with enableGqa there must be heads, [..., heads, rows, dim]", q, k, v);
    }
    const int64_t heads = q.dim(q.rank() - 3), kvHeads = k.dim(k.rank() - 3);
    if (v.dim(v.rank() - 3) != kvHeads || (kvHeads == 0 ? heads != 0 : heads % kvHeads != 0)) {
      failShapes(call, "with enableGqa the heads of the queries must be a multiple of those of keys and values", q, k,
                 v);
    }
  }
  const Dims batch =
      broadcastShapes(call.name(), broadcastShapes(call.name(), leading(q, kept), leading(k, kept)), leading(v, kept));
  q = broadcastTo(q, batch, kept);
  k = broadcastTo(k, batch, kept);
  v = broadcastTo(v, batch, kept);
  if (!call.has(3) || mask.dtype() == DType::Bool) return;
  if (!isFloating(mask.dtype())) {
    fail(ErrorKind::DType, "[%s] a mask is bool (true takes part) or floating (added), not %s", call.name(),
         nameOf(mask.dtype()));
  }
  mask = cast(mask, q.dtype());
}

// Of tensors with the same dimensions before the heads.
Sizes checkedSizes(const Call& call, const Tensor& q, const Tensor& k, const Tensor& v, const Tensor& mask,
                   bool causal) {
  const int rank = q.rank();
  if (q.dim(rank - 1) != k.dim(rank - 1)) failShapes(call, "queries and keys must have rows of one size", q, k, v);
  if (k.dim(rank - 2) != v.dim(rank - 2)) failShapes(call, "there must be a value for each key", q, k, v);
  const Sizes sizes(q, k, v);
  if (!mask.defined()) return sizes;
  if (causal) fail(ErrorKind::Argument, "[%s] takes a mask or causal, not both", call.name());
  const Dims scores = sizes.scores();
  if (!(broadcastShapes(call.name(), mask.shape(), scores) == scores)) {
    fail(ErrorKind::Shape, "[%s] the mask %s does not broadcast to the scores %s", call.name(),
         mask.shape().str().c_str(), scores.str().c_str());
  }
  return sizes;
}

// ---- arguments of the kernel -----------------------------------------------------------------------------------------------------
// The stride of the first `rank` dimensions seen as one; false where they have none.
bool joinedStride(const Dims& shape, const Dims& strides, int rank, int64_t& stride) {
  stride = 0;
  int64_t next = 0;
  bool found = false;
  for (int d = rank - 1; d >= 0; --d) {
    if (shape[d] == 1) continue;
    if (found && strides[d] != next) return false;
    if (!found) stride = strides[d];
    next = strides[d] * shape[d];
    found = true;
  }
  return true;
}

// x itself where the kernel can read it, or a dense copy; `at` receives the strides of batch, head and row.
Tensor readable(const Call& call, const Tensor& x, int64_t (&at)[3]) {
  const auto reads = [&at](const Tensor& t) {
    const int rank = t.rank();
    const Dims& strides = t.strides();
    at[1] = rank > 2 ? strides[rank - 3] : 0;
    at[2] = strides[rank - 2];
    return (t.dim(rank - 1) <= 1 || strides[rank - 1] == 1) && joinedStride(t.shape(), strides, rank - 3, at[0]);
  };
  if (reads(x)) return x;
  const Tensor copy = copyTo(call.name(), x, x.dtype());
  reads(copy);
  return copy;
}

Tensor readableMask(const Call& call, const Tensor& mask, const Sizes& sizes, int64_t (&at)[4]) {
  const auto reads = [&](const Tensor& t) {
    const Dims shape = sizes.scores(), strides = broadcastStrides(t.shape(), t.strides(), shape);
    for (int d = 1; d < 4; ++d) at[d] = shape.size() >= 4 - d ? strides[shape.size() - 4 + d] : 0;
    return joinedStride(shape, strides, shape.size() - 3, at[0]);
  };
  if (reads(mask)) return mask;
  // A copy for each entry of the batch: with less, its dimensions would not be one.
  Dims shape = sizes.batch;
  for (int d = 3; d > 0; --d) shape.push(mask.rank() >= d ? mask.dim(mask.rank() - d) : 1);
  const Tensor whole = mask.view(shape, broadcastStrides(mask.shape(), mask.strides(), shape), mask.offset());
  const Tensor copy = copyTo(call.name(), whole, mask.dtype());
  reads(copy);
  return copy;
}

// What both directions read; `held` keeps copies until the kernel has been launched.
AttentionArgs argsFor(const Call& call, AttentionOp op, int first, Tensors& held) {
  const Tensor &q = call.in(first), &k = call.in(first + 1), &v = call.in(first + 2), &mask = call.in(first + 3);
  const Sizes sizes(q, k, v);
  AttentionArgs args{};
  args.op = op;
  args.dtype = args.maskType = q.dtype();
  args.causal = call.flag(0);
  args.batch = numel(sizes.batch);
  args.heads = sizes.heads;
  args.kvHeads = sizes.kvHeads;
  args.queries = sizes.queries;
  args.keys = sizes.keys;
  args.dim = sizes.dim;
  args.valueDim = sizes.valueDim;
  args.scale = attentionScale(call.attrs[1], q);
  args.dropout = call.real(3);
  const auto read = [&](const Tensor& x, int64_t(&at)[3]) {
    held.push_back(readable(call, x, at));
    return held.back().data();
  };
  args.q = read(q, args.qAt);
  args.k = read(k, args.kAt);
  args.v = read(v, args.vAt);
  if (mask.defined()) {
    args.maskType = mask.dtype();
    held.push_back(readableMask(call, mask, sizes, args.maskAt));
    args.mask = held.back().data();
  }
  return args;
}

int64_t* drawnOf(const Tensor& drawn) { return drawn.size() > 0 ? static_cast<int64_t*>(drawn.data()) : nullptr; }
Dims drawnShape(double dropout) { return {dropout > 0 ? 2 : 0}; }

// ---- forward -----------------------------------------------------------------------------------------------------------------
void infer(const Call& call, Specs& out) {
  const Sizes sizes = checkedSizes(call, call.in(0), call.in(1), call.in(2), call.in(3), call.flag(0));
  const DType dtype = call.in(0).dtype();
  out.push_back({dtype, sizes.rowsFirst(sizes.queries, sizes.heads, sizes.valueDim)});
  out.push_back({dtype, {2, sizes.rows()}});
  out.push_back({DType::Int64, drawnShape(call.real(3))});
}

void run(const Call& call, Tensors& out) {
  if (out[1].size() == 0) return;
  Tensors held;
  AttentionArgs args = argsFor(call, AttentionOp::Forward, 0, held);
  args.seed = static_cast<uint64_t>(call.integer(4));
  args.offset = static_cast<uint64_t>(call.integer(5));
  args.out = out[0].data();
  args.stats = out[1].data();
  args.drawn = drawnOf(out[2]);
  launch(call.name(), call.device, args);
}

void gradient(GradCall& g) {
  const Tensor &q = g.in(0), &k = g.in(1), &v = g.in(2), &mask = g.in(3);
  const Attrs& attrs = g.call().attrs;
  if (g.needs(0) || g.needs(1) || g.needs(2)) {
    const Tensors found = apply("attentionBackward"_op, {g.dout(), q, k, v, mask, g.out(0), g.out(1), g.out(2)},
                                {attrs[0], attrs[1], attrs[2], attrs[3]});
    for (int i = 0; i < 3; ++i) {
      if (g.needs(i)) g.set(i, swapHeads(found[static_cast<size_t>(i)]));
    }
  }
  if (!g.needs(3)) return;
  g.set(3, sumTo(attentionMaskGradient(
                     {g.dout(), q, k, v, mask, g.out(2), g.flag(0), attentionScale(attrs[1], q), g.real(3)}),
                 mask.shape()));
}

// ---- backward ----------------------------------------------------------------------------------------------------------------
void prepareBackward(Call& call) {
  const Tensor &q = call.in(1), &k = call.in(2), &v = call.in(3), &mask = call.in(4);
  checkDTypes(call, q, k, v);
  checkDropout(call, call.real(3));
  const int rank = q.rank(), kept = call.flag(2) ? 3 : 2;
  if (rank < kept || k.rank() != rank || v.rank() != rank || !(leading(q, kept) == leading(k, kept)) ||
      !(leading(k, 2) == leading(v, 2)) || (rank > 2 && q.dim(rank - 3) % std::max<int64_t>(k.dim(rank - 3), 1) != 0)) {
    failShapes(call, "takes what attention was computed of, broadcast", q, k, v);
  }
  const Sizes sizes = checkedSizes(call, q, k, v, mask, call.flag(0));
  const Dims shape = sizes.rowsFirst(sizes.queries, sizes.heads, sizes.valueDim);
  const bool fits = call.in(0).shape() == shape && call.in(5).shape() == shape &&
                    call.in(6).shape() == Dims{2, sizes.rows()} && call.in(7).shape() == drawnShape(call.real(3));
  if (!fits) failShapes(call, "takes the results of attention, and a gradient of their shape", q, k, v);
  if (call.in(7).dtype() != DType::Int64 ||
      (mask.defined() && mask.dtype() != DType::Bool && mask.dtype() != q.dtype())) {
    fail(ErrorKind::DType, "[%s] takes the results of attention: drawn is int64, and a mask bool or %s", call.name(),
         nameOf(q.dtype()));
  }
  for (const int i : {0, 5, 6}) call.inputs[static_cast<size_t>(i)] = cast(call.in(i), q.dtype());
}

void inferBackward(const Call& call, Specs& out) {
  const Sizes sizes(call.in(1), call.in(2), call.in(3));
  const DType dtype = call.in(1).dtype();
  out.push_back({dtype, sizes.rowsFirst(sizes.queries, sizes.heads, sizes.dim)});
  out.push_back({dtype, sizes.rowsFirst(sizes.keys, sizes.kvHeads, sizes.dim)});
  out.push_back({dtype, sizes.rowsFirst(sizes.keys, sizes.kvHeads, sizes.valueDim)});
}

void runBackward(const Call& call, Tensors& out) {
  if (out[0].size() + out[1].size() + out[2].size() == 0) return;
  Tensors held;
  AttentionArgs args = argsFor(call, AttentionOp::Backward, 1, held);
  const auto whole = [&](int i) {
    held.push_back(dense(call.name(), call.in(i)));
    return held.back().data();
  };
  args.dout = whole(0);
  args.out = whole(5);
  args.stats = whole(6);
  if (args.dropout > 0) args.drawn = static_cast<int64_t*>(whole(7));
  args.dq = out[0].data();
  args.dk = out[1].data();
  args.dv = out[2].data();
  launch(call.name(), call.device, args);
}

void expandBackward(const Call& call, Tensors& out) {
  expandAttentionBackward({call.in(0), call.in(1), call.in(2), call.in(3), call.in(4), call.in(7), call.flag(0),
                           attentionScale(call.attrs[1], call.in(1)), call.real(3)},
                          out);
}

// ---- what dropout keeps ------------------------------------------------------------------------------------------------------
void inferKeep(const Call& call, Specs& out) {
  checkDropout(call, call.real(1));
  if (!isFloating(call.dtype(2)) || call.in(0).dtype() != DType::Int64) {
    fail(ErrorKind::DType, "[%s] makes floating factors of int64 numbers: not %s of %s", call.name(),
         nameOf(call.dtype(2)), nameOf(call.in(0).dtype()));
  }
  const Dims shape = toShape(call.name(), call.list(0));
  if (shape.size() < 2 || !(call.in(0).shape() == Dims{2})) {
    fail(ErrorKind::Shape,
         "[%s] takes a seed and an offset, and the shape of weights, [..., queries, keys]: not %s and %s", call.name(),
         call.in(0).shape().str().c_str(), shape.str().c_str());
  }
  out.push_back({call.dtype(2), shape});
}

void runKeep(const Call& call, Tensors& out) {
  if (out[0].size() == 0) return;
  const Tensor drawn = dense(call.name(), call.in(0));
  AttentionArgs args{};
  args.op = AttentionOp::Keep;
  args.dtype = args.maskType = out[0].dtype();
  args.keys = out[0].shape().back();
  args.batch = args.heads = args.kvHeads = 1;
  args.queries = out[0].size() / args.keys;
  args.dropout = call.real(1);
  args.drawn = drawnOf(drawn);
  args.keep = out[0].data();
  launch(call.name(), call.device, args);
}

const Operator kOperators[] = {
    {.name = "attention",
     .doc = "softmax(scale q k^T + mask) v of heads [..., heads, rows, dim], as [..., rows, heads, dim]; weights may "
            "be dropped",
     .params = kAttention,
     .outputs = 3,
     .visible = 1,
     .prepare = prepare,
     .infer = infer,
     .run = run,
     .gradient = gradient,
     .saves = kSaveAllInputs | saveOut(0) | saveOut(1) | saveOut(2)},
    {.name = "attentionBackward",
     .doc = "gradients of attention by queries, keys and values, each as [..., rows, heads, dim]",
     .params = kAttentionBackward,
     .outputs = 3,
     .prepare = prepareBackward,
     .infer = inferBackward,
     .run = runBackward,
     .expand = expandBackward},
    {.name = "attentionKeep",
     .doc = "what attention with dropout multiplies its weights by, of the seed and the offset that it drew from",
     .params = kKeep,
     .infer = inferKeep,
     .run = runKeep},
};

}  // namespace

Family attentionFamily() { return kOperators; }

}  // namespace anneal
