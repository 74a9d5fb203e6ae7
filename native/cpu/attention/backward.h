// Gradients of attention. With p the weights of a query, computed anew from the scores and what forward has kept of each row,
//   dv = p^T dout,  ds = p (dout v^T - sum(dout out)),  dq = scale ds k,  dk = scale ds^T q,
// and with dropout p and dout v^T times what it has kept. (Dao et al., arXiv 2205.14135, algorithm 4)
#pragma once
#include "cpu/attention/forward.h"

namespace anneal::ANNEAL_LEVEL::attend {

// What is known of each query of a group.
template <class T>
struct Rows {
  T *largest, *share, *delta;  // the largest score; 1 / sum(exp(score - largest)); sum(dout out)
};

// Scores in `p` become weights, as dropout leaves them; products dout v^T in `ds` become gradients of the scores.
template <class T, int vectors>
void differentiate(const Block<T>& p, T* ds, Rows<T> rows, const T* keep) {
  Vec<T> largest[vectors], share[vectors], delta[vectors];
#pragma GCC unroll 4
  for (int j = 0; j < vectors; ++j) {
    largest[j] = load(rows.largest + j * W<T>);
    share[j] = load(rows.share + j * W<T>);
    delta[j] = load(rows.delta + j * W<T>);
  }
  for (int64_t i = 0; i < p.keys; ++i) {
    T* const s = p.s + i * p.row;
    T* const d = ds + i * p.row;
#pragma GCC unroll 4
    for (int j = 0; j < vectors; ++j) {
      const Vec<T> weight = expNotPositive(load(s + j * W<T>) - largest[j]) * share[j];
      const Vec<T> slope = load(d + j * W<T>);
      if (keep) {
        const Vec<T> kept = load(keep + (i * vectors + j) * W<T>);
        store(s + j * W<T>, weight * kept);
        store(d + j * W<T>, weight * (slope * kept - delta[j]));
      } else {
        store(s + j * W<T>, weight);
        store(d + j * W<T>, weight * (slope - delta[j]));
      }
    }
  }
}

template <class T>
void differentiate(const Block<T>& p, T* ds, Rows<T> rows, const T* keep) {
  switch (p.vectors) {
    case 1: return differentiate<T, 1>(p, ds, rows, keep);
    case 2: return differentiate<T, 2>(p, ds, rows, keep);
    case 3: return differentiate<T, 3>(p, ds, rows, keep);
    default: return differentiate<T, 4>(p, ds, rows, keep);
  }
}

// Where the gradients of one head of keys and values are added up: rows that lie so far apart.
template <class T>
struct KeyGradients {
  T *dk, *dv;
  int64_t dkRow, dvRow;
};

// Groups of queries that read one head of keys and values.
inline int64_t groupsOf(const AttentionArgs& a) { return a.heads / a.kvHeads * ceilDiv(a.queries, kGroup); }

// One head of keys and values: dk and dv are added up in the order of the groups of queries.
template <class T>
class HeadBackward {
 public:
  HeadBackward(const AttentionArgs& args, int64_t batch, int64_t kvHead, KeyGradients<T> into)
      : a(args),
        batch_(batch),
        kvHead_(kvHead),
        into_(into),
        dims_(a.dim),
        values_(a.valueDim),
        most_(least(kGroup, roundUp<T>(a.queries))),
        block_(least(keyBlock<T>(a.dim), most(a.keys, 1))),
        k_(static_cast<const T*>(a.k) + batch * a.kAt[0] + kvHead * a.kAt[1]),
        v_(static_cast<const T*>(a.v) + batch * a.vAt[0] + kvHead * a.vAt[1]),
        drops_(a.dropout > 0),
        keeping_(a, drops_ ? static_cast<uint64_t>(a.drawn[0]) : 0, drops_ ? static_cast<uint64_t>(a.drawn[1]) : 0),
        space_(Workspace<T>::of(most_ * a.dim, most_ * a.valueDim, most_ * dims_.padded, most_ * values_.padded,
                                most_ * dims_.padded, block_ * dims_.padded, block_ * most_, block_ * most_, most_,
                                most_, most_, drops_ ? block_ * kPanel<T> : 0, HeadMask<T>::spare(block_))),
        qt_(space_.take(most_ * a.dim)),
        doutT_(space_.take(most_ * a.valueDim)),
        qp_(space_.take(most_ * dims_.padded)),
        doutP_(space_.take(most_ * values_.padded)),
        dq_(space_.take(most_ * dims_.padded)),
        kp_(space_.take(block_ * dims_.padded)),
        p_(space_.take(block_ * most_)),
        ds_(space_.take(block_ * most_)),
        largest_(space_.take(most_)),
        share_(space_.take(most_)),
        delta_(space_.take(most_)),
        keep_(space_.take(drops_ ? block_ * kPanel<T> : 0)),
        spare_(space_.take(HeadMask<T>::spare(block_))) {
    for (int64_t i = 0; i < a.keys; ++i) {
      clear(into.dk + i * into.dkRow, a.dim);
      clear(into.dv + i * into.dvRow, a.valueDim);
    }
  }

  // The gradients of one of its groups of queries.
  void add(int64_t index) {
    const int64_t groups = ceilDiv(a.queries, kGroup), q0 = index % groups * kGroup;
    group(kvHead_ * (a.heads / a.kvHeads) + index / groups, q0, least(kGroup, a.queries - q0));
  }

 private:
  void group(int64_t head, int64_t q0, int64_t rows) {
    const T* const q = static_cast<const T*>(a.q) + batch_ * a.qAt[0] + head * a.qAt[1] + q0 * a.qAt[2];
    const int64_t outRow = a.heads * a.valueDim, outAt = (batch_ * a.queries + q0) * outRow + head * a.valueDim;
    const T* const dout = static_cast<const T*>(a.dout) + outAt;
    const Panels<T> queries(rows, kWidest);
    const HeadMask<T> mask(a, batch_, head);
    packTransposed(q, a.qAt[2], a.dim, queries, static_cast<T>(a.scale), qt_);
    packTransposed(dout, outRow, a.valueDim, queries, T{1}, doutT_);
    dims_.pack(q, a.qAt[2], rows, qp_);
    values_.pack(dout, outRow, rows, doutP_);
    const int64_t firstRow = (batch_ * a.heads + head) * a.queries + q0;
    readRows(firstRow, rows, dout, static_cast<const T*>(a.out) + outAt, outRow);

    const int64_t end = a.causal ? least(a.keys, q0 + rows) : a.keys, row = roundUp<T>(rows);
    clear(dq_, row * dims_.padded);
    const Epilogue<T> onTop = adding<T>(dq_);
    for (int64_t k0 = 0; k0 < end; k0 += block_) {
      const int64_t n = least(block_, end - k0);
      dims_.pack(k_ + k0 * a.kAt[2], a.kAt[2], n, kp_);
      int64_t firstPanel = 0;  // that sees a key of the block
      bool hidden = true;      // by the mask from all of them
      while (a.causal && q0 + queries.begin(firstPanel) + queries.colsOf(firstPanel) <= k0) ++firstPanel;
      for (int64_t p = firstPanel; p < queries.count(); ++p) {
        const int64_t at = queries.begin(p), live = queries.colsOf(p), first = q0 + at;
        Block<T> scores{p_ + at, row, n, static_cast<int>(queries.vectors.of(p)), k0, first, live};
        if (a.causal) scores.keys = least(n, first + live - k0);
        if (mask.hidesAll(scores)) scores.keys = 0;
        for (int64_t i = scores.keys; i < n; ++i) {  // the products below read all queries from firstPanel on
          clear(p_ + at + i * row, queries.width(p));
          clear(ds_ + at + i * row, queries.width(p));
        }
        if (scores.keys == 0) continue;
        hidden = false;
        weigh(scores, ds_ + at, at, firstRow, mask);
        for (int64_t c = 0; c < dims_.count; ++c) {
          multiply<T>({ds_ + at, 1, row}, live, {kp_ + dims_.begin(c) * n, dims_.vectors(c)}, scores.keys,
                      dq_ + at * dims_.padded + dims_.begin(c), dims_.padded, &onTop);
        }
      }
      if (hidden) continue;
      const int64_t from = queries.begin(firstPanel);
      addOver({p_ + from, row, 1}, n, doutP_, values_, rows, from, into_.dv + k0 * into_.dvRow, into_.dvRow, T{1});
      addOver({ds_ + from, row, 1}, n, qp_, dims_, rows, from, into_.dk + k0 * into_.dkRow, into_.dkRow,
              static_cast<T>(a.scale));
    }
    for (int64_t i = 0; i < rows; ++i) {
      T* const to = static_cast<T*>(a.dq) + ((batch_ * a.queries + q0 + i) * a.heads + head) * a.dim;
      storeScaled(dq_ + i * dims_.padded, a.dim, static_cast<T>(a.scale), to);
    }
  }

  // Lanes beyond the rows have weights of 0.
  void readRows(int64_t firstRow, int64_t rows, const T* dout, const T* out, int64_t outRow) {
    const T* const largest = static_cast<const T*>(a.stats) + firstRow;
    const T* const share = largest + a.batch * a.heads * a.queries;
    for (int64_t i = 0; i < roundUp<T>(rows); ++i) {
      const bool live = i < rows;
      largest_[i] = live ? largest[i] : T{0};
      share_[i] = live ? share[i] : T{0};
      delta_[i] =
          live ? sumRow<T>(a.valueDim,
                           [&](int64_t d, int lanes) ANNEAL_INLINED {
                             return loadLanes(dout + i * outRow + d, lanes) * loadLanes(out + i * outRow + d, lanes);
                           })
               : T{0};
    }
  }

  // Weights and gradients of scores of a panel of queries that begins `at` in its group.
  void weigh(const Block<T>& scores, T* ds, int64_t at, int64_t firstRow, const HeadMask<T>& mask) {
    multiply<T>({k_ + scores.firstKey * a.kAt[2], a.kAt[2], 1}, scores.keys, {qt_ + at * a.dim, scores.vectors}, a.dim,
                scores.s, scores.row, nullptr);
    multiply<T>({v_ + scores.firstKey * a.vAt[2], a.vAt[2], 1}, scores.keys, {doutT_ + at * a.valueDim, scores.vectors},
                a.valueDim, ds, scores.row, nullptr);
    if (a.causal) hideFuture(scores);
    if (mask) mask.apply(scores, spare_);
    if (drops_) {
      keeping_.fill(Block<T>{keep_, scores.vectors * W<T>, scores.keys, scores.vectors, scores.firstKey,
                             scores.firstQuery, scores.live},
                    firstRow + at);
    }
    differentiate(scores, ds, Rows<T>{largest_ + at, share_ + at, delta_ + at}, drops_ ? keep_ : nullptr);
  }

  // out[keys, columns] += factor * left right, over the queries `from` to `rows` of the group; right: their packed rows.
  void addOver(Left<T> left, int64_t keys, const T* right, const Columns<T>& columns, int64_t rows, int64_t from,
               T* out, int64_t outRow, T factor) {
    const Epilogue<T> onTop = adding<T>(out, factor);
    for (int64_t c = 0; c < columns.count; ++c) {
      const T* const b = right + columns.begin(c) * rows + from * columns.width(c);
      multiply<T>(left, keys, {b, columns.vectors(c)}, rows - from, out + columns.begin(c), outRow, &onTop,
                  columns.lanes(c));
    }
  }

  const AttentionArgs& a;
  const int64_t batch_, kvHead_;
  const KeyGradients<T> into_;
  const Columns<T> dims_, values_;
  const int64_t most_, block_;  // queries of a group and keys of a block, at most
  const T *k_, *v_;
  const bool drops_;
  const Keeping keeping_;
  Workspace<T> space_;
  T *qt_, *doutT_;                // of a group: panels [dim][queries]
  T *qp_, *doutP_;                // and [queries][dim]
  T *dq_, *kp_;                   // [queries][dim]; the block's keys as panels [keys][dim]
  T *p_, *ds_;                    // [keys][queries]
  T *largest_, *share_, *delta_;  // [queries]
  T *keep_, *spare_;
};

}  // namespace anneal::ANNEAL_LEVEL::attend
