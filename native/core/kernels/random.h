// Random numbers, counter-based: element i of the call uses Philox counter offset + i / 4.
#pragma once
#include "core/kernels/record.h"

namespace anneal {

enum class RandomOp : uint8_t {
  Uniform,      // a + (b - a) * u, u in [0, 1)
  Normal,       // mean a, standard deviation b (Box-Muller)
  Integers,     // from a to before b, which are whole
  Bernoulli,    // 1 with probability a, else 0
  Permutation,  // of 0..count-1, int64
  Dropout,      // out = in * mask / (1 - a), mask (bool) also written; a is the probability of zero
};

struct RandomArgs {
  RandomOp op;
  DType dtype;
  int64_t count;
  uint64_t seed, offset;
  double a, b;
  const void* in;  // Dropout: dense
  void* out;       // dense
  void* mask;      // Dropout: bool, dense

  template <class F>
  void pointers(F&& f) {
    f(in, Role::Read, denseExtent(dtype, count));
    f(out, Role::Write, denseExtent(op == RandomOp::Permutation ? DType::Int64 : dtype, count));
    f(mask, Role::Write, denseExtent(DType::Bool, count));
  }
  template <class F>
  void dynamicFields(F&& f) {
    f("seed", seed);
    f("offset", offset);
  }
  template <class L>
  void label(L&& l) const {
    l.dims({count});
  }
  double flops() const { return 0; }
};

}  // namespace anneal
