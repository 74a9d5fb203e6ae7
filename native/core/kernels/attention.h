// Attention: out = softmax(scale q k^T + mask) v of each head, its gradients, and what dropout inside of it keeps.
#pragma once
#include "core/kernels/record.h"

namespace anneal {

enum class AttentionOp : uint8_t {
  Forward,   // out, stats and drawn, of q, k, v and mask
  Backward,  // dq, dk and dv, of dout and everything that Forward has read and written
  Keep,      // keep [batch, heads, queries, keys]: what dropout multiplies each weight by, of drawn
};

// Heads of a group of queries' heads (heads / kvHeads of them) read the same keys and values. Tensors that are read may have any
// strides but along their rows, which are contiguous. What is written is dense, with the heads of a row side by side.
struct AttentionArgs {
  AttentionOp op;
  DType dtype, maskType;  // maskType: bool (true takes part), or dtype (is added)
  bool causal;            // query i sees keys 0 to i
  int64_t batch, heads, kvHeads, queries, keys, dim, valueDim;
  double scale, dropout;  // dropout: the probability that a weight becomes 0
  uint64_t seed, offset;  // Forward with dropout: weight (b, h, i, j) has word j % 4 of the Philox counter
                          // offset + ((b * heads + h) * queries + i) * ceil(keys / 4) + j / 4
  const void *q, *k, *v, *mask,
      *dout;                       // q [batch, heads, queries, dim], k and v [batch, kvHeads, keys, ...], dout like out
  int64_t qAt[3], kAt[3], vAt[3];  // strides of batch, head and row
  int64_t maskAt[4];               // of batch, head, query and key; 0 where it is broadcast
  void* out;                       // [batch, queries, heads, valueDim]
  void* stats;     // [2, batch, heads, queries]: the largest score of a row, and 1 / sum(exp(score - largest))
  int64_t* drawn;  // seed and offset, or null without dropout
  void *dq, *dk, *dv, *keep;  // dq [batch, queries, heads, dim], dk and dv [batch, keys, kvHeads, ...]

  template <class F>
  void pointers(F&& f) {
    const auto strided = [&](auto*& pointer, int64_t of, int64_t rows, int64_t columns, const int64_t* at, DType type,
                             int64_t column) {
      const int64_t shape[] = {batch, of, rows, columns}, strides[] = {at[0], at[1], at[2], column};
      f(pointer, Role::Read, stridedExtent(type, 4, shape, strides));
    };
    const int64_t rows = batch * heads * queries, sources = batch * kvHeads * keys;
    const Role result = op == AttentionOp::Forward ? Role::Write : Role::Read;
    strided(q, heads, queries, dim, qAt, dtype, 1);
    strided(k, kvHeads, keys, dim, kAt, dtype, 1);
    strided(v, kvHeads, keys, valueDim, vAt, dtype, 1);
    strided(mask, heads, queries, keys, maskAt, maskType, maskAt[3]);
    f(dout, Role::Read, denseExtent(dtype, rows * valueDim));
    f(out, result, denseExtent(dtype, rows * valueDim));
    f(stats, result, denseExtent(dtype, 2 * rows));
    f(drawn, result, denseExtent(DType::Int64, 2));
    f(dq, Role::Write, denseExtent(dtype, rows * dim));
    f(dk, Role::Write, denseExtent(dtype, sources * dim));
    f(dv, Role::Write, denseExtent(dtype, sources * valueDim));
    f(keep, Role::Write, denseExtent(dtype, rows * keys));
  }
  template <class F>
  void dynamicFields(F&& f) {
    if (op != AttentionOp::Forward || dropout == 0) return;
    f("seed", seed);
    f("offset", offset);
  }
  template <class L>
  void label(L&& l) const {
    l.dims({batch, heads, queries, keys, dim});
  }
  double flops() const {
    if (op == AttentionOp::Keep) return 0;
    const double scores = static_cast<double>(batch * heads * queries) * static_cast<double>(keys) * (causal ? 0.5 : 1);
    const double products = op == AttentionOp::Forward ? dim + valueDim : 3 * dim + 2 * valueDim;
    return 2 * scores * products;
  }
};

}  // namespace anneal
