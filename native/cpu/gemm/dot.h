// Products of few rows where both operands are contiguous along the depth: dot products, without packing.
#pragma once
#include "cpu/gemm/finish.h"
#include "cpu/gemm/rowSums.h"

namespace anneal::ANNEAL_LEVEL::gemm {

template <class T, int N>
struct Short {
  typedef T type __attribute__((vector_size(N * sizeof(T))));
};

// Folds the upper half onto the lower until 16 bytes are left.
template <class T, int N>
ANNEAL_INLINE auto fold(typename Short<T, N>::type v) {
  if constexpr (N * sizeof(T) == 16) {
    return v;
  } else {
    return fold<T, N / 2>(Indices<N / 2>::template half<0>(v) + Indices<N / 2>::template half<N / 2>(v));
  }
}

// out[c] = sum of the lanes of v[c], C = 1 or 4.
template <int C>
ANNEAL_INLINE void sumLanes(const V<float> (&v)[C], float* out) {
  typedef Short<float, 4>::type Four;
  Four f[C];
#pragma GCC unroll 4
  for (int c = 0; c < C; ++c) f[c] = fold<float, W<float>>(v[c]);
  if constexpr (C == 4) {
    const Four ab = __builtin_shufflevector(f[0], f[1], 0, 4, 1, 5) + __builtin_shufflevector(f[0], f[1], 2, 6, 3, 7);
    const Four cd = __builtin_shufflevector(f[2], f[3], 0, 4, 1, 5) + __builtin_shufflevector(f[2], f[3], 2, 6, 3, 7);
    const Four abcd = __builtin_shufflevector(ab, cd, 0, 1, 4, 5) + __builtin_shufflevector(ab, cd, 2, 3, 6, 7);
    __builtin_memcpy(out, &abcd, sizeof(abcd));
  } else {
    out[0] = (f[0][0] + f[0][2]) + (f[0][1] + f[0][3]);
  }
}
template <int C>
ANNEAL_INLINE void sumLanes(const V<double> (&v)[C], double* out) {
#pragma GCC unroll 4
  for (int c = 0; c < C; ++c) {
    const auto f = fold<double, W<double>>(v[c]);
    out[c] = f[0] + f[1];
  }
}

// out[r, c] = sum over p of a[r * aRow + p] * b[c * bCol + p], for R rows and C columns; out has rows of four.
template <class T, int R, int C>
void dotTile(int64_t depth, const T* a, int64_t aRow, const T* b, int64_t bCol, T* out) {
  V<T> sum[R][C];
#pragma GCC unroll 4
  for (int r = 0; r < R; ++r) {
#pragma GCC unroll 4
    for (int c = 0; c < C; ++c) sum[r][c] = V<T>{};
  }
  const auto step = [&](auto at) __attribute__((always_inline)) {
    V<T> x[R];
#pragma GCC unroll 4
    for (int r = 0; r < R; ++r) x[r] = at(a + r * aRow).raw;
#pragma GCC unroll 4
    for (int c = 0; c < C; ++c) {
      const V<T> y = at(b + c * bCol).raw;
#pragma GCC unroll 4
      for (int r = 0; r < R; ++r) sum[r][c] += x[r] * y;
    }
  };
  for (; depth >= W<T>; depth -= W<T>, a += W<T>, b += W<T>) step([](const T* p) { return load(p); });
  if (depth > 0) step([&](const T* p) { return loadPartial(p, static_cast<int>(depth)); });
#pragma GCC unroll 4
  for (int r = 0; r < R; ++r) sumLanes(sum[r], out + r * 4);
}

template <class T>
using Dot = void (*)(int64_t, const T*, int64_t, const T*, int64_t, T*);

constexpr int kDotRows = kTileRows > 6 ? 4 : 3;  // by four columns: 16 sums where there are 32 registers, else 12

template <class T, int C>
Dot<T> dotOf(int64_t rows) {
  if (rows == 1) return dotTile<T, 1, C>;
  if (rows == 2) return dotTile<T, 2, C>;
  if (rows == 3) return dotTile<T, 3, C>;
  return dotTile<T, kDotRows, C>;
}

// Time in vector multiply-adds, as tiledCost. Possible where the depth is contiguous in B; A may be copied.
template <class T>
int64_t dotCost(const Product<T>& p) {
  if (p.bStep != 1) return INT64_MAX;
  return p.rows * p.cols * (ceilDiv(p.depth, W<T>) * 5 / 4 + 6) + (p.aStep == 1 ? 0 : 2 * p.rows * p.depth);
}

template <class T>
void multiplyDot(const Product<T>& p, bool parallel) {
  const T* a = p.a;
  int64_t aRow = p.aRow;
  if (p.aStep != 1) {
    T* packed = scratch<T>(0, p.rows * p.depth);
    for (int64_t i = 0; i < p.rows; ++i) {
      for (int64_t k = 0; k < p.depth; ++k) packed[i * p.depth + k] = a[i * p.aRow + k * p.aStep];
    }
    a = packed;
    aRow = p.depth;
  }
  const Cut rows(p.rows, ceilDiv(p.rows, kDotRows));
  const int64_t groups = ceilDiv(p.cols, 4);
  const Cut tasks(groups, least(groups, worthTasks(flops(p))));
  const Epilogue<T>& e = p.epilogue;
  if (p.rowSums) sumRows(p, 0, p.depth, parallel);
  loop(parallel, tasks.parts, [&](int64_t task) {
    for (int64_t g = tasks.begin(task); g < tasks.begin(task + 1); ++g) {
      const int64_t j = g * 4;
      const int64_t cols = least(4, p.cols - j);
      for (int64_t t = 0, i = 0; t < rows.parts; i += rows.of(t), ++t) {
        T sums[kDotRows * 4];
        if (cols == 4) {
          dotOf<T, 4>(rows.of(t))(p.depth, a + i * aRow, aRow, p.b + j * p.bCol, p.bCol, sums);
        } else {
          for (int64_t c = 0; c < cols; ++c) {
            dotOf<T, 1>(rows.of(t))(p.depth, a + i * aRow, aRow, p.b + (j + c) * p.bCol, p.bCol, sums + c);
          }
        }
        for (int64_t r = 0; r < rows.of(t); ++r) {
          for (int64_t c = 0; c < cols; ++c) {
            const int64_t row = p.flipped ? j + c : i + r, col = p.flipped ? i + r : j + c;
            T* out = p.c + row * p.cRow + col;
            *out = e.applyOne(sums[r * 4 + c], out, col);
          }
        }
      }
    }
    const int64_t j = tasks.begin(task) * 4, cols = least(p.cols, tasks.begin(task + 1) * 4) - j;
    if (p.flipped) {
      for (int64_t c = j; c < j + cols; ++c) e.activate(p.c + c * p.cRow, p.rows);
    } else {
      for (int64_t r = 0; r < p.rows; ++r) e.activate(p.c + r * p.cRow + j, cols);
    }
  });
}

}  // namespace anneal::ANNEAL_LEVEL::gemm
