// The gradient by a small weight, above all a depthwise one: dot products of dout with the frame, for some taps and channels at once,
// in a vector each until all images have been read.
#pragma once
#include "cpu/conv/directions.h"
#include "cpu/gemm/dot.h"
#include "cpu/gemm/multiplyAdd.h"

namespace anneal::ANNEAL_LEVEL::convolution {

constexpr int64_t kDotSums = 2048;  // elements of a group's weight, at most
constexpr int64_t kDotTasks = 16;   // where groups are fewer, the images are cut into parts
constexpr int kDotRows = gemm::kManyRegisters ? 4 : 2;
constexpr int kDotTaps = gemm::kManyRegisters ? 6 : 4;

// sums[i, k] += dout[i, q] X[k, q] over the outputs q of one image, lane by lane.
template <class T, int MR, int KT>
void dotTaps(const Windows<T>& w, const T* src, const int64_t* offset, const T* dout, T* sums, int64_t sumsRow) {
  V<T> sum[MR][KT];
#pragma GCC unroll 8
  for (int i = 0; i < MR; ++i) {
#pragma GCC unroll 8
    for (int k = 0; k < KT; ++k) sum[i][k] = load(sums + i * sumsRow + k * W<T>).raw;
  }
  const int64_t row = w.dstRow;
  forRuns(w, 0, w.columns(), w.columns(), [&](const Run& run) ANNEAL_INLINED {
    const T* from = src + run.from;
    const T* to = dout + run.to;
    const auto step = [&](auto at) ANNEAL_INLINED {
      V<T> y[MR];
#pragma GCC unroll 8
      for (int i = 0; i < MR; ++i) y[i] = at(to + i * row).raw;
#pragma GCC unroll 8
      for (int k = 0; k < KT; ++k) {
        const V<T> x = at(from + offset[k]).raw;
#pragma GCC unroll 8
        for (int i = 0; i < MR; ++i) sum[i][k] = gemm::multiplyAdd<T>(sum[i][k], x, y[i]);
      }
    };
    int64_t left = run.count;
    for (; left >= W<T>; left -= W<T>, from += W<T>, to += W<T>) {
      step([](const T* p) ANNEAL_INLINED { return load(p); });
    }
    if (left > 0) {
      const int lanes = static_cast<int>(left);
      step([lanes](const T* p) ANNEAL_INLINED { return loadPartial(p, lanes); });
    }
  });
#pragma GCC unroll 8
  for (int i = 0; i < MR; ++i) {
#pragma GCC unroll 8
    for (int k = 0; k < KT; ++k) store(sums + i * sumsRow + k * W<T>, Vec<T>(sum[i][k]));
  }
}

template <class T>
using DotTaps = void (*)(const Windows<T>&, const T*, const int64_t*, const T*, T*, int64_t);
template <class T>
struct DotTapsTable {
  DotTaps<T> of[kDotRows][kDotTaps];
  template <int MR, int KT>
  constexpr void fill() {
    of[MR - 1][KT - 1] = dotTaps<T, MR, KT>;
    if constexpr (KT > 1)
      fill<MR, KT - 1>();
    else if constexpr (MR > 1)
      fill<MR - 1, kDotTaps>();
  }
  constexpr DotTapsTable() : of{} { fill<kDotRows, kDotTaps>(); }
};
template <class T>
constexpr DotTapsTable<T> kDotTable;

template <class T>
struct WeightDots {
  const ConvArgs& a;
  const Images<T> images;
  const int64_t rows, depth;

  explicit WeightDots(const ConvArgs& args)
      : a(args),
        images(framesOfInput<T>(a, false)),
        rows(a.outChannels / a.groups),
        depth(images.channels * placesOf(a.kernel)) {}

  // All sums of a group over some images.
  void addImages(const Windows<T>& w, int64_t group, int64_t begin, int64_t end, T* sums) const {
    const int64_t size = images.frame.plane(), own = images.plane();
    const Cut tiles(rows, ceilDiv(rows, kDotRows)), taps(depth, ceilDiv(depth, kDotTaps));
    T* const frames = scratch<T>(3, images.channels * size);
    for (int64_t i = 0; i < rows * depth * W<T>; i += W<T>) store(sums + i, Vec<T>(T{0}));
    for (int64_t n = begin; n < end; ++n) {
      for (int64_t c = 0; c < images.channels; ++c) {
        images.frame.fill(images.data + ((n * a.groups + group) * images.channels + c) * own, frames + c * size);
      }
      for (int64_t t = 0; t < tiles.parts; ++t) {
        const int64_t row = tiles.begin(t);
        const T* const dout = w.dst + n * w.dstImage + (group * rows + row) * w.dstRow;
        for (int64_t k = 0; k < taps.parts; ++k) {
          const int64_t tap = taps.begin(k);
          kDotTable<T>.of[tiles.of(t) - 1][taps.of(k) - 1](w, frames, w.offset + tap, dout,
                                                           sums + (row * depth + tap) * W<T>, depth * W<T>);
        }
      }
    }
  }

  void run() const {
    int64_t* const offsets = scratch<int64_t>(1, depth);
    forwardOffsets(a, images, offsets);
    const Windows<T> w = forwardWindows(a, images, offsets, static_cast<T*>(const_cast<void*>(a.other)));  // only read
    const int64_t parts = a.groups >= kDotTasks ? 1 : least(a.batch, ceilDiv(kDotTasks, a.groups));
    const Cut shares(a.batch, parts);
    const int64_t size = rows * depth * W<T>;
    T* const sums = scratch<T>(4, a.groups * parts * size);
    const bool parallel = flopsOf(a) > gemm::kSerialFlops;
    const int64_t pieces = a.groups * parts, tasks = least(pieces, gemm::worthTasks(4 * flopsOf(a)));
    loop(parallel, pieces, ceilDiv(pieces, tasks), [&](int64_t piece) {
      const int64_t part = piece % parts;
      addImages(w, piece / parts, shares.begin(part), shares.begin(part + 1), sums + piece * size);
    });
    loop(parallel, a.groups, most(1, gemm::kPackElements / (parts * size)), [&](int64_t group) {
      T* const own = sums + group * parts * size;
      for (int64_t step = 1; step < parts; step *= 2) {
        for (int64_t part = 0; part + step < parts; part += 2 * step) {
          T* const to = own + part * size;
          for (int64_t i = 0; i < size; i += W<T>) store(to + i, load(to + i) + load(to + step * size + i));
        }
      }
      T* const dw = static_cast<T*>(a.dst) + group * rows * depth;
      for (int64_t i = 0; i < rows * depth; ++i) dw[i] = anneal::ANNEAL_LEVEL::sumLanes(load(own + i * W<T>));
    });
  }
};

}  // namespace anneal::ANNEAL_LEVEL::convolution
