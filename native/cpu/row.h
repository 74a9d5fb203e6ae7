// Passes over one row of floats, shared by softmax and the losses over classes.
#pragma once
#include "cpu/fold.h"
#include "cpu/math.h"

namespace anneal::ANNEAL_LEVEL {

// A maximum that may pass NaN over: what it is taken off from, keeps it.
template <class T>
struct QuickMaxOf {
  static constexpr T kIdentity = extreme<T>(false);
  template <class V>
  static ANNEAL_INLINE V apply(V a, V b) {
    return max(a, b);
  }
};

template <class T>
T rowMax(const T* x, int64_t n) {
  T out;
  foldRow<QuickMaxOf<T>, T, 1>(
      n, [&](int64_t i, int lanes) { return Terms<T, 1>{{loadLanes(x + i, lanes)}}; }, &out);
  return out;
}

// sum(exp(x - shift))
template <class T>
T rowSumExp(const T* x, int64_t n, Vec<T> shift) {
  return sumRow<T>(n, [&](int64_t i, int lanes) { return exp(loadLanes(x + i, lanes) - shift); });
}

}  // namespace anneal::ANNEAL_LEVEL
