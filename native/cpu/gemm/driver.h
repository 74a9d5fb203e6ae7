// The loops around the register tile: what is packed, and how C is cut into tasks.
#pragma once
#include "cpu/gemm/cache.h"
#include "cpu/gemm/finish.h"
#include "cpu/gemm/pack.h"
#include "cpu/gemm/product.h"

namespace anneal::ANNEAL_LEVEL::gemm {

// How many rows, so many elements apart, the first-level cache holds side by side: rows 4096 bytes apart share one of
// its sets of 8 lines or more, of which the other operand takes its part.
template <class T>
int64_t rowsInCache(int64_t stride) {
  const int64_t bytes = (stride < 0 ? -stride : stride) * int64_t{sizeof(T)} % 4096;
  for (int64_t period = 1; period <= 4; period *= 2) {
    const int64_t distance = bytes * period % 4096;
    if (least(distance, 4096 - distance) < 64) return kRowsInSet * period;
  }
  return INT64_MAX;
}

// How a product is cut into row tiles, panels of B, and blocks of columns and depth. It sets the order of every sum and
// the layout of a packed B.
template <class T>
struct Blocking {
  Cut tiles;         // of the rows
  int64_t widest;    // panel, in vectors
  int64_t colBlock;  // whole vectors, or all columns
  Cut depths;

  explicit Blocking(const Product<T>& p)
      : tiles(p.rows, ceilDiv(p.rows, kTileRows)),
        widest(tileVectors(tiles.of(0))),
        colBlock(p.cols <= kColBlock ? p.cols : roundUp<T>(ceilDiv(p.cols, ceilDiv(p.cols, kColBlock)))),
        depths(p.depth, ceilDiv(p.depth, kDepthBlock<T>)) {}

  bool readsInPlace(const Product<T>& p) const {
    return p.bCol == 1 &&
           (tiles.parts == 1 || (tiles.parts <= kInPlaceTiles && rowsInCache<T>(p.bStep) >= kInPlaceRows));
  }
};

// Where the panels of a block begin in a packed B.
template <class T>
int64_t packedOffset(const Product<T>& p, int64_t col0, int64_t cols, int64_t first) {
  return col0 * p.depth + first * roundUp<T>(cols);
}

// One block of a product's columns and depth, ready for tiles.
template <class T>
struct ProductBlock {
  const Product<T>& p;
  const Blocking<T>& cut;
  int64_t depth, col0;
  Panels<T> columns;
  const Epilogue<T>* epilogue;  // null: none
  const T* a;                   // tile t begins at a + begin(t) * aRow, or, where A is packed, as tileOfA says
  int64_t aRow, aStep, groupSize = 0;
  const T* b;  // the block's corner in B
  enum { InPlace, Packed, PackedByTask } panels;
  const T* packedB;  // Packed: panel j at begin(j) * depth

  // A panel that has to be fetched from beyond the second-level cache, or null.
  const T* farPanel(int64_t panel) const {
    const bool far = panels == Packed && depth * columns.cols * int64_t{sizeof(T)} > kFarCaches * l2Bytes();
    return kLayouts > 1 && far ? packedB + columns.begin(panel) * depth : nullptr;
  }
  const T* tileOfA(int64_t t) const {
    if (groupSize == 0) return a + cut.tiles.begin(t) * aRow;
    const int64_t group = t / kGroupTiles;
    return a + group * groupSize + cut.tiles.begin(t) - cut.tiles.begin(group * kGroupTiles);
  }
};

// The panels of [depth, cols] one after the other.
template <class T>
void packPanels(const T* b, int64_t bStep, int64_t bCol, int64_t depth, const Panels<T>& columns, T* dst,
                bool parallel) {
  const int64_t panels = columns.count(), width = columns.width(0);
  if (bCol == 1) {
    const int64_t wide = least(panels, kPackPanels), rows = most(1, kPackElements / (wide * width));
    const int64_t parts = ceilDiv(depth, rows);
    return loop(parallel, ceilDiv(panels, wide) * parts, [&](int64_t task) {
      const int64_t panel = task / parts * wide, row = task % parts * rows;
      packRows(b, bStep, depth, row, least(depth, row + rows), columns, panel, least(panels, panel + wide), dst);
    });
  }
  loop(parallel, panels, most(1, kPackElements / (depth * width)), [&](int64_t j) {
    const int64_t col = columns.begin(j);
    packPanel(b + col * bCol, bStep, bCol, depth, columns.colsOf(j), dst + col * depth, columns.width(j));
  });
}

template <class T>
bool packsA(const Product<T>& p, int64_t depth, int64_t cols) {
  if (p.aStep == 1 || p.rows <= 4 || cols < kPackACols) return false;
  return depth > (p.aStep * int64_t{sizeof(T)} < kFarStep ? kPackADepth : kPackFarDepth);
}

// Columns of A that tiles would read far apart: groups of tiles one after the other, in each the columns close together.
template <class T>
void packA(ProductBlock<T>& k, bool parallel) {
  const Cut& tiles = k.cut.tiles;
  const int64_t width = roundUp<T>(kGroupTiles * tiles.of(0)), size = width * k.depth;
  const int64_t groups = ceilDiv(tiles.parts, kGroupTiles);
  T* packed = scratch<T>(1, groups * size);
  loop(parallel, groups, most(1, kPackElements / size), [&](int64_t g) {
    const int64_t row0 = tiles.begin(g * kGroupTiles), row1 = tiles.begin(least(tiles.parts, (g + 1) * kGroupTiles));
    packPanel(k.a + row0 * k.aRow, k.aStep, k.aRow, k.depth, row1 - row0, packed + g * size, width);
  });
  k.a = packed;
  k.aRow = 1;
  k.aStep = width;
  k.groupSize = size;
}

// A panel of B: `depth` rows of `width` elements, bStep apart, of which `cols` count. `keep`: where the first tile packs it for
// the others, or null.
template <class T>
struct Panel {
  const T* b;
  int64_t bStep, cols, width;
  bool packed;
  T* keep;
};

template <class T>
Panel<T> panelOf(const ProductBlock<T>& k, int64_t index, int64_t tiles) {
  const int64_t col = k.columns.begin(index), cols = k.columns.colsOf(index), width = k.columns.width(index);
  if (k.panels == ProductBlock<T>::Packed) return {k.packedB + col * k.depth, width, cols, width, true, nullptr};
  const T* b = k.b + col * k.p.bCol;
  const bool keeps = kLayouts > 1 && k.p.bCol == 1 && width == cols && (k.aStep == 1 || k.aRow == 1) &&
                     tiles >= kKeepTiles && k.depth >= kKeepDepth;
  if (keeps) return {b, k.p.bStep, cols, width, false, scratch<T>(3, k.depth * width)};
  if (k.panels == ProductBlock<T>::InPlace && (kLoadsParts || width == cols)) {
    return {b, k.p.bStep, cols, width, false, nullptr};
  }
  T* packed = scratch<T>(3, k.depth * width);
  packPanel(b, k.p.bStep, k.p.bCol, k.depth, cols, packed, width);
  return {packed, width, cols, width, true, nullptr};
}

// Row tiles [tile0, tile1) by panels [panel0, panel1).
template <class T>
void runBlock(const ProductBlock<T>& k, int64_t tile0, int64_t tile1, int64_t panel0, int64_t panel1) {
  const Product<T>& p = k.p;
  const Cut& tiles = k.cut.tiles;
  const int64_t row0 = tiles.begin(tile0), rows = tiles.begin(tile1) - row0;
  T* turned = p.flipped ? scratch<T>(2, roundUp<T>(rows) * k.columns.width(0)) : nullptr;
  TileArgs<T> args;
  args.depth = k.depth;
  args.aRow = k.aRow;
  args.aStep = k.aStep;
  for (int64_t index = panel0; index < panel1; ++index) {
    const Panel<T> panel = panelOf(k, index, tile1 - tile0);
    const int64_t col = k.col0 + k.columns.begin(index);
    const int lanes = static_cast<int>(panel.cols + W<T> - panel.width);
    args.b = panel.b;
    args.bStep = panel.bStep;
    args.keep = panel.keep;
    args.lanesIn = panel.packed ? W<T> : lanes;
    args.lanesOut = p.flipped ? W<T> : lanes;
    args.out = p.flipped ? turned : p.c + row0 * p.cRow + col;
    args.outRow = p.flipped ? panel.width : p.cRow;
    args.epilogue = p.flipped ? nullptr : k.epilogue;
    args.col = col;
    const T* const ahead = p.farC && !p.flipped ? p.epilogue->ahead() : nullptr;
    const TileKind kind = lanes < W<T> ? TileKind::Part : ahead ? TileKind::Ahead : TileKind::Whole;
    Layout layout = Tiles<T>::layoutOf(args, panel.packed, panel.keep);
    const T* next = kind != TileKind::Part && index + 1 < panel1 ? k.farPanel(index + 1) : nullptr;
    const T* const nextEnd = next + (next ? k.depth * k.columns.width(index + 1) : 0);
    for (int64_t t = tile0; t < tile1; ++t) {
      const bool fetching = next < nextEnd;
      args.next = next;
      if (fetching) next += k.depth / kStepsAtOnce * kLine<T>;
      const int64_t height = tiles.of(t);
      args.a = k.tileOfA(t);
      args.ahead = ahead ? ahead + (args.out - p.epilogue->origin) : args.out;
      Tiles<T>::all.of[static_cast<int>(layout)][static_cast<int>(fetching ? TileKind::Fetching : kind)][height - 1]
                      [panel.width / W<T> - 1](args);
      if (panel.keep && t == tile0) {
        args.b = panel.keep;
        args.bStep = panel.width;
        args.lanesIn = W<T>;
        layout = Tiles<T>::layoutOf(args, true, false);
      }
      if (args.epilogue && args.epilogue->activation == Activation::Tile) {
        for (int64_t i = 0; i < height; ++i) k.epilogue->activate(args.out + i * p.cRow, panel.cols);
      }
      args.out += height * args.outRow;
    }
    if (p.flipped) {
      finishTurned(turned, panel.width, rows, panel.cols, p.c + col * p.cRow + row0, p.cRow, row0, k.epilogue);
    }
  }
}

template <class T>
void multiplyTiled(const Product<T>& p, bool parallel) {
  const Blocking<T> cut(p);
  const bool inPlace = cut.readsInPlace(p);
  for (int64_t col0 = 0; col0 < p.cols; col0 += cut.colBlock) {
    const int64_t cols = least(cut.colBlock, p.cols - col0);
    for (int64_t d = 0; d < cut.depths.parts; ++d) {
      const int64_t first = cut.depths.begin(d), depth = cut.depths.of(d);
      Epilogue<T> part;
      const Epilogue<T>* epilogue = p.epilogue;
      if (cut.depths.parts > 1) {
        part = p.epilogue->part(d == 0, d + 1 == cut.depths.parts);
        epilogue = &part;
      }
      ProductBlock<T> k{.p = p,
                        .cut = cut,
                        .depth = depth,
                        .col0 = col0,
                        .columns = {cols, cut.widest},
                        .epilogue = epilogue->empty() ? nullptr : epilogue,
                        .a = p.a + first * p.aStep,
                        .aRow = p.aRow,
                        .aStep = p.aStep,
                        .b = p.b + first * p.bStep + col0 * p.bCol,
                        .panels = ProductBlock<T>::Packed,
                        .packedB = nullptr};
      const int64_t tasks = worthTasks(flops(p) / static_cast<double>(cut.depths.parts));
      const int64_t l2Rows = l2Bytes() / (depth * int64_t{sizeof(T)});  // of A that would fill the second-level cache
      if (p.packedB) {
        k.packedB = p.packedB + packedOffset(p, col0, cols, first);
      } else if (inPlace) {
        k.panels = ProductBlock<T>::InPlace;
      } else if (p.rows <= l2Rows / 2 && k.columns.count() * 4 >= tasks) {
        k.panels = ProductBlock<T>::PackedByTask;
      } else {
        T* packed = scratch<T>(0, depth * roundUp<T>(cols));
        packPanels(k.b, p.bStep, p.bCol, depth, k.columns, packed, parallel);
        k.packedB = packed;
      }
      if (packsA(p, depth, cols)) packA(k, parallel);

      // A task's rows of A stay in its second-level cache; columns are cut first, and rows where there are few columns.
      const int64_t tileCount = cut.tiles.parts, panelCount = k.columns.count();
      int64_t rowTasks = least(tileCount, ceilDiv(p.rows, most(kTileRows, l2Rows / 8)));
      if (rowTasks * tasks == 1) {
        runBlock(k, 0, tileCount, 0, panelCount);
        continue;
      }
      const int64_t colTasks = least(panelCount, ceilDiv(tasks, rowTasks));
      rowTasks = k.panels == ProductBlock<T>::PackedByTask ? 1 : most(rowTasks, least(tileCount, tasks / colTasks));
      const Cut tileTasks(tileCount, rowTasks), panelTasks(panelCount, colTasks);
      loop(parallel, tileTasks.parts * panelTasks.parts, [&](int64_t task) {
        const int64_t i = task / panelTasks.parts, j = task % panelTasks.parts;
        runBlock(k, tileTasks.begin(i), tileTasks.begin(i + 1), panelTasks.begin(j), panelTasks.begin(j + 1));
      });
    }
  }
}

}  // namespace anneal::ANNEAL_LEVEL::gemm
