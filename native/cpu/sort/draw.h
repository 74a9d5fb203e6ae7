// Draws from rows of weights. Everything is decided by (seed, offset) and the place of an element, on any number of threads.
#pragma once
#include "cpu/math.h"
#include "cpu/sort/select.h"
#include "cpu/words.h"

namespace anneal::ANNEAL_LEVEL {
namespace {

// u[i] in [0, 1) of elements first + i, in steps of 2^-53; first is a multiple of kBlock.
void drawUniform(const SortArgs& args, int64_t first, double* u) {
  RandomArgs random{};
  random.seed = args.seed;
  random.offset = args.offset;
  uint32_t high[kBlock], low[kBlock];
  makeWords(random, first, 0, high);
  makeWords(random, first, 1, low);
  for (int i = 0; i < kBlock; ++i) u[i] = static_cast<double>((uint64_t{high[i]} << 32 | low[i]) >> 11) * 0x1p-53;
}

template <class Body>
void forDraws(int64_t count, const Body& body) {
  forRange(
      count, 16 * kBlock,
      [&](int64_t begin, int64_t end) {
        for (int64_t first = begin; first < end; first += kBlock) {
          body(first, static_cast<int>(end - first < kBlock ? end - first : kBlock));
        }
      },
      50);
}

[[noreturn]] void failWeight(const SortArgs& args, int64_t row, const char* what) {
  fail(ErrorKind::Argument, "[%s] weights are finite and not negative, and not all 0; row %lld has %s", args.name,
       static_cast<long long>(row), what);
}

// How many weights of a row are not 0.
template <class T>
int64_t checkWeights(const SortArgs& args, int64_t row) {
  using Count = typename LaneTypes<T>::Int;
  const T* weights = static_cast<const T*>(args.src) + row * args.extent;
  const Vec<T> zero(T{0}), infinity(static_cast<T>(__builtin_inf()));
  Vec<Count> positive(Count{0}), valid(Count{0});
  forLanes<T>(args.extent, [&](int64_t i, int lanes) ANNEAL_INLINED {
    const Vec<T> w = loadLanes(weights + i, lanes);  // lanes beyond the row are 0
    positive -= Vec<Count>((typename Vec<Count>::Raw)(w > zero).raw);
    valid += Vec<Count>((typename Vec<Count>::Raw)((w >= zero) & (w < infinity)).raw);
  });
  constexpr int64_t kLanes = Vec<T>::kLanes;
  int64_t invalid = (args.extent + kLanes - 1) / kLanes * kLanes, count = 0;
  for (int lane = 0; lane < kLanes; ++lane) invalid += valid[lane], count += positive[lane];
  if (invalid != 0) {
    failWeight(args, row, "one that is negative, infinite or NaN");
  }
  if (count == 0) failWeight(args, row, "nothing but 0");
  return count;
}

// Each anew: the first place up to which the weights exceed a part u of all.
template <class T>
void drawAgain(const SortArgs& args) {
  const int64_t n = args.extent;
  double* sums = scratch<double>(kItemSlot, args.outer * n);
  forRange(args.outer, 1 + 4096 / n, [&](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; ++row) {
      checkWeights<T>(args, row);
      double sum = 0;
      for (int64_t i = 0; i < n; ++i) {
        sum += static_cast<double>(static_cast<const T*>(args.src)[row * n + i]);
        sums[row * n + i] = sum;
      }
    }
  });
  forDraws(args.outer * args.k, [&](int64_t first, int count) {
    double u[kBlock];
    drawUniform(args, first, u);
    for (int i = 0; i < count; ++i) {
      const double* row = sums + (first + i) / args.k * n;
      const double total = row[n - 1], goal = u[i] * total;
      int64_t at = 0;
      for (int64_t left = n; left > 0;) {
        const int64_t half = (left + 1) / 2;
        const double sum = row[at + half - 1];
        at += half & -static_cast<int64_t>((sum <= goal) & (sum < total));
        left -= half;
      }
      args.index[first + i] = at;
    }
  });
}

// Each once: the least k of -log(1 - u) / weight, as if they were drawn one after the other. (Efraimidis, Spirakis: "Weighted random
// sampling with a reservoir", 2006)
template <class T>
void drawDistinct(const SortArgs& args) {
  const int64_t n = args.extent;
  double* times = scratch<double>(3, args.outer * n);
  forDraws(args.outer * n, [&](int64_t first, int count) {
    const T* weights = static_cast<const T*>(args.src) + first;
    double u[kBlock];
    drawUniform(args, first, u);
    for (int i = 0; i < count; ++i) {
      const double time = -__builtin_log1p(-u[i]) / static_cast<double>(weights[i]);
      times[first + i] = weights[i] > 0 ? time : __builtin_inf();
    }
  });
  forRange(args.outer, 1 + 4096 / n, [&](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; ++row) {
      if (checkWeights<T>(args, row) < args.k) {
        fail(ErrorKind::Argument, "[%s] row %lld has fewer than %lld weights that are not 0", args.name,
             static_cast<long long>(row), static_cast<long long>(args.k));
      }
      const auto* items = firstItems(Row<double>(times + row * n, n, false), args.k, true);
      for (int64_t i = 0; i < args.k; ++i) args.index[row * args.k + i] = items[i].place;
    }
  });
}

}  // namespace
}  // namespace anneal::ANNEAL_LEVEL
