// What becomes of sums on their way into C: c = activation(alpha * sum + residual + bias, gate), and the same of a part
// of the depth. Scaled and added is rounded once.
#pragma once
#include "cpu/gemm/blocking.h"
#include "cpu/math.h"
#include "cpu/tile.h"
#include "formulas/relu.h"

namespace anneal::ANNEAL_LEVEL::gemm {

template <class T>
struct Epilogue {
  const T* origin = nullptr;  // of C; what lies like C is found by the distance from here
  bool scaled = false;
  T alpha = 1;
  const T* add = nullptr;   // lies like C, or null
  const T* bias = nullptr;  // by column of C, or null
  Activation activation = Activation::None;
  const T* gate = nullptr;  // lies like C
  TileFunction function = nullptr;
  const double* params = nullptr;

  // What is read beside the sums, or written where that is worth fetching too; null: nothing.
  const T* ahead() const {
    if (gate && activation != Activation::Tile) return gate;
    return add ? add : kFetchesC ? origin : nullptr;
  }

  bool empty() const { return !scaled && add == nullptr && bias == nullptr && activation == Activation::None; }

  // One of several parts of the depth: C holds the sum of those before it.
  Epilogue part(bool first, bool last) const {
    Epilogue e = *this;
    if (!first) e.add = origin;
    if (!last) {
      e.bias = nullptr;
      e.activation = Activation::None;
    }
    return e;
  }

  // All but a tile function, of n neighbouring elements that go to c, in column `col` of C and after it.
  ANNEAL_INLINE Vec<T> apply(Vec<T> v, const T* c, int64_t col, int n) const {
    if (scaled && add)
      v = fma(v, Vec<T>(alpha), loadLanes(add + (c - origin), n));
    else if (scaled)
      v *= Vec<T>(alpha);
    else if (add)
      v += loadLanes(add + (c - origin), n);
    if (bias) v += loadLanes(bias + col, n);
    if (activation == Activation::Relu) v = ReluFormula::apply(v, nullptr);
    if (activation == Activation::ReluBackward) {
      v = ReluBackwardFormula::apply(v, loadLanes(gate + (c - origin), n), nullptr);
    }
    return v;
  }
  ANNEAL_INLINE T applyOne(T v, const T* c, int64_t col) const {
    if constexpr (kIsFloat<T>) {
      if (scaled) v = add ? fma(v, alpha, add[c - origin]) : v * alpha;
    }
    if (!scaled && add) v += add[c - origin];
    if (bias) v += bias[col];
    if (activation == Activation::Relu) v = ReluFormula::apply(v, nullptr);
    if (activation == Activation::ReluBackward) v = ReluBackwardFormula::apply(v, gate[c - origin], nullptr);
    return v;
  }

  // The tile function, if that is the activation, on n neighbouring elements of C that are otherwise done.
  void activate(T* c, int64_t n) const {
    if (activation != Activation::Tile) return;
    const void* in[] = {c, gate ? gate + (c - origin) : nullptr};
    function(c, in, n, params, 0);
  }
};

}  // namespace anneal::ANNEAL_LEVEL::gemm
