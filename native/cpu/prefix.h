// Sums and products of the elements so far in a dense row of floats, a vector at a time: lanes are shifted and joined, which takes
// the logarithm of their number, and what comes before the vector joins last.
#pragma once
#include "cpu/fold.h"

namespace anneal::ANNEAL_LEVEL {
namespace {

// What totals are kept in: float64 for floats, as PyTorch does on a CPU; integers modulo their size, where unsigned sums are defined.
template <class T>
struct WideOf {
  using type = uint64_t;
};
template <>
struct WideOf<float> {
  using type = double;
};
template <>
struct WideOf<double> {
  using type = double;
};

// Every lane joined with those before it, or behind it where Reverse.
template <template <class> class Op, bool Reverse>
ANNEAL_INLINE Vec<double> joinLanes(Vec<double> v) {
  constexpr int kLanes = Vec<double>::kLanes;
  const Vec<double> nothing(Op<double>::kIdentity);
  const auto step = [&](auto by) ANNEAL_INLINED {
    v = Op<double>::apply(Vec<double>(Indices<kLanes>::template shifted<by(), Reverse>(v.raw, nothing.raw)), v);
  };
  step([] { return 1; });
  if constexpr (kLanes >= 4) step([] { return 2; });
  if constexpr (kLanes >= 8) step([] { return 4; });
  return v;
}

// One vector of results; `before` joins all of them, and becomes what comes before the next.
template <template <class> class Op, bool Reverse>
ANNEAL_INLINE Vec<double> joined(Vec<double> v, Vec<double>& before) {
  const Vec<double> own = joinLanes<Op, Reverse>(v), result = Op<double>::apply(before, own);
  before = Op<double>::apply(before, Vec<double>(own[Reverse ? 0 : Vec<double>::kLanes - 1]));
  return result;
}

// out[i] of the row from `in` on, or back where Reverse, from what `total` holds, which ends as that of all.
template <template <class> class Op, bool Reverse, class T>
void prefixes(const T* in, T* out, int64_t rows, double& total) {
  constexpr int kLanes = Vec<T>::kLanes;
  constexpr int64_t kStep = Reverse ? -1 : 1;
  Vec<double> before(total);
  int64_t i = 0;
  for (; i + kLanes <= rows; i += kLanes) {
    const int64_t at = Reverse ? -i - kLanes + 1 : i;  // the lowest of the vector's
    if constexpr (sizeof(T) == 4) {
      DoublePair v = widen(load(in + at));
      Vec<double>& near = Reverse ? v.high : v.low;
      Vec<double>& far = Reverse ? v.low : v.high;
      near = joined<Op, Reverse>(near, before);
      far = joined<Op, Reverse>(far, before);
      store(out + at, narrow(v));
    } else {
      store(out + at, joined<Op, Reverse>(load(in + at), before));
    }
  }
  total = before[0];
  for (; i < rows; ++i) {
    total = Op<double>::apply(total, static_cast<double>(in[i * kStep]));
    out[i * kStep] = static_cast<T>(total);
  }
}

// The total of a dense row, in an order that its length says.
template <template <class> class Op, class T>
double totalOf(const T* in, int64_t rows) {
  constexpr int kLanes = Vec<T>::kLanes;
  Vec<double> low(Op<double>::kIdentity), high(Op<double>::kIdentity);
  int64_t i = 0;
  for (; i + 2 * kLanes <= rows; i += 2 * kLanes) {
    if constexpr (sizeof(T) == 4) {
      const DoublePair a = widen(load(in + i)), b = widen(load(in + i + kLanes));
      low = Op<double>::apply(low, Op<double>::apply(a.low, a.high));
      high = Op<double>::apply(high, Op<double>::apply(b.low, b.high));
    } else {
      low = Op<double>::apply(low, load(in + i));
      high = Op<double>::apply(high, load(in + i + kLanes));
    }
  }
  double total = foldLanes<Op<double>>(Op<double>::apply(low, high));
  for (; i < rows; ++i) total = Op<double>::apply(total, static_cast<double>(in[i]));
  return total;
}

}  // namespace
}  // namespace anneal::ANNEAL_LEVEL
