// Products of matrices: c = activation(alpha * a b + bias + residual, gate), each matrix of a batch.
#pragma once
#include "core/kernels/pointwise.h"

namespace anneal {

constexpr int64_t kUncutDepthBytes = 3200;  // of k elements: beyond, sums are rounded to c part by part

// What a product does with its result while it is in registers. Integers take bias and residual only.
struct MatmulEpilogue {
  const void* bias = nullptr;             // n values added to every row
  const void* residual = nullptr;         // dense like c, or c itself: the product is added to it
  PointwiseOp activation = kNoPointwise;  // of one input, or of two, of which `gate` is the second
  const void* gate = nullptr;             // dense like c
  double params[kPointwiseParams] = {};   // of the activation
};

struct MatmulArgs {
  DType dtype;  // Float32, Float64, Int32, Int64
  int64_t m, n, k;
  const void* a;
  int64_t aRow, aCol;  // any strides: transposition is a matter of strides
  const void* b;
  int64_t bRow, bCol;
  void* c;            // dense [batch..., m, n]
  uint8_t batchRank;  // 0: a single product
  int64_t batchShape[kRank];
  int64_t aBatch[kRank], bBatch[kRank];  // element strides of the batch dimensions, 0 where broadcast
  double alpha = 1;
  MatmulEpilogue epilogue;
  // c -= lr * (a b), a step of gradient descent, for k of at most kUncutDepthBytes; without bias, residual and activation.
  bool updatesC = false;
  double lr = 0;
  int64_t* steps = nullptr;       // where updatesC: the parameter's steps so far, one of which this is
  void* rowSums = nullptr;        // m values, sum over k of a[i, k]; with batchRank 0
  const void* packedB = nullptr;  // what packOperand made of b, for the same sizes and strides
  int64_t packedBytes = 0;        // of packedB

  template <class F>
  void pointers(F&& f) {
    int64_t shape[kRank + 2], strides[kRank + 2];
    const auto matrix = [&](int64_t rows, int64_t columns, int64_t row, int64_t column, const int64_t* batch) {
      for (int d = 0; d < batchRank; ++d) {
        shape[d] = batchShape[d];
        strides[d] = batch[d];
      }
      shape[batchRank] = rows;
      shape[batchRank + 1] = columns;
      strides[batchRank] = row;
      strides[batchRank + 1] = column;
      return stridedExtent(dtype, batchRank + 2, shape, strides);
    };
    const Extent result = denseExtent(dtype, elements(batchShape, batchRank) * m * n);
    f(a, Role::Read, matrix(m, k, aRow, aCol, aBatch));
    f(b, Role::Read, matrix(k, n, bRow, bCol, bBatch));
    f(epilogue.bias, Role::Read, denseExtent(dtype, n));
    f(epilogue.residual, Role::Read, result);
    f(epilogue.gate, Role::Read, result);
    f(packedB, Role::Read, Extent{1, packedBytes});
    f(steps, Role::Update, denseExtent(DType::Int64, 1));
    f(rowSums, Role::Write, denseExtent(dtype, m));
    f(c, updatesC ? Role::Update : Role::Write, result);
  }
  template <class F>
  void dynamicFields(F&& f) {
    if (updatesC) f("lr", lr);
  }
  template <class L>
  void label(L&& l) const {
    if (batchRank > 0) l.dims(batchShape, batchRank);
    l.product(m, n, k);
  }
  double flops() const { return 2.0 * static_cast<double>(elements(batchShape, batchRank) * m * n * k); }
};

// b of a product that is run often, laid out once as the kernel reads it.
struct PackArgs {
  MatmulArgs product;
  void* packed;  // packSize bytes, 64-byte aligned
  int64_t bytes;

  template <class F>
  void pointers(F&& f) {
    product.pointers([&](auto*& pointer, Role, const Extent& extent) {
      if (static_cast<const void*>(pointer) == product.b) f(product.b, Role::Read, extent);
    });
    f(packed, Role::Write, Extent{1, bytes});
  }
};

}  // namespace anneal
