// Matrix products.
#include <algorithm>

#include "ops/elementwise.h"
#include "ops/families.h"
#include "ops/functional.h"

namespace anneal {

namespace {

constexpr Param kLinear[] = {
    {"x", ParamKind::Tensor}, {"weight", ParamKind::Tensor}, {"bias", ParamKind::OptionalTensor}};
constexpr Param kTwo[] = {{"a", ParamKind::Tensor}, {"b", ParamKind::Tensor}};

void prepareProduct(Call& call) {
  Tensors given;
  for (const Tensor& t : call.inputs) {
    if (t.defined()) given.push_back(t);
  }
  const DType dtype = resultType(given);
  if (dtype == DType::Bool) fail(ErrorKind::DType, "[%s] is not defined for bool; cast first", call.name());
  for (Tensor& t : call.inputs) {
    if (t.defined()) t = cast(t, dtype);
  }
}

// A vector is a row on the left and a column on the right.
Tensor asRow(const Tensor& a) {
  return a.rank() > 1 ? a : a.view({1, a.dim(0)}, {a.dim(0) * a.strides()[0], a.strides()[0]}, a.offset());
}
Tensor asColumn(const Tensor& b) { return b.rank() > 1 ? b : b.view({b.dim(0), 1}, {b.strides()[0], 1}, b.offset()); }

Dims batchOf(const Dims& shape) {
  Dims batch;
  for (int i = 0; i < shape.size() - 2; ++i) batch.push(shape[i]);
  return batch;
}

void inferMatmul(const Call& call, Specs& out) {
  const Dims &a = call.in(0).shape(), &b = call.in(1).shape();
  if (a.empty() || b.empty()) {
    fail(ErrorKind::Shape, "[%s] takes vectors and matrices, not scalars: %s x %s", call.name(), a.str().c_str(),
         b.str().c_str());
  }
  const int64_t k = a.back(), rows = b[std::max(0, b.size() - 2)];
  if (k != rows) {
    fail(ErrorKind::Shape, "[%s] inner dimensions differ: %s x %s", call.name(), a.str().c_str(), b.str().c_str());
  }
  Dims shape = broadcastShapes(call.name(), batchOf(a), batchOf(b));
  if (a.size() > 1) shape.push(a[a.size() - 2]);
  if (b.size() > 1) shape.push(b.back());
  out.push_back({call.in(0).dtype(), shape});
}

MatmulArgs productArgs(const Tensor& a, const Tensor& b, const Tensor& c) {
  MatmulArgs args{};
  const int ra = a.rank(), rb = b.rank();
  args.dtype = c.dtype();
  args.m = a.dim(ra - 2);
  args.k = a.dim(ra - 1);
  args.n = b.dim(rb - 1);
  args.a = a.data();
  args.aRow = a.strides()[ra - 2];
  args.aCol = a.strides()[ra - 1];
  args.b = b.data();
  args.bRow = b.strides()[rb - 2];
  args.bCol = b.strides()[rb - 1];
  args.c = c.data();
  return args;
}

// uint8 is multiplied as int32: the product modulo 256 is the same.
void runWide(const Call& call, Tensors& out, void (*run)(const Call&, Tensors&)) {
  Call wide = call;
  for (Tensor& input : wide.inputs) {
    if (input.defined()) input = copyTo(call.name(), input, DType::Int32);
  }
  Tensors product = {Tensor::empty({DType::Int32, out[0].shape()}, call.device)};
  run(wide, product);
  copyInto(call.name(), product[0], out[0]);
}

void runMatmul(const Call& call, Tensors& out) {
  if (out[0].size() == 0) return;
  if (out[0].dtype() == DType::UInt8) return runWide(call, out, runMatmul);
  Tensor a = asRow(call.in(0));
  const Tensor b = asColumn(call.in(1));
  if (b.rank() == 2 && a.rank() > 2 && a.contiguous()) {
    // One matrix on the right: all rows of the batch are rows of a single product.
    const int64_t k = a.shape().back();
    a = a.view({out[0].size() / b.dim(1), k}, {k, 1}, a.offset());
  }
  MatmulArgs args = productArgs(a, b, out[0]);
  const Dims batch = broadcastShapes(call.name(), batchOf(a.shape()), batchOf(b.shape()));
  const Dims sa = broadcastStrides(batchOf(a.shape()), batchOf(a.strides()), batch);
  const Dims sb = broadcastStrides(batchOf(b.shape()), batchOf(b.strides()), batch);
  args.batchRank = static_cast<uint8_t>(batch.size());
  std::copy(batch.begin(), batch.end(), args.batchShape);
  std::copy(sa.begin(), sa.end(), args.aBatch);
  std::copy(sb.begin(), sb.end(), args.bBatch);
  launch(call.name(), call.device, args);
}

// With C = A B: dA = dC B^T, dB = A^T dC, summed over broadcast batches.
void matmulGradient(GradCall& g) {
  const Dims &sa = g.spec(0).shape, &sb = g.spec(1).shape;
  const Tensor a = sa.size() > 1 ? g.in(0) : reshape(g.in(0), {1, sa[0]});
  const Tensor b = sb.size() > 1 ? g.in(1) : reshape(g.in(1), {sb[0], 1});
  Dims full = broadcastShapes("matmul", batchOf(a.shape()), batchOf(b.shape()));
  full.push(a.dim(a.rank() - 2));
  full.push(b.dim(b.rank() - 1));
  const Tensor dout = reshape(g.dout(), full);
  if (g.needs(0)) g.set(0, reshape(sumTo(matmul(dout, matrixTranspose(b)), a.shape()), sa));
  if (g.needs(1)) g.set(1, reshape(sumTo(matmul(matrixTranspose(a), dout), b.shape()), sb));
}

void inferLinear(const Call& call, Specs& out) {
  const Dims &x = call.in(0).shape(), &w = call.in(1).shape();
  if (w.size() != 2) fail(ErrorKind::Shape, "[%s] the weight must be [out, in], not %s", call.name(), w.str().c_str());
  if (x.empty() || x.back() != w[1]) {
    fail(ErrorKind::Shape, "[%s] the last dimension of the input %s is not the %lld that the weight %s takes",
         call.name(), x.str().c_str(), static_cast<long long>(w[1]), w.str().c_str());
  }
  if (call.has(2) && !(call.in(2).shape() == Dims{w[0]})) {
    fail(ErrorKind::Shape, "[%s] the bias must be [%lld], not %s", call.name(), static_cast<long long>(w[0]),
         call.in(2).shape().str().c_str());
  }
  Dims shape = x;
  shape[shape.size() - 1] = w[0];
  out.push_back({call.in(0).dtype(), shape});
}

void runLinear(const Call& call, Tensors& out) {
  if (out[0].size() == 0) return;
  if (out[0].dtype() == DType::UInt8) return runWide(call, out, runLinear);
  Tensor x = call.in(0);
  const int64_t k = x.shape().back();
  if (x.rank() != 2) {
    x = dense(call.name(), x);
    x = x.view({out[0].size() / out[0].shape().back(), k}, {k, 1}, x.offset());
  }
  const Tensor& w = call.in(1);
  MatmulArgs args = productArgs(x, w.view({w.dim(1), w.dim(0)}, {w.strides()[1], w.strides()[0]}, w.offset()), out[0]);
  const Tensor bias = call.has(2) ? dense(call.name(), call.in(2)) : Tensor();
  if (bias.defined()) args.epilogue.bias = bias.data();
  launch(call.name(), call.device, args);
}

void linearGradient(GradCall& g) {
  const Tensor &x = g.in(0), &w = g.in(1);
  Dims leading = x.shape();
  leading.erase(leading.size() - 1);
  const Tensor rows = reshape(g.dout(), {numel(leading), w.dim(0)});
  if (g.needs(0)) g.set(0, reshape(matmul(rows, w), x.shape()));
  if (g.needs(1)) g.set(1, matmul(matrixTranspose(rows), reshape(x, {rows.dim(0), w.dim(1)})));
  if (g.needs(2)) g.set(2, sum(rows, {0}, false));
}

const Operator kOperators[] = {
    {.name = "matmul",
     .doc =
         "matrix product over the last two dimensions; batches broadcast, vectors are rows on the left, columns on the "
         "right",
     .params = kTwo,
     .prepare = prepareProduct,
     .infer = inferMatmul,
     .run = runMatmul,
     .gradient = matmulGradient,
     .saves = kSaveAllInputs},
    {.name = "linear",
     .doc = "x weight^T + bias, with weight [out, in]",
     .params = kLinear,
     .prepare = prepareProduct,
     .infer = inferLinear,
     .run = runLinear,
     .gradient = linearGradient,
     .saves = saveIn(0) | saveIn(1)},
};

}  // namespace

Family matmulFamily() { return kOperators; }

}  // namespace anneal
