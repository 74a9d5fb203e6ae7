// Which elements of an image make the one at a position of the grid, and with what weights; for as many positions as a vector has lanes.
#pragma once
#include "cpu/math.h"
#include "cpu/simd.h"
#include "cpu/support.h"
#include "formulas/rounding.h"

namespace anneal::ANNEAL_LEVEL {
namespace {

template <class T>
using PlaceOf = typename LaneTypes<T>::Int;  // of a place beside T's lanes

// The elements along one dimension: places outside of the image are -1.
template <class T>
struct GridTaps {
  Vec<PlaceOf<T>> place[4];
  Vec<T> weight[4];
};

// A position between elements, and its derivative by the coordinate.
template <class T>
struct GridPosition {
  Vec<T> at, slope;
};

// -1 and 1 are the ends.
template <class T>
ANNEAL_INLINE GridPosition<T> unnormalized(Vec<T> coordinate, int64_t size, bool alignCorners) {
  const T n = static_cast<T>(size);
  const Vec<T> one(T(1)), half(static_cast<T>(0.5));
  if (alignCorners) return {(coordinate + one) * half * Vec<T>(n - 1), Vec<T>((n - 1) / 2)};
  return {((coordinate + one) * Vec<T>(n) - one) * half, Vec<T>(n / 2)};
}

// A position outside of [low, high] mirrored at these ends as often as needed.
template <class T>
ANNEAL_INLINE GridPosition<T> reflected(GridPosition<T> p, T low, T high) {
  const T span = high - low;
  const Vec<T> zero(T(0)), half(static_cast<T>(0.5));
  if (!(span > 0)) return {zero, zero};
  Vec<T> beyond = p.at - Vec<T>(low);
  const auto before = beyond < zero;
  beyond = abs(beyond);
  const Vec<T> turns = floor(beyond / Vec<T>(span)), rest = beyond - turns * Vec<T>(span);
  const auto back = floor(turns * half) != turns * half;
  return {select(back, Vec<T>(span) - rest, rest) + Vec<T>(low), select(before ^ back, -p.slope, p.slope)};
}

// A position moved to where the padding says.
template <class T>
ANNEAL_INLINE GridPosition<T> padded(GridPosition<T> p, int64_t size, GridPadding padding, bool alignCorners) {
  if (padding == GridPadding::Zeros) return p;
  const T last = static_cast<T>(size - 1), half = static_cast<T>(0.5);
  if (padding == GridPadding::Reflection) {
    p = alignCorners ? reflected<T>(p, 0, last) : reflected<T>(p, -half, last + half);
  }
  const Vec<T> zero(T(0));
  const auto below = p.at <= zero, above = p.at >= Vec<T>(last);
  return {select(below, zero, select(above, Vec<T>(last), p.at)), select(below | above, zero, p.slope)};
}

// A whole position as a place of the image, or -1; NaN is none.
template <class T>
ANNEAL_INLINE Vec<PlaceOf<T>> placeOf(Vec<T> at, int64_t size) {
  const auto inside = (at >= Vec<T>(T(0))) & (at < Vec<T>(static_cast<T>(size)));
  return convert<PlaceOf<T>>(select(inside, at, Vec<T>(T(-1))));
}

// The derivative, of the order given, of cubic convolution (Keys 1981, a = -0.75) at distance x; `outer`: of at least 1.
template <class T>
ANNEAL_INLINE Vec<T> cubicDerivative(Vec<T> x, bool outer, int64_t order) {
  const auto v = [](double value) { return Vec<T>(static_cast<T>(value)); };
  constexpr double a = -0.75;
  const Vec<T> r = abs(x), sign = select(x < v(0), v(-1), v(1));
  switch (order) {
    case 0:
      return outer ? ((v(a) * r - v(5 * a)) * r + v(8 * a)) * r - v(4 * a) : (v(a + 2) * r - v(a + 3)) * r * r + v(1);
    case 1:
      return sign * (outer ? (v(3 * a) * r - v(10 * a)) * r + v(8 * a) : (v(3 * (a + 2)) * r - v(2 * (a + 3))) * r);
    case 2: return outer ? v(6 * a) * r - v(10 * a) : v(6 * (a + 2)) * r - v(2 * (a + 3));
    case 3: return sign * v(outer ? 6 * a : 6 * (a + 2));
    default: return v(0);
  }
}

// What coordinates pick along a dimension, with the weights differentiated `order` times by them. One function for all dimensions and
// paddings: what is done for a position once weighs little beside what all channels take from it.
template <GridMode Mode, class T>
[[gnu::noinline]] GridTaps<T> tapsOf(Vec<T> coordinate, int64_t size, GridPadding padding, bool alignCorners,
                                     int64_t order) {
  const Vec<T> zero(T(0)), one(T(1));
  GridTaps<T> taps;
  GridPosition<T> p = unnormalized(coordinate, size, alignCorners);
  if constexpr (Mode != GridMode::Cubic) p = padded(p, size, padding, alignCorners);
  if constexpr (Mode == GridMode::Nearest) {
    taps.place[0] = placeOf(round(p.at), size);
    taps.weight[0] = order == 0 ? one : zero;
    return taps;
  }
  const Vec<T> whole = floor(p.at), second = p.at - whole;
  if constexpr (Mode == GridMode::Linear) {
    taps.place[0] = placeOf(whole, size);
    taps.place[1] = placeOf(whole + one, size);
    taps.weight[0] = order == 0 ? one - second : order == 1 ? -p.slope : zero;
    taps.weight[1] = order == 0 ? second : order == 1 ? p.slope : zero;
    return taps;
  }
  // Each of the four places is moved by the padding, and not the position.
  Vec<T> power = one;
  for (int64_t i = 0; i < order && i < 3; ++i) power *= p.slope;  // beyond the third, derivatives are 0
  for (int tap = 0; tap < 4; ++tap) {
    const GridPosition<T> at{whole + Vec<T>(static_cast<T>(tap - 1)), zero};
    taps.place[tap] = placeOf(padded(at, size, padding, alignCorners).at, size);
    taps.weight[tap] = power * cubicDerivative(second + Vec<T>(static_cast<T>(1 - tap)), tap == 0 || tap == 3, order);
  }
  return taps;
}

}  // namespace
}  // namespace anneal::ANNEAL_LEVEL
