// Copies of operands in the order in which tiles read them.
#pragma once
#include "cpu/gemm/blocking.h"
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

// Rows `first` to `last` of [depth, cols], contiguous along cols, for panels of `width` columns that lie one after the other
// in dst. Row by row across the panels, because memory is read faster in its order.
template <class T>
void packRows(const T* b, int64_t bStep, int64_t depth, int64_t first, int64_t last, int64_t cols, int64_t width,
              T* dst) {
  for (int64_t p = first; p < last; ++p) {
    const T* from = b + p * bStep;
    T* panel = dst;
    for (int64_t left = cols; left > 0; left -= width, from += width, panel += width * depth) {
      if (left >= width) {
        for (int64_t j = 0; j < width; j += W<T>) store(panel + p * width + j, load(from + j));
      } else {
        const int64_t padded = (left + W<T> - 1) / W<T> * W<T>;
        packPanel(from, bStep, 1, 1, left, panel + p * padded, padded);
      }
    }
  }
}

}  // namespace anneal::ANNEAL_LEVEL::gemm
