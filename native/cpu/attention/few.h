// Attention of few queries to many keys, as a model that generates asks for it: bound by reading keys and values, once each.
//
// Scores lie in rows of keys, which dot products of rows give; lanes of queries would be empty.
#pragma once
#include "cpu/attention/forward.h"
#include "cpu/gemm/dot.h"
#include "cpu/row.h"

namespace anneal::ANNEAL_LEVEL::attend {

template <class T>
constexpr int64_t kFewQueries = least(gemm::kDotRows, W<T>);

// scores[rows, keys] = q k^T, both with rows of `dim`; those of q are dense.
template <class T>
void dotRows(const T* q, int64_t rows, const T* k, int64_t kRow, int64_t keys, int64_t dim, T* scores) {
  const int64_t wide = rows <= gemm::kThinRows ? gemm::kStreams : 4;
  for (int64_t j = 0, n; j < keys; j += n) {
    n = keys - j >= wide ? wide : keys - j >= 4 ? 4 : 1;
    T sums[gemm::kDotRows * gemm::kStreams];
    gemm::dotOf<T>(rows, n)(dim, q, dim, k + j * kRow, kRow, sums);
    for (int64_t r = 0; r < rows; ++r) {
      for (int64_t c = 0; c < n; ++c) scores[r * keys + j + c] = sums[r * gemm::kStreams + c];
    }
  }
}

// All queries of one head.
template <class T>
void forwardFew(const AttentionArgs& a, int64_t batch, int64_t head) {
  constexpr int64_t kBlock = 256;  // keys; a multiple of 4, for dropout
  const int64_t kvHead = head / (a.heads / a.kvHeads), rows = a.queries;
  const T* const q = static_cast<const T*>(a.q) + batch * a.qAt[0] + head * a.qAt[1];
  const T* const k = static_cast<const T*>(a.k) + batch * a.kAt[0] + kvHead * a.kAt[1];
  const T* const v = static_cast<const T*>(a.v) + batch * a.vAt[0] + kvHead * a.vAt[1];
  const int64_t firstRow = (batch * a.heads + head) * rows;
  const HeadMask<T> mask(a, batch, head);
  const Keeping keeping(a, a.seed, a.offset);
  const Columns<T> values(a.valueDim);
  const bool packs = a.valueDim != values.padded;  // else the values are read where they are
  const int64_t end = a.causal ? least(a.keys, rows) : a.keys, block = least(kBlock, most(end, 1));

  using Space = Workspace<T>;
  const int64_t packed = packs ? block * values.padded : 0;
  Space space(Space::of(rows * a.dim, rows * block, rows * values.padded, packed, block));
  T* const scaled = space.take(rows * a.dim);
  T* const scores = space.take(rows * block);
  T* const o = space.take(rows * values.padded);
  T* const vp = space.take(packed);
  T* const keep = space.take(block);
  for (int64_t i = 0; i < rows; ++i) {
    for (int64_t d = 0; d < a.dim; ++d) scaled[i * a.dim + d] = q[i * a.qAt[2] + d] * static_cast<T>(a.scale);
  }
  clear(o, rows * values.padded);
  Vec<T> largest(kHidden<T>), sum(T{0});  // a lane for each query
  const Epilogue<T> onTop = adding<T>(o);
  for (int64_t k0 = 0; k0 < end; k0 += block) {
    const int64_t n = least(block, end - k0);
    if (mask.hidesAll(Block<T>{nullptr, 0, n, 0, k0, 0, rows})) continue;
    dotRows(scaled, rows, k + k0 * a.kAt[2], a.kAt[2], n, a.dim, scores);
    for (int64_t i = 0; a.causal && i < rows; ++i) {
      for (int64_t j = most(0, i + 1 - k0); j < n; ++j) scores[i * n + j] = kHidden<T>;
    }
    if (mask) mask.applyToRows(scores, rows, k0, n);
    const int count = static_cast<int>(rows);
    const Vec<T> before = largest;
    largest = max(before, rowMaxima(scores, n, count));
    const Vec<T> base = select(largest == Vec<T>(kHidden<T>), Vec<T>(T{0}), largest);
    const PerRow<T> shift(base), factor(expNotPositive(before - base));
    const Vec<T> total = rowSums<T>(count, n, [&](int r, int64_t i, int lanes) ANNEAL_INLINED {
      const Vec<T> e = expNotPositive(loadLanes(scores + r * n + i, lanes) - shift[r]);
      storeLanes(scores + r * n + i, e, lanes);
      return e;
    });
    sum = fma(sum, load(factor.value), total);
    for (int64_t i = 0; a.dropout > 0 && i < rows; ++i) {
      keeping.fillRow(firstRow + i, k0, n, keep);
      for (int64_t j = 0; j < n; ++j) scores[i * n + j] *= keep[j];
    }
    scaleRows(o, rows, values.padded, factor.value);
    const T* const from = v + k0 * a.vAt[2];
    if (packs) values.pack(from, a.vAt[2], n, vp);
    for (int64_t c = 0; c < values.count; ++c) {
      const int64_t begin = values.begin(c);
      const Right<T> right =
          packs ? Right<T>(vp + begin * n, values.vectors(c)) : Right<T>(from + begin, values.vectors(c), a.vAt[2]);
      multiply<T>({scores, n, 1}, rows, right, n, o + begin, values.padded, &onTop);
    }
  }
  const PerRow<T> largestOf(largest), sumOf(sum);
  writeRows(a, batch, head, 0, rows, o, values.padded, largestOf.value, sumOf.value);
}

}  // namespace anneal::ANNEAL_LEVEL::attend
