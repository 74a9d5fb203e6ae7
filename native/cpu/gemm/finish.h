// Sums that do not go into C from registers: copied there from a buffer, straight or turned, through the epilogue.
#pragma once
#include "cpu/gemm/epilogue.h"
#include "cpu/shuffle.h"

namespace anneal::ANNEAL_LEVEL::gemm {

// Sums of n neighbouring elements of C, at c in column `col`.
template <class T>
void finishRow(const T* sums, int64_t n, T* c, int64_t col, const Epilogue<T>& e) {
  int64_t j = 0;
  for (; j + W<T> <= n; j += W<T>) store(c + j, e.apply(load(sums + j), c + j, col + j, W<T>));
  if (j < n) {
    const int rest = static_cast<int>(n - j);
    storePartial(c + j, e.apply(loadPartial(sums + j, rest), c + j, col + j, rest), rest);
  }
}

// sums [rows, cols], rows `sumsRow` apart (a multiple of W) and as many as a multiple of W in memory, to [cols, rows] at
// c, whose first column is column `col` of C.
template <class T>
void finishTurned(const T* sums, int64_t sumsRow, int64_t rows, int64_t cols, T* c, int64_t cRow, int64_t col,
                  const Epilogue<T>* e) {
  for (int64_t i = 0; i < rows; i += W<T>) {
    const int n = static_cast<int>(rows - i < W<T> ? rows - i : W<T>);
    for (int64_t j = 0; j < cols; j += kPiece<T>) {
      V<T> row[kPiece<T>];
      loadTransposed(sums + i * sumsRow + j, sumsRow, row);
#pragma GCC unroll 4
      for (int r = 0; r < kPiece<T>; ++r) {
        if (j + r >= cols) break;
        T* to = c + (j + r) * cRow + i;
        Vec<T> v(row[r]);
        if (n == W<T>) {
          if (e) v = e->apply(v, to, col + i, W<T>);
          store(to, v);
        } else {
          if (e) v = e->apply(v, to, col + i, n);
          storePartial(to, v, n);
        }
      }
    }
  }
  for (int64_t j = 0; e && j < cols; ++j) e->activate(c + j * cRow, rows);
}

}  // namespace anneal::ANNEAL_LEVEL::gemm
