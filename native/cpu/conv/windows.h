// A convolution as a product: C[rows, columns] = weight[rows, depth] X[depth, columns], where a column is an output of an image and
// its terms lie in a frame, each at a constant distance.
#pragma once
#include "cpu/conv/finish.h"
#include "cpu/conv/frame.h"

namespace anneal::ANNEAL_LEVEL::convolution {

template <class T>
struct Windows {
  int64_t images, groups;
  int64_t rows;   // channels of the result in a group
  int64_t depth;  // terms of a sum
  const T* src;
  int64_t srcImage, srcGroup;
  const int64_t* offset;   // of each term, from the first element that the first output reads
  int64_t size[kSpatial];  // outputs of an image
  int64_t step[2];  // between outputs in the frame, along the first two dimensions; along the last they are neighbours
  const T* weight;  // [groups * rows, depth]
  T* dst;           // the first output of the first image
  int64_t dstImage, dstRow, dstStep[kSpatial];
  const Finish<T>* finish;

  int64_t columns() const { return size[0] * size[1] * size[2]; }
  double flops() const {
    return 2.0 * static_cast<double>(images * groups * rows) * static_cast<double>(columns()) *
           static_cast<double>(depth);
  }

  // Rows of outputs that go on where the row before them ends, here and there, are one.
  void mergeRows() {
    for (int d = 1; d >= 0; --d) {
      if (size[d] > 1 && (step[d] != size[2] || dstStep[d] != size[2] * dstStep[2])) return;
      size[2] *= size[d];
      size[d] = 1;
    }
  }
};

// Neighbouring outputs: where the first of them reads, where it goes, its column within a panel, and how many there are.
struct Run {
  int64_t from, to, at, count;
};

// body(run) for the columns [begin, end) of all images, where a run is of at most `longest` outputs.
template <class T, class Body>
ANNEAL_INLINE void forRuns(const Windows<T>& w, int64_t begin, int64_t end, int64_t longest, Body&& body) {
  const int64_t columns = w.columns(), plane = w.size[1] * w.size[2];
  int64_t n = begin / columns, place = begin % columns;
  int64_t z = place / plane, y = place % plane / w.size[2], x = place % w.size[2];
  for (int64_t column = begin; column < end;) {
    const int64_t count = least(least(end - column, w.size[2] - x), longest);
    body(Run{n * w.srcImage + z * w.step[0] + y * w.step[1] + x,
             n * w.dstImage + z * w.dstStep[0] + y * w.dstStep[1] + x * w.dstStep[2], column - begin, count});
    column += count;
    if ((x += count) < w.size[2]) continue;
    x = 0;
    if (++y < w.size[1]) continue;
    y = 0;
    if (++z < w.size[0]) continue;
    z = 0;
    ++n;
  }
}

// Terms of N neighbouring columns: dst[k * width, N] = src[offset[k], N].
template <int N, class T>
void packTerms(const T* src, const int64_t* offset, int64_t depth, int64_t width, T* dst) {
  for (int64_t k = 0; k < depth; ++k, dst += width) {
    if constexpr (N == W<T>)
      store(dst, load(src + offset[k]));
    else
      __builtin_memcpy(dst, src + offset[k], N * sizeof(T));
  }
}

// The same for any number of columns: whole vectors and one that ends at the last column, or, of fewer columns than a vector's
// lanes, N = 2^i of them from both ends.
template <class T, int N = W<T>>
void packRun(const T* src, const int64_t* offset, int64_t depth, int64_t count, int64_t width, T* dst) {
  if constexpr (N > 1) {
    if (count < N) return packRun<T, N / 2>(src, offset, depth, count, width, dst);
  }
  for (int64_t j = 0; j < count; j += N) {
    const int64_t at = least(j, count - N);
    packTerms<N>(src + at, offset, depth, width, dst + at);
  }
}

constexpr int64_t kPackTerms = 64;  // of a run at a time, while what they read and write lies in the first-level cache

// `depth` terms of a panel's columns as dst[depth, width], width a multiple of W. Run by run, each for many terms: runs of small
// images are as short as two columns. dst has room for a vector more.
template <class T>
void packWindows(const T* src, const int64_t* offset, int64_t depth, const Run* runs, int64_t count, int64_t width,
                 T* dst) {
  const int64_t filled = runs[count - 1].at + runs[count - 1].count;
  for (int64_t first = 0; first < depth; first += kPackTerms) {
    const int64_t some = least(kPackTerms, depth - first);
    T* const to = dst + first * width;
    for (int64_t k = 0; filled % W<T> != 0 && k < some; ++k) {
      store(to + k * width + filled / W<T> * W<T>, Vec<T>(T{0}));
    }
    for (int64_t r = 0; r < count; ++r) {
      packRun(src + runs[r].from, offset + first, some, runs[r].count, width, to + runs[r].at);
    }
  }
}

}  // namespace anneal::ANNEAL_LEVEL::convolution
