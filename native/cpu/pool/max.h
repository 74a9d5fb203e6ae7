// The largest element of each window, and where it is.
//
// Elements are compared in the order of memory. The first of equal ones stays, and NaN beats every number, a later NaN an earlier one:
// the places are PyTorch's.
#pragma once
#include "cpu/pool/window.h"

namespace anneal::ANNEAL_LEVEL {
namespace {

template <class T, bool Indexed>
struct MaxRows {
  using Int = typename LaneTypes<T>::Int;  // of places beside T's lanes
  static constexpr int kLanes = Vec<T>::kLanes;

  const Axes axes;
  const T* src;
  T* dst;
  int32_t* index;

  MaxRows(const PoolArgs& args)
      : axes(args), src(static_cast<const T*>(args.src)), dst(static_cast<T*>(args.dst)), index(args.indexOut) {}

  static ANNEAL_INLINE bool better(T x, T best) { return x > best || x != x; }

  // One window, which may reach beyond the plane.
  void one(const T* plane, Span z, Span y, int64_t o, int64_t to) const {
    const Span x = axes.x.span(o);
    T best = extreme<T>(false);
    int64_t at = -1;
    for (int64_t a = 0; a < z.count; ++a) {
      for (int64_t b = 0; b < y.count; ++b) {
        const int64_t row = ((z.first + a * axes.z.dilation) * axes.y.in + y.first + b * axes.y.dilation) * axes.x.in;
        if (at < 0 && x.count > 0) at = row + x.first;
        for (int64_t c = 0; c < x.count; ++c) {
          const int64_t place = row + x.first + c * axes.x.dilation;
          if (!better(plane[place], best)) continue;
          best = plane[place];
          at = place;
        }
      }
    }
    dst[to] = best;
    if constexpr (Indexed) index[to] = static_cast<int32_t>(at);
  }

  // The best of each lane so far, and where it is: less the place of the lane's first column.
  struct Best {
    Vec<T> value;
    Vec<Int> at;
    ANNEAL_INLINE void take(Vec<T> x, int64_t place) {
      if constexpr (Indexed) {
        const auto better = (x > value) | (x != x);
        value = select(better, x, value);
        at = select(better, Vec<Int>(static_cast<Int>(place)), at);
      } else {
        value = MaxOf<T>::apply(value, x);
      }
    }
  };

  static ANNEAL_INLINE void storePlaces(int32_t* p, Vec<int32_t> at, int n) { storeLanes(p, at, n); }
  static ANNEAL_INLINE void storePlaces(int32_t* p, Vec<int64_t> at, int n) {
    int64_t lane[Vec<int64_t>::kLanes];
    store(lane, at);
    for (int i = 0; i < n; ++i) p[i] = static_cast<int32_t>(lane[i]);
  }

  // n windows side by side from window o on, which lie inside altogether.
  template <int Step>
  ANNEAL_INLINE void some(const T* plane, Span z, Span y, int64_t o, int n, int64_t to) const {
    const Axis& x = axes.x;
    const int64_t column = o * x.stride - x.low;
    Best best;
    best.value = Vec<T>(extreme<T>(false));
    best.at = Vec<Int>(static_cast<Int>((z.first * axes.y.in + y.first) * x.in));
    for (int64_t a = 0; a < z.count; ++a) {
      for (int64_t b = 0; b < y.count; ++b) {
        const int64_t row = ((z.first + a * axes.z.dilation) * axes.y.in + y.first + b * axes.y.dilation) * x.in;
        const T* p = plane + row + column;
        int64_t c = 0;
        if (Step == 2 && x.dilation == 1) {
          for (; c + 2 <= x.kernel; c += 2) {
            const Pair<T> pair = loadPair(p + c, n);
            best.take(pair.even, row + c);
            best.take(pair.odd, row + c + 1);
          }
        }
        for (; c < x.kernel; ++c) {
          best.take(loadEvery<Step>(p + c * x.dilation, x.stride, n), row + c * x.dilation);
        }
      }
    }
    storeLanes(dst + to, best.value, n);
    if constexpr (Indexed) {
      Int columns[kLanes];
      for (int i = 0; i < kLanes; ++i) columns[i] = static_cast<Int>(column + i * x.stride);
      storePlaces(index + to, best.at + load(columns), n);
    }
  }

  template <int Step>
  void row(const T* plane, Span z, Span y, int64_t to) const {
    const Axis::Range inner = axes.x.inner();
    int64_t o = 0;
    for (; o < inner.first; ++o) one(plane, z, y, o, to + o);
    for (; o + kLanes <= inner.end; o += kLanes) some<Step>(plane, z, y, o, kLanes, to + o);
    if (o < inner.end) some<Step>(plane, z, y, o, static_cast<int>(inner.end - o), to + o);
    for (o = inner.end; o < axes.x.out; ++o) one(plane, z, y, o, to + o);
  }

  void run(const PoolArgs& args) const {
    const int64_t rows = axes.z.out * axes.y.out;
    const int64_t windows = axes.z.span(axes.z.out / 2).count * axes.y.span(axes.y.out / 2).count;
    forPoolRows(args.planes * rows, axes.x.in * (windows + 1), [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) {
        const T* plane = src + i / rows * axes.inSize;
        const Span z = axes.z.span(i % rows / axes.y.out), y = axes.y.span(i % axes.y.out);
        // Whole numbers are rarely pooled: vectors of each kind would not be worth their code.
        if constexpr (!kIsFloat<T>) {
          for (int64_t o = 0; o < axes.x.out; ++o) one(plane, z, y, o, i * axes.x.out + o);
        } else {
          withStep(axes.x.stride,
                   [&](auto step) { this->template row<decltype(step)::value>(plane, z, y, i * axes.x.out); });
        }
      }
    });
  }
};

template <class T>
void maxForward(const PoolArgs& args) {
  if (args.indexOut)
    MaxRows<T, true>(args).run(args);
  else
    MaxRows<T, false>(args).run(args);
}

// An index that is no place of its plane.
[[noreturn]] inline void failPlace(const PoolArgs& args, int32_t at, int64_t size) {
  fail(ErrorKind::Index, "[%s] index %d is outside [0, %lld)", args.name, static_cast<int>(at),
       static_cast<long long>(size));
}

// Whether all of n indices are places below `size`; fails for one that is neither that nor -1.
inline bool allPlaces(const PoolArgs& args, const int32_t* index, int64_t n, int64_t size) {
  Vec<int32_t> least(0), most(0);
  forLanes<int32_t>(n, [&](int64_t i, int lanes) ANNEAL_INLINED {
    const Vec<int32_t> at = loadLanes(index + i, lanes);
    least = min(least, at);
    most = max(most, at);
  });
  const int32_t low = minLanes(least);
  if (low < -1 || maxLanes(most) >= size) {
    for (int64_t i = 0; i < n; ++i) {
      if (index[i] < -1 || index[i] >= size) failPlace(args, index[i], size);
    }
  }
  return low == 0;
}

// Calls body(plane, axes, index, whether all of its indices are places) for every plane.
template <class Body>
void forPlanes(const PoolArgs& args, const Body& body) {
  const Axes axes(args);
  forPoolRows(args.planes, axes.inSize + axes.outSize, [&](int64_t begin, int64_t end) {
    for (int64_t plane = begin; plane < end; ++plane) {
      const int32_t* index = args.index + plane * axes.outSize;
      body(plane, axes, index, allPlaces(args, index, axes.outSize, axes.inSize));
    }
  });
}

template <class T>
void maxBackward(const PoolArgs& args) {
  forPlanes(args, [&](int64_t plane, const Axes& axes, const int32_t* index, bool everyone) {
    const T* from = static_cast<const T*>(args.src) + plane * axes.outSize;
    T* to = static_cast<T*>(args.dst) + plane * axes.inSize;
    __builtin_memset(to, 0, static_cast<size_t>(axes.inSize) * sizeof(T));
    if (everyone) {
      for (int64_t o = 0; o < axes.outSize; ++o) to[index[o]] += from[o];
      return;
    }
    for (int64_t o = 0; o < axes.outSize; ++o) {
      if (index[o] >= 0) to[index[o]] += from[o];
    }
  });
}

template <class T>
void maxPick(const PoolArgs& args) {
  forPlanes(args, [&](int64_t plane, const Axes& axes, const int32_t* index, bool) {
    const T* from = static_cast<const T*>(args.src) + plane * axes.inSize;
    T* to = static_cast<T*>(args.dst) + plane * axes.outSize;
    for (int64_t o = 0; o < axes.outSize; ++o) to[o] = index[o] < 0 ? T(0) : from[index[o]];
  });
}

}  // namespace
}  // namespace anneal::ANNEAL_LEVEL
