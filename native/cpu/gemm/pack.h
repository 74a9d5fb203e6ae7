// Copies of operands in the order in which tiles read them.
#pragma once
#include "cpu/gemm/product.h"
#include "cpu/shuffle.h"

namespace anneal::ANNEAL_LEVEL::gemm {

// dst[j * dstRow + i] = src[i * srcRow + j] for i < rows <= W, j < cols; lanes from `rows` to W become zeros.
template <class T>
void transposeStrip(const T* src, int64_t srcRow, int64_t rows, int64_t cols, T* dst, int64_t dstRow) {
  if (rows == W<T> && cols >= kPiece<T>) {
    for (int64_t begin = 0; begin < cols; begin += kPiece<T>) {
      const int64_t j = begin + kPiece<T> <= cols ? begin : cols - kPiece<T>;  // the last columns may come twice
      copyTransposed(src + j, srcRow, dst + j * dstRow, dstRow);
    }
    return;
  }
  for (int64_t j = 0; j < cols; j += W<T>) {
    const int n = cols - j < W<T> ? static_cast<int>(cols - j) : W<T>;
    V<T> row[W<T>];
#pragma GCC unroll 16
    for (int i = 0; i < W<T>; ++i) row[i] = i < rows ? loadPartial(src + i * srcRow + j, n).raw : V<T>{};
    transpose<T>(row);
#pragma GCC unroll 16
    for (int i = 0; i < W<T>; ++i) {
      if (i < n) store(dst + (j + i) * dstRow, Vec<T>(row[i]));
    }
  }
}

// [depth, cols] of any strides as dst[depth, width]: width is a multiple of W, what is beyond cols becomes zeros up to
// the next multiple.
template <class T>
void packPanel(const T* b, int64_t bStep, int64_t bCol, int64_t depth, int64_t cols, T* dst, int64_t width) {
  if (bCol == 1) {
    const int rest = static_cast<int>(cols % W<T>);
    for (int64_t p = 0; p < depth; ++p, b += bStep, dst += width) {
      int64_t j = 0;
      for (; j + W<T> <= cols; j += W<T>) store(dst + j, load(b + j));
      if (rest) store(dst + j, loadPartial(b + j, rest));
    }
  } else if (bStep == 1) {
    for (int64_t j = 0; j < width; j += W<T>) {
      transposeStrip(b + j * bCol, bCol, cols - j < W<T> ? cols - j : W<T>, depth, dst + j, width);
    }
  } else {
    for (int64_t p = 0; p < depth; ++p, b += bStep, dst += width) {
      for (int64_t j = 0; j < cols; ++j) dst[j] = b[j * bCol];
      for (int64_t j = cols; j < width; ++j) dst[j] = T{0};
    }
  }
}

// Columns in panels that are up to so many vectors wide, and differ by one at most. A packed panel holds whole vectors.
template <class T>
struct Panels {
  int64_t cols;
  Cut vectors;
  Panels(int64_t columns, int64_t widest)
      : cols(columns), vectors(ceilDiv(cols, W<T>), ceilDiv(ceilDiv(cols, W<T>), widest)) {}
  int64_t count() const { return vectors.parts; }
  int64_t begin(int64_t panel) const { return vectors.begin(panel) * W<T>; }
  int64_t width(int64_t panel) const { return vectors.of(panel) * W<T>; }
  int64_t colsOf(int64_t panel) const { return least(width(panel), cols - begin(panel)); }
};

// Rows `first` to `last` of [depth, cols], contiguous along cols, for panels [panel0, panel1) of those that lie one after the
// other in dst. Row by row across the panels, because memory is read faster in its order.
template <class T>
void packRows(const T* b, int64_t bStep, int64_t depth, int64_t first, int64_t last, const Panels<T>& columns,
              int64_t panel0, int64_t panel1, T* dst) {
  for (int64_t p = first; p < last; ++p) {
    for (int64_t panel = panel0; panel < panel1; ++panel) {
      const int64_t col = columns.begin(panel), cols = columns.colsOf(panel), width = columns.width(panel);
      const T* const from = b + p * bStep + col;
      T* const to = dst + col * depth + p * width;
      if (cols == width) {
        for (int64_t j = 0; j < width; j += W<T>) store(to + j, load(from + j));
      } else {
        packPanel(from, bStep, 1, 1, cols, to, width);
      }
    }
  }
}

}  // namespace anneal::ANNEAL_LEVEL::gemm
