// Where values belong in sorted rows: several binary searches at once, since each waits for memory.
#pragma once
#include "cpu/fold.h"
#include "cpu/support.h"

namespace anneal::ANNEAL_LEVEL {
namespace {

// Whether a value that is not NaN belongs behind an element: all ones, or zeros, as a branch would be foreseen wrongly half the time.
template <bool right, class T>
ANNEAL_INLINE int64_t isBehind(T value, T element) {
  return -static_cast<int64_t>(right ? element <= value : element < value);
}

// index[q] of `count` <= kTogether queries among the n elements from begin[q] on.
constexpr int kTogether = 16;
template <bool right, class T, class At>
ANNEAL_INLINE void searchSome(const At& at, int64_t n, const T* queries, int count, int64_t* begin) {
  for (int64_t left = n; left > 0;) {
    const int64_t half = (left + 1) / 2;  // of what is left, at least one
    for (int q = 0; q < count; ++q) begin[q] += half & isBehind<right>(queries[q], at(begin[q] + half - 1));
    left -= half;
  }
}

// A row, and the last element of each of its cache lines where that pays: these are searched first, and stay in the cache.
template <class T>
struct Sequence {
  static constexpr int64_t kLine = 64 / sizeof(T);
  const T* x;
  int64_t n;
  const int64_t* order;
  const T* lines;  // or null

  // How many elements of the line from place `begin` on the value belongs behind: the first ones.
  template <bool right>
  ANNEAL_INLINE int64_t behindInLine(T value, int64_t begin) const {
    constexpr int kLanes = Vec<T>::kLanes;
    const Vec<T> v(value);
    int64_t count = 0;
    for (int64_t i = begin; i < n && i < begin + kLine; i += kLanes) {
      const int lanes = n - i < kLanes ? static_cast<int>(n - i) : kLanes;
      const Vec<T> e = loadLanes(x + i, lanes);
      const uint64_t others = ~laneBits((right ? e <= v : e < v) & firstLanes<T>(lanes));
      const int found = kLanes == 64 && others == 0 ? 64 : __builtin_ctzll(others);
      count += found;
      if (found < kLanes) break;
    }
    return count;
  }

  template <bool right>
  ANNEAL_INLINE void find(const T* queries, int count, int64_t* index) const {
    int64_t at[kTogether] = {};
    if (order) {
      searchSome<right>([&](int64_t i) ANNEAL_INLINED { return x[order[i]]; }, n, queries, count, at);
    } else if (!lines) {
      searchSome<right>([&](int64_t i) ANNEAL_INLINED { return x[i]; }, n, queries, count, at);
    } else {
      searchSome<right>([&](int64_t i) ANNEAL_INLINED { return lines[i]; }, n / kLine, queries, count, at);
      for (int q = 0; q < count; ++q) __builtin_prefetch(x + at[q] * kLine);
      for (int q = 0; q < count; ++q) at[q] = at[q] * kLine + behindInLine<right>(queries[q], at[q] * kLine);
    }
    for (int q = 0; q < count; ++q) index[q] = queries[q] == queries[q] ? at[q] : n;  // NaN belongs behind all
  }
};

template <bool right, class T>
void searchRows(const SortArgs& args) {
  constexpr int64_t kGrain = 1 << 12, kLine = Sequence<T>::kLine;
  const T* queries = static_cast<const T*>(args.queries);
  const T* src = static_cast<const T*>(args.src);
  const int64_t n = args.extent, perRow = n / kLine;
  T* lines = nullptr;
  if (!args.sorter && n >= (1 << 14) && args.k >= perRow) {
    lines = scratch<T>(0, args.outer * perRow);
    forRange(args.outer * perRow, kGrain, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) lines[i] = src[i / perRow * n + i % perRow * kLine + kLine - 1];
    });
  }
  forRange(
      args.outer * args.k, kGrain,
      [&](int64_t first, int64_t end) {
        while (first < end) {
          const int64_t o = first / args.k, rowEnd = (o + 1) * args.k, stop = end < rowEnd ? end : rowEnd;
          const Sequence<T> row{src + o * n, n, args.sorter ? args.sorter + o * n : nullptr,
                                lines ? lines + o * perRow : nullptr};
          for (; first + kTogether <= stop; first += kTogether) {
            row.template find<right>(queries + first, kTogether, args.index + first);
          }
          if (first < stop)
            row.template find<right>(queries + first, static_cast<int>(stop - first), args.index + first);
          first = stop;
        }
      },
      50);
}

// The order that is given must be one of the row's places.
inline void checkSorter(const SortArgs& args) {
  if (!args.sorter) return;
  const int64_t count = args.outer * args.extent;
  for (int64_t i = 0; i < count; ++i) {
    if (args.sorter[i] >= 0 && args.sorter[i] < args.extent) continue;
    fail(ErrorKind::Index, "[%s] sorter: index %lld is outside [0, %lld) at position %lld", args.name,
         static_cast<long long>(args.sorter[i]), static_cast<long long>(args.extent), static_cast<long long>(i));
  }
}

template <class T>
void search(const SortArgs& args) {
  checkSorter(args);
  if (args.right)
    searchRows<true, T>(args);
  else
    searchRows<false, T>(args);
}

}  // namespace
}  // namespace anneal::ANNEAL_LEVEL
