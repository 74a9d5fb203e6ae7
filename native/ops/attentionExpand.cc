#include <cmath>
#include <limits>

#include "ops/attention.h"
#include "ops/functional.h"

namespace anneal {

namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

// Groups of heads as a dimension of their own: [batch..., kvHeads, groups, rows, dim], where the number of heads differs.
class Groups {
 public:
  explicit Groups(const AttentionParts& parts) {
    const int rank = parts.q.rank();
    if (rank < 3) return;
    heads_ = parts.q.dim(rank - 3);
    kvHeads_ = parts.k.dim(rank - 3);
    axis_ = rank - 2;
  }

  bool any() const { return heads_ != kvHeads_; }

  // Of what has a head for each of the queries', or one for each of the keys'.
  Tensor split(const Tensor& x, bool ofKeys = false) const {
    if (!any()) return x;
    Dims shape = x.shape();
    shape[axis_ - 1] = kvHeads_;
    shape.insert(axis_, ofKeys ? 1 : heads_ / std::max<int64_t>(kvHeads_, 1));
    return reshape(x, shape);
  }
  Tensor join(const Tensor& x) const {
    if (!any()) return x;
    Dims shape = x.shape();
    shape[axis_ - 1] = heads_;
    shape.erase(axis_);
    return reshape(x, shape);
  }
  Tensor total(const Tensor& x) const { return any() ? sum(x, {axis_}, false) : x; }

 private:
  int64_t heads_ = 1, kvHeads_ = 1;
  int axis_ = 0;
};

// Bools [queries, keys]: whether the key comes no later than the query.
Tensor pastMask(int64_t queries, int64_t keys) {
  const auto count = [](int64_t n) {
    return apply1("arange"_op, {}, {attr(0.0), attr(static_cast<double>(n)), attr(1.0), attr(DType::Int64)});
  };
  return apply1("ge"_op, {reshape(count(queries), {queries, 1}), count(keys)});
}

struct Weights {
  Groups groups;
  Tensor q, k, v, dout;  // with groups
  Tensor p, factors;     // weights before dropout, and what dropout multiplies them by (undefined without it)

  explicit Weights(const AttentionParts& parts) : groups(parts) {
    q = groups.split(parts.q);
    k = groups.split(parts.k, true);
    v = groups.split(parts.v, true);
    dout = groups.split(swapHeads(parts.dout));
    Tensor scores = groups.join(mul(matmul(q, matrixTranspose(k)), parts.scale));
    const Dims shape = scores.shape();
    const Tensor hidden = number(-kInfinity, scores);
    if (parts.causal) scores = where(pastMask(shape[shape.size() - 2], shape.back()), scores, hidden);
    Tensor all = scores;
    if (parts.mask.defined()) {
      const bool bools = parts.mask.dtype() == DType::Bool;
      scores = bools ? where(parts.mask, scores, hidden) : add(scores, parts.mask);
      if (shape.back() > 0) {  // a row that sees no key has weights of 0
        const std::vector<int64_t> last = {shape.size() - 1};
        const Tensor nothing = equal(apply1("max"_op, {scores}, {attr(last), attr(true)}), hidden);
        const Tensor zero = number(0, scores);
        all = where(nothing, zero, softmax(where(nothing, zero, scores), -1));
      }
    } else {
      all = softmax(scores, -1);
    }
    p = groups.split(all);
    if (parts.dropout > 0) {
      factors = groups.split(
          apply1("attentionKeep"_op, {parts.drawn}, {attr(toList(shape)), attr(parts.dropout), attr(scores.dtype())}));
    }
  }

  Tensor kept(const Tensor& x) const { return factors.defined() ? mul(x, factors) : x; }

  Tensor scoreGradient() const {
    const Tensor slope = kept(matmul(dout, matrixTranspose(v)));
    return mul(p, sub(slope, sum(mul(p, slope), {p.rank() - 1}, true)));
  }
};

}  // namespace

double attentionScale(const Attr& scale, const Tensor& q) {
  return scale.present ? scale.f : 1 / std::sqrt(static_cast<double>(q.shape().back()));
}

Tensor swapHeads(const Tensor& x) {
  const int rank = x.rank();
  if (rank < 3) return x;
  std::vector<int64_t> axes;
  for (int i = 0; i < rank; ++i) axes.push_back(i);
  std::swap(axes[static_cast<size_t>(rank - 3)], axes[static_cast<size_t>(rank - 2)]);
  return permute(x, axes);
}

void expandAttentionBackward(const AttentionParts& parts, Tensors& out) {
  const Weights weights(parts);
  const Groups& groups = weights.groups;
  const Tensor ds = mul(weights.scoreGradient(), parts.scale);
  out.push_back(swapHeads(groups.join(matmul(ds, weights.k))));
  out.push_back(swapHeads(groups.total(matmul(matrixTranspose(ds), weights.q))));
  out.push_back(swapHeads(groups.total(matmul(matrixTranspose(weights.kept(weights.p)), weights.dout))));
}

Tensor attentionMaskGradient(const AttentionParts& parts) {
  const Weights weights(parts);
  return weights.groups.join(weights.scoreGradient());
}

}  // namespace anneal
