// Trees that fold many values into one sum (product, maximum) in an order that depends on their number alone.
//
// A long chain of additions loses a bit for every doubling of its length. Here chains have 8 links, and what they give
// is folded pairwise, so that the error grows like the logarithm of the number of values.
#pragma once
#include "cpu/shuffle.h"
#include "formulas/fold.h"

namespace anneal::ANNEAL_LEVEL {

// ---- vectors and rows ----------------------------------------------------------------------------------------------
constexpr int8_t kLaneWindow[2 * kVectorBytes] = {
#define ANNEAL_ONES16 -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1
    ANNEAL_ONES16,
#if defined(__AVX2__)
    ANNEAL_ONES16,
#endif
#if defined(__AVX512F__)
    ANNEAL_ONES16,
    ANNEAL_ONES16,
#endif
#undef ANNEAL_ONES16
};

// The mask of the first n lanes, 0 <= n <= kLanes.
template <class T>
ANNEAL_INLINE Mask<sizeof(T)> firstLanes(int n) {
  const Vec<int8_t> bytes = load(kLaneWindow + kVectorBytes - n * static_cast<int>(sizeof(T)));
  return {(typename Mask<sizeof(T)>::Raw)bytes.raw};
}

// Calls body(i, lanes) for the vectors of a row of n elements, the last of them partial.
template <class T, class Body>
ANNEAL_INLINE void forLanes(int64_t n, Body&& body) {
  constexpr int kLanes = Vec<T>::kLanes;
  int64_t i = 0;
  for (; i + kLanes <= n; i += kLanes) body(i, kLanes);
  if (i < n) body(i, static_cast<int>(n - i));
}

// The lanes of v folded in halves: every lane with the one kLanes / 2 further, then kLanes / 4 ... 1.
template <class Op, class T>
ANNEAL_INLINE T foldLanes(Vec<T> v) {
  if constexpr (sizeof(T) >= 4) {
    constexpr int kLanes = Vec<T>::kLanes;
    if constexpr (kLanes >= 16) v = Op::apply(v, Vec<T>(Indices<kLanes>::template swapped<8>(v.raw)));
    if constexpr (kLanes >= 8) v = Op::apply(v, Vec<T>(Indices<kLanes>::template swapped<4>(v.raw)));
    if constexpr (kLanes >= 4) v = Op::apply(v, Vec<T>(Indices<kLanes>::template swapped<2>(v.raw)));
    return Op::apply(v[0], v[1]);
  }
  return reduceLanes(v, [](T a, T b) { return Op::apply(a, b); });
}

// The same of kLanes vectors at once: lane i of the result is what foldLanes gives of v[i]. Every step puts the lanes of
// two rows, or of two groups of rows, that are left into one vector.
template <class Op, class T>
ANNEAL_INLINE Vec<T> foldLanesOfEach(Vec<T>* v) {
  constexpr int kLanes = Vec<T>::kLanes;
  const auto step = [&](auto width) {
    constexpr int w = width();
#pragma GCC unroll 16
    for (int i = 0; i < w; ++i) {
      Indices<kLanes>::template exchange<w>(v[i].raw, v[i + w].raw);
      v[i] = Op::apply(v[i], v[i + w]);
    }
  };
  if constexpr (kLanes >= 16) step([] { return 8; });
  if constexpr (kLanes >= 8) step([] { return 4; });
  if constexpr (kLanes >= 4) step([] { return 2; });
  step([] { return 1; });
  return v[0];
}

// ---- trees ---------------------------------------------------------------------------------------------------------
// What one step adds: several sums may run side by side.
template <class T, int count>
struct Terms {
  Vec<T> v[count];
};

template <class Op, class T, int count>
ANNEAL_INLINE void merge(Terms<T, count>& a, const Terms<T, count>& b) {
#pragma GCC unroll 8
  for (int i = 0; i < count; ++i) a.v[i] = Op::apply(a.v[i], b.v[i]);
}

// Folds at(first) ... at(first + n - 1), 1 <= n <= 8 * chains, by `chains` chains.
template <class Op, int chains, class T, int count, class At>
ANNEAL_INLINE Terms<T, count> foldRun(const At& at, int64_t first, int64_t n) {
  static_assert(chains == 1 || chains == 4);
  Terms<T, count> chain[chains];
  chain[0] = at(first);
  int64_t i = 1;
  if (n >= chains) {
#pragma GCC unroll 4
    for (int c = 1; c < chains; ++c) chain[c] = at(first + c);
    for (i = chains; i + chains <= n; i += chains) {
#pragma GCC unroll 4
      for (int c = 0; c < chains; ++c) merge<Op>(chain[c], at(first + i + c));
    }
    if constexpr (chains == 4) {
      merge<Op>(chain[0], chain[2]);
      merge<Op>(chain[1], chain[3]);
      merge<Op>(chain[0], chain[1]);
    }
  }
  for (; i < n; ++i) merge<Op>(chain[0], at(first + i));
  return chain[0];
}

// The same for any n >= 1, in runs. Clang 18 to 22 make a loop of a last call that is merged with other values, and start it from a
// wrong value where those are vectors of signed integers (llvm/llvm-project#208367): the compiler crashes, or extremes are wrong.
template <class Op, int chains, class T, int count, class At>
ANNEAL_NO_TAIL_CALLS Terms<T, count> foldTree(const At& at, int64_t first, int64_t n) {
  constexpr int64_t kRun = 8 * chains;
  if (n <= kRun) return foldRun<Op, chains, T, count>(at, first, n);
  const int64_t half = (n / 2 + kRun - 1) / kRun * kRun;
  Terms<T, count> left = foldTree<Op, chains, T, count>(at, first, half);
  merge<Op>(left, foldTree<Op, chains, T, count>(at, first + half, n - half));
  return left;
}

// The vectors that a row of n elements, n >= 0, folds to before its lanes are folded: at(i, lanes) gives the terms of
// elements i ... i + lanes - 1; what it gives in further lanes is ignored.
template <class Op, class T, int count, class At>
ANNEAL_INLINE Terms<T, count> foldVectors(int64_t n, const At& at) {
  constexpr int kLanes = Vec<T>::kLanes;
  const int64_t full = n / kLanes;
  const int rest = static_cast<int>(n % kLanes);
  const auto vector = [&](int64_t v) ANNEAL_INLINED { return at(v * kLanes, kLanes); };
  Terms<T, count> total;
  if (full == 0) {
    for (int c = 0; c < count; ++c) total.v[c] = Vec<T>(Op::kIdentity);
  } else if (full < 4) {
    total = vector(0);
    for (int64_t v = 1; v < full; ++v) merge<Op>(total, vector(v));
  } else {
    total = foldTree<Op, 4, T, count>(vector, 0, full);
  }
  if (rest > 0) {
    const Terms<T, count> tail = at(full * kLanes, rest);
    for (int c = 0; c < count; ++c) {
      total.v[c] = Op::apply(total.v[c], select(firstLanes<T>(rest), tail.v[c], Vec<T>(Op::kIdentity)));
    }
  }
  return total;
}

// Folds a row of n elements into out[count].
template <class Op, class T, int count, class At>
void foldRow(int64_t n, const At& at, T* out) {
  const Terms<T, count> total = foldVectors<Op, T, count>(n, at);
  for (int c = 0; c < count; ++c) out[c] = foldLanes<Op>(total.v[c]);
}

// Folds up to kLanes rows of n elements: lane r of out[c] is what foldRow gives of at(r, i, lanes). Whole groups fold
// their lanes together, which is what a short row spends most of its time on.
template <class Op, class T, int count, class At>
ANNEAL_INLINE void foldRows(int rows, int64_t n, const At& at, Vec<T>* out) {
  constexpr int kLanes = Vec<T>::kLanes;
  if constexpr (sizeof(T) >= 4) {
    if (rows == kLanes) {
      Vec<T> vectors[count][kLanes];
      for (int r = 0; r < kLanes; ++r) {
        const Terms<T, count> total =
            foldVectors<Op, T, count>(n, [&](int64_t i, int lanes) ANNEAL_INLINED { return at(r, i, lanes); });
        for (int c = 0; c < count; ++c) vectors[c][r] = total.v[c];
      }
      for (int c = 0; c < count; ++c) out[c] = foldLanesOfEach<Op>(vectors[c]);
      return;
    }
  }
  T values[count][kLanes] = {}, row[count];
  if (rows == 1) {  // through memory it would be written narrow and read wide, which takes long
    foldRow<Op, T, count>(
        n, [&](int64_t i, int lanes) ANNEAL_INLINED { return at(0, i, lanes); }, row);
    for (int c = 0; c < count; ++c) out[c] = Vec<T>(row[c]);
    return;
  }
  if (rows < 2 || rows > kLanes) __builtin_unreachable();  // g++ warns of reads before the array otherwise
  for (int r = 0; r < rows; ++r) {
    foldRow<Op, T, count>(
        n, [&](int64_t i, int lanes) ANNEAL_INLINED { return at(r, i, lanes); }, row);
    for (int c = 0; c < count; ++c) values[c][r] = row[c];
  }
  for (int c = 0; c < count; ++c) out[c] = load(values[c]);
}

// The sum of a row of plain terms; at(i, lanes) gives one vector.
template <class T, class At>
ANNEAL_INLINE T sumRow(int64_t n, const At& at) {
  T sum;
  foldRow<SumOf<T>, T, 1>(
      n, [&](int64_t i, int lanes) ANNEAL_INLINED { return Terms<T, 1>{{at(i, lanes)}}; }, &sum);
  return sum;
}

}  // namespace anneal::ANNEAL_LEVEL
