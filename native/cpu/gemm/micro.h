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

enum class TileKind : uint8_t { Whole, Part, Ahead };
constexpr int kTileKinds = 3;

template <class T>
struct TileArgs {
  int64_t depth;
  const T* a;  // element (i, p) at a[i * aRow + p * aStep], broadcast, so any strides will do
  int64_t aRow, aStep;
  const T* b;  // row p is NV vectors at b[p * bStep]
  int64_t bStep;
  T* out;  // row i at out[i * outRow]
  int64_t outRow;
  const Epilogue<T>* epilogue;  // null, or out lies in C, in column `col` and after it
  int64_t col;
  const T* ahead;         // of Ahead tiles: what lies like C at out, fetched while the sums are taken
  int lanesIn, lanesOut;  // of Part tiles: lanes of the last vector, in b and in out
};

// Epilogue::apply on a row of a tile that goes to out, one step after the other, so that each is decided upon once.
// at(p, j): vector j of the row at p.
template <class T, int NV, class Load>
ANNEAL_INLINE void finishRegisters(V<T> (&sum)[NV], const Epilogue<T>& e, const T* out, int64_t col, Load at) {
  const auto each = [&](auto f) __attribute__((always_inline)) {
#pragma GCC unroll 8
    for (int j = 0; j < NV; ++j) sum[j] = f(Vec<T>(sum[j]), j).raw;
  };
  const int64_t place = out - e.origin;
  const T* const add = e.add ? e.add + place : nullptr;
  if (e.scaled && e.add) {
    each([&](Vec<T> v, int j) __attribute__((always_inline)) { return fma(v, Vec<T>(e.alpha), at(add, j)); });
  } else if (e.scaled) {
    each([&](Vec<T> v, int) __attribute__((always_inline)) { return v * Vec<T>(e.alpha); });
  } else if (e.add) {
    each([&](Vec<T> v, int j) __attribute__((always_inline)) { return v + at(add, j); });
  }
  if (e.bias) each([&](Vec<T> v, int j) __attribute__((always_inline)) { return v + at(e.bias + col, j); });
  if (e.activation == Activation::Relu) {
    each([&](Vec<T> v, int) __attribute__((always_inline)) { return ReluFormula::apply(v, nullptr); });
  } else if (e.activation == Activation::ReluBackward) {
    const T* const gate = e.gate + place;
    each([&](Vec<T> v, int j)
             __attribute__((always_inline)) { return ReluBackwardFormula::apply(v, at(gate, j), nullptr); });
  }
}

// Rows are addressed in threes from one pointer: base, base + stride and base + 2 * stride are addressing modes, a
// pointer for each row would not fit the registers.
template <class T, int MR, int NV, TileKind kind>
ANNEAL_IN_ORDER void tile(const TileArgs<T>& t) {
  constexpr bool part = kind == TileKind::Part;
  const int lanesIn = t.lanesIn, lanesOut = t.lanesOut;
  V<T> sum[MR][NV];
#pragma GCC unroll 8
  for (int i = 0; i < MR; ++i) {
#pragma GCC unroll 8
    for (int j = 0; j < NV; ++j) sum[i][j] = V<T>{};
  }
  const int64_t aRow = t.aRow, aStep = t.aStep, bStep = t.bStep;
  const T* group[(MR + 2) / 3] = {t.a};
  if constexpr (MR > 3) group[1] = t.a + 3 * aRow;
  const T* b = t.b;
  const auto ofB = [&](const T* row, int j) __attribute__((always_inline)) {
    return (part && kLoadsParts && j == NV - 1 ? loadPartial(row + j * W<T>, lanesIn) : load(row + j * W<T>)).raw;
  };
  const auto sumOver = [&](int64_t steps) __attribute__((always_inline)) {
    for (; steps > 0; --steps) {
      V<T> row[NV];
#pragma GCC unroll 8
      for (int j = 0; j < NV; ++j) row[j] = ofB(b, j);
#pragma GCC unroll 8
      for (int i = 0; i < MR; ++i) {
        const T x = group[i / 3][(i % 3) * aRow];
#pragma GCC unroll 8
        for (int j = 0; j < NV; ++j) sum[i][j] += row[j] * x;
      }
      b += bStep;
#pragma GCC unroll 8
      for (int g = 0; g < (MR + 2) / 3; ++g) group[g] += aStep;
    }
  };
  int64_t depth = t.depth;
  if constexpr (kind == TileKind::Ahead) {
    const T* ahead = t.ahead;
    for (int i = 0; i < MR && depth > kFetchSteps; ++i, depth -= kFetchSteps, ahead += t.outRow) {
#pragma GCC unroll 8
      for (int j = 0; j < NV; j += 64 / kVectorBytes) __builtin_prefetch(ahead + j * W<T>, 1);
      sumOver(kFetchSteps);
    }
  }
  const bool byRow = depth >= kLastSteps;
  sumOver(byRow ? depth - kLastSteps : depth);
  T* out = t.out;
#pragma GCC unroll 8
  for (int i = 0; i < MR; ++i, out += t.outRow) {
    if (byRow) {
#pragma GCC unroll 8
      for (int step = 0; step < kLastSteps; ++step) {
        const T x = group[i / 3][(i % 3) * aRow + step * aStep];
#pragma GCC unroll 8
        for (int j = 0; j < NV; ++j) sum[i][j] += ofB(b + step * bStep, j) * x;
      }
    }
    if (t.epilogue) {
      finishRegisters<T, NV>(
          sum[i], *t.epilogue, out, t.col, [&](const T* p, int j) __attribute__((always_inline)) {
            return part && j == NV - 1 ? loadLanes(p + j * W<T>, lanesOut) : load(p + j * W<T>);
          });
    }
#pragma GCC unroll 8
    for (int j = 0; j < NV; ++j) {
      if (part && j == NV - 1) {
        storeLanes(out + j * W<T>, Vec<T>(sum[i][j]), lanesOut);
      } else {
        store(out + j * W<T>, Vec<T>(sum[i][j]));
      }
    }
  }
}

template <class T>
using Tile = void (*)(const TileArgs<T>&);

template <class T>
struct Tiles {
  Tile<T> of[kTileKinds][kTileRows][kMostVectors];  // [kind][rows - 1][vectors - 1]; Ahead is Whole but for the largest

  template <int MR, int NV>
  constexpr void fill() {
    constexpr bool largest = MR == kTileRows && NV == tileVectors(MR);
    of[0][MR - 1][NV - 1] = tile<T, MR, NV, TileKind::Whole>;
    of[1][MR - 1][NV - 1] = tile<T, MR, NV, TileKind::Part>;
    of[2][MR - 1][NV - 1] = tile < T, MR, NV, largest ? TileKind::Ahead : TileKind::Whole > ;
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
