// Sampling at the positions of a grid: the elements and weights of each position are found once, and then used by all channels.
#include "cpu/fold.h"
#include "cpu/grid/taps.h"
#include "cpu/kernels.h"

namespace anneal::ANNEAL_LEVEL {
namespace {

constexpr int64_t kPoints = 2048;  // of a task
constexpr int64_t kBatches = 8;    // from here on an image is a task
constexpr int kTogether = 4;       // channels that share what is read of a position

template <class T, GridMode Mode, int Dimensions>
struct GridSample {
  static constexpr int kAlong = Mode == GridMode::Nearest ? 1 : Mode == GridMode::Linear ? 2 : 4;
  static constexpr int kTaps = Dimensions == 3 ? kAlong * kAlong * kAlong : kAlong * kAlong;  // of a position

  const GridSampleArgs& args;
  int64_t plane;

  explicit GridSample(const GridSampleArgs& a) : args(a), plane(a.in[0] * a.in[1] * a.in[2]) {}

  using Places = Vec<PlaceOf<T>>;

  static ANNEAL_INLINE void storePlaces(int32_t* p, Vec<int32_t> places, int n) { storeLanes(p, places, n); }
  static ANNEAL_INLINE void storePlaces(int32_t* p, Vec<int64_t> places, int n) {
    int64_t lane[Vec<int64_t>::kLanes];
    store(lane, places);
    for (int i = 0; i < n; ++i) p[i] = static_cast<int32_t>(lane[i]);
  }

  // What the positions [begin, end) of an image pick: rows [points] of places, -1 for what is outside, and of weights, one row per tap.
  void find(int64_t image, int64_t begin, int64_t end, int32_t* places, T* weights) const {
    constexpr int kLanes = Vec<T>::kLanes;
    const T* grid = static_cast<const T*>(args.grid) + image * args.points * Dimensions;
    const Places zero(0), height(static_cast<PlaceOf<T>>(args.in[1])), width(static_cast<PlaceOf<T>>(args.in[2]));
    forLanes<T>(end - begin, [&](int64_t i, int lanes) {
      const int64_t p = begin + i;
      T coordinates[Dimensions][kLanes] = {};
      for (int lane = 0; lane < lanes; ++lane) {
        for (int d = 0; d < Dimensions; ++d) coordinates[d][lane] = grid[(p + lane) * Dimensions + d];
      }
      const auto along = [&](int coordinate) ANNEAL_INLINED {
        return tapsOf<Mode>(load(coordinates[coordinate]), args.in[2 - coordinate], args.padding, args.alignCorners,
                            args.orders[coordinate]);
      };
      GridTaps<T> z;
      z.place[0] = zero;
      z.weight[0] = Vec<T>(T(1));
      if constexpr (Dimensions == 3) z = along(2);
      const GridTaps<T> y = along(1), x = along(0);
      int64_t at = p;
      for (int a = 0; a < (Dimensions == 3 ? kAlong : 1); ++a) {
        for (int b = 0; b < kAlong; ++b) {
          for (int c = 0; c < kAlong; ++c, at += args.points) {
            const auto inside = (z.place[a] | y.place[b] | x.place[c]) >= zero;
            const Places place = (z.place[a] * height + y.place[b]) * width + x.place[c];
            storePlaces(places + at, select(inside, place, Places(-1)), lanes);
            storeLanes(weights + at, z.weight[a] * y.weight[b] * x.weight[c], lanes);
          }
        }
      }
    });
  }

  // to [points] of `channels` channels
  template <int channels>
  void gather(const T* from, const int32_t* places, const T* weights, int64_t begin, int64_t end, T* to) const {
    for (int64_t p = begin; p < end; ++p) {
      T sums[channels] = {};
      for (int tap = 0; tap < kTaps; ++tap) {
        const int64_t place = places[tap * args.points + p];
        const T weight = weights[tap * args.points + p];
        if (place < 0) continue;
        for (int c = 0; c < channels; ++c) sums[c] = fma(weight, from[c * plane + place], sums[c]);
      }
      for (int c = 0; c < channels; ++c) to[c * args.points + p] = sums[c];
    }
  }

  // to [plane] of a channel, in the order of the positions
  void scatter(const T* from, const int32_t* places, const T* weights, T* to) const {
    __builtin_memset(to, 0, static_cast<size_t>(plane) * sizeof(T));
    for (int64_t p = 0; p < args.points; ++p) {
      for (int tap = 0; tap < kTaps; ++tap) {
        const int64_t place = places[tap * args.points + p];
        if (place >= 0) to[place] = fma(weights[tap * args.points + p], from[p], to[place]);
      }
    }
  }

  // One image; loop(count, grain, body) calls body(begin, end) for all of count.
  template <class Loop>
  void sample(int64_t image, const Loop& loop) const {
    int32_t* places = scratch<int32_t>(0, args.points * kTaps);
    T* weights = scratch<T>(1, args.points * kTaps);
    loop(args.points, kPoints, [&](int64_t begin, int64_t end) { find(image, begin, end, places, weights); });
    const T* src = static_cast<const T*>(args.src);
    T* dst = static_cast<T*>(args.dst);
    const int64_t first = image * args.channels;
    if (args.backward) {
      return loop(args.channels, 1, [&](int64_t begin, int64_t end) {
        for (int64_t c = first + begin; c < first + end; ++c) {
          scatter(src + c * args.points, places, weights, dst + c * plane);
        }
      });
    }
    const int64_t blocks = (args.points + kPoints - 1) / kPoints;
    const int64_t groups = (args.channels + kTogether - 1) / kTogether;
    loop(groups * blocks, 1, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) {
        const int64_t channel = i / blocks * kTogether, p = i % blocks * kPoints;
        const int64_t last = p + kPoints < args.points ? p + kPoints : args.points;
        const T* from = src + (first + channel) * plane;
        T* to = dst + (first + channel) * args.points;
        switch (args.channels - channel) {
          case 1: gather<1>(from, places, weights, p, last, to); break;
          case 2: gather<2>(from, places, weights, p, last, to); break;
          case 3: gather<3>(from, places, weights, p, last, to); break;
          default: gather<kTogether>(from, places, weights, p, last, to); break;
        }
      }
    });
  }

  void run() const {
    const int64_t cost = args.points * kTaps / 500;
    if (args.batch >= kBatches) {
      return forTasks(args.batch, 1 + cost * (args.channels + 2), [&](int64_t image) {
        sample(image, [](int64_t count, int64_t, const auto& body) { body(int64_t{0}, count); });
      });
    }
    for (int64_t image = 0; image < args.batch; ++image) {
      sample(image, [&](int64_t count, int64_t grain, const auto& body) {
        forRange(count, grain, body, 1 + (args.backward ? cost : kPoints * kTaps / 200));
      });
    }
  }
};

template <class T, GridMode Mode>
void withDimensions(const GridSampleArgs& args) {
  if constexpr (Mode != GridMode::Cubic) {
    if (args.dimensions == 3) return GridSample<T, Mode, 3>(args).run();
  }
  GridSample<T, Mode, 2>(args).run();
}

template <class T>
void withMode(const GridSampleArgs& args) {
  switch (args.mode) {
    case GridMode::Linear: return withDimensions<T, GridMode::Linear>(args);
    case GridMode::Nearest: return withDimensions<T, GridMode::Nearest>(args);
    case GridMode::Cubic: return withDimensions<T, GridMode::Cubic>(args);
  }
}

}  // namespace

void gridSample(const GridSampleArgs& args) {
  withFloat("gridSample", args.dtype, [&](auto t) { withMode<typename decltype(t)::type>(args); });
}

}  // namespace anneal::ANNEAL_LEVEL
