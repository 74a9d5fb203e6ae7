// Register tiles: out[rows, vectors] = A B, summed over the whole depth of a block while the sums stay in registers.
#pragma once
#include "cpu/gemm/epilogue.h"

namespace anneal::ANNEAL_LEVEL::gemm {

// GCC's first scheduling pass, which is off on x86, gathers the loads of a column of A and spills sums to make room.
#if defined(__aarch64__) && defined(__GNUC__) && !defined(__clang__)
#define ANNEAL_IN_ORDER __attribute__((optimize("no-schedule-insns")))
#else
#define ANNEAL_IN_ORDER
#endif

// Epilogue::apply on a whole tile, one step after the other, so that each is decided upon once.
template <class T, int MR, int NV>
ANNEAL_INLINE void finishRegisters(V<T> (&sum)[MR][NV], const T* c, int64_t cRow, const Epilogue<T>& e, int64_t col) {
  const auto each = [&](auto f) __attribute__((always_inline)) {
#pragma GCC unroll 16
    for (int i = 0; i < MR; ++i) {
#pragma GCC unroll 8
      for (int j = 0; j < NV; ++j) sum[i][j] = f(Vec<T>(sum[i][j]), i * cRow + j * W<T>, j).raw;
    }
  };
  const int64_t at = c - e.origin;
  if (e.scaled) {
    const Vec<T> alpha(e.alpha);
    each([&](Vec<T> v, int64_t, int) __attribute__((always_inline)) { return v * alpha; });
  }
  if (e.add) {
    const T* add = e.add + at;
    each([&](Vec<T> v, int64_t to, int) __attribute__((always_inline)) { return v + load(add + to); });
  }
  if (e.bias) {
    const T* bias = e.bias + col;
    each([&](Vec<T> v, int64_t, int j) __attribute__((always_inline)) { return v + load(bias + j * W<T>); });
  }
  if (e.activation == Activation::Relu) {
    each([&](Vec<T> v, int64_t, int) __attribute__((always_inline)) { return ReluFormula::apply(v, nullptr); });
  } else if (e.activation == Activation::ReluBackward) {
    const T* gate = e.gate + at;
    each([&](Vec<T> v, int64_t to, int)
             __attribute__((always_inline)) { return ReluBackwardFormula::apply(v, load(gate + to), nullptr); });
  }
}

// a: element (i, p) at a[i * aRow + p * aStep], broadcast, so any strides will do; b: row p is R = NV * W elements at
// b[p * bStep]; out: row i at out[i * outRow], in column `col` of C if there is an epilogue, which then takes the sums
// in registers. Rows are addressed in threes from one pointer: base, base + stride and
// base + 2 * stride are addressing modes, a pointer for each row would not fit the registers.
template <class T, int MR, int NV>
ANNEAL_IN_ORDER void tile(int64_t depth, const T* a, int64_t aRow, int64_t aStep, const T* b, int64_t bStep, T* out,
                          int64_t outRow, const Epilogue<T>* epilogue, int64_t col) {
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
  if (epilogue) finishRegisters<T, MR, NV>(sum, out, outRow, *epilogue, col);
#pragma GCC unroll 16
  for (int i = 0; i < MR; ++i) {
#pragma GCC unroll 8
    for (int j = 0; j < NV; ++j) store(out + i * outRow + j * W<T>, Vec<T>(sum[i][j]));
  }
}

template <class T>
using Tile = void (*)(int64_t, const T*, int64_t, int64_t, const T*, int64_t, T*, int64_t, const Epilogue<T>*, int64_t);

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
