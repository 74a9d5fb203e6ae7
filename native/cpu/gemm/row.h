// A row times a matrix whose rows are contiguous: rows of B, several side by side to keep memory busy, are scaled and
// added up in cache.
#pragma once
#include "cpu/gemm/finish.h"
#include "cpu/gemm/product.h"

namespace anneal::ANNEAL_LEVEL::gemm {

// sums[j] += a[0] b[0, j] + ... + a[R - 1] b[R - 1, j], one after the other, for j < cols. The sums are padded to W.
template <class T, int R>
void addRows(const T* a, int64_t aStep, const T* b, int64_t bStep, int64_t cols, T* sums) {
  V<T> x[R];
#pragma GCC unroll 8
  for (int r = 0; r < R; ++r) x[r] = Vec<T>(a[r * aStep]).raw;
  const auto step = [&](int64_t j, auto vectors, auto at) __attribute__((always_inline)) {
    constexpr int kVectors = vectors();
    V<T> sum[kVectors];
#pragma GCC unroll 4
    for (int v = 0; v < kVectors; ++v) sum[v] = load(sums + j + v * W<T>).raw;
#pragma GCC unroll 8
    for (int r = 0; r < R; ++r) {
      const T* from = b + r * bStep + j;
#pragma GCC unroll 4
      for (int v = 0; v < kVectors; ++v) {
        loadsInOrder(from);
        sum[v] += x[r] * at(from + v * W<T>).raw;
      }
    }
#pragma GCC unroll 4
    for (int v = 0; v < kVectors; ++v) store(sums + j + v * W<T>, Vec<T>(sum[v]));
  };
  static constexpr int kBlock = kVectorBytes < 64 ? 4 : 2;  // two cache lines of a row at a time
  int64_t j = 0;
  const auto several = [] { return kBlock; };
  const auto one = [] { return 1; };
  const auto whole = [](const T* p) { return load(p); };
  const auto part = [&](const T* p) { return loadPartial(p, static_cast<int>(cols - j)); };
  for (; j + kBlock * W<T> <= cols; j += kBlock * W<T>) step(j, several, whole);
  for (; j + W<T> <= cols; j += W<T>) step(j, one, whole);
  if (j < cols) step(j, one, part);
}

template <class T>
void multiplyRow(const Product<T>& p, bool parallel) {
  // Memory likes long rows: a task has half as many columns as fit, or more, and one thread as many as fit. Columns have
  // nothing in common, so bits do not depend on it.
  constexpr int64_t kCols = kRowBytes / sizeof(T);
  const int64_t groups = ceilDiv(p.cols, W<T>), share = parallel && threadCount() > 1 ? 2 : 1;
  const Cut tasks(groups, most(ceilDiv(p.cols, kCols), least(ceilDiv(share * p.cols, kCols), worthTasks(flops(p)))));
  loop(parallel, tasks.parts, [&](int64_t task) {
    const int64_t begin = tasks.begin(task) * W<T>, cols = least(p.cols, tasks.begin(task + 1) * W<T>) - begin;
    alignas(64) T sums[kCols + W<T>];
    __builtin_memset(sums, 0, static_cast<size_t>(roundUp<T>(cols)) * sizeof(T));
    const T* a = p.a;
    const T* b = p.b + begin;
    int64_t k = p.depth;
    for (; k >= kStreams; k -= kStreams, a += kStreams * p.aStep, b += kStreams * p.bStep) {
      addRows<T, kStreams>(a, p.aStep, b, p.bStep, cols, sums);
    }
    for (; k > 0; --k, a += p.aStep, b += p.bStep) addRows<T, 1>(a, p.aStep, b, p.bStep, cols, sums);
    // C is one row or one column, so its elements are neighbours either way.
    T* c = p.c + begin;
    if (p.flipped && p.epilogue->bias) {
      for (int64_t j = 0; j < cols; ++j) c[j] = p.epilogue->applyOne(sums[j], c + j, 0);
    } else {
      finishRow(sums, cols, c, begin, *p.epilogue);
    }
    p.epilogue->activate(c, cols);
  });
}

}  // namespace anneal::ANNEAL_LEVEL::gemm
