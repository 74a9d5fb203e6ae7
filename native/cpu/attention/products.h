// What the passes of attention share: how they are cut into blocks, their workspace, and products of register tiles.
//
// Scores lie transposed: a row for each key, with queries along the lanes. The softmax over keys is then an operation between rows,
// and a block of scores is an operand of the next product as it lies.
#pragma once
#include "cpu/gemm/pack.h"
#include "cpu/kernels.h"

namespace anneal::ANNEAL_LEVEL::attend {

using gemm::ceilDiv, gemm::Epilogue, gemm::least, gemm::most, gemm::Panels, gemm::roundUp, gemm::W;

constexpr int kWidest = gemm::tileVectors(gemm::kTileRows);  // of a panel of queries, in vectors
template <class T>
constexpr int64_t kPanel = kWidest * W<T>;

// Keys of a block: so many that their rows fit the first-level cache, in whole groups of four (dropout) and whole tiles. A sum over
// keys is taken block by block, so bits depend on it.
template <class T>
int64_t keyBlock(int64_t dim) {
  constexpr int64_t kBytes = 32 << 10, kStep = 12, kFewest = 36, kMost = 120;
  static_assert(kStep % 4 == 0 && kStep % gemm::kTileRows == 0);
  const int64_t fit = kBytes / (most(dim, 1) * int64_t{sizeof(T)});
  return least(kMost, most(kFewest, fit / kStep * kStep));
}

// Queries of a task: several panels, which use a block of keys while it is in cache.
constexpr int64_t kGroup = 384;

// The columns of a matrix in panels, as the second operand of products has them; none where there are no columns.
template <class T>
struct Columns {
  Panels<T> panels;
  int64_t count, padded;  // panels; columns with the last vector filled up
  explicit Columns(int64_t columns)
      : panels(most(columns, 1), kWidest), count(columns > 0 ? panels.count() : 0), padded(roundUp<T>(columns)) {}

  int64_t begin(int64_t panel) const { return panels.begin(panel); }
  int64_t width(int64_t panel) const { return panels.width(panel); }
  int vectors(int64_t panel) const { return static_cast<int>(panels.vectors.of(panel)); }
  int lanes(int64_t panel) const { return static_cast<int>(W<T> - (width(panel) - panels.colsOf(panel))); }

  // Rows that are `row` apart, as panels one after the other: panel j at begin(j) * rows.
  void pack(const T* x, int64_t row, int64_t rows, T* dst) const {
    gemm::packRows<T>(x, row, rows, 0, rows, panels, 0, count, dst);
  }
};

// Parts of one piece of memory, each beginning at a cache line.
template <class T>
class Workspace {
 public:
  template <class... Counts>
  static constexpr int64_t of(Counts... counts) {
    return (rounded(counts) + ... + 0);
  }
  explicit Workspace(int64_t count) : next_(scratch<T>(0, count)) {}
  T* take(int64_t count) {
    T* const part = next_;
    next_ += rounded(count);
    return part;
  }

 private:
  static constexpr int64_t rounded(int64_t count) { return ceilDiv(count, gemm::kLine<T>) * gemm::kLine<T>; }
  T* next_;
};

// x [columns, depth], rows `row` apart, times c as panels [depth][width]; lanes beyond the columns become zeros.
template <class T>
void packTransposed(const T* x, int64_t row, int64_t depth, const Panels<T>& columns, T c, T* dst) {
  for (int64_t p = 0; p < columns.count(); ++p) {
    const int64_t begin = columns.begin(p), width = columns.width(p);
    T* const to = dst + begin * depth;
    gemm::packPanel(x + begin * row, 1, row, depth, columns.colsOf(p), to, width);
    if (c == T{1}) continue;
    for (int64_t i = 0; i < depth * width; i += W<T>) store(to + i, load(to + i) * Vec<T>(c));
  }
}

// A matrix of which tiles broadcast the elements: element (i, p) at a[i * row + p * step], one of the strides being 1.
template <class T>
struct Left {
  const T* a;
  int64_t row, step;
};

// So many vectors of each row of a matrix, `step` apart; packed: the rows are neighbours.
template <class T>
struct Right {
  const T* b;
  int vectors;
  int64_t step;
  bool packed;
  Right(const T* b, int vectors) : b(b), vectors(vectors), step(vectors * W<T>), packed(true) {}
  Right(const T* b, int vectors, int64_t step) : b(b), vectors(vectors), step(step), packed(false) {}
};

// out[rows, vectors] = a b, summed over the depth; where there is an epilogue, out lies in what it adds to. Of the
// last vector of a row `lanes` are written.
template <class T>
void multiply(Left<T> a, int64_t rows, Right<T> b, int64_t depth, T* out, int64_t outRow, const Epilogue<T>* epilogue,
              int lanes = W<T>) {
  gemm::TileArgs<T> t{};
  t.depth = depth;
  t.aRow = a.row;
  t.aStep = a.step;
  t.b = b.b;
  t.bStep = b.step;
  t.outRow = outRow;
  t.epilogue = epilogue;
  t.lanesIn = W<T>;
  t.lanesOut = lanes;
  const auto kind = static_cast<int>(lanes == W<T> ? gemm::TileKind::Whole : gemm::TileKind::Part);
  const auto layout = static_cast<int>(gemm::Tiles<T>::layoutOf(t, b.packed, false));
  const gemm::Cut tiles(rows, ceilDiv(rows, gemm::kTileRows));
  for (int64_t i = 0; i < tiles.parts; ++i) {
    t.a = a.a + tiles.begin(i) * a.row;
    t.out = out + tiles.begin(i) * outRow;
    gemm::Tiles<T>::all.of[layout][kind][tiles.of(i) - 1][b.vectors - 1](t);
  }
}

template <class T>
void clear(T* x, int64_t n) {
  if (n > 0) __builtin_memset(x, 0, static_cast<size_t>(n) * sizeof(T));
}

// What products add up on top of: out[i] += alpha * sum.
template <class T>
Epilogue<T> adding(const T* out, T alpha = 1) {
  Epilogue<T> e;
  e.origin = e.add = out;
  e.scaled = alpha != T{1};
  e.alpha = alpha;
  return e;
}

}  // namespace anneal::ANNEAL_LEVEL::attend
