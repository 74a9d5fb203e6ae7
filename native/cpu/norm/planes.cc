// Normalisation of channels whose elements lie in long runs: over a batch, and groups of channels of one sample.
#include "cpu/norm/parts.h"
#include "cpu/norm/statistics.h"

namespace anneal::ANNEAL_LEVEL {
namespace {

constexpr int64_t kPiece = 1 << 12;  // elements of a piece, which stays in the L1 cache for mean and deviations

// Units of `planes` runs of `inner` elements; run p of unit u begins at (p * units + u) * inner. Short runs make up a piece together,
// long ones are cut.
struct Planes {
  int64_t planes, units, inner;
  int64_t together, split, pieces, chunks;

  Planes(int64_t planes, int64_t units, int64_t inner)
      : planes(planes),
        units(units),
        inner(inner),
        together(larger(kPiece / inner, 1)),
        split(parts(inner, kPiece)),
        pieces(parts(planes, together) * split),
        chunks(smaller(chunksFor(units, planes * inner), pieces)) {}

  int64_t stride() const { return units * inner; }
  int64_t elements() const { return planes * inner; }

  // body(offset, rows, length, at): `rows` runs from `offset` on, `at` elements into the plane.
  template <class Body>
  ANNEAL_INLINE void forPieces(int64_t unit, int64_t chunk, const Body& body) const {
    const int64_t end = pieces * (chunk + 1) / chunks;
    for (int64_t p = pieces * chunk / chunks; p < end; ++p) {
      const int64_t plane = p / split * together, at = p % split * kPiece;
      body((plane * units + unit) * inner + at, smaller(together, planes - plane), smaller(kPiece, inner - at), at);
    }
  }
};

template <class T>
Statistics statisticsOf(const Planes& cut, const T* x, int64_t unit, int64_t chunk) {
  Statistics all{0, 0, 0};
  cut.forPieces(unit, chunk, [&](int64_t offset, int64_t rows, int64_t length, int64_t) {
    join(all, statisticsOf<T>(x + offset, rows, cut.stride(), length));
  });
  return all;
}

template <class T>
ANNEAL_INLINE void write(const T* x, const Affine<T>& affine, int64_t n, T* y) {
  const Vec<T> center(affine.center), scale(affine.scale), shift(affine.shift);
  forLanes<T>(n, [&](int64_t i, int lanes)
                     ANNEAL_INLINED { storeLanes(y + i, fma(loadLanes(x + i, lanes) - center, scale, shift), lanes); });
}

template <class T>
ANNEAL_INLINE void write(const T* x, const T* dout, const Gradient<T>& gradient, int64_t n, T* dx) {
  const Vec<T> center(gradient.center), scale(gradient.scale), slope(gradient.slope), shift(gradient.shift);
  forLanes<T>(n, [&](int64_t i, int lanes) ANNEAL_INLINED {
    const Vec<T> rest = fma(loadLanes(x + i, lanes) - center, slope, shift);
    storeLanes(dx + i, fma(loadLanes(dout + i, lanes), scale, rest), lanes);
  });
}

// Sums of dout and dout * (x - mean) over runs.
template <class T>
ANNEAL_INLINE Sums sumsOf(const T* x, const T* dout, T mean, int64_t rows, int64_t stride, int64_t length) {
  T sums[2];
  const Vec<T> center(mean);
  foldPiece<T, 2>(
      rows, length,
      [&](int64_t row, int64_t i, int lanes) ANNEAL_INLINED {
        const Vec<T> d = loadLanes(dout + row * stride + i, lanes);
        return Terms<T, 2>{{d, d * (loadLanes(x + row * stride + i, lanes) - center)}};
      },
      sums);
  return {static_cast<double>(sums[0]), static_cast<double>(sums[1])};
}

// ---- channels over a batch ------------------------------------------------------------------------------------------
template <class T>
void planesForward(const NormArgs& args) {
  const Planes cut(args.outer, args.channels, args.inner);
  const T *x = static_cast<const T*>(args.x), *weight = static_cast<const T*>(args.weight);
  const T* bias = static_cast<const T*>(args.bias);
  T *y = static_cast<T*>(args.y), *mean = static_cast<T*>(args.mean), *variance = static_cast<T*>(args.spread);
  Statistics* partial = scratch<Statistics>(0, cut.units * cut.chunks);
  Affine<T>* affine = scratch<Affine<T>>(1, cut.units);
  inPhases(
      cut.units, cut.chunks, cut.elements(),
      [&](int64_t c, int64_t chunk) { partial[c * cut.chunks + chunk] = statisticsOf(cut, x, c, chunk); },
      [&](int64_t c) {
        const Statistics all = joined(partial + c * cut.chunks, cut.chunks);
        const double spread = all.squares / all.count;
        mean[c] = static_cast<T>(all.mean);
        variance[c] = static_cast<T>(spread);
        affine[c] = Affine<T>(all.mean, weightAt(weight, c) / __builtin_sqrt(spread + args.eps),
                              bias ? static_cast<double>(bias[c]) : 0);
      },
      [&](int64_t c, int64_t chunk) {
        cut.forPieces(c, chunk, [&](int64_t offset, int64_t rows, int64_t length, int64_t) {
          for (int64_t r = 0; r < rows; ++r) {
            const int64_t at = offset + r * cut.stride();
            write(x + at, affine[c], length, y + at);
          }
        });
      });
}

template <class T>
void planesBackward(const NormArgs& args) {
  const Planes cut(args.outer, args.channels, args.inner);
  const T *x = static_cast<const T*>(args.x), *dout = static_cast<const T*>(args.dout);
  const T *weight = static_cast<const T*>(args.weight), *mean = static_cast<const T*>(args.meanIn);
  const T* variance = static_cast<const T*>(args.spreadIn);
  T *dx = static_cast<T*>(args.y), *dweight = static_cast<T*>(args.dweight), *dbias = static_cast<T*>(args.dbias);
  Sums* partial = scratch<Sums>(0, cut.units * cut.chunks);
  Gradient<T>* gradient = scratch<Gradient<T>>(1, cut.units);
  inPhases(
      cut.units, cut.chunks, cut.elements(),
      [&](int64_t c, int64_t chunk) {
        Sums all{0, 0};
        cut.forPieces(c, chunk, [&](int64_t offset, int64_t rows, int64_t length, int64_t) {
          const Sums sums = sumsOf(x + offset, dout + offset, mean[c], rows, cut.stride(), length);
          all.dout += sums.dout;
          all.product += sums.product;
        });
        partial[c * cut.chunks + chunk] = all;
      },
      [&](int64_t c) {
        Sums all{0, 0};
        for (int64_t i = c * cut.chunks; i < (c + 1) * cut.chunks; ++i) {
          all.dout += partial[i].dout;
          all.product += partial[i].product;
        }
        const double rstd = 1 / __builtin_sqrt(static_cast<double>(variance[c]) + args.eps), w = weightAt(weight, c);
        if (dweight) dweight[c] = static_cast<T>(all.product * rstd);
        if (dbias) dbias[c] = static_cast<T>(all.dout);
        gradient[c] =
            gradientFor(mean[c], rstd, w * rstd, {w * all.dout, w * all.product}, static_cast<double>(cut.elements()));
      },
      [&](int64_t c, int64_t chunk) {
        cut.forPieces(c, chunk, [&](int64_t offset, int64_t rows, int64_t length, int64_t) {
          for (int64_t r = 0; r < rows; ++r) {
            const int64_t at = offset + r * cut.stride();
            write(x + at, dout + at, gradient[c], length, dx + at);
          }
        });
      });
}

// ---- groups of channels of a sample ---------------------------------------------------------------------------------
template <class T>
void groupsForward(const NormArgs& args) {
  const int64_t width = args.channels / args.groups;  // channels of a group
  const Planes cut(1, args.outer * args.groups, width * args.inner);
  const T *x = static_cast<const T*>(args.x), *weight = static_cast<const T*>(args.weight);
  const T* bias = static_cast<const T*>(args.bias);
  T *y = static_cast<T*>(args.y), *mean = static_cast<T*>(args.mean), *rstd = static_cast<T*>(args.spread);
  Statistics* partial = scratch<Statistics>(0, cut.units * cut.chunks);
  inPhases(
      cut.units, cut.chunks, cut.elements(),
      [&](int64_t u, int64_t chunk) { partial[u * cut.chunks + chunk] = statisticsOf(cut, x, u, chunk); },
      [&](int64_t u) {
        Statistics& all = partial[u * cut.chunks];
        all = joined(&all, cut.chunks);
        all.squares = 1 / __builtin_sqrt(all.squares / all.count + args.eps);
        mean[u] = static_cast<T>(all.mean);
        rstd[u] = static_cast<T>(all.squares);
      },
      [&](int64_t u, int64_t chunk) {
        const Statistics& all = partial[u * cut.chunks];
        cut.forPieces(u, chunk, [&](int64_t offset, int64_t, int64_t length, int64_t at) {
          for (int64_t n = 0; length > 0; offset += n, at += n, length -= n) {
            const int64_t c = u % args.groups * width + at / args.inner;
            n = smaller(length, args.inner - at % args.inner);
            const Affine<T> affine(all.mean, weightAt(weight, c) * all.squares,
                                   bias ? static_cast<double>(bias[c]) : 0);
            write(x + offset, affine, n, y + offset);
          }
        });
      });
}

template <class T>
void groupsBackward(const NormArgs& args) {
  const int64_t width = args.channels / args.groups, inner = args.inner, channels = args.channels;
  const int64_t units = args.outer * args.groups, elements = width * inner;
  const int64_t chunks = smaller(chunksFor(units, elements), width);
  const T *x = static_cast<const T*>(args.x), *dout = static_cast<const T*>(args.dout);
  const T *weight = static_cast<const T*>(args.weight), *mean = static_cast<const T*>(args.meanIn);
  const T* rstd = static_cast<const T*>(args.spreadIn);
  T *dx = static_cast<T*>(args.y), *dweight = static_cast<T*>(args.dweight), *dbias = static_cast<T*>(args.dbias);
  Sums* sums = scratch<Sums>(0, args.outer * channels);  // of each channel of each sample
  Gradient<T>* gradient = scratch<Gradient<T>>(1, units);
  inPhases(
      units, chunks, elements,
      [&](int64_t u, int64_t chunk) {
        for (int64_t c = u * width + width * chunk / chunks; c < u * width + width * (chunk + 1) / chunks; ++c) {
          sums[c] = sumsOf(x + c * inner, dout + c * inner, mean[u], 1, inner, inner);
        }
      },
      [&](int64_t u) {
        Sums all{0, 0};
        for (int64_t i = 0; i < width; ++i) {
          const double w = weightAt(weight, u % args.groups * width + i);
          all.dout += w * sums[u * width + i].dout;
          all.product += w * sums[u * width + i].product;
        }
        const double r = static_cast<double>(rstd[u]);
        gradient[u] = gradientFor(mean[u], r, r, all, static_cast<double>(elements));
      },
      [&](int64_t u, int64_t chunk) {
        for (int64_t i = width * chunk / chunks; i < width * (chunk + 1) / chunks; ++i) {
          const int64_t at = (u * width + i) * inner;
          Gradient<T> own = gradient[u];
          if (weight) own.scale *= weight[u % args.groups * width + i];
          write(x + at, dout + at, own, inner, dx + at);
        }
      });
  if (!dweight && !dbias) return;
  forRange(channels, larger(kTask / args.outer, 1), [&](int64_t begin, int64_t end) {
    for (int64_t c = begin; c < end; ++c) {
      Sums all{0, 0};
      for (int64_t n = 0; n < args.outer; ++n) {
        const Sums& own = sums[n * channels + c];
        all.dout += own.dout;
        all.product += own.product * static_cast<double>(rstd[n * args.groups + c / width]);
      }
      if (dweight) dweight[c] = static_cast<T>(all.product);
      if (dbias) dbias[c] = static_cast<T>(all.dout);
    }
  });
}

}  // namespace

void normPlanes(const NormArgs& args) {
  withFloat("norm", args.dtype, [&](auto t) { planesForward<typename decltype(t)::type>(args); });
}
void normPlanesBackward(const NormArgs& args) {
  withFloat("norm", args.dtype, [&](auto t) { planesBackward<typename decltype(t)::type>(args); });
}
void normGroups(const NormArgs& args) {
  withFloat("norm", args.dtype, [&](auto t) { groupsForward<typename decltype(t)::type>(args); });
}
void normGroupsBackward(const NormArgs& args) {
  withFloat("norm", args.dtype, [&](auto t) { groupsBackward<typename decltype(t)::type>(args); });
}

}  // namespace anneal::ANNEAL_LEVEL
