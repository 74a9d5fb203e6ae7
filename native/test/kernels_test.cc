// Indexing, random numbers and optimizers, on every instruction-set level of this CPU: against plain
// loops in float64, and with the same bits for one thread and for several.
#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "core/philox.h"
#include "test/kernels.h"

namespace anneal {
namespace {

// ---- indexing -----------------------------------------------------------------------------------------------------
TEST(indexing) {
  for (const Middle& m : {Middle{1, 5, 1}, {2, 7, 3}, {1, 100, 64}, {3, 10, 33}, {1, 40, 300}}) {
    const int64_t count = 50;
    const auto at = [&](int64_t o, int64_t j, int64_t size, int64_t i) {
      return static_cast<size_t>((o * size + j) * m.inner + i);
    };
    const Floats x = someFloats(m.outer * m.extent * m.inner), y = someFloats(m.outer * count * m.inner, 3);
    const Indices index = someIndices(count, m.extent), each = someIndices(m.outer * count * m.inner, m.extent);
    Floats select(y.size()), gather(y.size()), selectAdd(x.size()), scatterAdd = x, scatter = x, prod = x, most = x,
                                                                    least = x;
    for (int64_t o = 0; o < m.outer; ++o) {
      for (int64_t j = 0; j < count; ++j) {
        for (int64_t i = 0; i < m.inner; ++i) {
          const size_t from = at(o, j, count, i);
          select[from] = x[at(o, index[static_cast<size_t>(j)], m.extent, i)];
          gather[from] = x[at(o, each[from], m.extent, i)];
          selectAdd[at(o, index[static_cast<size_t>(j)], m.extent, i)] += y[from];
          const size_t to = at(o, each[from], m.extent, i);
          scatterAdd[to] += y[from];
          scatter[to] = y[from];
          prod[to] *= y[from];
          most[to] = std::max(most[to], y[from]);
          least[to] = std::min(least[to], y[from]);
        }
      }
    }
    const auto check = [&](IndexOp op, const Floats& src, const Indices& indices, const Floats& want) {
      const auto outs = onLevels([&](const Backend& backend) {
        Floats out(want.size(), kNaN);
        IndexArgs args{op,         DType::Float32, m.outer, m.extent, count,      m.inner,
                       src.data(), indices.data(), 0,       x.data(), out.data(), "indexing"};
        backend.index(args);
        return out;
      });
      for (const Floats& out : outs) CHECK(sameBits(out, want));
    };
    check(IndexOp::Select, x, index, select);
    check(IndexOp::Gather, x, each, gather);
    check(IndexOp::SelectAdd, y, index, selectAdd);
    check(IndexOp::ScatterAdd, y, each, scatterAdd);
    check(IndexOp::Scatter, y, each, scatter);
    check(IndexOp::ScatterProd, y, each, prod);
    check(IndexOp::ScatterMax, y, each, most);
    check(IndexOp::ScatterMin, y, each, least);
  }
}

TEST(indexErrors) {
  for (const Backend* backend : cpuBackends()) {
    const Floats x(3);
    Floats out(6);
    for (const int64_t bad : {-1, 3}) {
      const Indices index = {0, bad};
      for (const IndexOp op : {IndexOp::Select, IndexOp::SelectAdd, IndexOp::OneHot}) {
        IndexArgs args{
            op,         DType::Float32, op == IndexOp::OneHot ? 2 : 1, 3, 2, 1, x.data(), index.data(), 0, nullptr,
            out.data(), "embedding"};
        try {
          backend->index(args);
          CHECK(false);
        } catch (const Error& error) {
          CHECK(error.kind() == ErrorKind::Index);
          CHECK_EQ(error.message(), "[embedding] index " + std::to_string(bad) + " is outside [0, 3) at position 1");
        }
      }
    }
  }
}

// ---- random -------------------------------------------------------------------------------------------------------
template <class T>
std::vector<T> drawn(RandomOp op, DType dtype, int64_t n, double a, double b, const T* in = nullptr) {
  const auto outs = onLevels([&](const Backend& backend) {
    std::vector<T> out(static_cast<size_t>(n));
    std::vector<uint8_t> mask(static_cast<size_t>(n));
    RandomArgs args{op, dtype, n, 42, 7, a, b, in, out.data(), mask.data()};
    backend.random(args);
    return out;
  });
  for (const auto& out : outs) CHECK(sameBits(out, outs[0]));  // levels agree too
  return outs[0];
}

template <class T>
void checkMoments(const std::vector<T>& x, double mean, double deviation) {
  double sum = 0, squares = 0;
  for (T v : x) sum += v, squares += (v - mean) * (v - mean);
  const double n = static_cast<double>(x.size());
  CHECK_NEAR(sum / n, mean, 5 * deviation / std::sqrt(n));
  CHECK_NEAR(std::sqrt(squares / n), deviation, 5 * deviation / std::sqrt(n));
}

// The kernels make words several counters at a time; the words are those of single counters, also where the count passes
// 2^32 and where it starts again.
TEST(randomWords) {
  for (const uint64_t offset : {uint64_t{0xfffffff0}, ~uint64_t{0} - 40}) {
    const auto outs = onLevels([&](const Backend& backend) {
      Floats out(777);
      RandomArgs args{};
      args.op = RandomOp::Uniform;
      args.dtype = DType::Float32;
      args.count = 777;
      args.seed = 0x123456789abcdef0;
      args.offset = offset;
      args.b = 1;
      args.out = out.data();
      backend.random(args);
      return out;
    });
    for (const Floats& out : outs) {
      for (size_t i = 0; i < out.size(); ++i) {
        CHECK_EQ(out[i], static_cast<float>(philoxWord(0x123456789abcdef0, offset, i, 0) >> 8) * 0x1p-24f);
      }
    }
  }
}

TEST(randomNumbers) {
  const int64_t n = 70001;
  checkMoments(drawn<float>(RandomOp::Uniform, DType::Float32, n, 0, 1), 0.5, std::sqrt(1 / 12.0));
  checkMoments(drawn<double>(RandomOp::Uniform, DType::Float64, n, -2, 4), 1, std::sqrt(3.0));
  checkMoments(drawn<int32_t>(RandomOp::Uniform, DType::Int32, n, 0, 10), 4.5, std::sqrt(99 / 12.0));
  checkMoments(drawn<float>(RandomOp::Normal, DType::Float32, n, 1, 2), 1, 2);
  checkMoments(drawn<double>(RandomOp::Normal, DType::Float64, n, 0, 1), 0, 1);
  checkMoments(drawn<float>(RandomOp::Bernoulli, DType::Float32, n, 0.3, 0), 0.3, std::sqrt(0.21));
  for (const float u : drawn<float>(RandomOp::Uniform, DType::Float32, n, 3, 3.000001)) CHECK(u >= 3 && u < 3.000001);
  for (const uint8_t v : drawn<uint8_t>(RandomOp::Bernoulli, DType::Bool, n, 1, 0)) CHECK_EQ(int{v}, 1);

  // An element does not depend on how many there are, and offset counts fours of elements.
  const Floats all = drawn<float>(RandomOp::Normal, DType::Float32, 1000, 0, 1);
  const Floats few = drawn<float>(RandomOp::Normal, DType::Float32, 13, 0, 1);
  CHECK(sameBits(few, Floats(all.begin(), all.begin() + 13)));

  Indices order = drawn<int64_t>(RandomOp::Permutation, DType::Int64, n, 0, 0);
  CHECK(!std::is_sorted(order.begin(), order.end()));
  std::sort(order.begin(), order.end());
  for (int64_t i = 0; i < n; ++i) CHECK_EQ(order[static_cast<size_t>(i)], i);

  const Floats ones(static_cast<size_t>(n), 1);
  checkMoments(drawn(RandomOp::Dropout, DType::Float32, n, 0.2, 0, ones.data()), 1, 0.5);
  CHECK(drawn(RandomOp::Dropout, DType::Float32, n, 0, 0, ones.data()) == ones);
  CHECK(drawn(RandomOp::Dropout, DType::Float32, n, 1, 0, ones.data()) == Floats(static_cast<size_t>(n), 0));
}

// ---- optimizers ---------------------------------------------------------------------------------------------------
// Two steps over parameters of many sizes on every level, against `formula(p, g, step, state)` in float64, which gives the
// parameter after a step; `state` starts at 0.
template <class Args, class Formula>
void checkOptimizer(const Args& args, Formula&& formula) {
  const int64_t sizes[] = {1, 17, 0, 20000, 100};
  std::vector<Floats> params, grads;
  for (int64_t size : sizes) {
    params.push_back(someFloats(size));
    grads.push_back(someFloats(size, 77));
  }
  std::vector<double> want;
  for (size_t s = 0; s < params.size(); ++s) {
    for (size_t i = 0; i < params[s].size(); ++i) {
      double p = params[s][i], state[kOptimizerStates] = {};
      for (int step = 1; step <= 2; ++step) p = formula(p, grads[s][i], step, state);
      want.push_back(p);
    }
  }
  const auto outs = onLevels([&](const Backend& backend) {
    std::vector<Floats> values = params, states[kOptimizerStates];
    std::vector<OptimizerSlot> slots(params.size());
    std::vector<int64_t> steps(params.size());
    for (size_t s = 0; s < params.size(); ++s) {
      slots[s] = {values[s].data(), grads[s].data(), {}, &steps[s], static_cast<int64_t>(values[s].size()), false};
    }
    for (int k = 0; k < kOptimizerStates; ++k) {
      for (size_t s = 0; s < params.size(); ++s) states[k].push_back(Floats(params[s].size()));
      for (size_t s = 0; s < params.size(); ++s) slots[s].state[k] = states[k][s].data();
    }
    Args call = args;
    call.dtype = DType::Float32;
    call.slots = static_cast<int64_t>(slots.size());
    call.slot = slots.data();
    for (int step = 1; step <= 2; ++step) (backend.*SlotOf<Args>::kSlot)(call);
    for (const int64_t taken : steps) CHECK_EQ(taken, 2);
    Floats out;
    for (const Floats& value : values) out.insert(out.end(), value.begin(), value.end());
    return out;
  });
  for (const Floats& out : outs) checkClose(out, want, 1e-6);
}

TEST(sgd) {
  for (int variant = 0; variant < 8; ++variant) {
    const bool decays = variant & 1, moves = variant & 2, reversed = variant & 4;
    SgdArgs args{};
    args.lr = 0.1;
    args.weightDecay = decays ? 0.05 : 0;
    args.momentum = moves ? 0.9 : 0;
    args.dampening = reversed ? 0.2 : 0;
    args.nesterov = moves;
    args.maximize = reversed;
    checkOptimizer(args, [&](double p, double g, int step, double* state) {
      g = (args.maximize ? -g : g) + args.weightDecay * p;
      if (args.momentum == 0) return p - args.lr * g;
      double& m = state[0];
      m = step == 1 ? g : args.momentum * m + (1 - args.dampening) * g;
      return p - args.lr * (args.nesterov ? g + args.momentum * m : m);
    });
  }
}

TEST(adam) {
  for (int variant = 0; variant < 8; ++variant) {
    const bool decays = variant & 1, decoupled = variant & 2, reversed = variant & 4;
    AdamArgs args{};
    args.lr = 0.1;
    args.weightDecay = decays ? 0.05 : 0;
    args.decoupled = decoupled;
    args.maximize = args.amsgrad = reversed;
    args.beta1 = 0.9;
    args.beta2 = 0.99;
    args.eps = 1e-3;
    checkOptimizer(args, [&](double p, double g, int step, double* state) {
      g = args.maximize ? -g : g;
      if (args.decoupled)
        p *= 1 - args.lr * args.weightDecay;
      else
        g += args.weightDecay * p;
      double &m = state[0], &v = state[1], &most = state[2];
      m = args.beta1 * m + (1 - args.beta1) * g;
      v = args.beta2 * v + (1 - args.beta2) * g * g;
      most = args.amsgrad ? std::max(most, v) : v;
      const double size = std::sqrt(most) / std::sqrt(1 - std::pow(args.beta2, step)) + args.eps;
      return p - args.lr / (1 - std::pow(args.beta1, step)) * m / size;
    });
  }
}

}  // namespace
}  // namespace anneal
