// Products of depth one or two: every element of C is a product or two, so C is written row by row, from end to end.
#pragma once
#include "cpu/gemm/pack.h"
#include "cpu/gemm/product.h"

namespace anneal::ANNEAL_LEVEL::gemm {

constexpr int64_t kOuterDepth = 2;

template <class T, int D>
void outerRow(const T (&x)[kOuterDepth], const T* b, int64_t bStep, int64_t cols, T* c, const Epilogue<T>& e) {
  const auto at = [&](int64_t j) __attribute__((always_inline)) {
    V<T> v = load(b + j).raw * x[0];
    if constexpr (D > 1) v += load(b + bStep + j).raw * x[1];
    return Vec<T>(v);
  };
  int64_t j = 0;
  if (e.empty()) {
#pragma GCC unroll 4
    for (; j + W<T> <= cols; j += W<T>) store(c + j, at(j));
  } else {
    for (; j + W<T> <= cols; j += W<T>) store(c + j, e.apply(at(j), c + j, j, W<T>));
  }
  if (j < cols) {
    const int rest = static_cast<int>(cols - j);
    V<T> v = loadPartial(b + j, rest).raw * x[0];
    if constexpr (D > 1) v += loadPartial(b + bStep + j, rest).raw * x[1];
    storePartial(c + j, e.apply(Vec<T>(v), c + j, j, rest), rest);
  }
  e.activate(c, cols);
}

template <class T>
void multiplyOuter(const Product<T>& p, bool parallel) {
  const T* b = p.b;
  int64_t bStep = p.bStep;
  if (p.bCol != 1) {
    bStep = roundUp<T>(p.cols);
    T* packed = scratch<T>(0, p.depth * bStep);
    packPanel(p.b, p.bStep, p.bCol, p.depth, p.cols, packed, bStep);
    b = packed;
  }
  const Cut tasks(p.rows, least(p.rows, worthTasks(kOuterCost * flops(p))));
  loop(parallel, tasks.parts, [&](int64_t task) {
    for (int64_t i = tasks.begin(task); i < tasks.begin(task + 1); ++i) {
      const T* a = p.a + i * p.aRow;
      const T x[kOuterDepth] = {a[0], a[(p.depth - 1) * p.aStep]};
      (p.depth == 1 ? outerRow<T, 1> : outerRow<T, 2>)(x, b, bStep, p.cols, p.c + i * p.cRow, *p.epilogue);
    }
  });
}

}  // namespace anneal::ANNEAL_LEVEL::gemm
