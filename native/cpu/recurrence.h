// Scans whose next result needs the one before: log-sum-exp and linear recurrences along the middle of dense [outer, extent, inner]
// tensors. The columns of a slice go side by side, each from its beginning to its end, so no cut changes a result.
#pragma once
#include "cpu/fold.h"
#include "cpu/math.h"
#include "cpu/support.h"

namespace anneal::ANNEAL_LEVEL {
namespace {

constexpr int64_t kWork = 1 << 14;  // elements of a task, about

// Calls body(first, step, columns) for groups of up to `width` neighbouring columns: the place of the first element, and how far it
// is to the next one of a column.
template <class Body>
void forColumns(const ScanArgs& args, int64_t width, const Body& body) {
  const int64_t groups = (args.inner + width - 1) / width, whole = args.extent * width;
  const int64_t grain = whole < kWork ? kWork / whole : 1;
  forRange(
      args.outer * groups, grain,
      [&](int64_t begin, int64_t end) {
        for (int64_t i = begin; i < end; ++i) {
          const int64_t column = i % groups * width, left = args.inner - column;
          const int64_t first = (i / groups * args.extent + (args.reverse ? args.extent - 1 : 0)) * args.inner + column;
          body(first, args.reverse ? -args.inner : args.inner, static_cast<int>(left < width ? left : width));
        }
      },
      1 + grain * whole / 1000);
}

// ---- log-sum-exp ----------------------------------------------------------------------------------------------------
// Kept as exp(max) * sum: max is that of the elements so far, and sum at least 1 once there is one. The sum is in float64.
template <class T>
struct Growth {
  Vec<T> scale, term;  // sum becomes scale * sum + term
};

// From the maximum so far to one with x. Of two infinities of one sign the difference is 0.
template <class T>
ANNEAL_INLINE Growth<T> growthOf(Vec<T> x, Vec<T> max) {
  const Vec<T> zero(T{0}), one(T{1});
  const Vec<T> e = expNotPositive(-abs(select(x == max, zero, x - max)));
  const auto larger = x > max;
  return {select(larger, e, one), select(larger, one, e)};
}

struct WideSum {
  Vec<double> low, high;
  ANNEAL_INLINE void grow(const Growth<float>& by) {
    const DoublePair scale = widen(by.scale), term = widen(by.term);
    low = fma(low, scale.low, term.low);
    high = fma(high, scale.high, term.high);
  }
  ANNEAL_INLINE void grow(const Growth<double>& by) { low = fma(low, by.scale, by.term); }
  ANNEAL_INLINE void get(Vec<float>& sum) const { sum = narrow({low, high}); }
  ANNEAL_INLINE void get(Vec<double>& sum) const { sum = low; }
};

// A vector of columns.
template <class T>
void logSumExpColumns(const T* in, T* out, int64_t extent, int64_t step, int columns) {
  Vec<T> max(static_cast<T>(-__builtin_inf())), sum;
  WideSum sums{Vec<double>(0.0), Vec<double>(0.0)};
  for (int64_t i = 0; i < extent; ++i, in += step, out += step) {
    const Vec<T> x = loadLanes(in, columns);
    sums.grow(growthOf(x, max));
    max = select(x > max, x, max);
    sums.get(sum);
    storeLanes(out, max + log(sum), columns);
  }
}

// One column by blocks: maxima in order, how the sum grows in vectors, the sums in order, logarithms in vectors.
template <class T>
void logSumExpColumn(const T* in, T* out, int64_t extent, int64_t step) {
  constexpr int kBlock = 128, kLanes = Vec<T>::kLanes;
  T x[kBlock], before[kBlock], max[kBlock], scale[kBlock], term[kBlock], sums[kBlock];
  T largest = static_cast<T>(-__builtin_inf());
  double sum = 0;
  for (int64_t begin = 0; begin < extent; begin += kBlock, in += kBlock * step, out += kBlock * step) {
    const int n = static_cast<int>(extent - begin < kBlock ? extent - begin : kBlock);
    for (int i = 0; i < n; ++i) {
      x[i] = in[i * step];
      before[i] = largest;
      max[i] = largest = x[i] > largest ? x[i] : largest;
    }
    for (int i = n; i % kLanes != 0; ++i) x[i] = before[i] = max[i] = sums[i] = T{1};
    for (int i = 0; i < n; i += kLanes) {
      const Growth<T> growth = growthOf(load(x + i), load(before + i));
      store(scale + i, growth.scale);
      store(term + i, growth.term);
    }
    for (int i = 0; i < n; ++i) {
      sum = fma(sum, static_cast<double>(scale[i]), static_cast<double>(term[i]));
      sums[i] = static_cast<T>(sum);
    }
    for (int i = 0; i < n; i += kLanes) store(max + i, load(max + i) + log(load(sums + i)));
    for (int i = 0; i < n; ++i) out[i * step] = max[i];
  }
}

template <class T>
void logSumExpScan(const ScanArgs& args) {
  const T* in = static_cast<const T*>(args.in);
  T* out = static_cast<T*>(args.out);
  if (args.inner < Vec<T>::kLanes / 2) {
    return forColumns(args, 1, [&](int64_t first, int64_t step, int) {
      logSumExpColumn(in + first, out + first, args.extent, step);
    });
  }
  forColumns(args, Vec<T>::kLanes, [&](int64_t first, int64_t step, int columns) {
    logSumExpColumns(in + first, out + first, args.extent, step, columns);
  });
}

// ---- linear recurrences ---------------------------------------------------------------------------------------------
// In float64. The factor of the first element has no part.
template <class T>
void linearScan(const ScanArgs& args) {
  constexpr int kColumns = 64;
  const T* in = static_cast<const T*>(args.in);
  const T* factor = static_cast<const T*>(args.factor);
  T* out = static_cast<T*>(args.out);
  const int64_t shift = args.reverse ? args.inner : 0;
  forColumns(args, args.inner < kColumns ? args.inner : kColumns, [&](int64_t at, int64_t step, int columns) {
    double value[kColumns];
    for (int c = 0; c < columns; ++c) out[at + c] = in[at + c], value[c] = static_cast<double>(in[at + c]);
    for (int64_t i = 1; i < args.extent; ++i) {
      at += step;
      for (int c = 0; c < columns; ++c) {
        value[c] = fma(static_cast<double>(factor[at + shift + c]), value[c], static_cast<double>(in[at + c]));
        out[at + c] = static_cast<T>(value[c]);
      }
    }
  });
}

}  // namespace
}  // namespace anneal::ANNEAL_LEVEL
