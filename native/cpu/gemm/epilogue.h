// What happens to sums on their way into C, while they are in the first-level cache.
#pragma once
#include "cpu/gemm/pack.h"

namespace anneal::ANNEAL_LEVEL::gemm {

template <class T>
struct Epilogue {
  bool accumulate;  // add what C holds: the sum over the depth blocks before this one
  const T* bias;    // by column of C, added after the last depth block; or null
  bool empty() const { return !accumulate && bias == nullptr; }

  // v: sums of n neighbouring columns of C, at c; col: the first one.
  ANNEAL_INLINE void finish(Vec<T> v, T* c, int64_t col) const {
    if (accumulate) v += load(c);
    if (bias) v += load(bias + col);
    store(c, v);
  }
  ANNEAL_INLINE void finishPartial(Vec<T> v, T* c, int64_t col, int n) const {
    if (accumulate) v += loadPartial(c, n);
    if (bias) v += loadPartial(bias + col, n);
    storePartial(c, v, n);
  }
  ANNEAL_INLINE void finishOne(T v, T* c, int64_t col) const {
    if (accumulate) v += *c;
    if (bias) v += bias[col];
    *c = v;
  }
};

// sums [rows, cols], rows sumsRow apart, to the same shape at c, whose first column is column `col` of C.
template <class T>
void finishTile(const T* sums, int64_t sumsRow, int64_t rows, int64_t cols, T* c, int64_t cRow, int64_t col,
                const Epilogue<T>& e) {
  const int rest = static_cast<int>(cols % W<T>);
  for (int64_t i = 0; i < rows; ++i, sums += sumsRow, c += cRow) {
    int64_t j = 0;
    for (; j + W<T> <= cols; j += W<T>) e.finish(load(sums + j), c + j, col + j);
    if (rest) e.finishPartial(load(sums + j), c + j, col + j, rest);
  }
}

// sums [rows, cols], rows sumsRow apart (a multiple of W), to [cols, rows] at c, whose first column is column `col` of
// C.
template <class T>
void finishTurned(const T* sums, int64_t sumsRow, int64_t rows, int64_t cols, T* c, int64_t cRow, int64_t col,
                  const Epilogue<T>& e) {
  for (int64_t i = 0; i < rows; i += W<T>) {
    const int n = static_cast<int>(rows - i < W<T> ? rows - i : W<T>);
    for (int64_t j = 0; j < cols; j += W<T>) {
      V<T> row[W<T>];
#pragma GCC unroll 16
      for (int r = 0; r < W<T>; ++r) row[r] = r < n ? load(sums + (i + r) * sumsRow + j).raw : V<T>{};
      transpose<T>(row);
      T* out = c + j * cRow + i;
#pragma GCC unroll 16
      for (int r = 0; r < W<T>; ++r) {
        if (j + r >= cols) break;
        if (n == W<T>) {
          e.finish(Vec<T>(row[r]), out + r * cRow, col + i);
        } else {
          e.finishPartial(Vec<T>(row[r]), out + r * cRow, col + i, n);
        }
      }
    }
  }
}

}  // namespace anneal::ANNEAL_LEVEL::gemm
