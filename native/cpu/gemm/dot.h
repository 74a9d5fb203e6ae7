// Products of few rows where both operands are contiguous along the depth: dot products, without packing.
#pragma once
#include "cpu/gemm/finish.h"
#include "cpu/gemm/product.h"

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

// out[c] = sum of the lanes of v[c], C = 1 or a multiple of 4.
template <int C>
ANNEAL_INLINE void sumLanes(const V<float> (&v)[C], float* out) {
  typedef Short<float, 4>::type Four;
  Four f[C];
#pragma GCC unroll 8
  for (int c = 0; c < C; ++c) f[c] = fold<float, W<float>>(v[c]);
  if constexpr (C == 1) {
    out[0] = (f[0][0] + f[0][2]) + (f[0][1] + f[0][3]);
  } else {
#pragma GCC unroll 2
    for (int c = 0; c < C; c += 4) {
      const Four* x = f + c;
      const Four ab = __builtin_shufflevector(x[0], x[1], 0, 4, 1, 5) + __builtin_shufflevector(x[0], x[1], 2, 6, 3, 7);
      const Four cd = __builtin_shufflevector(x[2], x[3], 0, 4, 1, 5) + __builtin_shufflevector(x[2], x[3], 2, 6, 3, 7);
      const Four abcd = __builtin_shufflevector(ab, cd, 0, 1, 4, 5) + __builtin_shufflevector(ab, cd, 2, 3, 6, 7);
      __builtin_memcpy(out + c, &abcd, sizeof(abcd));
    }
  }
}
template <int C>
ANNEAL_INLINE void sumLanes(const V<double> (&v)[C], double* out) {
#pragma GCC unroll 8
  for (int c = 0; c < C; ++c) {
    const auto f = fold<double, W<double>>(v[c]);
    out[c] = f[0] + f[1];
  }
}

// out[r, c] = sum over p of a[r * aRow + p] * b[c * bCol + p], for R rows and C columns; out has rows of kStreams.
template <class T, int R, int C>
void dotTile(int64_t depth, const T* a, int64_t aRow, const T* b, int64_t bCol, T* out) {
  V<T> sum[R][C];
#pragma GCC unroll 8
  for (int r = 0; r < R; ++r) {
#pragma GCC unroll 8
    for (int c = 0; c < C; ++c) sum[r][c] = V<T>{};
  }
  const auto step = [&](auto at) __attribute__((always_inline)) {
    V<T> x[R];
#pragma GCC unroll 8
    for (int r = 0; r < R; ++r) x[r] = at(a + r * aRow).raw;
#pragma GCC unroll 8
    for (int c = 0; c < C; ++c) {
      const V<T> y = at(b + c * bCol).raw;
#pragma GCC unroll 8
      for (int r = 0; r < R; ++r) sum[r][c] += x[r] * y;
    }
  };
  for (; depth >= W<T>; depth -= W<T>, a += W<T>, b += W<T>) step([](const T* p) { return load(p); });
  if (depth > 0) step([&](const T* p) { return loadPartial(p, static_cast<int>(depth)); });
#pragma GCC unroll 8
  for (int r = 0; r < R; ++r) sumLanes(sum[r], out + r * kStreams);
}

template <class T>
using Dot = void (*)(int64_t, const T*, int64_t, const T*, int64_t, T*);

constexpr int kDotRows = kManyRegisters ? 4 : 3;   // by four columns,
constexpr int kThinRows = kManyRegisters ? 2 : 1;  // or by kStreams

template <class T>
Dot<T> dotOf(int64_t rows, int64_t cols) {
  constexpr Dot<T> kDots[][3] = {{dotTile<T, 1, 1>, dotTile<T, 1, 4>, dotTile<T, 1, kStreams>},
                                 {dotTile<T, 2, 1>, dotTile<T, 2, 4>, dotTile<T, kThinRows, kStreams>},
                                 {dotTile<T, 3, 1>, dotTile<T, 3, 4>, nullptr},
                                 {dotTile<T, kDotRows, 1>, dotTile<T, kDotRows, 4>, nullptr}};
  return kDots[rows - 1][cols == 1 ? 0 : cols == 4 ? 1 : 2];
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
  const Epilogue<T>& e = *p.epilogue;
  const Cut rows(p.rows, ceilDiv(p.rows, kDotRows));
  const int64_t width = p.rows <= kThinRows ? kStreams : 4;
  const int64_t groups = ceilDiv(p.cols, width);
  const Cut tasks(groups, least(groups, worthTasks(flops(p))));
  loop(parallel, tasks.parts, [&](int64_t task) {
    const int64_t begin = tasks.begin(task) * width, end = least(p.cols, tasks.begin(task + 1) * width);
    for (int64_t j = begin, cols; j < end; j += cols) {
      cols = end - j >= width ? width : end - j >= 4 ? 4 : 1;
      for (int64_t t = 0, i = 0; t < rows.parts; i += rows.of(t), ++t) {
        T sums[kDotRows * kStreams];
        dotOf<T>(rows.of(t), cols)(p.depth, a + i * aRow, aRow, p.b + j * p.bCol, p.bCol, sums);
        for (int64_t r = 0; r < rows.of(t); ++r) {
          for (int64_t c = 0; c < cols; ++c) {
            const int64_t row = p.flipped ? j + c : i + r, col = p.flipped ? i + r : j + c;
            T* out = p.c + row * p.cRow + col;
            *out = e.applyOne(sums[r * kStreams + c], out, col);
          }
        }
      }
    }
    if (p.flipped) {
      for (int64_t j = begin; j < end; ++j) e.activate(p.c + j * p.cRow, p.rows);
    } else {
      for (int64_t i = 0; i < p.rows; ++i) e.activate(p.c + i * p.cRow + begin, end - begin);
    }
  });
}

}  // namespace anneal::ANNEAL_LEVEL::gemm
