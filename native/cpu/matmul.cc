// matmul on a CPU: c[..., m, n] = a[..., m, k] b[..., k, n] (+ bias), each matrix of a batch.
#include "cpu/gemm/dot.h"
#include "cpu/gemm/driver.h"
#include "cpu/gemm/integer.h"
#include "cpu/gemm/outer.h"
#include "cpu/kernels.h"

namespace anneal::ANNEAL_LEVEL {
namespace {

using gemm::Product;

// Takes the cheapest of the ways that fit the strides. Depends on shapes and strides alone.
template <class T>
void multiply(const Product<T>& p, bool parallel) {
  if constexpr (static_cast<T>(0.5) == 0) {
    gemm::multiplyInteger(p, parallel);
  } else if (p.depth <= gemm::kOuterDepth) {
    gemm::multiplyOuter(p, parallel);
  } else {
    const Product<T> flipped = gemm::flip(p);
    const int64_t straightTiles = gemm::tiledCost(p), flippedTiles = gemm::tiledCost(flipped);
    const int64_t straightDot = gemm::dotCost(p), flippedDot = gemm::dotCost(flipped);
    const bool straight = gemm::least(straightTiles, straightDot) <= gemm::least(flippedTiles, flippedDot);
    const bool dot = straight ? straightDot < straightTiles : flippedDot < flippedTiles;
    (dot ? gemm::multiplyDot<T> : gemm::multiplyTiled<T>)(straight ? p : flipped, parallel);
  }
}

template <class T>
Product<T> productOf(const MatmulArgs& args) {
  return {args.m,
          args.n,
          args.k,
          static_cast<const T*>(args.a),
          args.aRow,
          args.aCol,
          static_cast<const T*>(args.b),
          args.bRow,
          args.bCol,
          static_cast<T*>(args.c),
          args.n,
          static_cast<const T*>(args.bias),
          false};
}

// The batch dimensions that are left when those of size one, and those along which B stays and A goes on with its rows,
// are gone: a batch of the latter kind is one product with more rows.
struct Batch {
  int rank = 0;
  int64_t count = 1;
  int64_t shape[kRank], a[kRank], b[kRank];

  template <class T>
  Batch(const MatmulArgs& args, Product<T>& p) {
    bool folding = true;
    for (int d = args.batchRank - 1; d >= 0; --d) {  // innermost first
      const int64_t size = args.batchShape[d];
      count *= size;
      if (size == 1) continue;
      folding = folding && args.bBatch[d] == 0 && (p.rows == 1 || args.aBatch[d] == p.rows * p.aRow);
      if (folding) {
        if (p.rows == 1) p.aRow = args.aBatch[d];
        p.rows *= size;
        count /= size > 0 ? size : 1;
      } else {
        shape[rank] = size;
        a[rank] = args.aBatch[d];
        b[rank++] = args.bBatch[d];
      }
    }
  }

  template <class T>
  Product<T> at(Product<T> p, int64_t index) const {
    p.c += index * p.rows * p.cols;
    for (int d = 0; d < rank; ++d) {
      const int64_t i = index % shape[d];
      index /= shape[d];
      p.a += i * a[d];
      p.b += i * b[d];
    }
    return p;
  }
};

template <class T>
void multiplyBatch(const MatmulArgs& args) {
  Product<T> p = productOf<T>(args);
  const Batch batch(args, p);
  if (batch.count * p.rows * p.cols == 0) return;
  if (p.depth == 0) {
    const Product<T> empty{batch.count * p.rows, p.cols, 0, p.a, 0, 0, p.b, 0, 1, p.c, p.cRow, p.bias, false};
    return gemm::multiplyInteger(empty, false);
  }
  const double work = gemm::flops(p);
  const bool parallel = work * static_cast<double>(batch.count) > gemm::kSerialFlops;
  if (batch.count == 1 || !parallel || (batch.count < gemm::kTasks && work > gemm::kSplitFlops)) {
    for (int64_t i = 0; i < batch.count; ++i) multiply(batch.at(p, i), parallel);
  } else {
    const int64_t grain = gemm::most(1, static_cast<int64_t>(gemm::kTaskFlops / work));
    forRange(batch.count, grain, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) multiply(batch.at(p, i), false);
    });
  }
}

}  // namespace

void matmul(const MatmulArgs& args) {
  switch (args.dtype) {
    case DType::Int32: return multiplyBatch<uint32_t>(args);
    case DType::Int64: return multiplyBatch<uint64_t>(args);
    default: withFloat("matmul", args.dtype, [&](auto type) { multiplyBatch<typename decltype(type)::type>(args); });
  }
}

}  // namespace anneal::ANNEAL_LEVEL
