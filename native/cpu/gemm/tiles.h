// What a register tile computes, out[rows, vectors] = A B with its epilogue, and the tables of the tiles that there are. They are
// compiled in files of their own (tilesFloat.cc, tilesDouble.cc), and not again for each family that uses them.
#pragma once
#include "cpu/gemm/epilogue.h"

namespace anneal::ANNEAL_LEVEL::gemm {

enum class TileKind : uint8_t { Whole, Part, Ahead, Fetching };
constexpr int kTileKinds = 4;
constexpr bool fetches(TileKind kind) { return kind == TileKind::Ahead || kind == TileKind::Fetching; }

// What a tile need not look up: whether A's elements of a row (Along) or of a column (Across) are neighbours, and whether
// B's rows are (Packed). A Keeping tile packs B by the way: its rows, as they are loaded, go to `keep` for the tiles after it.
enum class Layout : uint8_t { Any, Along, Across, AlongKeeping, AcrossKeeping, AlongPacked, AcrossPacked };
constexpr int kLayouts = kStepsAtOnce > 1 ? 7 : 1;
constexpr bool isAcross(Layout l) {
  return l == Layout::Across || l == Layout::AcrossKeeping || l == Layout::AcrossPacked;
}
constexpr bool isAlong(Layout l) { return l != Layout::Any && !isAcross(l); }
constexpr bool isPacked(Layout l) { return l == Layout::AlongPacked || l == Layout::AcrossPacked; }
constexpr bool isKeeping(Layout l) { return l == Layout::AlongKeeping || l == Layout::AcrossKeeping; }

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
  const T* ahead;  // of Ahead and Fetching tiles: what lies like C at out, fetched while the sums are taken
  const T* next;   // of Fetching tiles: part of the next panel of B too, a cache line for every kStepsAtOnce steps
  T* keep;         // of Keeping tiles
  int lanesIn, lanesOut;  // of Part tiles: lanes of the last vector, in b and in out
};

template <class T>
using Tile = void (*)(const TileArgs<T>&);

template <class T>
struct Tiles {
  Tile<T> of[kLayouts][kTileKinds][kTileRows][kMostVectors];  // [layout][kind][rows - 1][vectors - 1]

  static const Tiles all;

  static Layout layoutOf(const TileArgs<T>& t, bool packed, bool keeping) {
    if (kLayouts == 1 || (t.aStep != 1 && t.aRow != 1)) return Layout::Any;
    if (packed) return t.aStep == 1 ? Layout::AlongPacked : Layout::AcrossPacked;
    if (keeping) return t.aStep == 1 ? Layout::AlongKeeping : Layout::AcrossKeeping;
    return t.aStep == 1 ? Layout::Along : Layout::Across;
  }
};
template <>
const Tiles<float> Tiles<float>::all;
template <>
const Tiles<double> Tiles<double>::all;

}  // namespace anneal::ANNEAL_LEVEL::gemm
