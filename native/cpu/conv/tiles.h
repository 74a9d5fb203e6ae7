// Sums of many channels: panels of columns are packed straight from the frame and multiplied by the register tiles of products.
#pragma once
#include "cpu/conv/windows.h"
#include "cpu/gemm/pack.h"

namespace anneal::ANNEAL_LEVEL::convolution {

constexpr int64_t kMergedColumns = 96;  // images of fewer outputs share panels

// How the columns are cut into panels, and the rows into tiles and tasks.
template <class T>
struct PanelCut {
  bool merged;  // panels go on from image to image
  gemm::Panels<T> panels;
  int64_t units;        // images, or one
  Cut tiles, rowTasks;  // of the rows, and of the tiles

  explicit PanelCut(const Windows<T>& w)
      : merged(w.columns() < kMergedColumns && w.images > 1),
        panels(merged ? w.columns() * w.images : w.columns(), gemm::tileVectors(least(w.rows, gemm::kTileRows))),
        units(merged ? 1 : w.images),
        tiles(w.rows, ceilDiv(w.rows, gemm::kTileRows)),
        rowTasks(tiles.parts, rowParts(w)) {}

  int64_t pieces(const Windows<T>& w) const { return w.groups * units * panels.count() * rowTasks.parts; }

 private:
  // Each of the parts packs the panel for itself, which a few tiles pay for.
  int64_t rowParts(const Windows<T>& w) const {
    const int64_t wanted = gemm::worthTasks(w.flops()), have = w.groups * units * panels.count();
    return most(1, least(ceilDiv(wanted, have), tiles.parts / 4));
  }
};

template <class T>
void multiplyPanel(const Windows<T>& w, const PanelCut<T>& cut, int64_t piece) {
  const int64_t part = piece % cut.rowTasks.parts, panel = piece / cut.rowTasks.parts % cut.panels.count();
  const int64_t unit = piece / cut.rowTasks.parts / cut.panels.count() % cut.units;
  const int64_t group = piece / cut.rowTasks.parts / cut.panels.count() / cut.units;
  const int64_t first = unit * w.columns() + cut.panels.begin(panel), cols = cut.panels.colsOf(panel);
  const int64_t width = cut.panels.width(panel);
  Run runs[gemm::kMostVectors * W<T>];
  int64_t count = 0;
  forRuns(w, first, first + cols, cols, [&](const Run& run) { runs[count++] = run; });

  const int64_t tile0 = cut.rowTasks.begin(part), tile1 = cut.rowTasks.begin(part + 1);
  const int64_t row0 = cut.tiles.begin(tile0), rows = cut.tiles.begin(tile1) - row0;
  const Cut depths(w.depth, ceilDiv(w.depth, gemm::kDepthBlock<T>));
  T* const sums = scratch<T>(2, rows * width);
  T* const packed = scratch<T>(3, depths.of(0) * width + W<T>);
  gemm::Epilogue<T> onTop;
  onTop.origin = onTop.add = sums;
  for (int64_t d = 0; d < depths.parts; ++d) {
    const int64_t k = depths.begin(d);
    packWindows(w.src + group * w.srcGroup, w.offset + k, depths.of(d), runs, count, width, packed);
    gemm::TileArgs<T> args{};
    args.depth = depths.of(d);
    args.a = w.weight + (group * w.rows + row0) * w.depth + k;
    args.aRow = w.depth;
    args.aStep = 1;
    args.b = packed;
    args.bStep = args.outRow = width;
    args.out = sums;
    args.epilogue = d == 0 ? nullptr : &onTop;
    args.lanesIn = args.lanesOut = W<T>;
    const gemm::Layout layout = gemm::Tiles<T>::layoutOf(args, true, false);
    for (int64_t t = tile0; t < tile1; ++t) {
      const int64_t height = cut.tiles.of(t);
      gemm::Tiles<T>::all.of[static_cast<int>(layout)][0][height - 1][width / W<T> - 1](args);
      args.a += height * w.depth;
      args.out += height * width;
    }
  }
  for (int64_t i = 0; i < rows; ++i) {
    const int64_t channel = group * w.rows + row0 + i;
    T* const to = w.dst + channel * w.dstRow;
    for (int64_t r = 0; r < count; ++r) {
      w.finish->store(sums + i * width + runs[r].at, runs[r].count, channel, to + runs[r].to, w.dstStep[2]);
    }
  }
}

template <class T>
void multiplyPanels(const Windows<T>& w, bool parallel) {
  const PanelCut<T> cut(w);
  const int64_t pieces = cut.pieces(w), tasks = least(pieces, gemm::worthTasks(w.flops()));
  loop(parallel, pieces, ceilDiv(pieces, tasks), [&](int64_t piece) { multiplyPanel(w, cut, piece); });
}

}  // namespace anneal::ANNEAL_LEVEL::convolution
