// Register tiles: out[rows, vectors] = A B, summed over the whole depth of a block while the sums stay in registers.
#pragma once
#include "cpu/gemm/blocking.h"

namespace anneal::ANNEAL_LEVEL::gemm {

template <class T>
using V = typename Vec<T>::Raw;
template <class T>
constexpr int W = Vec<T>::kLanes;

// GCC's first scheduling pass, which is off on x86, gathers the loads of a column of A and spills sums to make room.
#if defined(__aarch64__) && defined(__GNUC__) && !defined(__clang__)
#define ANNEAL_IN_ORDER __attribute__((optimize("no-schedule-insns")))
#else
#define ANNEAL_IN_ORDER
#endif

// a: element (i, p) at a[i * aRow + p * aStep], broadcast, so any strides will do; b: row p is R = NV * W elements at
// b[p * bStep]; out: row i at out[i * outRow]. Rows are addressed in threes from one pointer: base, base + stride and
// base + 2 * stride are addressing modes, a pointer for each row would not fit the registers.
template <class T, int MR, int NV>
ANNEAL_IN_ORDER void tile(int64_t depth, const T* a, int64_t aRow, int64_t aStep, const T* b, int64_t bStep, T* out,
                          int64_t outRow) {
  V<T> sum[MR][NV];
#pragma GCC unroll 16
  for (int i = 0; i < MR; ++i) {
#pragma GCC unroll 8
    for (int j = 0; j < NV; ++j) sum[i][j] = V<T>{};
  }
  constexpr int kGroups = (MR + 2) / 3;
  const T* group[kGroups];
#pragma GCC unroll 8
  for (int g = 0; g < kGroups; ++g) group[g] = a + 3 * g * aRow;
  for (; depth > 0; --depth) {
    V<T> row[NV];
#pragma GCC unroll 8
    for (int j = 0; j < NV; ++j) row[j] = load(b + j * W<T>).raw;
#pragma GCC unroll 16
    for (int i = 0; i < MR; ++i) {
      const T x = group[i / 3][(i % 3) * aRow];
#pragma GCC unroll 8
      for (int j = 0; j < NV; ++j) sum[i][j] += row[j] * x;
    }
    b += bStep;
#pragma GCC unroll 8
    for (int g = 0; g < kGroups; ++g) group[g] += aStep;
  }
#pragma GCC unroll 16
  for (int i = 0; i < MR; ++i) {
#pragma GCC unroll 8
    for (int j = 0; j < NV; ++j) store(out + i * outRow + j * W<T>, Vec<T>(sum[i][j]));
  }
}

template <class T>
using Tile = void (*)(int64_t, const T*, int64_t, int64_t, const T*, int64_t, T*, int64_t);

// Most vectors of a tile of so many rows.
constexpr int64_t tileVectors(int64_t rows) {
  const int vectors = rows == 1 ? kWideVectors : rows <= kWideRows ? kWideVectors / 2 : kTileVectors;
  return vectors > kTileVectors ? vectors : kTileVectors;
}

template <class T>
struct Tiles {
  Tile<T> of[kTileRows][kWideVectors];  // [rows - 1][vectors - 1]

  template <int MR, int NV>
  constexpr void fill() {
    of[MR - 1][NV - 1] = tile<T, MR, NV>;
    if constexpr (NV > 1) {
      fill<MR, NV - 1>();
    } else if constexpr (MR > 1) {
      fill<MR - 1, tileVectors(MR - 1)>();
    }
  }
  constexpr Tiles() : of{} { fill<kTileRows, tileVectors(kTileRows)>(); }
};
template <class T>
constexpr Tiles<T> kTiles;

}  // namespace anneal::ANNEAL_LEVEL::gemm
