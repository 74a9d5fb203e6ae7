// The cheapest of the ways that fit a product's strides. It depends on shapes and strides alone.
#pragma once
#include "cpu/gemm/dot.h"
#include "cpu/gemm/driver.h"

namespace anneal::ANNEAL_LEVEL::gemm {

struct Plan {
  bool flipped, dot;
};

template <class T>
Plan planOf(const Product<T>& p) {
  const Product<T> turned = flip(p);
  const int64_t tiles = tiledCost(p), turnedTiles = tiledCost(turned);
  const int64_t dot = dotCost(p), turnedDot = dotCost(turned);
  const bool flipped = least(turnedTiles, turnedDot) < least(tiles, dot);
  return {flipped, flipped ? turnedDot < turnedTiles : dot < tiles};
}

}  // namespace anneal::ANNEAL_LEVEL::gemm
