// Layer norm and RMS norm: rows of dense [rows, n] tensors, weight and bias along the row.
#include "cpu/kernels.h"
#include "cpu/norm/parts.h"
#include "cpu/row.h"

namespace anneal::ANNEAL_LEVEL {
namespace {

// Sums of `rows` rows of n elements, one lane per row.
template <class T, int count, class At>
ANNEAL_INLINE void sumRows(int rows, int64_t n, const At& at, Vec<T>* out) {
  foldRows<SumOf<T>, T, count>(rows, n, at, out);
}

// The mean of a row whose sum is larger than T holds.
template <class T>
T meanOfLarge(const T* x, int64_t n) {
  double mean = 0;
  for (int64_t i = 0; i < n; ++i) mean += static_cast<double>(x[i]) / static_cast<double>(n);
  return static_cast<T>(mean);
}

// One lane per row: y = (x - center) * rstd + shift, and the mean, of which the center is what the first sum gave.
template <class T>
struct RowMoments {
  Vec<T> center, rstd, shift, mean;
};

template <class T>
ANNEAL_INLINE RowMoments<T> momentsOf(const T* x, int64_t n, int rows, T eps) {
  const Vec<T> count(static_cast<T>(n));
  Vec<T> sum, sums[2];
  sumRows<T, 1>(
      rows, n,
      [&](int r, int64_t i, int lanes) ANNEAL_INLINED { return Terms<T, 1>{{loadLanes(x + r * n + i, lanes)}}; }, &sum);
  PerRow<T> center(sum / count);
  for (int r = 0; r < Vec<T>::kLanes; ++r) {
    if (r < rows && __builtin_isinf(center.value[r])) center.value[r] = meanOfLarge(x + r * n, n);
  }
  sumRows<T, 2>(
      rows, n,
      [&](int r, int64_t i, int lanes) ANNEAL_INLINED {
        const Vec<T> deviation = loadLanes(x + r * n + i, lanes) - center[r];
        return Terms<T, 2>{{deviation, deviation * deviation}};
      },
      sums);
  // The deviations would add up to 0 but for the rounding of the center.
  const Vec<T> off = sums[0] / count;
  const Vec<T> variance = max(Vec<T>(T{0}), sums[1] - sums[0] * off) / count;  // in this order NaN stays NaN
  const Vec<T> rstd = Vec<T>(T{1}) / sqrt(variance + Vec<T>(eps));
  const Vec<T> at = load(center.value);
  return {at, rstd, -off * rstd, at + off};
}

template <class T>
ANNEAL_INLINE Vec<T> rstdOf(const T* x, int64_t n, int rows, T eps) {
  const Vec<T> squares = rowSums<T>(rows, n, [&](int r, int64_t i, int lanes) ANNEAL_INLINED {
    const Vec<T> v = loadLanes(x + r * n + i, lanes);
    return v * v;
  });
  return Vec<T>(T{1}) / sqrt(squares / Vec<T>(static_cast<T>(n)) + Vec<T>(eps));
}

// Rows that are folded together, since what is done once per row then overlaps, and whose gradients by weight and bias are added up
// before they are written. Where the memory is far away it wants to be gone through row by row: twice as fast there.
template <class T>
int groupOf(int64_t rows, int64_t n) {
  constexpr int64_t kNear = 1 << 22, kCache = 1 << 14;  // bytes: of all rows, of a group
  constexpr int kTogether = 4;
  if constexpr (Vec<T>::kLanes < kTogether) return 1;
  const int64_t bytes = n * static_cast<int64_t>(sizeof(T));
  if (n * Vec<T>::kLanes < 2048) return Vec<T>::kLanes;
  return bytes * rows <= kNear && bytes * kTogether <= kCache ? kTogether : 1;
}

// body(first, rows) for the groups of rows begin ... end - 1
template <class Body>
ANNEAL_INLINE void forGroups(int64_t begin, int64_t end, int group, const Body& body) {
  for (int64_t row = begin; row < end; row += group) {
    const int rows = static_cast<int>(group < end - row ? group : end - row);
    body(row, rows);
  }
}

template <class T>
void forward(const NormArgs& args) {
  const int64_t n = args.inner;
  const T *x = static_cast<const T*>(args.x), *weight = static_cast<const T*>(args.weight);
  const T* bias = static_cast<const T*>(args.bias);
  T *y = static_cast<T*>(args.y), *means = static_cast<T*>(args.mean), *rstds = static_cast<T*>(args.spread);
  const T eps = static_cast<T>(args.eps);
  const auto normalize = [&](int64_t first, int rows) {
    const T* from = x + first * n;
    T* to = y + first * n;
    RowMoments<T> moments{Vec<T>(T{0}), Vec<T>(T{0}), Vec<T>(T{0}), Vec<T>(T{0})};
    if (args.centered) {
      moments = momentsOf(from, n, rows, eps);
      storeLanes(means + first, moments.mean, rows);
    } else {
      moments.rstd = rstdOf(from, n, rows, eps);
    }
    storeLanes(rstds + first, moments.rstd, rows);
    const PerRow<T> center(moments.center), rstd(moments.rstd), shift(moments.shift);
    forElements<T>(rows, n, [&](int r, int64_t i, int lanes) ANNEAL_INLINED {
      const Vec<T> w = weight ? loadLanes(weight + i, lanes) : Vec<T>(T{1});
      const Vec<T> b = bias ? loadLanes(bias + i, lanes) : Vec<T>(T{0});
      const Vec<T> xhat = fma(loadLanes(from + r * n + i, lanes) - center[r], rstd[r], shift[r]);
      storeLanes(to + r * n + i, fma(xhat, w, b), lanes);
    });
  };
  const int group = groupOf<T>(args.outer, n);
  const int64_t grain = group * (8192 / (group * n + 1) + 1);
  forRange(
      args.outer, grain, [&](int64_t begin, int64_t end) { forGroups(begin, end, group, normalize); },
      1 + grain * n / 4096);
}

// Rows whose gradients by weight and bias are added up in one chain.
int64_t blockRows(int64_t rows) {
  const int64_t eighth = (rows + 7) / 8;
  return eighth < 1 ? 1 : eighth > 64 ? 64 : eighth;
}

// With xhat = (x - mean) * rstd and g = dout * weight:
//   dx = rstd * (g - mean(g) - xhat * mean(g * xhat)), without mean(g) where no mean was taken off
//   dweight = sum over rows of dout * xhat, dbias = sum over rows of dout
template <class T>
void backwardRows(const NormArgs& args, int64_t first, int rows, T* dweight, T* dbias) {
  const int64_t n = args.inner;
  const T *x = static_cast<const T*>(args.x) + first * n, *dout = static_cast<const T*>(args.dout) + first * n;
  const T* weight = static_cast<const T*>(args.weight);
  T* dx = static_cast<T*>(args.y) + first * n;
  const Vec<T> spread = loadLanes(static_cast<const T*>(args.spreadIn) + first, rows);
  const PerRow<T> rstd(spread);
  const PerRow<T> mean(args.centered ? loadLanes(static_cast<const T*>(args.meanIn) + first, rows) : Vec<T>(T{0}));
  const auto xhatAt = [&](int r, int64_t i, int lanes)
                          ANNEAL_INLINED { return (loadLanes(x + r * n + i, lanes) - mean[r]) * rstd[r]; };
  const auto weighted = [&](Vec<T> d, int64_t i, int lanes)
                            ANNEAL_INLINED { return weight ? d * loadLanes(weight + i, lanes) : d; };
  Vec<T> sums[2];
  sumRows<T, 2>(
      rows, n,
      [&](int r, int64_t i, int lanes) ANNEAL_INLINED {
        const Vec<T> g = weighted(loadLanes(dout + r * n + i, lanes), i, lanes);
        return Terms<T, 2>{{g, g * xhatAt(r, i, lanes)}};
      },
      sums);
  const Vec<T> scale = -spread / Vec<T>(static_cast<T>(n));
  const PerRow<T> slope(sums[1] * scale), shift(args.centered ? sums[0] * scale : Vec<T>(T{0}));
  forLanes<T>(n, [&](int64_t i, int lanes) ANNEAL_INLINED {
    const Vec<T> w = weight ? loadLanes(weight + i, lanes) : Vec<T>(T{1});
    Vec<T> products = dweight ? loadLanes(dweight + i, lanes) : Vec<T>(T{0});
    Vec<T> total = dbias ? loadLanes(dbias + i, lanes) : Vec<T>(T{0});
    for (int r = 0; r < rows; ++r) {
      const Vec<T> d = loadLanes(dout + r * n + i, lanes), xhat = xhatAt(r, i, lanes);
      storeLanes(dx + r * n + i, fma(d * w, rstd[r], fma(xhat, slope[r], shift[r])), lanes);
      products = fma(d, xhat, products);
      total = total + d;
    }
    if (dweight) storeLanes(dweight + i, products, lanes);
    if (dbias) storeLanes(dbias + i, total, lanes);
  });
}

template <class T>
void backward(const NormArgs& args) {
  const int64_t n = args.inner, size = blockRows(args.outer), blocks = (args.outer + size - 1) / size;
  const int group = groupOf<T>(args.outer, n);
  void* const results[2] = {args.dweight, args.dbias};
  T* partial[2] = {static_cast<T*>(args.dweight), static_cast<T*>(args.dbias)};
  if (blocks > 1 && (partial[0] || partial[1])) {
    T* const memory = scratch<T>(2, 2 * blocks * n);
    for (int k = 0; k < 2; ++k) partial[k] = partial[k] ? memory + k * blocks * n : nullptr;
  }
  const int64_t grain = 8192 / (size * n + 1) + 1;
  forRange(
      blocks, grain,
      [&](int64_t begin, int64_t end) {
        for (int64_t b = begin; b < end; ++b) {
          T* own[2];
          for (int k = 0; k < 2; ++k) {
            own[k] = partial[k] ? partial[k] + b * n : nullptr;
            if (own[k]) __builtin_memset(own[k], 0, static_cast<size_t>(n) * sizeof(T));
          }
          const int64_t last = (b + 1) * size < args.outer ? (b + 1) * size : args.outer;
          forGroups(b * size, last, group,
                    [&](int64_t row, int rows) { backwardRows(args, row, rows, own[0], own[1]); });
        }
      },
      1 + grain * size * n / 4096);
  for (int k = 0; k < 2 && blocks > 1; ++k) {
    if (!partial[k]) continue;
    ReduceArgs sum{};
    sum.op = ReduceOp::Sum;
    sum.dtype = args.dtype;
    sum.outer = 1;
    sum.extent = blocks;
    sum.inner = n;
    sum.src = partial[k];
    sum.dst = results[k];
    reduce(sum);
  }
}

}  // namespace

void normRows(const NormArgs& args) {
  withFloat("norm", args.dtype, [&](auto t) { forward<typename decltype(t)::type>(args); });
}
void normRowsBackward(const NormArgs& args) {
  withFloat("norm", args.dtype, [&](auto t) { backward<typename decltype(t)::type>(args); });
}

}  // namespace anneal::ANNEAL_LEVEL
