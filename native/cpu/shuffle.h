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
  // Lanes first, first + 1, ... of a vector of twice as many.
  template <int First, class X>
  ANNEAL_INLINE static auto half(X x) {
    return __builtin_shufflevector(x, x, (Lane + First)...);
  }
};

template <int S, class X, int n>
ANNEAL_INLINE void exchangeAll(X (&row)[n]) {
#pragma GCC unroll 16
  for (int i = 0; i < n; ++i) {
    if (!(i & S)) Indices<n>::template exchange<S>(row[i], row[i + S]);
  }
}

// row[i][j] <-> row[j][i] of T: step S exchanges bit S of the row's number with bit S of the lane's.
template <class T, class X, int n>
ANNEAL_INLINE void transpose(X (&row)[n]) {
  if constexpr (sizeof(T) == 4) {
#pragma GCC unroll 4
    for (int i = 0; i < n; i += 4) {
      Indices<n>::interleave(row[i], row[i + 1]);
      Indices<n>::interleave(row[i + 2], row[i + 3]);
      Indices<n>::template exchange<2>(row[i], row[i + 2]);
      Indices<n>::template exchange<2>(row[i + 1], row[i + 3]);
      const X second = row[i + 2];  // columns came out in the order 0 2 1 3
      row[i + 2] = row[i + 1];
      row[i + 1] = second;
    }
  } else {
    exchangeAll<1>(row);
    if constexpr (n > 2) exchangeAll<2>(row);
  }
  if constexpr (n > 4) exchangeAll<4>(row);
  if constexpr (n > 8) exchangeAll<8>(row);
}

}  // namespace anneal::ANNEAL_LEVEL
