// out = softmax(scale q k^T + mask) v, block by block of keys, with the running maximum and sum of each row: no more than a block of
// scores is ever held. (Milakov and Gimelshein, arXiv 1805.02867; Dao et al., arXiv 2205.14135 and 2307.08691)
#pragma once
#include "cpu/attention/scores.h"
#include "cpu/math.h"

namespace anneal::ANNEAL_LEVEL::attend {

// Scores become exp(score - largest), where `largest` and `sum` of each query take them in. What was added up before is to be
// multiplied by `factor`; returns whether that is anything but 1.
template <class T, int vectors>
bool exponentiate(const Block<T>& block, T* largest, T* sum, T* factor) {
  Vec<T> max[vectors], before[vectors], total[vectors];
#pragma GCC unroll 4
  for (int j = 0; j < vectors; ++j) {
    max[j] = before[j] = load(largest + j * W<T>);
    total[j] = Vec<T>(T{0});
  }
  for (int64_t i = 0; i < block.keys; ++i) {
    const T* const s = block.s + i * block.row;
#pragma GCC unroll 4
    for (int j = 0; j < vectors; ++j) max[j] = anneal::ANNEAL_LEVEL::max(max[j], load(s + j * W<T>));
  }
  Vec<T> base[vectors];  // finite where all scores so far are hidden: their weights are then 0
#pragma GCC unroll 4
  for (int j = 0; j < vectors; ++j) base[j] = select(max[j] == Vec<T>(kHidden<T>), Vec<T>(T{0}), max[j]);
  for (int64_t i = 0; i < block.keys; ++i) {
    T* const s = block.s + i * block.row;
#pragma GCC unroll 4
    for (int j = 0; j < vectors; ++j) {
      const Vec<T> e = expNotPositive(load(s + j * W<T>) - base[j]);
      total[j] += e;
      store(s + j * W<T>, e);
    }
  }
  bool changed = false;
#pragma GCC unroll 4
  for (int j = 0; j < vectors; ++j) {
    const Vec<T> scale = expNotPositive(before[j] - base[j]);
    store(sum + j * W<T>, fma(load(sum + j * W<T>), scale, total[j]));
    store(largest + j * W<T>, max[j]);
    store(factor + j * W<T>, scale);
    changed = changed || any(before[j] != max[j]);
  }
  return changed;
}

template <class T>
bool exponentiate(const Block<T>& block, T* largest, T* sum, T* factor) {
  switch (block.vectors) {
    case 1: return exponentiate<T, 1>(block, largest, sum, factor);
    case 2: return exponentiate<T, 2>(block, largest, sum, factor);
    case 3: return exponentiate<T, 3>(block, largest, sum, factor);
    default: return exponentiate<T, 4>(block, largest, sum, factor);
  }
}
static_assert(kWidest <= 4);

template <class T>
void scaleRows(T* x, int64_t rows, int64_t row, const T* factor) {
  for (int64_t i = 0; i < rows; ++i) {
    if (factor[i] == T{1}) continue;
    for (int64_t d = 0; d < row; d += W<T>) store(x + i * row + d, load(x + i * row + d) * Vec<T>(factor[i]));
  }
}

// dst = x * factor of n neighbours; x is padded to whole vectors.
template <class T>
ANNEAL_INLINE void storeScaled(const T* x, int64_t n, T factor, T* dst) {
  forLanes<T>(n,
              [&](int64_t i, int lanes) ANNEAL_INLINED { storeLanes(dst + i, load(x + i) * Vec<T>(factor), lanes); });
}

// The results of `rows` queries from q0 on, of sums o that lie `row` apart.
template <class T>
void writeRows(const AttentionArgs& a, int64_t batch, int64_t head, int64_t q0, int64_t rows, const T* o, int64_t row,
               const T* largest, const T* sum) {
  T* const largestOut = static_cast<T*>(a.stats) + (batch * a.heads + head) * a.queries + q0;
  T* const shareOut = largestOut + a.batch * a.heads * a.queries;
  for (int64_t i = 0; i < rows; ++i) {
    const bool nothing = sum[i] == T{0};  // no key is seen: the row is 0, whatever the values are
    const T share = nothing ? T{0} : T{1} / sum[i];
    largestOut[i] = largest[i] == kHidden<T> ? T{0} : largest[i];
    shareOut[i] = share;
    T* const out = static_cast<T*>(a.out) + ((batch * a.queries + q0 + i) * a.heads + head) * a.valueDim;
    if (nothing) {
      clear(out, a.valueDim);
    } else {
      storeScaled(o + i * row, a.valueDim, share, out);
    }
  }
}

// `rows` queries of one head, from q0 on.
template <class T>
void forwardGroup(const AttentionArgs& a, int64_t batch, int64_t head, int64_t q0, int64_t rows) {
  const int64_t kvHead = head / (a.heads / a.kvHeads);
  const T* const q = static_cast<const T*>(a.q) + batch * a.qAt[0] + head * a.qAt[1] + q0 * a.qAt[2];
  const T* const k = static_cast<const T*>(a.k) + batch * a.kAt[0] + kvHead * a.kAt[1];
  const T* const v = static_cast<const T*>(a.v) + batch * a.vAt[0] + kvHead * a.vAt[1];
  const int64_t firstRow = (batch * a.heads + head) * a.queries + q0;
  const HeadMask<T> mask(a, batch, head);
  const Keeping keeping(a, a.seed, a.offset);
  const bool drops = a.dropout > 0;

  const Panels<T> queries(rows, kWidest);
  const Columns<T> values(a.valueDim);
  const int64_t padded = roundUp<T>(rows), block = least(keyBlock<T>(a.dim), most(a.keys, 1));
  const int64_t widest = queries.width(0);
  using Space = Workspace<T>;
  Space space(Space::of(padded * a.dim, block * widest, padded * values.padded, block * values.padded, padded, padded,
                        kPanel<T>, drops ? block * widest : 0, HeadMask<T>::spare(block)));
  T* const qt = space.take(padded * a.dim);
  T* const scores = space.take(block * widest);
  T* const o = space.take(padded * values.padded);
  T* const vp = space.take(block * values.padded);
  T* const largest = space.take(padded);
  T* const sum = space.take(padded);
  T* const factor = space.take(kPanel<T>);
  T* const keep = space.take(drops ? block * widest : 0);
  T* const spare = space.take(HeadMask<T>::spare(block));

  packTransposed(q, a.qAt[2], a.dim, queries, static_cast<T>(a.scale), qt);
  for (int64_t i = 0; i < padded; i += W<T>) {
    store(largest + i, Vec<T>(kHidden<T>));
    store(sum + i, Vec<T>(T{0}));
  }
  clear(o, padded * values.padded);
  const Epilogue<T> onTop = adding<T>(o);
  const int64_t end = a.causal ? least(a.keys, q0 + rows) : a.keys;
  for (int64_t k0 = 0; k0 < end; k0 += block) {
    const int64_t n = least(block, end - k0);
    bool packed = false;
    for (int64_t p = 0; p < queries.count(); ++p) {
      const int64_t at = queries.begin(p), live = queries.colsOf(p), first = q0 + at;
      const int64_t seen = a.causal ? least(n, first + live - k0) : n;
      if (seen <= 0) continue;
      const Block<T> s{scores, queries.width(p), seen, static_cast<int>(queries.vectors.of(p)), k0, first, live};
      if (mask.hidesAll(s)) continue;
      if (!packed) values.pack(v + k0 * a.vAt[2], a.vAt[2], n, vp);
      packed = true;
      multiply<T>({k + k0 * a.kAt[2], a.kAt[2], 1}, seen, {qt + at * a.dim, s.vectors}, a.dim, s.s, s.row, nullptr);
      if (a.causal) hideFuture(s);
      if (mask) mask.apply(s, spare);
      const bool changed = exponentiate(s, largest + at, sum + at, factor);
      if (drops) {
        Block<T> factors = s;
        factors.s = keep;
        keeping.fill(factors, firstRow + at);
        for (int64_t i = 0; i < seen * s.row; i += W<T>) store(scores + i, load(scores + i) * load(keep + i));
      }
      if (k0 > 0 && changed) scaleRows(o + at * values.padded, live, values.padded, factor);
      for (int64_t c = 0; c < values.count; ++c) {
        multiply<T>({scores, 1, s.row}, live, {vp + values.begin(c) * n, values.vectors(c)}, seen,
                    o + at * values.padded + values.begin(c), values.padded, &onTop);
      }
    }
  }
  writeRows(a, batch, head, q0, rows, o, values.padded, largest, sum);
}

}  // namespace anneal::ANNEAL_LEVEL::attend
