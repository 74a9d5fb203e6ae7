// Means of windows, and their gradient.
//
// Both directions add up rows first, in vectors, into a row that stays in the L1 cache, and then go along that row.
#pragma once
#include "cpu/pool/window.h"

namespace anneal::ANNEAL_LEVEL {
namespace {

template <class T>
struct Average {
  static constexpr int kLanes = Vec<T>::kLanes;
  static constexpr int64_t kWide =
      32;  // columns of a window that are worth vectors of their own, and no copy with their padding

  const PoolArgs& args;
  const Axes axes;
  const T* src;
  T* dst;
  T* columns;     // of each window of a row, what its columns contribute to the divisor
  bool each;      // windows of a row one by one, of its own elements alone
  int64_t low;    // zeros before a row that is added up
  int64_t width;  // of such a row with zeros for its padding and for what windows reach beyond

  explicit Average(const PoolArgs& a)
      : args(a), axes(a), src(static_cast<const T*>(a.src)), dst(static_cast<T*>(a.dst)) {
    const Axis& x = axes.x;
    columns = scratch<T>(0, x.out);
    for (int64_t o = 0; o < x.out; ++o) columns[o] = static_cast<T>(x.divisor(o, a.countIncludePad));
    each = x.adaptive || x.kernel > kWide;
    low = each ? 0 : x.low;
    const int64_t padded = low + x.in, reach = each ? 0 : (x.out - 1) * x.stride + x.kernel;
    width = (padded > reach ? padded : reach) + (each ? 0 : x.kernel) + 2 * kLanes;
  }

  // The divisors of n windows from o on, in row (z, y).
  ANNEAL_INLINE Vec<T> divisors(int64_t z, int64_t y, int64_t o, int n) const {
    if (args.divisor != 0) return Vec<T>(static_cast<T>(args.divisor));
    const int64_t rows = axes.z.divisor(z, args.countIncludePad) * axes.y.divisor(y, args.countIncludePad);
    return Vec<T>(static_cast<T>(rows)) * loadLanes(columns + o, n);
  }

  // to [n] = the sum of `count` rows; rowAt(i) is row i.
  template <class At>
  static ANNEAL_INLINE void addRows(int64_t n, int64_t count, const At& rowAt, T* to) {
    const T* first = rowAt(0);
    if (count == 1) {
      __builtin_memcpy(to, first, static_cast<size_t>(n) * sizeof(T));
      return;
    }
    const T* second = rowAt(1);
    forLanes<T>(n, [&](int64_t i, int lanes) ANNEAL_INLINED {
      storeLanes(to + i, loadLanes(first + i, lanes) + loadLanes(second + i, lanes), lanes);
    });
    for (int64_t r = 2; r < count; ++r) {
      const T* next = rowAt(r);
      forLanes<T>(n, [&](int64_t i, int lanes) ANNEAL_INLINED {
        storeLanes(to + i, loadLanes(to + i, lanes) + loadLanes(next + i, lanes), lanes);
      });
    }
  }

  // The sums of n windows side by side along a row with its padding.
  template <int Step>
  ANNEAL_INLINE Vec<T> along(const T* row, int64_t o, int n) const {
    const Axis& x = axes.x;
    const T* p = row + o * x.stride;
    Vec<T> sum(T(0));
    int64_t c = 0;
    if constexpr (Step == 2) {
      for (; c + 2 <= x.kernel; c += 2) {
        const Pair<T> pair = loadPair(p + c, n);
        sum += pair.even + pair.odd;
      }
    }
    for (; c < x.kernel; ++c) sum += loadEvery<Step>(p + c, x.stride, n);
    return sum;
  }

  void forward() const {
    const Axis& x = axes.x;
    const int64_t rows = axes.z.out * axes.y.out;
    const int64_t windows = axes.z.span(axes.z.out / 2).count * axes.y.span(axes.y.out / 2).count;
    forPoolRows(args.planes * rows, x.in * (windows + 1), [&](int64_t begin, int64_t end) {
      T* sums = scratch<T>(1, width);
      for (int64_t i = 0; i < width; ++i) sums[i] = T(0);
      for (int64_t i = begin; i < end; ++i) {
        const int64_t oz = i % rows / axes.y.out, oy = i % axes.y.out;
        const Span z = axes.z.span(oz), y = axes.y.span(oy);
        const T* plane = src + i / rows * axes.inSize;
        T* out = dst + i * x.out;
        addRows(
            x.in, z.count * y.count,
            [&](int64_t r)
                ANNEAL_INLINED { return plane + ((z.first + r / y.count) * axes.y.in + y.first + r % y.count) * x.in; },
            sums + low);
        if (each) {
          for (int64_t o = 0; o < x.out; ++o) {
            const Span s = x.span(o);
            const T* from = sums + s.first;
            const T sum = sumRow<T>(s.count, [&](int64_t at, int lanes) { return loadLanes(from + at, lanes); });
            out[o] = sum / divisors(oz, oy, o, 1)[0];
          }
          continue;
        }
        withStep(x.stride, [&](auto step) {
          forLanes<T>(x.out, [&](int64_t o, int lanes) ANNEAL_INLINED {
            const Vec<T> sum = this->template along<decltype(step)::value>(sums, o, lanes);
            storeLanes(out + o, sum / divisors(oz, oy, o, lanes), lanes);
          });
        });
      }
    });
  }

  // row [in] = what the windows of a row get, each added up over its columns.
  void spread(const T* windows, T* padded, T* row) const {
    const Axis& x = axes.x;
    if (!x.adaptive && x.stride == 2 && x.kernel == 2 && x.low == 0) {
      forLanes<T>(x.out, [&](int64_t o, int lanes) ANNEAL_INLINED {
        Vec<T> front = loadLanes(windows + o, lanes), back = front;
        Indices<kLanes>::zip(front.raw, back.raw);
        const int64_t left = x.in - 2 * o;  // a window may reach beyond the row
        const int count = static_cast<int>(left < 2 * lanes ? left : 2 * lanes);
        storeLanes(row + 2 * o, front, count < kLanes ? count : kLanes);
        if (count > kLanes) storeLanes(row + 2 * o + kLanes, back, count - kLanes);
      });
      for (int64_t i = 2 * x.out; i < x.in; ++i) row[i] = T(0);
      return;
    }
    if (!each &&
        x.stride == 1) {  // an element gets what `kernel` neighbouring windows have; beside them there are zeros
      T* first = padded + x.kernel - 1;
      for (int64_t i = 0; i < width; ++i) padded[i] = T(0);
      __builtin_memcpy(first, windows, static_cast<size_t>(x.out) * sizeof(T));
      forLanes<T>(x.in, [&](int64_t i, int lanes) ANNEAL_INLINED {
        Vec<T> sum(T(0));
        for (int64_t c = 0; c < x.kernel; ++c) sum += loadLanes(padded + low + i + c, lanes);
        storeLanes(row + i, sum, lanes);
      });
      return;
    }
    for (int64_t i = 0; i < width; ++i) padded[i] = T(0);
    for (int64_t o = 0; o < x.out; ++o) {
      const Span s = each ? x.span(o) : Span{o * x.stride, x.kernel};
      for (int64_t c = 0; c < s.count; ++c) padded[s.first + c] += windows[o];
    }
    __builtin_memcpy(row, padded + low, static_cast<size_t>(x.in) * sizeof(T));
  }

  void backward() const {
    const Axis& x = axes.x;
    const int64_t rows = axes.z.in * axes.y.in;
    forPoolRows(args.planes * rows, 2 * x.in, [&](int64_t begin, int64_t end) {
      T* windows = scratch<T>(1, x.out);
      T* padded = scratch<T>(2, width);
      for (int64_t i = begin; i < end; ++i) {
        const int64_t iz = i % rows / axes.y.in, iy = i % axes.y.in;
        const T* plane = src + i / rows * axes.outSize;
        for (int64_t o = 0; o < x.out; ++o) windows[o] = T(0);
        const Axis::Range zs = axes.z.covering(iz), ys = axes.y.covering(iy);
        for (int64_t oz = zs.first; oz < zs.end; ++oz) {
          if (!axes.z.covers(oz, iz)) continue;
          for (int64_t oy = ys.first; oy < ys.end; ++oy) {
            if (!axes.y.covers(oy, iy)) continue;
            const T* from = plane + (oz * axes.y.out + oy) * x.out;
            forLanes<T>(x.out, [&](int64_t o, int lanes) ANNEAL_INLINED {
              const Vec<T> share = loadLanes(from + o, lanes) / divisors(oz, oy, o, lanes);
              storeLanes(windows + o, loadLanes(windows + o, lanes) + share, lanes);
            });
          }
        }
        spread(windows, padded, dst + i * x.in);
      }
    });
  }
};

}  // namespace
}  // namespace anneal::ANNEAL_LEVEL
