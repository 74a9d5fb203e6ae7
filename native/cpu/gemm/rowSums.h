// The sums over the depth of the caller's A, which as the gradient of a bias come with the gradient of a weight. They
// are taken just before a product reads A, which then finds it in cache.
#pragma once
#include "cpu/gemm/product.h"
#include "cpu/kernels.h"

namespace anneal::ANNEAL_LEVEL::gemm {

// out[i] (+)= sum over k < depth of x[i * row + k], for i in [begin, end).
template <class T>
void sumContiguous(const T* x, int64_t row, int64_t depth, bool more, T* out, int64_t begin, int64_t end) {
  for (int64_t i = begin; i < end; ++i) {
    const T* p = x + i * row;
    Vec<T> sum[4] = {T{0}, T{0}, T{0}, T{0}};
    int64_t k = 0;
    for (; k + 4 * W<T> <= depth; k += 4 * W<T>) {
#pragma GCC unroll 4
      for (int j = 0; j < 4; ++j) sum[j] += load(p + k + j * W<T>);
    }
    for (; k < depth; k += W<T>) sum[0] += loadLanes(p + k, static_cast<int>(least(W<T>, depth - k)));
    const T total = sumLanes((sum[0] + sum[1]) + (sum[2] + sum[3]));
    out[i] = more ? out[i] + total : total;
  }
}

// out[i] (+)= sum over k < depth of x[i + k * step], for `lanes` neighbouring i of N vectors.
template <class T, int N>
void sumNeighbours(const T* x, int64_t step, int64_t depth, bool more, T* out, int64_t lanes) {
  const auto lanesOf = [&](int j) { return static_cast<int>(least(W<T>, lanes - j * W<T>)); };
  Vec<T> sum[N];
  for (int j = 0; j < N; ++j) sum[j] = T{0};
  if (lanes == N * W<T>) {
    for (int64_t k = 0; k < depth; ++k, x += step) {
#pragma GCC unroll 4
      for (int j = 0; j < N; ++j) sum[j] += load(x + j * W<T>);
    }
  } else {
    for (int64_t k = 0; k < depth; ++k, x += step) {
      for (int j = 0; j * W<T> < lanes; ++j) sum[j] += loadLanes(x + j * W<T>, lanesOf(j));
    }
  }
  for (int j = 0; j * W<T> < lanes; ++j) {
    if (more) sum[j] += loadLanes(out + j * W<T>, lanesOf(j));
    storeLanes(out + j * W<T>, sum[j], lanesOf(j));
  }
}

// Of a part of the depth; the first part sets the sums, others add to them.
template <class T>
void sumRows(const Product<T>& p, int64_t first, int64_t depth, bool parallel) {
  const int64_t row = p.flipped ? p.bCol : p.aRow, step = p.flipped ? p.bStep : p.aStep;
  const T* x = (p.flipped ? p.b : p.a) + first * step;
  const int64_t rows = p.flipped ? p.cols : p.rows;
  const bool more = first > 0;
  if (row == 1 && step == rows) {
    // Columns of a dense matrix: left to the reduction, so that it makes no difference to the bits whether a sum is fused.
    const DType dtype = sizeof(T) == sizeof(float) ? DType::Float32 : DType::Float64;
    if (!more) reduce({ReduceOp::Sum, dtype, 1, p.depth, rows, 0, x, p.rowSums});
    return;
  }
  constexpr int64_t kGroup = 4 * W<T>;
  forGroups(rows, kGroup, depth, parallel, [&](int64_t begin, int64_t end) {
    if (row == 1) {
      for (int64_t i = begin; i < end; i += kGroup) {
        sumNeighbours<T, 4>(x + i, step, depth, more, p.rowSums + i, least(kGroup, end - i));
      }
    } else if (step == 1) {
      sumContiguous(x, row, depth, more, p.rowSums, begin, end);
    } else {
      for (int64_t i = begin; i < end; ++i) {
        T sum = 0;
        for (int64_t k = 0; k < depth; ++k) sum += x[i * row + k * step];
        p.rowSums[i] = more ? p.rowSums[i] + sum : sum;
      }
    }
  });
}

}  // namespace anneal::ANNEAL_LEVEL::gemm
