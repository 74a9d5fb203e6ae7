// Register tiles: out[rows, vectors] = A B, summed over the whole depth of a block while the sums stay in registers.
#pragma once
#include <type_traits>
#include <utility>

#include "cpu/gemm/multiplyAdd.h"
#include "cpu/gemm/tiles.h"

namespace anneal::ANNEAL_LEVEL::gemm {

// GCC's first scheduling pass, which is off on x86, gathers the loads of a column of A and spills sums to make room.
#if defined(__aarch64__) && defined(__GNUC__) && !defined(__clang__)
#define ANNEAL_IN_ORDER __attribute__((optimize("no-schedule-insns")))
#else
#define ANNEAL_IN_ORDER
#endif

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

// Six rows are addressed in threes from one pointer: base, base + stride and base + 2 * stride are addressing modes, a
// pointer for each row would not fit the registers. Four rows have one each, and unrolled steps constant distances from it.
template <class T, int MR, int NV, TileKind kind, Layout layout>
ANNEAL_IN_ORDER void tile(const TileArgs<T>& t) {
  constexpr bool part = kind == TileKind::Part, along = isAlong(layout), across = isAcross(layout);
  constexpr bool packed = isPacked(layout), keeping = isKeeping(layout);
  constexpr int atOnce = layout == Layout::Any ? 1 : kStepsAtOnce;
  const int lanesIn = t.lanesIn, lanesOut = t.lanesOut;
  V<T> sum[MR][NV];
#pragma GCC unroll 8
  for (int i = 0; i < MR; ++i) {
#pragma GCC unroll 8
    for (int j = 0; j < NV; ++j) sum[i][j] = V<T>{};
  }
  const int64_t aRow = t.aRow, aStep = along ? 1 : t.aStep, bStep = packed ? NV * W<T> : t.bStep;
  constexpr int kGroup = kCountsInstructions ? 1 : 3, kGroups = (MR + kGroup - 1) / kGroup;
  const T* group[kGroups] = {t.a};
#pragma GCC unroll 8
  for (int g = 1; g < kGroups; ++g) group[g] = group[g - 1] + kGroup * aRow;
  const T* b = t.b;
  T* keep = t.keep;
  const T* next = t.next;
  const auto ofB = [&](const T* row, int j) __attribute__((always_inline)) {
    return (part && kLoadsParts && j == NV - 1 ? loadPartial(row + j * W<T>, lanesIn) : load(row + j * W<T>)).raw;
  };
  // Element i of A's column, and B's row at `row`, which may go to `copy`.
  const auto add = [&](auto of, const T* row, T* copy) __attribute__((always_inline)) {
    const auto vector = [&](int j) __attribute__((always_inline)) {
      const V<T> y = ofB(row, j);
      if (keeping) store(copy + j * W<T>, Vec<T>(y));
      return y;
    };
    if constexpr (kManyRegisters || MR >= NV) {
      V<T> y[NV];
#pragma GCC unroll 8
      for (int j = 0; j < NV; ++j) y[j] = vector(j);
#pragma GCC unroll 8
      for (int i = 0; i < MR; ++i) {
        const V<T> x = Vec<T>(of(i)).raw;
#pragma GCC unroll 8
        for (int j = 0; j < NV; ++j) sum[i][j] = multiplyAdd<T>(sum[i][j], y[j], x);
      }
    } else {  // the registers hold A's column
      V<T> x[MR];
#pragma GCC unroll 8
      for (int i = 0; i < MR; ++i) x[i] = Vec<T>(of(i)).raw;
#pragma GCC unroll 8
      for (int j = 0; j < NV; ++j) {
        const V<T> y = vector(j);
#pragma GCC unroll 8
        for (int i = 0; i < MR; ++i) sum[i][j] = multiplyAdd<T>(sum[i][j], y, x[i]);
      }
    }
  };
  int64_t taken = 0;  // steps along A's rows: one index for all of them, instead of a pointer each that moves
  const auto several = [&](auto count) __attribute__((always_inline)) {
    constexpr int kCount = count;
    if (kind == TileKind::Fetching) {
      __builtin_prefetch(next, 0, 2);
      next += kLine<T>;
    }
#pragma GCC unroll 8
    for (int u = 0; u < kCount; ++u) {
      const auto of = [&](int i) __attribute__((always_inline)) {
        return across ? group[0][i] : group[i / kGroup][(i % kGroup) * aRow + (along ? taken + u : 0)];
      };
      add(of, packed ? b + u * bStep : b, keeping ? keep + u * NV * W<T> : nullptr);
      if (!packed) b += bStep;
#pragma GCC unroll 8
      for (int g = 0; !along && g < (across ? 1 : kGroups); ++g) group[g] += aStep;
    }
    if (packed) b += kCount * bStep;
    if (keeping) keep += kCount * NV * W<T>;
    if (along) {
      taken += kCount;
      asm("" : "+r"(taken));  // or the compiler moves a pointer for each row after all
    }
  };
  // One loop for all steps: of two that are inlined, the compiler gives one registers that it copies and spills.
  const bool byRow = t.depth >= kLastSteps;
  int64_t left = byRow ? t.depth - kLastSteps : t.depth;
  const T* ahead = t.ahead;
  for (int row = 0; left >= atOnce; ++row) {
    int64_t steps = left - left % atOnce;
    if (fetches(kind) && row < MR && left > kFetchSteps) {
#pragma GCC unroll 8
      for (int j = 0; j < NV; j += 64 / kVectorBytes) __builtin_prefetch(ahead + j * W<T>, 1);
      ahead += t.outRow;
      steps = kFetchSteps;
    }
    left -= steps;
    if constexpr (along) {
      const int64_t end = taken + steps;
      while (taken != end) several(std::integral_constant<int, atOnce>{});
    } else {
      for (; steps > 0; steps -= atOnce) several(std::integral_constant<int, atOnce>{});
    }
  }
  if constexpr (atOnce > 1) {
    for (; left > 0; --left) several(std::integral_constant<int, 1>{});
  }
  T* out = t.out;
  const int64_t outRow = t.outRow;
  const Epilogue<T>* const epilogue = t.epilogue;
#pragma GCC unroll 8
  for (int i = 0; i < MR; ++i, out += outRow) {
    if (byRow) {
#pragma GCC unroll 8
      for (int step = 0; step < kLastSteps; ++step) {
        const V<T> x = Vec<T>(group[i / kGroup][(i % kGroup) * aRow + taken + step * aStep]).raw;
#pragma GCC unroll 8
        for (int j = 0; j < NV; ++j) sum[i][j] = multiplyAdd<T>(sum[i][j], ofB(b + step * bStep, j), x);
      }
    }
    if (epilogue) {
      finishRegisters<T, NV>(
          sum[i], *epilogue, out, t.col, [&](const T* p, int j) __attribute__((always_inline)) {
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

// The layout and kind that a tile is made for. Tiles of few rows are rare, and Any's do the same with more instructions; only the
// largest fetch something, and a tile of part of a panel does not pack it.
constexpr Layout layoutMade(int rows, TileKind kind, Layout l) {
  const bool part = kind == TileKind::Part;
  return rows <= 2 || (part && l == Layout::Across) ? Layout::Any : l;
}
constexpr TileKind kindMade(bool largest, TileKind kind, Layout l) {
  return fetches(kind) && !(largest && (isPacked(l) || kLayouts == 1)) ? TileKind::Whole : kind;
}

template <class T>
struct TileTable {
  Tiles<T> tiles{};

  template <int MR, int NV, Layout layout, TileKind kind>
  static constexpr Tile<T> made() {
    constexpr TileKind is = kindMade(MR == kTileRows && NV == tileVectors(MR), kind, layout);
    constexpr Layout reads = layoutMade(MR, is, layout);
    if constexpr (isKeeping(layout) && (reads != layout || is == TileKind::Part))
      return nullptr;
    else
      return tile<T, MR, NV, is, reads>;
  }
  template <int MR, int NV, Layout layout, size_t... kind>
  constexpr void fillKinds(std::index_sequence<kind...>) {
    ((tiles.of[static_cast<int>(layout)][kind][MR - 1][NV - 1] = made<MR, NV, layout, static_cast<TileKind>(kind)>()),
     ...);
  }
  template <int MR, int NV, Layout layout>
  constexpr void fill() {
    fillKinds<MR, NV, layout>(std::make_index_sequence<kTileKinds>());
    if constexpr (NV > 1) {
      fill<MR, NV - 1, layout>();
    } else if constexpr (MR > 1) {
      fill<MR - 1, tileVectors(MR - 1), layout>();
    } else if constexpr (static_cast<int>(layout) + 1 < kLayouts) {
      fill<kTileRows, tileVectors(kTileRows), Layout{static_cast<uint8_t>(static_cast<int>(layout) + 1)}>();
    }
  }
  constexpr TileTable() { fill<kTileRows, tileVectors(kTileRows), Layout::Any>(); }
};

}  // namespace anneal::ANNEAL_LEVEL::gemm
