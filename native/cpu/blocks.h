// Folds along the middle of dense [outer, extent, inner] tensors, in blocks.
//
// Blocks are cut by shape: chunks of the extent, strips of the inner dimension. What the chunks give forms a smaller
// tensor [outer, chunks, inner], which is folded in the same way; so one huge row is parallel too, and the order of
// additions is the same for every number of threads.
#pragma once
#include "cpu/fold.h"
#include "cpu/support.h"

namespace anneal::ANNEAL_LEVEL {
namespace {

constexpr int64_t kBlock = 1 << 15;  // elements of a block, about
constexpr int64_t kStrip = 512;      // columns of a block at most

ANNEAL_INLINE int64_t smaller(int64_t a, int64_t b) { return a < b ? a : b; }
ANNEAL_INLINE int64_t larger(int64_t a, int64_t b) { return a > b ? a : b; }
ANNEAL_INLINE int64_t parts(int64_t n, int64_t size) { return (n + size - 1) / size; }

// Rows of a chunk: all of them, or some of at least two chunks.
ANNEAL_INLINE int64_t chunkRows(int64_t extent, int64_t inner) {
  const int64_t rows = larger(256, kBlock / inner);
  return extent < 2 * rows ? larger(extent, 1) : rows;
}

struct Block {
  int64_t outer, chunk;
  int64_t row, rows;        // of the chunk, within the extent
  int64_t column, columns;  // of the strip, within inner
};

// Calls body(block) for all of them, small ones together in one task.
template <class Body>
void forBlocks(int64_t outer, int64_t extent, int64_t inner, int64_t rows, Body&& body) {
  const int64_t chunks = larger(parts(extent, rows), 1), strips = parts(inner, kStrip);
  const int64_t elements = larger(rows * smaller(inner, kStrip), 1);
  forRange(outer * chunks * strips, larger(kBlock / elements, 1), [&](int64_t begin, int64_t end) {
    Block block;
    block.outer = begin / strips / chunks;
    block.chunk = begin / strips % chunks;
    block.column = begin % strips * kStrip;
    for (int64_t i = begin; i < end; ++i) {
      block.columns = smaller(kStrip, inner - block.column);
      block.row = block.chunk * rows;
      block.rows = smaller(rows, extent - block.row);
      body(block);
      if ((block.column += kStrip) < inner) continue;
      block.column = 0;
      if (++block.chunk < chunks) continue;
      block.chunk = 0;
      ++block.outer;
    }
  });
}

// ---- what is folded of each element ---------------------------------------------------------------------------------
template <class T>
struct Values {
  static constexpr int kCount = 1;
  static ANNEAL_INLINE void terms(Vec<T> x, Vec<T>, Vec<T>* out) { out[0] = x; }
};

// Deviations from a center and their squares.
template <class T>
struct Moments {
  static constexpr int kCount = 2;
  static ANNEAL_INLINE void terms(Vec<T> x, Vec<T> center, Vec<T>* out) {
    out[0] = x - center;
    out[1] = out[0] * out[0];
  }
};

// The first k vectors of columns of src, whose rows are `stride` apart; a single vector may have fewer lanes.
template <class Op, class Form, int k, class T>
void foldStrip(const T* src, int64_t rows, int64_t stride, int lanes, const T* centers, T* const* out) {
  constexpr int kCount = Form::kCount, kLanes = Vec<T>::kLanes;
  const int n = k > 1 ? kLanes : lanes;
  Vec<T> center[k];
  for (int i = 0; i < k; ++i) center[i] = kCount > 1 ? loadLanes(centers + i * kLanes, n) : Vec<T>(T{0});
  const auto at = [&](int64_t row) {
    Terms<T, k * kCount> terms;
#pragma GCC unroll 8
    for (int i = 0; i < k; ++i) {
      Form::terms(loadLanes(src + row * stride + i * kLanes, n), center[i], terms.v + i * kCount);
    }
    return terms;
  };
  const Terms<T, k* kCount> total = foldTree < Op, k == 1 ? 4 : 1, T, k * kCount > (at, 0, rows);
  for (int i = 0; i < k; ++i) {
    for (int c = 0; c < kCount; ++c) storeLanes(out[c] + i * kLanes, total.v[i * kCount + c], n);
  }
}

template <class Op, class Form, class T>
void foldColumns(const T* src, int64_t rows, int64_t stride, int64_t columns, const T* centers, T* const* out) {
  constexpr int kCount = Form::kCount, kLanes = Vec<T>::kLanes, kWide = 8 / kCount;
  const auto strip = [&](auto width, int64_t c, int lanes) {
    T* to[kCount];
    for (int i = 0; i < kCount; ++i) to[i] = out[i] + c;
    foldStrip<Op, Form, width(), T>(src + c, rows, stride, lanes, kCount > 1 ? centers + c : nullptr, to);
  };
  int64_t c = 0;
  for (; c + kWide * kLanes <= columns; c += kWide * kLanes) strip([] { return kWide; }, c, kLanes);
  for (; c < columns; c += kLanes) {
    strip([] { return 1; }, c, static_cast<int>(smaller(kLanes, columns - c)));
  }
}

// Fewer columns than lanes: several rows lie side by side as one wide row, whose fold is folded once more.
template <class Op, class T>
void foldNarrow(const T* src, int64_t rows, int64_t inner, T* out) {
  constexpr int64_t kWidth = 8 * Vec<T>::kLanes;
  T wide[kWidth];
  T* const to[1] = {wide};
  int64_t together = kWidth / inner;
  const int64_t groups = rows / together, done = groups * together;
  foldColumns<Op, Values<T>, T>(src, groups, together * inner, together * inner, nullptr, to);
  while (together > 1) {
    const int64_t half = together / 2;
    together -= half;
    for (int64_t i = 0; i < half * inner; ++i) wide[i] = Op::apply(wide[i], wide[together * inner + i]);
  }
  if (done == rows) {
    for (int64_t i = 0; i < inner; ++i) out[i] = wide[i];
    return;
  }
  T* const rest[1] = {out};
  foldColumns<Op, Values<T>, T>(src + done * inner, rows - done, inner, inner, nullptr, rest);
  for (int64_t i = 0; i < inner; ++i) out[i] = Op::apply(wide[i], out[i]);
}

// One block, whose first element is at src: out[c] [columns] for each of the Form's terms.
template <class Op, class Form, class T>
void foldBlock(const T* src, const Block& block, int64_t inner, const T* centers, T* const* out) {
  constexpr int kCount = Form::kCount;
  if (block.rows == 0) {
    for (int c = 0; c < kCount; ++c) {
      for (int64_t i = 0; i < block.columns; ++i) out[c][i] = Op::kIdentity;
    }
    return;
  }
  if (kCount == 1 && inner == 1 && block.rows <= 12) {  // faster than what vectors cost
    T value = src[0];
    for (int64_t row = 1; row < block.rows; ++row) value = Op::apply(value, src[row]);
    *out[0] = value;
    return;
  }
  if (inner == 1) {
    const Vec<T> center = kCount > 1 ? Vec<T>(*centers) : Vec<T>(T{0});
    const auto at = [&](int64_t i, int lanes) {
      Terms<T, kCount> terms;
      Form::terms(loadLanes(src + i, lanes), center, terms.v);
      return terms;
    };
    T sums[kCount];
    foldRow<Op, T, kCount>(block.rows, at, sums);
    for (int c = 0; c < kCount; ++c) *out[c] = sums[c];
    return;
  }
  if constexpr (kCount == 1) {
    if (inner < Vec<T>::kLanes && block.rows * inner >= 16 * Vec<T>::kLanes) {
      return foldNarrow<Op>(src, block.rows, inner, out[0]);
    }
  }
  foldColumns<Op, Form, T>(src, block.rows, inner, block.columns, centers, out);
}

// dst[c] [outer, inner] = folds of src [outer, extent, inner]; centers [outer, inner] where the Form has them. Partial
// results live in scratch slots 0 and 1 by turns.
template <class Op, class Form, class T>
void fold(const T* src, int64_t outer, int64_t extent, int64_t inner, const T* centers, T* const* dst, int slot = 0) {
  constexpr int kCount = Form::kCount;
  const int64_t rows = chunkRows(extent, inner), chunks = larger(parts(extent, rows), 1);
  const int64_t size = outer * chunks * inner;
  T* partial[kCount];
  for (int c = 0; c < kCount; ++c) partial[c] = dst[c];
  if (chunks > 1) {
    partial[0] = scratch<T>(slot, kCount * size);
    for (int c = 1; c < kCount; ++c) partial[c] = partial[0] + c * size;
  }
  forBlocks(outer, extent, inner, rows, [&](const Block& block) {
    T* out[kCount];
    for (int c = 0; c < kCount; ++c) out[c] = partial[c] + (block.outer * chunks + block.chunk) * inner + block.column;
    foldBlock<Op, Form, T>(src + (block.outer * extent + block.row) * inner + block.column, block, inner,
                           kCount > 1 ? centers + block.outer * inner + block.column : nullptr, out);
  });
  for (int c = 0; chunks > 1 && c < kCount; ++c) {
    fold<Op, Values<T>, T>(partial[c], outer, chunks, inner, nullptr, dst + c, 1 - slot);
  }
}

}  // namespace
}  // namespace anneal::ANNEAL_LEVEL
