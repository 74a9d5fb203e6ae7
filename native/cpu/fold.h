// Trees that fold many values into one sum (product, maximum) in an order that depends on their number alone.
//
// A long chain of additions loses a bit for every doubling of its length. Here chains have 8 links, and what they give
// is folded pairwise, so that the error grows like the logarithm of the number of values.
#pragma once
#include "cpu/simd.h"

namespace anneal::ANNEAL_LEVEL {

// ---- how two values become one: apply takes scalars and vectors ----------------------------------------------------
template <class T>
struct SumOf {
  static constexpr T kIdentity = 0;
  template <class V>
  static ANNEAL_INLINE V apply(V a, V b) {
    return a + b;
  }
};

template <class T>
struct ProductOf {
  static constexpr T kIdentity = 1;
  template <class V>
  static ANNEAL_INLINE V apply(V a, V b) {
    return a * b;
  }
};

// The extremes: of integers from their bits, of floats the infinities.
template <class T>
constexpr T extreme(bool highest) {
  if constexpr (kIsFloat<T>)
    return static_cast<T>(highest ? __builtin_inf() : -__builtin_inf());
  else if constexpr (static_cast<T>(-1) > 0)
    return highest ? static_cast<T>(-1) : T{0};
  else
    return static_cast<T>((uint64_t{1} << (8 * sizeof(T) - 1)) - highest);
}

// better(x, best): x replaces best. NaN beats every number, and the first NaN stays.
template <class T>
struct MaxOf {
  static constexpr T kIdentity = extreme<T>(false);
  template <class V>
  static ANNEAL_INLINE auto better(V x, V best) {
    if constexpr (kIsFloat<T>)
      return (!(x <= best)) & (best == best);
    else
      return x > best;
  }
  static ANNEAL_INLINE T apply(T a, T b) { return better(b, a) ? b : a; }
  static ANNEAL_INLINE Vec<T> apply(Vec<T> a, Vec<T> b) { return select(better(b, a), b, a); }
};

template <class T>
struct MinOf {
  static constexpr T kIdentity = extreme<T>(true);
  template <class V>
  static ANNEAL_INLINE auto better(V x, V best) {
    if constexpr (kIsFloat<T>)
      return (!(x >= best)) & (best == best);
    else
      return x < best;
  }
  static ANNEAL_INLINE T apply(T a, T b) { return better(b, a) ? b : a; }
  static ANNEAL_INLINE Vec<T> apply(Vec<T> a, Vec<T> b) { return select(better(b, a), b, a); }
};

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

template <class T>
ANNEAL_INLINE Vec<T> loadLanes(const T* p, int n) {
  return n == Vec<T>::kLanes ? load(p) : loadPartial(p, n);
}
template <class T>
ANNEAL_INLINE void storeLanes(T* p, Vec<T> v, int n) {
  if (n == Vec<T>::kLanes)
    store(p, v);
  else
    storePartial(p, v, n);
}

// Calls body(i, lanes) for the vectors of a row of n elements, the last of them partial.
template <class T, class Body>
ANNEAL_INLINE void forLanes(int64_t n, Body&& body) {
  constexpr int kLanes = Vec<T>::kLanes;
  int64_t i = 0;
  for (; i + kLanes <= n; i += kLanes) body(i, kLanes);
  if (i < n) body(i, static_cast<int>(n - i));
}

#if !defined(__clang__)
// Lane i is i + shift, wrapping around.
template <class Raw, int lanes>
ANNEAL_INLINE Raw lanesFrom(int shift) {
  Raw raw;
#pragma GCC unroll 16
  for (int i = 0; i < lanes; ++i) raw[i] = (i + shift) % lanes;
  return raw;
}
#endif

// The lanes of v folded in halves: every lane with the one kLanes / 2 further, then kLanes / 4 ... 1.
template <class Op, class T>
ANNEAL_INLINE T foldLanes(Vec<T> v) {
#if !defined(__clang__)  // GCC would not unroll the loops of reduceLanes; clang lacks the builtin
  if constexpr (sizeof(T) >= 4) {
    using Raw = typename LaneTypes<typename LaneTypes<T>::Int>::Raw;
    constexpr int kLanes = Vec<T>::kLanes;
    if constexpr (kLanes >= 16) v = Op::apply(v, Vec<T>(__builtin_shuffle(v.raw, lanesFrom<Raw, kLanes>(8))));
    if constexpr (kLanes >= 8) v = Op::apply(v, Vec<T>(__builtin_shuffle(v.raw, lanesFrom<Raw, kLanes>(4))));
    if constexpr (kLanes >= 4) v = Op::apply(v, Vec<T>(__builtin_shuffle(v.raw, lanesFrom<Raw, kLanes>(2))));
    return Op::apply(v[0], v[1]);
  }
#endif
  return reduceLanes(v, [](T a, T b) { return Op::apply(a, b); });
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

// Folds at(first) ... at(first + n - 1), n >= 1, in runs of 8 links in each of `chains` chains.
template <class Op, int chains, class T, int count, class At>
Terms<T, count> foldTree(const At& at, int64_t first, int64_t n) {
  static_assert(chains == 1 || chains == 4);
  constexpr int64_t kRun = 8 * chains;
  if (n > kRun) {
    const int64_t half = (n / 2 + kRun - 1) / kRun * kRun;
    Terms<T, count> left = foldTree<Op, chains, T, count>(at, first, half);
    merge<Op>(left, foldTree<Op, chains, T, count>(at, first + half, n - half));
    return left;
  }
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

// Folds a row of n elements, n >= 0, into out[count]: at(i, lanes) gives the terms of elements i ... i + lanes - 1; wh
// it gives in further lanes is ignored.
template <class Op, class T, int count, class At>
void foldRow(int64_t n, const At& at, T* out) {
  constexpr int kLanes = Vec<T>::kLanes;
  const int64_t full = n / kLanes;
  const int rest = static_cast<int>(n % kLanes);
  Terms<T, count> total;
  if (full > 0) {
    total = foldTree<Op, 4, T, count>([&](int64_t v) { return at(v * kLanes, kLanes); }, 0, full);
  } else {
    for (int c = 0; c < count; ++c) total.v[c] = Vec<T>(Op::kIdentity);
  }
  if (rest > 0) {
    const Terms<T, count> tail = at(full * kLanes, rest);
    for (int c = 0; c < count; ++c) {
      total.v[c] = Op::apply(total.v[c], select(firstLanes<T>(rest), tail.v[c], Vec<T>(Op::kIdentity)));
    }
  }
  for (int c = 0; c < count; ++c) out[c] = foldLanes<Op>(total.v[c]);
}

// The sum of a row of plain terms; at(i, lanes) gives one vector.
template <class T, class At>
ANNEAL_INLINE T sumRow(int64_t n, const At& at) {
  T sum;
  foldRow<SumOf<T>, T, 1>(
      n, [&](int64_t i, int lanes) { return Terms<T, 1>{{at(i, lanes)}}; }, &sum);
  return sum;
}

}  // namespace anneal::ANNEAL_LEVEL
