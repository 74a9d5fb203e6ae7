// The cheapest of the ways that fit a product's strides. It depends on shapes and strides alone.
#pragma once
#include "cpu/gemm/product.h"

namespace anneal::ANNEAL_LEVEL::gemm {

enum class Way : uint8_t { Tiles, Dot, Row };
struct Plan {
  bool flipped;
  Way way;
};

// What the time of a product depends on.
struct Sides {
  int64_t rows, cols, depth, aStep, bStep, bCol;
  bool flipped;
};
template <class T>
Sides sidesOf(const Product<T>& p) {
  return {p.rows, p.cols, p.depth, p.aStep, p.bStep, p.bCol, false};
}
template <class T>
Sides flippedSides(const Product<T>& p) {
  return {p.cols, p.rows, p.depth, p.bStep, p.aStep, p.aRow, true};
}

// Times in vector multiply-adds, packing and turning C included.
template <class T>
int64_t tiledCost(const Sides& s, bool packed = false) {
  const int64_t vectors = ceilDiv(s.cols, W<T>);
  const int64_t packA = s.aStep == 1 ? 0 : ceilDiv(s.rows, W<T>);
  const int64_t packB = packed ? 0 : vectors * (s.bCol == 1 ? 1 : s.bStep == 1 ? 3 : 4 * W<T>);
  const int64_t turns = s.flipped ? 8 * s.rows * vectors * ceilDiv(s.depth, kDepthBlock<T>) : 0;
  return (s.rows * vectors + packA + packB) * s.depth + turns;
}
// Dot products need the depth contiguous in B; A may be copied. One row by many columns is as good as the other way
// round, and reads more streams.
template <class T>
int64_t dotCost(const Sides& s) {
  if (s.bStep != 1) return INT64_MAX;
  return s.rows + s.rows * s.cols * (ceilDiv(s.depth, W<T>) * 5 / 4 + 6) + (s.aStep == 1 ? 0 : 2 * s.rows * s.depth);
}
template <class T>
int64_t rowCost(const Sides& s) {
  return s.rows == 1 && s.bCol == 1 ? ceilDiv(s.cols, W<T>) * s.depth * 5 / 4 : INT64_MAX;
}

template <class T>
Plan planOf(const Product<T>& p) {
  Plan best{};
  int64_t cost = INT64_MAX;
  const auto consider = [&](int64_t time, bool flipped, Way way) {
    if (time < cost) best = {flipped, way};
    cost = least(cost, time);
  };
  const auto considerAll = [&](const Sides& sides) {
    consider(tiledCost<T>(sides), sides.flipped, Way::Tiles);
    consider(dotCost<T>(sides), sides.flipped, Way::Dot);
    consider(rowCost<T>(sides), sides.flipped, Way::Row);
  };
  considerAll(sidesOf(p));
  considerAll(flippedSides(p));
  return best;
}

}  // namespace anneal::ANNEAL_LEVEL::gemm
