// Means and variances of pieces that fit a cache, put together in float64 in an order that the shape decides; and the phases of a
// normalisation: statistics, what follows from them, results.
#pragma once
#include "cpu/blocks.h"

namespace anneal::ANNEAL_LEVEL {
namespace {

// Of some elements: how many, their mean, and the sum of their squared deviations from it.
struct Statistics {
  double count, mean, squares;
};

// Chan, Golub, LeVeque: "Algorithms for computing the sample variance", 1983, eq. 2.1.
ANNEAL_INLINE void join(Statistics& into, const Statistics& other) {
  if (into.count == 0) {
    into = other;
    return;
  }
  if (other.count == 0) return;
  const double count = into.count + other.count, delta = other.mean - into.mean;
  into.mean += delta * (other.count / count);
  into.squares += other.squares + delta * delta * (into.count * other.count / count);
  into.count = count;
}

// From the deviations from `center`: their sum, which is not 0 because the center is rounded, and the sum of their squares.
ANNEAL_INLINE Statistics around(double center, double count, double deviations, double squares) {
  const double shift = deviations / count, rest = squares - deviations * shift;
  return {count, shift == shift ? center + shift : center, rest < 0 ? 0 : rest};
}

ANNEAL_INLINE Statistics joined(const Statistics* parts, int64_t count) {
  Statistics all{0, 0, 0};
  for (int64_t i = 0; i < count; ++i) join(all, parts[i]);
  return all;
}

// Sums over `rows` runs of `length` elements: at(row, i, lanes) gives the terms.
template <class T, int count, class At>
ANNEAL_INLINE void foldPiece(int64_t rows, int64_t length, const At& at, T* out) {
  Terms<T, count> total;
  for (int c = 0; c < count; ++c) total.v[c] = Vec<T>(T{0});
  for (int64_t row = 0; row < rows; ++row) {
    merge<SumOf<T>>(total, foldVectors<SumOf<T>, T, count>(
                               length, [&](int64_t i, int lanes) ANNEAL_INLINED { return at(row, i, lanes); }));
  }
  for (int c = 0; c < count; ++c) out[c] = foldLanes<SumOf<T>>(total.v[c]);
}

// The mean of elements whose sum is larger than T holds, though their mean is not.
template <class T>
double meanOfLarge(const T* x, int64_t rows, int64_t stride, int64_t length) {
  const double n = static_cast<double>(rows * length);
  double mean = 0;
  for (int64_t row = 0; row < rows; ++row) {
    for (int64_t i = 0; i < length; ++i) mean += static_cast<double>(x[row * stride + i]) / n;
  }
  return mean;
}

// Of `rows` runs of `length` elements that are `stride` apart: the mean first, then deviations from it.
template <class T>
Statistics statisticsOf(const T* x, int64_t rows, int64_t stride, int64_t length) {
  const double count = static_cast<double>(rows * length);
  T sum, moments[2];
  foldPiece<T, 1>(
      rows, length,
      [&](int64_t row, int64_t i, int lanes)
          ANNEAL_INLINED { return Terms<T, 1>{{loadLanes(x + row * stride + i, lanes)}}; },
      &sum);
  double mean = static_cast<double>(sum) / count;
  if (__builtin_isinf(sum)) mean = meanOfLarge(x, rows, stride, length);
  const Vec<T> center(static_cast<T>(mean));
  foldPiece<T, 2>(
      rows, length,
      [&](int64_t row, int64_t i, int lanes) ANNEAL_INLINED {
        const Vec<T> deviation = loadLanes(x + row * stride + i, lanes) - center;
        return Terms<T, 2>{{deviation, deviation * deviation}};
      },
      moments);
  return around(static_cast<double>(static_cast<T>(mean)), count, static_cast<double>(moments[0]),
                static_cast<double>(moments[1]));
}

// y = (x - center) * scale + shift
template <class T>
struct Affine {
  T center, scale, shift;

  // (x - mean) * scale + bias; the center is the mean as T holds it.
  Affine(double mean, double factor, double bias)
      : center(static_cast<T>(mean)),
        scale(static_cast<T>(factor)),
        shift(static_cast<T>(bias - (mean - static_cast<double>(center)) * factor)) {}
};

// dx = dout * scale + (x - center) * slope + shift
template <class T>
struct Gradient {
  T center, scale, slope, shift;
};

// In backward the sums of dout and of dout * (x - mean).
struct Sums {
  double dout, product;
};

ANNEAL_INLINE double weightAt(const float* weight, int64_t i) { return weight ? static_cast<double>(weight[i]) : 1; }
ANNEAL_INLINE double weightAt(const double* weight, int64_t i) { return weight ? weight[i] : 1; }

// dx by rule of the mean and the variance of n elements: `sums` of their dout times weight, whose factor is `scale` / rstd here.
template <class T>
ANNEAL_INLINE Gradient<T> gradientFor(T mean, double rstd, double scale, const Sums& sums, double n) {
  return {mean, static_cast<T>(scale), static_cast<T>(-rstd * rstd * rstd * sums.product / n),
          static_cast<T>(-rstd * sums.dout / n)};
}

constexpr int64_t kTask = 1 << 14;    // elements of a task at least
constexpr int64_t kLarge = 1 << 16;   // elements of a chunk at least
constexpr int64_t kEnoughUnits = 16;  // that are tasks for any number of threads

// How many chunks a unit of `elements` is cut into: it stays whole, and in the cache for all phases, where there are enough units.
ANNEAL_INLINE int64_t chunksFor(int64_t units, int64_t elements) {
  if (units >= kEnoughUnits || elements < 2 * kLarge) return 1;
  return smaller(elements / kLarge, parts(kEnoughUnits, units));
}

// partial(unit, chunk) for all, then finish(unit), then apply(unit, chunk). A unit of one chunk goes through all three at once.
template <class Partial, class Finish, class Apply>
void inPhases(int64_t units, int64_t chunks, int64_t elements, const Partial& partial, const Finish& finish,
              const Apply& apply) {
  constexpr int64_t kPerMicrosecond = 1 << 12;
  const int64_t grain = larger(kTask / (elements / chunks), 1);
  const int64_t cost = 1 + grain * (elements / chunks) / kPerMicrosecond;
  if (chunks == 1) {
    return forRange(
        units, grain,
        [&](int64_t begin, int64_t end) {
          for (int64_t unit = begin; unit < end; ++unit) {
            partial(unit, int64_t{0});
            finish(unit);
            apply(unit, int64_t{0});
          }
        },
        cost);
  }
  const auto forChunks = [&](const auto& body) {
    forRange(
        units * chunks, grain,
        [&](int64_t begin, int64_t end) {
          for (int64_t i = begin; i < end; ++i) body(i / chunks, i % chunks);
        },
        cost);
  };
  forChunks(partial);
  for (int64_t unit = 0; unit < units; ++unit) finish(unit);
  forChunks(apply);
}

}  // namespace
}  // namespace anneal::ANNEAL_LEVEL
