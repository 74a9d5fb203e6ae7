// Threads that work on one row together: a warp, or a block of 256. They fold their values in a fixed order, so that the same row gives
// the same bits on every GPU.
#pragma once
#include "device/launch.h"

namespace anneal::ANNEAL_LEVEL {

constexpr unsigned kTeamBlock = 256, kWarpsPerBlock = kTeamBlock / kWarp;
constexpr int64_t kWarpRow = 1024;  // longest row that a warp takes

// merge(a, b) of the values of all lanes; the same in each.
template <class T, class Merge>
ANNEAL_INLINE T foldWarp(T value, const Merge& merge) {
  for (unsigned lanes = kWarp / 2; lanes > 0; lanes /= 2) value = merge(value, shuffleXor(value, lanes));
  return value;
}

// A warp has a row of its own; those behind the last row do its work again and do not write.
struct WarpTeam {
  static constexpr unsigned kSize = kWarp;
  unsigned index;

  ANNEAL_INLINE WarpTeam() : index(threadIndex() % kWarp) {}
  ANNEAL_INLINE int64_t row() const { return int64_t{blockIndex()} * kWarpsPerBlock + threadIndex() / kWarp; }
  template <class T, class Merge>
  ANNEAL_INLINE T fold(T value, const Merge& merge) const {
    return foldWarp(value, merge);
  }
  static Grid grid(int64_t rows) { return {(rows + kWarpsPerBlock - 1) / kWarpsPerBlock}; }
};

struct BlockTeam {
  static constexpr unsigned kSize = kTeamBlock;
  unsigned index;

  ANNEAL_INLINE BlockTeam() : index(threadIndex()) {}
  ANNEAL_INLINE int64_t row() const { return blockIndex(); }
  template <class T, class Merge>
  ANNEAL_INLINE T fold(T value, const Merge& merge) const {
    ANNEAL_SHARED(T, part, kWarpsPerBlock);
    value = foldWarp(value, merge);
    barrier();  // what was folded before has been read
    if (threadIndex() % kWarp == 0) part[threadIndex() / kWarp] = value;
    barrier();
    value = part[0];
    for (unsigned warp = 1; warp < kWarpsPerBlock; ++warp) value = merge(value, part[warp]);
    return value;
  }
  static Grid grid(int64_t rows) { return {rows}; }
};

// Calls f with the team for rows of that length.
template <class F>
void withTeam(int64_t extent, F&& f) {
  extent <= kWarpRow ? f(static_cast<WarpTeam*>(nullptr)) : f(static_cast<BlockTeam*>(nullptr));
}

}  // namespace anneal::ANNEAL_LEVEL
