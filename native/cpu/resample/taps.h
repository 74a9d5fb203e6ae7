// Which elements of a dimension make an element of the result, and with what weights.
//
// Positions are computed in float64, but for the nearest element, where PyTorch's float32 decides which one it is.
#pragma once
#include "cpu/simd.h"
#include "cpu/support.h"

namespace anneal::ANNEAL_LEVEL {
namespace {

ANNEAL_INLINE int64_t clampTo(int64_t i, int64_t count) { return i < 0 ? 0 : i < count ? i : count - 1; }

// Cubic convolution (Keys 1981) at distance x, with its slope a at distance 1.
inline double cubicWeight(double x, double a) {
  x = abs(x);
  if (x < 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
  return x < 2 ? (((x - 5) * x + 8) * x - 4) * a : 0;
}
inline double linearWeight(double x) {
  x = abs(x);
  return x < 1 ? 1 - x : 0;
}

// Element o of the result is the sum of weight(o, t) * element place(o, t), t < count(o), count(o) <= most.
template <class T>
struct Taps {
  const ResampleArgs& args;
  double scale;    // elements of the input per element of the result
  double support;  // of a stretched weight, on either side
  int64_t most;
  int64_t* places;
  T* weights;
  int64_t* counts;

  // The tables lie in scratch memory 0 of the calling thread.
  explicit Taps(const ResampleArgs& a) : args(a), support(0) {
    const bool cubic = a.mode == ResampleMode::Cubic;
    scale = a.scale != 0 ? a.scale : static_cast<double>(a.in) / static_cast<double>(a.out);
    if (a.alignCorners) scale = a.out > 1 ? static_cast<double>(a.in - 1) / static_cast<double>(a.out - 1) : 0;
    most = cubic ? 4 : a.mode == ResampleMode::Linear ? 2 : 1;
    if (a.antialias) {
      support = (cubic ? 2 : 1) * (scale > 1 ? scale : 1);
      const double widest = 2 * __builtin_ceil(support) + 1, all = static_cast<double>(a.in);
      most = static_cast<int64_t>(widest < all ? widest : all);
    }
    const int64_t entries = a.out * most;
    int64_t* memory = scratch<int64_t>(0, 2 * entries + a.out);
    places = memory;
    counts = memory + entries;
    weights = reinterpret_cast<T*>(counts + a.out);
    for (int64_t o = 0; o < a.out; ++o) {
      counts[o] = most;
      if (a.antialias)
        stretched(o);
      else if (cubic)
        fourAround(o);
      else if (a.mode == ResampleMode::Linear)
        twoAround(o);
      else
        nearest(o);
    }
  }

  ANNEAL_INLINE void set(int64_t o, int64_t tap, int64_t place, double weight) {
    places[o * most + tap] = place;
    weights[o * most + tap] = static_cast<T>(weight);
  }

  void nearest(int64_t o) {
    const float step =
        args.scale != 0 ? static_cast<float>(args.scale) : static_cast<float>(args.in) / static_cast<float>(args.out);
    const float at = static_cast<float>(o) + (args.mode == ResampleMode::NearestExact ? 0.5f : 0.0f);
    set(o, 0, clampTo(static_cast<int64_t>(__builtin_floorf(at * step)), args.in), 1);
  }

  ANNEAL_INLINE double position(int64_t o) const {
    const double at = static_cast<double>(o);
    return args.alignCorners ? scale * at : scale * (at + 0.5) - 0.5;
  }

  void twoAround(int64_t o) {
    double at = args.in == args.out ? static_cast<double>(o) : position(o);
    if (at < 0) at = 0;
    const int64_t place = clampTo(static_cast<int64_t>(at), args.in);
    double second = at - static_cast<double>(place);
    if (second > 1) second = 1;
    set(o, 0, place, 1 - second);
    set(o, 1, clampTo(place + (args.in == args.out ? 0 : 1), args.in), second);
  }

  void fourAround(int64_t o) {
    const double at = position(o);
    double floor = __builtin_floor(at);
    const double last = static_cast<double>(args.in - 1);
    if (floor > last) floor = last;
    double beyond = at - floor;
    if (beyond > 1) beyond = 1;
    for (int64_t tap = 0; tap < 4; ++tap) {
      const int64_t place = static_cast<int64_t>(floor) - 1 + tap;
      set(o, tap, clampTo(place, args.in), cubicWeight(beyond + 1 - static_cast<double>(tap), -0.75));
    }
  }

  void stretched(int64_t o) {
    const double middle = scale * (static_cast<double>(o) + 0.5), stretch = scale > 1 ? 1 / scale : 1;
    int64_t begin = static_cast<int64_t>(middle - support + 0.5), end = static_cast<int64_t>(middle + support + 0.5);
    if (begin < 0) begin = 0;
    if (end > args.in) end = args.in;
    int64_t count = end - begin;
    count = count < 0 ? 0 : count > most ? most : count;
    const auto weight = [&](int64_t tap) {
      const double x = (static_cast<double>(tap + begin) - middle + 0.5) * stretch;
      return args.mode == ResampleMode::Cubic ? cubicWeight(x, -0.5) : linearWeight(x);
    };
    double total = 0;
    for (int64_t tap = 0; tap < count; ++tap) total += weight(tap);
    for (int64_t tap = 0; tap < count; ++tap) set(o, tap, begin + tap, total != 0 ? weight(tap) / total : weight(tap));
    counts[o] = count;
  }
};

// The sums that one direction computes: element i is the sum of weight[t] * element place[t] for begin[i] <= t < begin[i + 1].
template <class T>
struct Sums {
  int64_t count;
  const int64_t* begin;
  const int64_t* place;
  const T* weight;

  // The tables lie in scratch memory 1 of the calling thread.
  explicit Sums(const ResampleArgs& args) {
    const Taps<T> taps(args);
    count = args.backward ? args.in : args.out;
    const int64_t entries = args.out * taps.most;
    int64_t* memory = scratch<int64_t>(1, 2 * entries + count + 1);
    int64_t *starts = memory, *places = memory + count + 1;
    T* weights = reinterpret_cast<T*>(places + entries);
    begin = starts;
    place = places;
    weight = weights;
    for (int64_t i = 0; i <= count; ++i) starts[i] = 0;
    const auto forTaps = [&](const auto& body) {
      for (int64_t o = 0; o < args.out; ++o) {
        for (int64_t t = o * taps.most; t < o * taps.most + taps.counts[o]; ++t) {
          if (args.backward)
            body(taps.places[t], o, taps.weights[t]);
          else
            body(o, taps.places[t], taps.weights[t]);
        }
      }
    };
    forTaps([&](int64_t to, int64_t, T) { ++starts[to + 1]; });
    for (int64_t i = 0; i < count; ++i) starts[i + 1] += starts[i];
    forTaps([&](int64_t to, int64_t from, T by) {
      places[starts[to]] = from;
      weights[starts[to]++] = by;
    });
    for (int64_t i = count; i > 0; --i) starts[i] = starts[i - 1];
    starts[0] = 0;
  }
};

}  // namespace
}  // namespace anneal::ANNEAL_LEVEL
