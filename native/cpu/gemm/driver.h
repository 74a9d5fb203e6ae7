// The loops around the register tile: what is packed, and how C is cut into tasks.
#pragma once
#include "cpu/gemm/cache.h"
#include "cpu/gemm/finish.h"
#include "cpu/gemm/pack.h"
#include "cpu/gemm/rowSums.h"

namespace anneal::ANNEAL_LEVEL::gemm {

// How many rows, so many elements apart, the first-level cache holds side by side: rows 4096 bytes apart share one of
// its sets of 8 lines or more, of which the other operand takes its part.
template <class T>
int64_t rowsInCache(int64_t stride) {
  const int64_t bytes = (stride < 0 ? -stride : stride) * int64_t{sizeof(T)} % 4096;
  for (int64_t period = 1; period <= 4; period *= 2) {
    const int64_t distance = bytes * period % 4096;
    if (least(distance, 4096 - distance) < 64) return 6 * period;
  }
  return INT64_MAX;
}

template <class T>
int64_t depthBlocks(const Product<T>& p) {
  return ceilDiv(p.depth, kDepthBlock);
}

// Time of the tiles in this orientation, in vector multiply-adds: arithmetic with idle lanes, packing, turning C.
template <class T>
int64_t tiledCost(const Product<T>& p, bool prepacked = false) {
  const int64_t vectors = ceilDiv(p.cols, W<T>);
  const int64_t packA = p.aStep == 1 ? 0 : ceilDiv(p.rows, W<T>);
  const int64_t packB = prepacked ? 0 : vectors * (p.bCol == 1 ? 1 : p.bStep == 1 ? 6 : 4 * W<T>);
  return (p.rows * vectors + packA + packB) * p.depth + (p.flipped ? 16 * p.rows * vectors * depthBlocks(p) : 0);
}

// How a product is cut into row tiles, panels of B, and blocks of columns and depth. It sets the order of every sum and
// the layout of a packed B.
template <class T>
struct Blocking {
  Cut tiles;         // of the rows
  int64_t width;     // of panels, in elements
  int64_t colBlock;  // a multiple of the width
  Cut depths;

  // Where A's rows will not be copied, tiles are no higher than the cache has room for.
  explicit Blocking(const Product<T>& p)
      : tiles(p.rows, ceilDiv(p.rows, p.aStep != 1 || p.cols >= kCopyACols ? kTileRows
                                                                           : least(kTileRows, rowsInCache<T>(p.aRow)))),
        width(tileVectors(tiles.of(0)) * W<T>),
        colBlock(ceilDiv(ceilDiv(p.cols, ceilDiv(p.cols, kColBlock)), width) * width),
        depths(p.depth, depthBlocks(p)) {}
};

// Where the panels of a block begin in a packed B.
template <class T>
int64_t packedOffset(const Product<T>& p, int64_t col0, int64_t cols, int64_t first) {
  return col0 * p.depth + first * roundUp<T>(cols);
}

// One block of a product's columns and depth, ready for tiles.
template <class T>
struct Block {
  const Product<T>& p;
  int64_t first, depth;  // of the depth
  int64_t col0, cols;    // of the columns
  int64_t width;         // of panels of B, in elements
  Cut tiles;             // of the rows
  const T* a;            // row tile t begins at a + begin(t) * aRow, or, where A is packed by tiles, at a + t * aTile
  int64_t aRow, aStep, aTile;
  const T* b;  // the block's corner in B
  enum { InPlace, Packed, PackedByTask } panels;
  const T* packedB;  // Packed: panel j at j * width * depth
  Epilogue<T> epilogue;

  int64_t panelCount() const { return ceilDiv(cols, width); }
};

template <class T>
bool packsA(const Product<T>& p, int64_t depth, int64_t cols) {
  if (p.rows <= 4) return false;
  if (p.aStep == 1) return cols >= kCopyACols && rowsInCache<T>(p.aRow) < kTileRows;
  return cols >= kPackACols && depth > kPackADepth;
}

// Copies A and B where tiles can't read them well in place; all tasks then read the copies.
template <class T>
void pack(Block<T>& k, bool parallel) {
  const Product<T>& p = k.p;
  T* packedA = nullptr;
  int64_t tasksA = 0;
  const int64_t tilesAtOnce = most(1, kPackElements / (k.depth * kTileRows));
  if (packsA(p, k.depth, k.cols)) {
    if (p.aStep == 1) {
      k.aRow = k.depth + 16;
      packedA = scratch<T>(1, p.rows * k.aRow);
    } else {
      k.aRow = 1;
      k.aStep = roundUp<T>(k.tiles.of(0));
      k.aTile = k.aStep * k.depth;
      packedA = scratch<T>(1, k.tiles.parts * k.aTile);
    }
    tasksA = ceilDiv(k.tiles.parts, tilesAtOnce);
  }
  const auto packTile = [&](int64_t t) {
    const T* from = k.a + k.tiles.begin(t) * p.aRow;
    if (p.aStep == 1) {
      packRows(from, p.aRow, k.tiles.of(t), k.depth, packedA + k.tiles.begin(t) * k.aRow, k.aRow);
    } else {
      packPanel(from, p.aStep, p.aRow, k.depth, k.tiles.of(t), packedA + t * k.aTile, k.aStep);
    }
  };
  T* packedB = nullptr;
  int64_t tasksB = 0;
  const int64_t panelsAtOnce = most(1, kPackElements / (k.depth * k.width));
  if (k.panels == Block<T>::Packed && !k.packedB) {
    packedB = scratch<T>(0, k.depth * roundUp<T>(k.cols));
    tasksB = ceilDiv(k.panelCount(), panelsAtOnce);
  }
  loop(parallel, tasksA + tasksB, [&](int64_t task) {
    if (task < tasksA) {
      const int64_t first = task * tilesAtOnce;
      for (int64_t t = first; t < least(k.tiles.parts, first + tilesAtOnce); ++t) packTile(t);
    } else {
      const int64_t first = (task - tasksA) * panelsAtOnce;
      for (int64_t j = first; j < least(k.panelCount(), first + panelsAtOnce); ++j) {
        const int64_t cols = least(k.width, k.cols - j * k.width);
        packPanel(k.b + j * k.width * p.bCol, p.bStep, p.bCol, k.depth, cols, packedB + j * k.width * k.depth,
                  roundUp<T>(cols));
      }
    }
  });
  if (packedA) k.a = packedA;
  if (packedB) k.packedB = packedB;
}

// A panel of B: `depth` rows of `width` elements, bStep apart, of which `cols` count.
template <class T>
struct Panel {
  const T* b;
  int64_t bStep, cols, width;
};

template <class T>
Panel<T> panelOf(const Block<T>& k, int64_t index) {
  const int64_t col = index * k.width;
  const int64_t cols = least(k.width, k.cols - col);
  const int64_t width = roundUp<T>(cols);
  if (k.panels == Block<T>::Packed) return {k.packedB + col * k.depth, width, cols, width};
  const T* b = k.b + col * k.p.bCol;
  if (k.panels == Block<T>::InPlace && width == cols) return {b, k.p.bStep, cols, width};
  T* packed = scratch<T>(3, k.depth * width);
  packPanel(b, k.p.bStep, k.p.bCol, k.depth, cols, packed, width);
  return {packed, width, cols, width};
}

// Row tiles [tile0, tile1) by panels [panel0, panel1).
template <class T>
void runBlock(const Block<T>& k, int64_t tile0, int64_t tile1, int64_t panel0, int64_t panel1) {
  const Product<T>& p = k.p;
  const int64_t row0 = k.tiles.begin(tile0);
  const int64_t rows = k.tiles.begin(tile1) - row0;
  alignas(64) T tileSums[most(kTileRows * kTileVectors, kWideRows * kWideVectors) * W<T>];
  T* turned = p.flipped ? scratch<T>(2, rows * k.width) : nullptr;
  for (int64_t index = panel0; index < panel1; ++index) {
    const Panel<T> panel = panelOf(k, index);
    const int64_t col = k.col0 + index * k.width;
    const bool straight = !p.flipped && panel.width == panel.cols && k.epilogue.activation != Activation::Tile;
    const Epilogue<T>* const epilogue = k.epilogue.empty() ? nullptr : &k.epilogue;
    int64_t row = row0;
    for (int64_t t = tile0; t < tile1; ++t) {
      const int64_t height = k.tiles.of(t);
      const T* a = k.a + (k.aTile ? t * k.aTile : row * k.aRow);
      const Tile<T> tile = kTiles<T>.of[height - 1][panel.width / W<T> - 1];
      if (straight) {
        tile(k.depth, a, k.aRow, k.aStep, panel.b, panel.bStep, p.c + row * p.cRow + col, p.cRow, epilogue, col);
      } else if (p.flipped) {
        tile(k.depth, a, k.aRow, k.aStep, panel.b, panel.bStep, turned + (row - row0) * panel.width, panel.width,
             nullptr, 0);
      } else {
        tile(k.depth, a, k.aRow, k.aStep, panel.b, panel.bStep, tileSums, panel.width, nullptr, 0);
        finishTile(tileSums, panel.width, height, panel.cols, p.c + row * p.cRow + col, p.cRow, col, k.epilogue);
      }
      row += height;
    }
    if (p.flipped) {
      finishTurned(turned, panel.width, rows, panel.cols, p.c + col * p.cRow + row0, p.cRow, row0, k.epilogue);
    }
  }
}

template <class T>
void multiplyTiled(const Product<T>& p, bool parallel) {
  const auto [tiles, width, colBlock, depths] = Blocking<T>(p);
  for (int64_t col0 = 0; col0 < p.cols; col0 += colBlock) {
    const int64_t cols = least(colBlock, p.cols - col0);
    for (int64_t d = 0; d < depths.parts; ++d) {
      const int64_t first = depths.begin(d), depth = depths.of(d);
      Block<T> k{p,
                 first,
                 depth,
                 col0,
                 cols,
                 width,
                 tiles,
                 p.a + first * p.aStep,
                 p.aRow,
                 p.aStep,
                 0,
                 p.b + first * p.bStep + col0 * p.bCol,
                 Block<T>::Packed,
                 p.packedB ? p.packedB + packedOffset(p, col0, cols, first) : nullptr,
                 p.epilogue.part(d == 0, d + 1 == depths.parts)};
      if (p.rowSums && col0 == 0) sumRows(p, first, depth, parallel);
      const int64_t tasks = worthTasks(flops(p) / static_cast<double>(depths.parts));
      const int64_t l2Rows = l2Bytes() / (depth * int64_t{sizeof(T)});  // of A that would fill the second-level cache
      if (p.packedB) {
        // as it is
      } else if (p.bCol == 1 &&
                 (tiles.parts == 1 || (tiles.parts <= kInPlaceTiles && depth <= rowsInCache<T>(p.bStep)))) {
        k.panels = Block<T>::InPlace;
      } else if (p.rows <= l2Rows / 2 && k.panelCount() * 4 >= tasks) {
        k.panels = Block<T>::PackedByTask;
      }
      pack(k, parallel);

      // A task's rows of A stay in its second-level cache; columns are cut first, and rows where there are few columns.
      int64_t rowTasks = least(tiles.parts, ceilDiv(p.rows, most(kTileRows, l2Rows / 8)));
      const int64_t colTasks = least(k.panelCount(), ceilDiv(tasks, rowTasks));
      rowTasks = k.panels == Block<T>::PackedByTask ? 1 : most(rowTasks, least(tiles.parts, tasks / colTasks));
      const Cut tileTasks(tiles.parts, rowTasks), panelTasks(k.panelCount(), colTasks);
      loop(parallel, tileTasks.parts * panelTasks.parts, [&](int64_t task) {
        const int64_t i = task / panelTasks.parts, j = task % panelTasks.parts;
        runBlock(k, tileTasks.begin(i), tileTasks.begin(i + 1), panelTasks.begin(j), panelTasks.begin(j + 1));
      });
    }
  }
}

}  // namespace anneal::ANNEAL_LEVEL::gemm
