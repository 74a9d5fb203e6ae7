// Sums of few channels, above all of one (depthwise): tiles read the frame where it lies, several vectors of outputs side by side.
#pragma once
#include "cpu/conv/windows.h"
#include "cpu/gemm/multiplyAdd.h"

namespace anneal::ANNEAL_LEVEL::convolution {

constexpr int64_t kDirectRows = 4;  // of a tile, at most

// Vectors of outputs in a tile of so many rows: their sums fit the registers and hide the latency of the multiply-add.
constexpr int directVectors(int64_t rows) {
  if (rows <= 2) return rows == 1 ? 8 : 4;
  return gemm::kManyRegisters ? 4 : gemm::kCountsInstructions ? 3 : 2;
}
constexpr int64_t kDirectPlaces =
    12;  // vectors of outputs that tiles take one after the other, while their weights are near

// Neighbouring outputs, as many as a vector has lanes or fewer.
template <class T>
struct Places {
  const T* from;
  T* to;
  int lanes;
};

// Rows of the result for some vectors of outputs. A vector is read whole, beyond its lanes too: the frame has room for that.
template <class T, int MR, int NV>
void directTile(const Windows<T>& w, int64_t channel, const Places<T>* places, int64_t count) {
  V<T> sum[MR][NV];
  const T* from[NV];
#pragma GCC unroll 8
  for (int j = 0; j < NV; ++j) {
    from[j] = places[least(j, count - 1)].from;
#pragma GCC unroll 4
    for (int i = 0; i < MR; ++i) sum[i][j] = V<T>{};
  }
  const T* const weight = w.weight + channel * w.depth;
  for (int64_t k = 0; k < w.depth; ++k) {
    const int64_t offset = w.offset[k];
    if constexpr (NV <= MR) {  // what there is less of waits in registers
      V<T> y[NV];
#pragma GCC unroll 8
      for (int j = 0; j < NV; ++j) y[j] = load(from[j] + offset).raw;
#pragma GCC unroll 4
      for (int i = 0; i < MR; ++i) {
        const V<T> x = Vec<T>(weight[i * w.depth + k]).raw;
#pragma GCC unroll 8
        for (int j = 0; j < NV; ++j) sum[i][j] = gemm::multiplyAdd<T>(sum[i][j], y[j], x);
      }
    } else {
      V<T> x[MR];
#pragma GCC unroll 4
      for (int i = 0; i < MR; ++i) x[i] = Vec<T>(weight[i * w.depth + k]).raw;
#pragma GCC unroll 8
      for (int j = 0; j < NV; ++j) {
        const V<T> y = load(from[j] + offset).raw;
#pragma GCC unroll 4
        for (int i = 0; i < MR; ++i) sum[i][j] = gemm::multiplyAdd<T>(sum[i][j], y, x[i]);
      }
    }
  }
  const Finish<T>& finish = *w.finish;
  const bool plain = w.dstStep[2] == 1 && finish.onlyShifts();
#pragma GCC unroll 4
  for (int i = 0; i < MR; ++i) {
    const Vec<T> bias(plain ? finish.bias(channel + i) : T{0});
#pragma GCC unroll 8
    for (int j = 0; j < NV; ++j) {
      if (j >= count) break;
      T* const to = places[j].to + (channel + i) * w.dstRow;
      const int lanes = places[j].lanes;
      if (plain) {
        storeLanes(to, Vec<T>(sum[i][j]) + bias, lanes);
      } else if (w.dstStep[2] == 1) {
        storeLanes(to, finish.apply(Vec<T>(sum[i][j]), channel + i, to, lanes), lanes);
        finish.activate(to, lanes);
      } else {
        T lane[W<T>];
        store(lane, Vec<T>(sum[i][j]));
        finish.store(lane, lanes, channel + i, to, w.dstStep[2]);
      }
    }
  }
}

template <class T>
using DirectTile = void (*)(const Windows<T>&, int64_t, const Places<T>*, int64_t);
template <class T>
constexpr DirectTile<T> kDirectTiles[kDirectRows] = {
    directTile<T, 1, directVectors(1)>, directTile<T, 2, directVectors(2)>, directTile<T, 3, directVectors(3)>,
    directTile<T, 4, directVectors(4)>};

// Columns [begin, end) of all images of a group whose first image begins at `src`.
template <class T>
void multiplyDirect(const Windows<T>& w, const T* src, int64_t group, int64_t begin, int64_t end) {
  const Cut tiles(w.rows, ceilDiv(w.rows, kDirectRows));
  Places<T> places[kDirectPlaces];
  int64_t count = 0;
  const auto run = [&] {
    for (int64_t t = 0; t < tiles.parts; ++t) {
      const int64_t rows = tiles.of(t), vectors = directVectors(rows);
      for (int64_t i = 0; i < count; i += vectors) {
        kDirectTiles<T>[rows - 1](w, group * w.rows + tiles.begin(t), places + i, least(vectors, count - i));
      }
    }
    count = 0;
  };
  forRuns(w, begin, end, W<T>, [&](const Run& r) {
    places[count++] = {src + r.from, w.dst + r.to, static_cast<int>(r.count)};
    if (count == kDirectPlaces) run();
  });
  if (count > 0) run();
}

// Where the frames of all images are there.
template <class T>
void multiplyDirect(const Windows<T>& w, bool parallel) {
  const int64_t columns = w.images * w.columns(), tasks = gemm::worthTasks(w.flops());
  const int64_t width = most(8 * W<T>, roundUp<T>(ceilDiv(columns * w.groups, tasks)));
  const int64_t parts = ceilDiv(columns, width);
  loop(parallel, w.groups * parts, [&](int64_t task) {
    const int64_t group = task / parts, begin = task % parts * width;
    multiplyDirect(w, w.src + group * w.srcGroup, group, begin, least(columns, begin + width));
  });
}

}  // namespace anneal::ANNEAL_LEVEL::convolution
