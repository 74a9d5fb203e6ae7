// Lanes that move between vectors, and what is made of it: transposition in registers.
#pragma once
#include "cpu/simd.h"

namespace anneal::ANNEAL_LEVEL {

// Indices<N> derives from Indices<0, 0, 1, ..., N - 1>, whose members have the lane numbers as a pack.
template <int N, int... Lane>
struct Indices : Indices<N - 1, N - 1, Lane...> {};
template <int... Lane>
struct Indices<0, Lane...> {
  static constexpr int kCount = sizeof...(Lane);

  // Blocks of S lanes: x0 y0 x2 y2 ... and x1 y1 x3 y3 ...
  template <int S, class X>
  ANNEAL_INLINE static void exchange(X& x, X& y) {
    const X low = __builtin_shufflevector(x, y, (Lane & S ? Lane - S + kCount : Lane)...);
    const X high = __builtin_shufflevector(x, y, (Lane & S ? Lane + kCount : Lane + S)...);
    x = low;
    y = high;
  }
  // In every four lanes: x0 y0 x1 y1 and x2 y2 x3 y3, for which every instruction set has an instruction.
  template <class X>
  ANNEAL_INLINE static void interleave(X& x, X& y) {
    const X low = __builtin_shufflevector(x, y, (Lane - Lane % 4 + Lane % 4 / 2 + (Lane & 1 ? kCount : 0))...);
    const X high = __builtin_shufflevector(x, y, (Lane - Lane % 4 + Lane % 4 / 2 + (Lane & 1 ? kCount : 0) + 2)...);
    x = low;
    y = high;
  }
  // The lanes of x and y by turns, and back: x0 y0 x1 y1 ...
  template <class X>
  ANNEAL_INLINE static void zip(X& x, X& y) {
    const X low = __builtin_shufflevector(x, y, (Lane / 2 + (Lane & 1 ? kCount : 0))...);
    y = __builtin_shufflevector(x, y, (Lane / 2 + (Lane & 1 ? kCount : 0) + kCount / 2)...);
    x = low;
  }
  template <class X>
  ANNEAL_INLINE static void unzip(X& x, X& y) {
    const X even = __builtin_shufflevector(x, y, (2 * Lane)...);
    y = __builtin_shufflevector(x, y, (2 * Lane + 1)...);
    x = even;
  }
  // Neighbouring blocks of S lanes swapped.
  template <int S, class X>
  ANNEAL_INLINE static X swapped(X x) {
    return __builtin_shufflevector(x, x, (Lane ^ S)...);
  }
  // Lanes S places up, or down where Down; `fill`, whose lanes are equal, comes in.
  template <int S, bool Down, class X>
  ANNEAL_INLINE static X shifted(X x, X fill) {
    return __builtin_shufflevector(x, fill, (Down ? Lane + S : Lane < S ? kCount : Lane - S)...);
  }
  // Lanes first, first + 1, ... of a vector of twice as many.
  template <int First, class X>
  ANNEAL_INLINE static auto half(X x) {
    return __builtin_shufflevector(x, x, (Lane + First)...);
  }
};

// Elements in 16 bytes: between such pieces of vectors lanes move at a price, within them cheaply.
template <class T>
constexpr int kPiece = 16 / sizeof(T);

template <int S, class X, int n>
ANNEAL_INLINE void exchangeAll(X (&row)[n]) {
#pragma GCC unroll 16
  for (int i = 0; i < n; ++i) {
    if (!(i & S)) Indices<n>::template exchange<S>(row[i], row[i + S]);
  }
}

// The squares of kPiece rows and lanes, each by itself: row[i][j] <-> row[j][i].
template <class T, int N, class X>
ANNEAL_INLINE void transposePieces(X* row) {
  if constexpr (sizeof(T) == 4) {
    Indices<N>::interleave(row[0], row[1]);
    Indices<N>::interleave(row[2], row[3]);
    Indices<N>::template exchange<2>(row[0], row[2]);
    Indices<N>::template exchange<2>(row[1], row[3]);
    const X second = row[2];  // columns came out in the order 0 2 1 3
    row[2] = row[1];
    row[1] = second;
  } else {
    Indices<N>::template exchange<1>(row[0], row[1]);
  }
}

// row[i][j] <-> row[j][i] of T: step S exchanges bit S of the row's number with bit S of the lane's.
template <class T, class X, int n>
ANNEAL_INLINE void transpose(X (&row)[n]) {
  constexpr int kFirst = kPiece<T>;
#pragma GCC unroll 8
  for (int i = 0; i < n; i += kFirst) transposePieces<T, n>(row + i);
  if constexpr (n > kFirst) exchangeAll<kFirst>(row);
  if constexpr (n > 2 * kFirst) exchangeAll<2 * kFirst>(row);
}

// A vector of pieces, `stride` apart.
template <class T>
ANNEAL_INLINE typename Vec<T>::Raw loadPieces(const T* p, [[maybe_unused]] int64_t stride) {
#if defined(__AVX2__)
  // Spelled out, because of shuffles of loaded pieces the compiler makes instructions that move between registers.
  const auto piece = [&](int64_t i) __attribute__((always_inline)) {
    return _mm_loadu_ps(reinterpret_cast<const float*>(p + i * stride));
  };
  const __m256 low = _mm256_insertf128_ps(_mm256_castps128_ps256(piece(0)), piece(1), 1);
#if defined(__AVX512F__)
  const __m256 high = _mm256_insertf128_ps(_mm256_castps128_ps256(piece(2)), piece(3), 1);
  return (typename Vec<T>::Raw)_mm512_insertf32x8(_mm512_castps256_ps512(low), high, 1);
#else
  return (typename Vec<T>::Raw)low;
#endif
#else
  return load(p).raw;
#endif
}

// row[i][j] = src[j * stride + i], of as many rows as are in a piece, which are put together as they are loaded, so that
// none moves between registers.
template <class T>
ANNEAL_INLINE void loadTransposed(const T* src, int64_t stride, typename Vec<T>::Raw (&row)[kPiece<T>]) {
#pragma GCC unroll 4
  for (int i = 0; i < kPiece<T>; ++i) {
    const T* from = src + i * stride;
    loadsInOrder(from);  // a pointer for every piece would not fit the registers
    row[i] = loadPieces(from, kPiece<T> * stride);
  }
  transposePieces<T, Vec<T>::kLanes>(row);
}

// dst[i * dstRow + j] = src[j * stride + i], of as many rows as are in a piece and as many columns as a vector has lanes.
template <class T>
ANNEAL_INLINE void copyTransposed(const T* src, int64_t stride, T* dst, int64_t dstRow) {
  typename Vec<T>::Raw row[kPiece<T>];
  loadTransposed(src, stride, row);
#pragma GCC unroll 4
  for (int i = 0; i < kPiece<T>; ++i) store(dst + i * dstRow, Vec<T>(row[i]));
}

}  // namespace anneal::ANNEAL_LEVEL
