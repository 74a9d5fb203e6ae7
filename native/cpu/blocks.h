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
constexpr int64_t kStrip = 2048;     // columns of a block at most

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

// ---- columns --------------------------------------------------------------------------------------------------------
// into[i] = into[i] op from[i]
template <class Op, class T>
ANNEAL_INLINE void join(T* into, const T* from, int64_t n) {
  forLanes<T>(n, [&](int64_t i, int lanes) {
    storeLanes(into + i, Op::apply(loadLanes(into + i, lanes), loadLanes(from + i, lanes)), lanes);
  });
}

// A matrix whose columns are folded. Far: too large for the L2 cache, so that the next rows are asked for in advance.
template <class T>
struct Columns {
  const T* src;
  int64_t rows, stride, count;
  const T* centers;
  bool far;

  Columns from(int64_t row, int64_t n) const { return {src + row * stride, n, stride, count, centers, far}; }
};

// Folds up to 8 rows, or adds their fold to what is in out. All rows advance together, a cache line of each at a time:
// memory sees 8 streams.
template <class Op, class Form, class T>
void foldEight(const Columns<T>& columns, T* const* out, bool onTop) {
  constexpr int kCount = Form::kCount, kLanes = Vec<T>::kLanes;
  const auto step = [&](auto wide, int64_t column, int lanes) {
    constexpr int k = wide();
    using Sums = Terms<T, k * kCount>;
    const T* from = columns.src + column;
    const int64_t rows = columns.rows, stride = columns.stride;
    Vec<T> center[k];
    for (int i = 0; i < k; ++i) {
      center[i] = kCount > 1 ? loadLanes(columns.centers + column + i * kLanes, lanes) : Vec<T>(T{0});
    }
    if (columns.far) {
#pragma GCC unroll 8
      for (int row = 8; row < 16; ++row) __builtin_prefetch(from + row * stride);
    }
    const auto at = [&](int64_t row) ANNEAL_INLINED {
      Sums terms;
#pragma GCC unroll 8
      for (int i = 0; i < k; ++i) {
        Form::terms(loadLanes(from + row * stride + i * kLanes, lanes), center[i], terms.v + i * kCount);
      }
      return terms;
    };
    Sums sum = at(0);
    if (rows == 8) {
      Sums other = at(4);
#pragma GCC unroll 4
      for (int row = 1; row < 4; ++row) {
        merge<Op>(sum, at(row));
        merge<Op>(other, at(row + 4));
      }
      merge<Op>(sum, other);
    } else {
      for (int64_t row = 1; row < rows; ++row) merge<Op>(sum, at(row));
    }
    for (int i = 0; i < k; ++i) {
      for (int c = 0; c < kCount; ++c) {
        T* to = out[c] + column + i * kLanes;
        const Vec<T> value = sum.v[i * kCount + c];
        storeLanes(to, onTop ? Op::apply(loadLanes(to, lanes), value) : value, lanes);
      }
    }
  };
  static constexpr int kWide = kVectorBytes < 64 ? 2 : 1;
  int64_t column = 0;
  for (; column + kWide * kLanes <= columns.count; column += kWide * kLanes) step([] { return kWide; }, column, kLanes);
  for (; column < columns.count; column += kLanes) {
    step([] { return 1; }, column, static_cast<int>(smaller(kLanes, columns.count - column)));
  }
}

// The same for any number of rows: eights, folded pairwise. `spare` has room for kSpareRows rows of each term, one a
// halving.
constexpr int kSpareRows = 16;  // blocks have fewer than 2^17 rows
template <class Op, class Form, class T>
void foldColumns(const Columns<T>& columns, T* const* out, T* spare) {
  constexpr int kCount = Form::kCount;
  const int64_t rows = columns.rows, n = columns.count;
  if (rows <= 8) return foldEight<Op, Form, T>(columns, out, false);
  const int64_t half = (rows / 2 + 7) / 8 * 8;
  foldColumns<Op, Form, T>(columns.from(0, half), out, spare);
  const Columns<T> rest = columns.from(half, rows - half);
  if (rest.rows <= 8) return foldEight<Op, Form, T>(rest, out, true);
  T* right[kCount];
  for (int c = 0; c < kCount; ++c) right[c] = spare + c * n;
  foldColumns<Op, Form, T>(rest, right, spare + kCount * n);
  for (int c = 0; c < kCount; ++c) join<Op>(out[c], right[c], n);
}

// Few columns: `together` rows lie side by side as one wide row, which fits registers, and memory is read in its order. The
// fold of the wide rows is folded once more. Lanes beyond a wide row belong to the next one and are dropped; the last
// rows, behind which there may be nothing, go the usual way.
template <class Form, class T>
constexpr int64_t kWideRow = 8 / Form::kCount * Vec<T>::kLanes;

template <class Op, class Form, class T>
void foldNarrow(const Columns<T>& columns, int64_t together, T* const* out, T* spare) {
  constexpr int kCount = Form::kCount, kLanes = Vec<T>::kLanes, kVectors = 8 / kCount;
  constexpr int64_t kWidth = kWideRow<Form, T>;
  const int64_t inner = columns.count, width = together * inner, groups = columns.rows / together - 1;
  Vec<T> center[kVectors];
  T wide[kCount][kWidth];
  for (int64_t i = 0; i < kWidth; ++i) wide[0][i] = kCount > 1 ? columns.centers[i % inner] : T{0};
  for (int v = 0; v < kVectors; ++v) center[v] = load(wide[0] + v * kLanes);
  const auto at = [&](int64_t group) ANNEAL_INLINED {
    Terms<T, kVectors * kCount> terms;
#pragma GCC unroll 8
    for (int v = 0; v < kVectors; ++v) {
      Form::terms(load(columns.src + group * width + v * kLanes), center[v], terms.v + v * kCount);
    }
    return terms;
  };
  const auto total = foldTree<Op, 1, T, kVectors * kCount>(at, 0, groups);
  for (int v = 0; v < kVectors; ++v) {
    for (int c = 0; c < kCount; ++c) store(wide[c] + v * kLanes, total.v[v * kCount + c]);
  }
  const int64_t done = groups * together;
  while (together > 1) {
    const int64_t half = together / 2;
    together -= half;
    for (int c = 0; c < kCount; ++c) join<Op>(wide[c], wide[c] + together * inner, half * inner);
  }
  foldColumns<Op, Form, T>(columns.from(done, columns.rows - done), out, spare);
  for (int c = 0; c < kCount; ++c) join<Op>(out[c], wide[c], inner);
}

// One block, whose first element is at src: out[c] [columns] for each of the Form's terms. Scratch slot 3 is the spare.
template <class Op, class Form, class T>
void foldBlock(const T* src, const Block& block, int64_t inner, const T* centers, T* const* out) {
  constexpr int kCount = Form::kCount;
  if (block.rows == 0) {
    for (int c = 0; c < kCount; ++c) {
      for (int64_t i = 0; i < block.columns; ++i) out[c][i] = Op::kIdentity;
    }
    return;
  }
  if (inner == 1) {
    const Vec<T> center = kCount > 1 ? Vec<T>(*centers) : Vec<T>(T{0});
    const auto at = [&](int64_t i, int lanes) ANNEAL_INLINED {
      Terms<T, kCount> terms;
      Form::terms(loadLanes(src + i, lanes), center, terms.v);
      return terms;
    };
    T sums[kCount];
    foldRow<Op, T, kCount>(block.rows, at, sums);
    for (int c = 0; c < kCount; ++c) *out[c] = sums[c];
    return;
  }
  T* spare = scratch<T>(3, kSpareRows * kCount * block.columns);
  constexpr int64_t kFar = 1 << 17;  // bytes of a block
  const bool far = block.rows * block.columns * static_cast<int64_t>(sizeof(T)) >= kFar;
  const Columns<T> columns{src, block.rows, inner, block.columns, centers, far};
  const int64_t together = kWideRow<Form, T> / inner;
  if (together > 0 && block.rows >= 8 * together)
    foldNarrow<Op, Form, T>(columns, together, out, spare);
  else
    foldColumns<Op, Form, T>(columns, out, spare);
}

// Calls body(first, rows) for groups of rows, as many as a vector has lanes or fewer, in tasks of about kBlock elements.
template <class T, class Body>
void forRowGroups(int64_t rows, int64_t extent, Body&& body) {
  constexpr int64_t kLanes = Vec<T>::kLanes;
  forRange(parts(rows, kLanes), larger(kBlock / larger(extent * kLanes, 1), 1), [&](int64_t begin, int64_t end) {
    for (int64_t first = begin * kLanes; first < smaller(end * kLanes, rows); first += kLanes) {
      body(first, static_cast<int>(smaller(kLanes, rows - first)));
    }
  });
}

// Whole rows: out[c], one lane per row, for rows first, first + 1, ... Long code, which its many callers share.
template <class Op, class Form, class T>
[[gnu::noinline]] void foldRowGroup(const T* src, int64_t extent, int64_t first, int rows, const T* centers,
                                    Vec<T>* out) {
  constexpr int kCount = Form::kCount;
  const T* from = src + first * extent;
  const auto at = [&](int row, int64_t i, int lanes) ANNEAL_INLINED {
    Terms<T, kCount> terms;
    Form::terms(loadLanes(from + row * extent + i, lanes), kCount > 1 ? Vec<T>(centers[row]) : Vec<T>(T{0}), terms.v);
    return terms;
  };
  foldRows<Op, T, kCount>(rows, extent, at, out);
}

// dst[c] [outer, inner] = folds of src [outer, extent, inner]; centers [outer, inner] where the Form has them. Partial
// results live in scratch slots 0 and 1 by turns.
template <class Op, class Form, class T>
void fold(const T* src, int64_t outer, int64_t extent, int64_t inner, const T* centers, T* const* dst, int slot = 0) {
  constexpr int kCount = Form::kCount;
  const int64_t rows = chunkRows(extent, inner), chunks = larger(parts(extent, rows), 1);
  if (inner == 1 && chunks == 1) {
    return forRowGroups<T>(outer, extent, [&](int64_t first, int n) {
      Vec<T> out[kCount];
      foldRowGroup<Op, Form, T>(src, extent, first, n, kCount > 1 ? centers + first : nullptr, out);
      for (int c = 0; c < kCount; ++c) storeLanes(dst[c] + first, out[c], n);
    });
  }
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
