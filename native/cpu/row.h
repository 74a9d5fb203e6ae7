// Passes over rows of floats, shared by softmax and the losses over classes.
//
// Rows are taken in groups of as many as a vector has lanes (of one where they are long), so that what is done once a
// row, a logarithm or a division, is done once per group, and lanes are folded together.
#pragma once
#include "cpu/fold.h"
#include "cpu/math.h"
#include "cpu/support.h"

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

// One lane per row: the maxima of `rows` rows of n elements.
template <class T>
ANNEAL_INLINE Vec<T> rowMaxima(const T* x, int64_t n, int rows) {
  Vec<T> out;
  foldRows<QuickMaxOf<T>, T, 1>(
      rows, n,
      [&](int r, int64_t i, int lanes) ANNEAL_INLINED { return Terms<T, 1>{{loadLanes(x + r * n + i, lanes)}}; }, &out);
  return out;
}

// The sums of plain terms; at(r, i, lanes) gives one vector.
template <class T, class At>
ANNEAL_INLINE Vec<T> rowSums(int rows, int64_t n, const At& at) {
  Vec<T> out;
  foldRows<SumOf<T>, T, 1>(
      rows, n, [&](int r, int64_t i, int lanes) ANNEAL_INLINED { return Terms<T, 1>{{at(r, i, lanes)}}; }, &out);
  return out;
}

// One value per row, to be spread over it.
template <class T>
struct PerRow {
  T value[Vec<T>::kLanes];
  ANNEAL_INLINE explicit PerRow(Vec<T> v) { store(value, v); }
  ANNEAL_INLINE Vec<T> operator[](int r) const { return Vec<T>(value[r]); }
};

// body(r, i, lanes) for all vectors of all rows of a group.
template <class T, class Body>
ANNEAL_INLINE void forElements(int rows, int64_t n, Body&& body) {
  for (int r = 0; r < rows; ++r) {
    forLanes<T>(n, [&](int64_t i, int lanes) ANNEAL_INLINED { body(r, i, lanes); });
  }
}

// Calls body(first, rows) for the groups of all rows, in tasks of about 8192 elements.
template <class T, class Body>
void forRowGroups(int64_t rows, int64_t n, Body&& body) {
  constexpr int64_t kGrain = 1 << 13, kGroup = 1 << 11;  // a group stays in the L1 cache for all passes
  const int64_t group = n * Vec<T>::kLanes < kGroup ? Vec<T>::kLanes : 1, elements = group * n + 1;
  const auto groups = [&](int64_t begin, int64_t end) {
    for (int64_t g = begin; g < end; ++g) {
      const int64_t first = g * group, left = rows - first;
      body(first, static_cast<int>(left < group ? left : group));
    }
  };
  const int64_t grain = elements < kGrain ? kGrain / elements : 1;
  forRange((rows + group - 1) / group, grain, groups, 1 + grain * elements / (kGrain / 2));
}

}  // namespace anneal::ANNEAL_LEVEL
