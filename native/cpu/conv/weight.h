// The gradient by the weight: dw^T[depth, rows] = X[depth, q] dout^T[q, rows], where q runs over the outputs of all images.
//
// Elements of X are copied to lie along q, some rows of dw^T and some of q at a time; dout is turned once. What q is cut into depends on
// the shape alone, and the parts are added up in a fixed tree.
#pragma once
#include "cpu/conv/directions.h"
#include "cpu/conv/weightDots.h"

namespace anneal::ANNEAL_LEVEL::convolution {

constexpr int64_t kWeightRows = 96;  // of dw^T in a task
constexpr int64_t kWeightTasks = 8;  // where there are fewer, q is cut into parts

template <class T>
struct WeightGradient {
  const ConvArgs& a;
  const Images<T> images;
  const int64_t rows, depth, width;  // width: of a row of dw^T in memory
  Cut blocks;                        // of the depth
  Windows<T> windows;                // of a chunk of images
  int64_t parts = 1;
  T* sums = nullptr;  // [parts, groups, depth, width]
  T* dout = nullptr;  // turned, of a chunk of images: [groups, pieces of q], a piece as panels [q, panel]

  explicit WeightGradient(const ConvArgs& args)
      : a(args),
        images(framesOfInput<T>(a, true)),
        rows(a.outChannels / a.groups),
        depth(images.channels * placesOf(a.kernel)),
        width(roundUp<T>(rows)),
        blocks(depth, ceilDiv(depth, kWeightRows)) {}

  Cut cutOf(const Windows<T>& w) const {
    const int64_t all = w.images * w.columns();
    return Cut(all, ceilDiv(all, gemm::kDepthBlock<T>));
  }
  int64_t sumsSize() const { return roundUp<T>(depth) * width; }

  // The panels of a row of dw^T, which all blocks share.
  gemm::Panels<T> panelsOfRows() const {
    const int64_t height = blocks.of(0);
    return gemm::Panels<T>(rows, gemm::tileVectors(ceilDiv(height, ceilDiv(height, gemm::kTileRows))));
  }

  // Turns the outputs q in [begin, end).
  void turnPiece(const Windows<T>& w, int64_t group, int64_t begin, int64_t end) const {
    const gemm::Panels<T> panels = panelsOfRows();
    const int64_t places = w.columns();
    T* to = dout + (group * w.images * places + begin) * width;
    for (int64_t j = 0; j < panels.count(); ++j) {
      const int64_t panelWidth = panels.width(j);
      for (int64_t q = begin; q < end;) {
        const int64_t n = q / places, place = q % places, some = least(end - q, places - place);
        const T* const from = w.dst + n * w.dstImage + (group * rows + panels.begin(j)) * w.dstRow + place;
        gemm::packPanel(from, 1, w.dstRow, some, panels.colsOf(j), to, panelWidth);
        to += some * panelWidth;
        q += some;
      }
    }
  }

  // The terms q in [begin, end) of a block of dw^T.
  void addPiece(const Windows<T>& w, int64_t group, int64_t block, int64_t begin, int64_t end, T* out,
                bool first) const {
    const int64_t count = end - begin, aRow = roundUp<T>(count), k0 = blocks.begin(block), height = blocks.of(block);
    T* const x = scratch<T>(2, height * aRow + W<T>);
    Run runs[gemm::kDepthBlock<T>];
    int64_t found = 0;
    forRuns(w, begin, end, count, [&](const Run& run) { runs[found++] = run; });
    const T* const src = w.src + group * w.srcGroup;
    packWindows(src, w.offset + k0, height, runs, found, aRow, x);
    const Cut tiles(height, ceilDiv(height, gemm::kTileRows));
    const gemm::Panels<T> panels = panelsOfRows();
    const T* const turned = dout + (group * w.images * w.columns() + begin) * width;
    gemm::Epilogue<T> onTop;
    onTop.origin = onTop.add = out;
    for (int64_t j = 0; j < panels.count(); ++j) {
      const int64_t panelWidth = panels.width(j);
      gemm::TileArgs<T> args{};
      args.depth = count;
      args.a = x;
      args.aRow = aRow;
      args.aStep = 1;
      args.b = turned + panels.begin(j) * count;
      args.bStep = panelWidth;
      args.out = out + k0 * width + panels.begin(j);
      args.outRow = width;
      args.epilogue = first ? nullptr : &onTop;
      args.lanesIn = args.lanesOut = W<T>;
      const gemm::Layout layout = gemm::Tiles<T>::layoutOf(args, true, false);
      for (int64_t t = 0; t < tiles.parts; ++t) {
        gemm::Tiles<T>::all.of[static_cast<int>(layout)][0][tiles.of(t) - 1][panelWidth / W<T> - 1](args);
        args.a += tiles.of(t) * aRow;
        args.out += tiles.of(t) * width;
      }
    }
  }

  void addChunk(const Windows<T>& w, bool first, bool parallel) const {
    const Cut pieces = cutOf(w), shares(pieces.parts, parts);
    loop(parallel, a.groups * pieces.parts, most(1, gemm::kPackElements / (pieces.of(0) * width)), [&](int64_t i) {
      const int64_t piece = i % pieces.parts;
      turnPiece(w, i / pieces.parts, pieces.begin(piece), pieces.begin(piece + 1));
    });
    loop(parallel, parts * a.groups * blocks.parts, [&](int64_t task) {
      const int64_t block = task % blocks.parts, group = task / blocks.parts % a.groups;
      const int64_t part = task / blocks.parts / a.groups;
      T* const out = sums + (part * a.groups + group) * sumsSize();
      for (int64_t i = shares.begin(part); i < shares.begin(part + 1); ++i) {
        addPiece(w, group, block, pieces.begin(i), pieces.begin(i + 1), out, first && i == shares.begin(part));
      }
    });
  }

  // Adds the sums of the parts up, pairwise.
  void fold(bool parallel) const {
    const int64_t size = a.groups * sumsSize();
    for (int64_t step = 1; step < parts; step *= 2) {
      for (int64_t part = 0; part + step < parts; part += 2 * step) {
        T* const to = sums + part * size;
        const T* const from = to + step * size;
        loop(parallel, ceilDiv(size, gemm::kPackElements), [&](int64_t task) {
          const int64_t begin = task * gemm::kPackElements, end = least(size, begin + gemm::kPackElements);
          for (int64_t i = begin; i < end; i += W<T>) store(to + i, load(to + i) + load(from + i));
        });
      }
    }
  }

  void turn(bool parallel) const {
    constexpr int64_t kColumns = 64;
    const int64_t strips = ceilDiv(rows, kColumns);
    loop(parallel, a.groups * strips, most(1, gemm::kPackElements / (kColumns * depth)), [&](int64_t i) {
      const int64_t group = i / strips, col = i % strips * kColumns;
      gemm::finishTurned<T>(sums + group * sumsSize() + col, width, depth, least(kColumns, rows - col),
                            static_cast<T*>(a.dst) + (group * rows + col) * depth, depth, 0, nullptr);
    });
  }

  void run() {
    const bool parallel = flopsOf(a) > gemm::kSerialFlops;
    const int64_t chunk = images.chunk(), tasks = a.groups * blocks.parts;
    T* const other = static_cast<T*>(const_cast<void*>(a.other));  // only read
    int64_t* const offsets = scratch<int64_t>(1, depth);
    forwardOffsets(a, images, offsets);
    windows = forwardWindows(a, images, offsets, other);
    windows.images = least(chunk, a.batch);
    parts = tasks >= kWeightTasks ? 1 : least(ceilDiv(kWeightTasks, tasks), cutOf(windows).parts);
    sums = scratch<T>(4, parts * a.groups * sumsSize());
    dout = scratch<T>(5, a.groups * windows.images * windows.columns() * width + W<T>);
    for (int64_t first = 0; first < a.batch; first += chunk) {
      Windows<T> w = windows;
      w.images = least(chunk, a.batch - first);
      w.src = images.load(first, w.images, parallel);
      w.dst += first * w.dstImage;
      addChunk(w, first == 0, parallel);
    }
    fold(parallel);
    turn(parallel);
  }
};

template <class T>
void weightGradient(const ConvArgs& a) {
  const int64_t rows = a.outChannels / a.groups, depth = a.inChannels / a.groups * placesOf(a.kernel);
  if (rows * depth <= kDotSums)
    WeightDots<T>(a).run();
  else
    WeightGradient<T>(a).run();
}

}  // namespace anneal::ANNEAL_LEVEL::convolution
