// Normalisation of channels over a batch where a sample has few elements of each: x is a matrix [outer, channels * inner], whose columns
// are folded, a strip of whole channels at a time.
#include "cpu/norm/parts.h"
#include "cpu/norm/statistics.h"

namespace anneal::ANNEAL_LEVEL {
namespace {

constexpr int64_t kColumns = 1024;  // of a strip at most; kPlane is less
// Between arrays of one value per column: 4096 bytes apart, a load would wait for the store to the other.
constexpr int64_t kApart = kColumns + 48;

// Strips of channels, and chunks of rows that stay in the L2 cache.
struct Strips {
  int64_t rows, stride, inner, channels;
  int64_t width, units, chunks;  // channels of a strip; strips; chunks of rows

  explicit Strips(const NormArgs& args)
      : rows(args.outer),
        stride(args.channels * args.inner),
        inner(args.inner),
        channels(args.channels),
        width(smaller(kColumns / inner, channels)),
        units(parts(channels, width)),
        chunks(larger(parts(rows, larger(256, kLarge / (width * inner))), 1)) {}

  int64_t firstRow(int64_t chunk) const { return rows * chunk / chunks; }
  int64_t firstChannel(int64_t unit) const { return unit * width; }
  int64_t widthOf(int64_t unit) const { return smaller(width, channels - unit * width); }
  int64_t columnsOf(int64_t unit) const { return widthOf(unit) * inner; }
  int64_t elements() const { return rows * width * inner; }
};

// Sums over the columns of a channel.
template <class T>
ANNEAL_INLINE double channelSum(const T* columns, int64_t inner) {
  if (inner == 1) return static_cast<double>(*columns);
  return static_cast<double>(
      sumRow<T>(inner, [&](int64_t i, int lanes) ANNEAL_INLINED { return loadLanes(columns + i, lanes); }));
}

template <class T>
ANNEAL_INLINE void spread(T value, T* columns, int64_t inner) {
  for (int64_t i = 0; i < inner; ++i) columns[i] = value;
}

// Of each channel of a strip, over the rows of a chunk.
template <class T>
void columnStatistics(const Strips& cut, const T* x, int64_t unit, int64_t chunk, Statistics* out) {
  T center[kApart], deviations[kApart], squares[kApart];
  const int64_t first = cut.firstRow(chunk), inner = cut.inner, channels = cut.widthOf(unit);
  Block block{};
  block.rows = cut.firstRow(chunk + 1) - first;
  block.columns = channels * inner;
  const T* from = x + first * cut.stride + cut.firstChannel(unit) * inner;
  const double count = static_cast<double>(block.rows * inner);
  T* const sums[1] = {center};
  T* const moments[2] = {deviations, squares};
  foldBlock<SumOf<T>, Values<T>, T>(from, block, cut.stride, nullptr, sums);
  for (int64_t c = 0; c < channels; ++c) {
    double mean = channelSum(center + c * inner, inner) / count;
    if (__builtin_isinf(mean)) mean = meanOfLarge(from + c * inner, block.rows, cut.stride, inner);
    spread(static_cast<T>(mean), center + c * inner, inner);
  }
  foldBlock<SumOf<T>, Moments<T>, T>(from, block, cut.stride, center, moments);
  for (int64_t c = 0; c < channels; ++c) {
    const int64_t at = c * inner;
    out[c] = around(static_cast<double>(center[at]), count, channelSum(deviations + at, inner),
                    channelSum(squares + at, inner));
  }
}

// write(first row, last row, first column, columns): a chunk of a strip while it is in the cache; where there are several chunks,
// whole rows.
template <class Write>
void writeRows(const Strips& cut, int64_t unit, int64_t chunk, const Write& write) {
  if (cut.chunks == 1) return write(0, cut.rows, cut.firstChannel(unit) * cut.inner, cut.columnsOf(unit));
  const int64_t i = chunk * cut.units + unit, all = cut.chunks * cut.units;
  write(cut.rows * i / all, cut.rows * (i + 1) / all, 0, cut.stride);
}

template <class T>
void columnsForward(const NormArgs& args) {
  const Strips cut(args);
  const T *x = static_cast<const T*>(args.x), *weight = static_cast<const T*>(args.weight);
  const T* bias = static_cast<const T*>(args.bias);
  T *y = static_cast<T*>(args.y), *mean = static_cast<T*>(args.mean), *variance = static_cast<T*>(args.spread);
  Statistics* partial = scratch<Statistics>(0, cut.chunks * cut.channels);
  T* center = scratch<T>(1, 3 * cut.stride);
  T *scale = center + cut.stride, *shift = scale + cut.stride;
  inPhases(
      cut.units, cut.chunks, cut.elements(),
      [&](int64_t u, int64_t chunk) {
        columnStatistics(cut, x, u, chunk, partial + chunk * cut.channels + cut.firstChannel(u));
      },
      [&](int64_t u) {
        for (int64_t c = cut.firstChannel(u); c < cut.firstChannel(u) + cut.widthOf(u); ++c) {
          Statistics all{0, 0, 0};
          for (int64_t chunk = 0; chunk < cut.chunks; ++chunk) join(all, partial[chunk * cut.channels + c]);
          const double spreadOf = all.squares / all.count;
          mean[c] = static_cast<T>(all.mean);
          variance[c] = static_cast<T>(spreadOf);
          const Affine<T> affine(all.mean, weightAt(weight, c) / __builtin_sqrt(spreadOf + args.eps),
                                 bias ? static_cast<double>(bias[c]) : 0);
          spread(affine.center, center + c * cut.inner, cut.inner);
          spread(affine.scale, scale + c * cut.inner, cut.inner);
          spread(affine.shift, shift + c * cut.inner, cut.inner);
        }
      },
      [&](int64_t u, int64_t chunk) {
        writeRows(cut, u, chunk, [&](int64_t begin, int64_t end, int64_t first, int64_t columns) {
          const T *c = center + first, *s = scale + first, *b = shift + first;
          for (int64_t row = begin; row < end; ++row) {
            const T* from = x + row * cut.stride + first;
            T* to = y + row * cut.stride + first;
            forLanes<T>(columns, [&](int64_t i, int lanes) ANNEAL_INLINED {
              const Vec<T> deviation = loadLanes(from + i, lanes) - loadLanes(c + i, lanes);
              storeLanes(to + i, fma(deviation, loadLanes(s + i, lanes), loadLanes(b + i, lanes)), lanes);
            });
          }
        });
      });
}

// Adds the sums of dout and dout * (x - mean) over up to 8 rows to those in `sums`, [2][kApart].
template <class T>
ANNEAL_INLINE void addEight(const T* x, const T* dout, const T* mean, int64_t rows, int64_t stride, int64_t columns,
                            T* sums) {
  forLanes<T>(columns, [&](int64_t i, int lanes) ANNEAL_INLINED {
    const Vec<T> center = loadLanes(mean + i, lanes);
    const auto at = [&](int64_t row) ANNEAL_INLINED {
      const Vec<T> d = loadLanes(dout + row * stride + i, lanes);
      return Terms<T, 2>{{d, d * (loadLanes(x + row * stride + i, lanes) - center)}};
    };
    Terms<T, 2> total = at(0);
    if (rows == 8) {
      Terms<T, 2> other = at(4);
#pragma GCC unroll 4
      for (int row = 1; row < 4; ++row) {
        merge<SumOf<T>>(total, at(row));
        merge<SumOf<T>>(other, at(row + 4));
      }
      merge<SumOf<T>>(total, other);
    } else {
      for (int64_t row = 1; row < rows; ++row) merge<SumOf<T>>(total, at(row));
    }
    for (int k = 0; k < 2; ++k) {
      T* to = sums + k * kApart + i;
      storeLanes(to, loadLanes(to, lanes) + total.v[k], lanes);
    }
  });
}

// The same of all rows of a chunk: eights, and eights of those, in chains; by channel.
template <class T>
void columnSums(const Strips& cut, const T* x, const T* dout, const T* mean, int64_t unit, int64_t chunk, Sums* out) {
  constexpr int64_t kEights = 64;
  T outer[2 * kApart], sums[2 * kApart], center[kApart];
  const int64_t channels = cut.widthOf(unit), inner = cut.inner, columns = channels * inner;
  const int64_t end = cut.firstRow(chunk + 1);
  for (int64_t c = 0; c < channels; ++c) spread(mean[cut.firstChannel(unit) + c], center + c * inner, inner);
  const auto clear = [&](T* of) {
    for (int k = 0; k < 2; ++k) __builtin_memset(of + k * kApart, 0, static_cast<size_t>(columns) * sizeof(T));
  };
  clear(outer);
  for (int64_t first = cut.firstRow(chunk); first < end; first += kEights) {
    clear(sums);
    const int64_t last = smaller(first + kEights, end);
    for (int64_t row = first; row < last; row += 8) {
      const int64_t at = row * cut.stride + cut.firstChannel(unit) * inner;
      addEight(x + at, dout + at, center, smaller(8, last - row), cut.stride, columns, sums);
    }
    for (int k = 0; k < 2; ++k) join<SumOf<T>>(outer + k * kApart, sums + k * kApart, columns);
  }
  for (int64_t c = 0; c < channels; ++c) {
    out[c] = {channelSum(outer + c * inner, inner), channelSum(outer + kApart + c * inner, inner)};
  }
}

template <class T>
void columnsBackward(const NormArgs& args) {
  const Strips cut(args);
  const T *x = static_cast<const T*>(args.x), *dout = static_cast<const T*>(args.dout);
  const T *weight = static_cast<const T*>(args.weight), *mean = static_cast<const T*>(args.meanIn);
  const T* variance = static_cast<const T*>(args.spreadIn);
  T *dx = static_cast<T*>(args.y), *dweight = static_cast<T*>(args.dweight), *dbias = static_cast<T*>(args.dbias);
  Sums* partial = scratch<Sums>(0, cut.chunks * cut.channels);
  T* center = scratch<T>(1, 4 * cut.stride);
  T *scale = center + cut.stride, *slope = scale + cut.stride, *shift = slope + cut.stride;
  const double n = static_cast<double>(cut.rows * cut.inner);
  inPhases(
      cut.units, cut.chunks, cut.elements(),
      [&](int64_t u, int64_t chunk) {
        columnSums(cut, x, dout, mean, u, chunk, partial + chunk * cut.channels + cut.firstChannel(u));
      },
      [&](int64_t u) {
        for (int64_t c = cut.firstChannel(u); c < cut.firstChannel(u) + cut.widthOf(u); ++c) {
          Sums all{0, 0};
          for (int64_t chunk = 0; chunk < cut.chunks; ++chunk) {
            all.dout += partial[chunk * cut.channels + c].dout;
            all.product += partial[chunk * cut.channels + c].product;
          }
          const double rstd = 1 / __builtin_sqrt(static_cast<double>(variance[c]) + args.eps), w = weightAt(weight, c);
          if (dweight) dweight[c] = static_cast<T>(all.product * rstd);
          if (dbias) dbias[c] = static_cast<T>(all.dout);
          const Gradient<T> own = gradientFor(mean[c], rstd, w * rstd, {w * all.dout, w * all.product}, n);
          spread(own.center, center + c * cut.inner, cut.inner);
          spread(own.scale, scale + c * cut.inner, cut.inner);
          spread(own.slope, slope + c * cut.inner, cut.inner);
          spread(own.shift, shift + c * cut.inner, cut.inner);
        }
      },
      [&](int64_t u, int64_t chunk) {
        writeRows(cut, u, chunk, [&](int64_t begin, int64_t end, int64_t first, int64_t columns) {
          const T *m = center + first, *a = scale + first, *b = slope + first, *c = shift + first;
          for (int64_t row = begin; row < end; ++row) {
            const int64_t at = row * cut.stride + first;
            forLanes<T>(columns, [&](int64_t i, int lanes) ANNEAL_INLINED {
              const Vec<T> deviation = loadLanes(x + at + i, lanes) - loadLanes(m + i, lanes);
              const Vec<T> rest = fma(deviation, loadLanes(b + i, lanes), loadLanes(c + i, lanes));
              storeLanes(dx + at + i, fma(loadLanes(dout + at + i, lanes), loadLanes(a + i, lanes), rest), lanes);
            });
          }
        });
      });
}

}  // namespace

void normColumns(const NormArgs& args) {
  withFloat("norm", args.dtype, [&](auto t) { columnsForward<typename decltype(t)::type>(args); });
}
void normColumnsBackward(const NormArgs& args) {
  withFloat("norm", args.dtype, [&](auto t) { columnsBackward<typename decltype(t)::type>(args); });
}

}  // namespace anneal::ANNEAL_LEVEL
