// Reductions, softmax, losses over classes, indexing, random numbers and optimizers, on every instruction-set level of
// this CPU: against plain loops in float64, and with the same bits for one thread and for several.
#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <vector>

#include "core/error.h"
#include "core/pool.h"
#include "cpu/dispatch.h"
#include "test/check.h"

namespace anneal {
namespace {

using Floats = std::vector<float>;
using Indices = std::vector<int64_t>;
const float kInf = std::numeric_limits<float>::infinity();
const float kNaN = std::numeric_limits<float>::quiet_NaN();

// Numbers in [-1, 1) that look random.
Floats someFloats(int64_t n, uint32_t seed = 1) {
  Floats out(static_cast<size_t>(n));
  for (float& x : out) {
    seed = seed * 1664525u + 1013904223u;
    x = static_cast<float>(static_cast<int32_t>(seed)) * 0x1p-31f;
  }
  return out;
}

Indices someIndices(int64_t n, int64_t extent) {
  Indices out(static_cast<size_t>(n));
  uint64_t state = 7;
  for (int64_t& i : out) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    i = static_cast<int64_t>(state >> 33) % extent;
  }
  return out;
}

template <class T>
bool sameBits(const std::vector<T>& a, const std::vector<T>& b) {
  return a.size() == b.size() && (a.empty() || std::memcmp(a.data(), b.data(), a.size() * sizeof(T)) == 0);
}

// What f(backend) gives on each level, with the check that the number of threads does not matter.
template <class F>
auto onLevels(F f) {
  std::vector<decltype(f(*cpuBackends()[0]))> results;
  const int threads = Pool::instance().threads();
  for (const Backend* backend : cpuBackends()) {
    Pool::instance().setThreads(1);
    results.push_back(f(*backend));
    Pool::instance().setThreads(3);
    CHECK(sameBits(f(*backend), results.back()));
  }
  Pool::instance().setThreads(threads);
  return results;
}

void checkClose(const Floats& got, const std::vector<double>& want, double tolerance) {
  CHECK_EQ(got.size(), want.size());
  for (size_t i = 0; i < want.size(); ++i) CHECK_NEAR(got[i], want[i], tolerance * (1 + std::fabs(want[i])));
}

// ---- reduce -------------------------------------------------------------------------------------------------------
struct Middle {
  int64_t outer, extent, inner;
};
// Rows and columns, shorter than a vector, odd, and long enough for several chunks.
const Middle kMiddles[] = {{1, 1, 1},     {3, 5, 1},     {2, 10, 1},   {4, 67, 1}, {2, 1000, 1},
                           {1, 70001, 1}, {1, 64, 256},  {1, 300, 10}, {2, 33, 5}, {3, 20, 17},
                           {1, 600, 521}, {1, 40000, 3}, {2, 1, 9}};

template <class T, class R>
std::vector<std::vector<R>> reduced(ReduceOp op, DType dtype, const Middle& m, const std::vector<T>& x) {
  return onLevels([&](const Backend& backend) {
    std::vector<R> out(static_cast<size_t>(m.outer * m.inner));
    ReduceArgs args{op, dtype, m.outer, m.extent, m.inner, 1, x.data(), out.data()};
    backend.reduce(args);
    return out;
  });
}

// f(values of one column) for every column
template <class T, class F>
auto columns(const Middle& m, const std::vector<T>& x, F f) {
  std::vector<decltype(f(x))> out;
  for (int64_t o = 0; o < m.outer; ++o) {
    for (int64_t i = 0; i < m.inner; ++i) {
      std::vector<T> column;
      for (int64_t e = 0; e < m.extent; ++e) column.push_back(x[static_cast<size_t>((o * m.extent + e) * m.inner + i)]);
      out.push_back(f(column));
    }
  }
  return out;
}

double sumOf(const Floats& x) {
  double sum = 0;
  for (float v : x) sum += v;
  return sum;
}

double varianceOf(const Floats& x) {
  const double mean = sumOf(x) / static_cast<double>(x.size());
  double sum = 0;
  for (float v : x) sum += (v - mean) * (v - mean);
  return sum / (static_cast<double>(x.size()) - 1);
}

TEST(reduceSums) {
  for (const Middle& m : kMiddles) {
    Floats x = someFloats(m.outer * m.extent * m.inner);
    for (float& v : x) v += 3;  // nothing cancels: the relative error shows
    const double n = static_cast<double>(m.extent);
    const auto sums = columns(m, x, sumOf);
    std::vector<double> means = sums, variances = columns(m, x, varianceOf), deviations = variances;
    for (double& v : means) v /= n;
    for (double& v : deviations) v = std::sqrt(v);
    const double eps = 0x1p-23;
    for (const Floats& out : reduced<float, float>(ReduceOp::Sum, DType::Float32, m, x)) checkClose(out, sums, 2 * eps);
    for (const Floats& out : reduced<float, float>(ReduceOp::Mean, DType::Float32, m, x)) {
      checkClose(out, means, 2 * eps);
    }
    for (const Floats& out : reduced<float, float>(ReduceOp::Variance, DType::Float32, m, x)) {
      checkClose(out, variances, 4 * eps);
    }
    for (const Floats& out : reduced<float, float>(ReduceOp::Std, DType::Float32, m, x)) {
      checkClose(out, deviations, 4 * eps);
    }
    const Indices integers = someIndices(m.outer * m.extent * m.inner, 1000);
    const Indices totals = columns(m, integers, [](const Indices& column) {
      int64_t sum = 0;
      for (int64_t v : column) sum += v;
      return sum;
    });
    for (const Indices& out : reduced<int64_t, int64_t>(ReduceOp::Sum, DType::Int64, m, integers)) CHECK(out == totals);
  }
}

template <class T>
void checkExtremes(DType dtype, const Middle& m, const std::vector<T>& x) {
  for (const bool largest : {true, false}) {
    const auto position = [&](const std::vector<T>& column) {
      int64_t best = 0;
      for (int64_t i = 1; i < static_cast<int64_t>(column.size()); ++i) {
        const T a = column[static_cast<size_t>(best)], b = column[static_cast<size_t>(i)];
        if (a == a && (b != b || (largest ? b > a : b < a))) best = i;
      }
      return best;
    };
    const Indices where = columns(m, x, position);
    const auto best = columns(m, x, [&](const auto& column) { return column[static_cast<size_t>(position(column))]; });
    const auto values = reduced<T, T>(largest ? ReduceOp::Max : ReduceOp::Min, dtype, m, x);
    for (const auto& out : values) {
      for (size_t i = 0; i < best.size(); ++i) CHECK(out[i] == best[i] || (out[i] != out[i] && best[i] != best[i]));
    }
    for (const Indices& out : reduced<T, int64_t>(largest ? ReduceOp::ArgMax : ReduceOp::ArgMin, dtype, m, x)) {
      CHECK(out == where);
    }
  }
}

TEST(reduceExtremes) {
  for (const Middle& m : kMiddles) {
    const int64_t n = m.outer * m.extent * m.inner;
    const Indices integers = someIndices(n, 7);  // ties: the first one counts
    checkExtremes<int64_t>(DType::Int64, m, integers);
    checkExtremes<int32_t>(DType::Int32, m, {integers.begin(), integers.end()});
    checkExtremes<uint8_t>(DType::UInt8, m, {integers.begin(), integers.end()});
    checkExtremes<double>(DType::Float64, m, {integers.begin(), integers.end()});
    Floats x(integers.begin(), integers.end());
    checkExtremes<float>(DType::Float32, m, x);
    for (int64_t i = 3; i < n; i += 41) x[static_cast<size_t>(i)] = kNaN;
    checkExtremes<float>(DType::Float32, m, x);
    checkExtremes<float>(DType::Float32, m, Floats(static_cast<size_t>(n), -kInf));
  }
}

TEST(reduceNothing) {
  const Middle empty{2, 0, 3};
  for (const Floats& out : reduced<float, float>(ReduceOp::Sum, DType::Float32, empty, {})) CHECK(out == Floats(6, 0));
  for (const Floats& out : reduced<float, float>(ReduceOp::Prod, DType::Float32, empty, {})) CHECK(out == Floats(6, 1));
  for (const Floats& out : reduced<float, float>(ReduceOp::Mean, DType::Float32, empty, {})) CHECK(std::isnan(out[5]));
}

// ---- softmax ------------------------------------------------------------------------------------------------------
std::vector<Floats> softmaxed(SoftmaxOp op, int64_t rows, int64_t extent, const Floats& in, const Floats& dout = {}) {
  return onLevels([&](const Backend& backend) {
    Floats out(op == SoftmaxOp::LogSumExp ? static_cast<size_t>(rows) : in.size());
    SoftmaxArgs args{op, DType::Float32, rows, extent, in.data(), dout.data(), out.data()};
    backend.softmax(args);
    return out;
  });
}

TEST(softmaxRows) {
  for (const int64_t extent : {1, 2, 10, 16, 33, 1000, 50257}) {
    const int64_t rows = 5;
    Floats x = someFloats(rows * extent), dout = someFloats(rows * extent, 5);
    for (float& v : x) v *= 30;
    std::vector<double> y(x.size()), logs(x.size()), sums, dx(x.size()), dxLog(x.size());
    for (int64_t r = 0; r < rows; ++r) {
      const size_t begin = static_cast<size_t>(r * extent), end = begin + static_cast<size_t>(extent);
      double max = x[begin], sum = 0, dot = 0, total = 0;
      for (size_t i = begin; i < end; ++i) max = std::max(max, static_cast<double>(x[i]));
      for (size_t i = begin; i < end; ++i) sum += std::exp(x[i] - max);
      for (size_t i = begin; i < end; ++i) y[i] = std::exp(x[i] - max) / sum, logs[i] = x[i] - max - std::log(sum);
      for (size_t i = begin; i < end; ++i) dot += y[i] * dout[i], total += dout[i];
      for (size_t i = begin; i < end; ++i) dx[i] = y[i] * (dout[i] - dot), dxLog[i] = dout[i] - y[i] * total;
      sums.push_back(max + std::log(sum));
    }
    const Floats y32(y.begin(), y.end()), logs32(logs.begin(), logs.end());
    for (const Floats& out : softmaxed(SoftmaxOp::Softmax, rows, extent, x)) checkClose(out, y, 1e-6);
    for (const Floats& out : softmaxed(SoftmaxOp::LogSoftmax, rows, extent, x)) checkClose(out, logs, 1e-6);
    for (const Floats& out : softmaxed(SoftmaxOp::LogSumExp, rows, extent, x)) checkClose(out, sums, 1e-6);
    for (const Floats& out : softmaxed(SoftmaxOp::SoftmaxBackward, rows, extent, y32, dout)) checkClose(out, dx, 2e-6);
    for (const Floats& out : softmaxed(SoftmaxOp::LogSoftmaxBackward, rows, extent, logs32, dout)) {
      checkClose(out, dxLog, 1e-4);  // sum(dout) has terms of both signs
    }
  }
}

TEST(softmaxInfinities) {
  const Floats x = {-kInf, -kInf, -kInf, 1, 1, -kInf};
  for (const Floats& out : softmaxed(SoftmaxOp::Softmax, 2, 3, x)) {
    CHECK(std::isnan(out[0]) && std::isnan(out[2]));
    CHECK(out[3] == 0.5f && out[5] == 0);
  }
  for (const Floats& out : softmaxed(SoftmaxOp::LogSumExp, 2, 3, x)) CHECK_EQ(out[0], -kInf);
  for (const Floats& out : softmaxed(SoftmaxOp::LogSumExp, 1, 2, {kInf, 0})) CHECK_EQ(out[0], kInf);
}

// ---- losses over classes ------------------------------------------------------------------------------------------
// The loss and its gradient by the definition: t of each row (crossEntropy.cc), in float64.
TEST(crossEntropyByDefinition) {
  const int64_t rows = 23, ignore = 2;
  for (const int64_t classes : {3, 10, 100}) {
    const size_t n = static_cast<size_t>(rows * classes);
    const Floats x = someFloats(rows * classes), dout = someFloats(rows, 3);
    Floats target = someFloats(rows * classes, 9), weight = someFloats(classes, 4);
    for (float& t : target) t = (t + 1) / static_cast<float>(classes);
    for (float& w : weight) w += 1.5f;
    const Indices index = someIndices(rows, classes);
    for (int variant = 0; variant < 36; ++variant) {
      const bool weighted = variant % 2, byIndex = variant / 2 % 2;
      const double smoothing = variant / 4 % 3 * 0.3;
      const Reduction reduction = static_cast<Reduction>(variant / 12);
      std::vector<double> losses, gradient(n);
      double divisor = byIndex ? 0 : static_cast<double>(rows);
      for (int64_t r = 0; r < rows; ++r) {
        const int64_t y = index[static_cast<size_t>(r)];
        const bool ignored = byIndex && y == ignore;
        const float* row = x.data() + r * classes;
        double sum = 0, all = 0, loss = 0;
        for (int64_t c = 0; c < classes; ++c) sum += std::exp(static_cast<double>(row[c]));
        std::vector<double> t;
        for (int64_t c = 0; c < classes; ++c) {
          const double w = weighted ? weight[static_cast<size_t>(c)] : 1;
          const double peak = byIndex ? c == y : target[static_cast<size_t>(r * classes + c)];
          t.push_back(ignored ? 0 : w * ((1 - smoothing) * peak + smoothing / static_cast<double>(classes)));
          loss -= t.back() * (row[c] - std::log(sum));
          all += t.back();
          if (byIndex && c == y && !ignored) divisor += w;
        }
        losses.push_back(loss);
        for (int64_t c = 0; c < classes; ++c) {
          gradient[static_cast<size_t>(r * classes + c)] = all * std::exp(row[c]) / sum - t[static_cast<size_t>(c)];
        }
      }
      if (reduction != Reduction::None) {
        double total = 0;
        for (double loss : losses) total += loss;
        losses = {reduction == Reduction::Mean ? total / divisor : total};
      }
      for (size_t i = 0; i < n; ++i) {
        gradient[i] *= reduction == Reduction::None ? dout[i / static_cast<size_t>(classes)] : dout[0];
        if (reduction == Reduction::Mean) gradient[i] /= divisor;
      }
      CrossEntropyArgs args{};
      args.dtype = DType::Float32;
      args.logits = true;
      args.reduction = reduction;
      args.rows = rows;
      args.classes = classes;
      args.labelSmoothing = smoothing;
      args.ignoreIndex = ignore;
      args.in = x.data();
      args.index = byIndex ? index.data() : nullptr;
      args.target = byIndex ? nullptr : target.data();
      args.weight = weighted ? weight.data() : nullptr;
      args.dout = dout.data();
      for (const bool backward : {false, true}) {
        args.backward = backward;
        const auto outs = onLevels([&](const Backend& backend) {
          Floats out(backward ? n : losses.size());
          args.out = out.data();
          backend.crossEntropy(args);
          return out;
        });
        for (const Floats& out : outs) checkClose(out, backward ? gradient : losses, 2e-6);
      }
    }
  }
}

TEST(crossEntropyTargets) {
  const Floats x = {0.1f, 0.7f, 0.2f, 0.3f};
  for (const Backend* backend : cpuBackends()) {
    float out = 0;
    CrossEntropyArgs args{};
    args.dtype = DType::Float32;
    args.logits = true;
    args.reduction = Reduction::Mean;
    args.rows = 2;
    args.classes = 2;
    args.ignoreIndex = -100;
    args.in = x.data();
    args.out = &out;
    for (const Indices& index : {Indices{0, 2}, Indices{-1, 0}}) {
      args.index = index.data();
      CHECK_THROWS(backend->crossEntropy(args), Error);
    }
    const Indices none = {-100, -100};
    args.index = none.data();
    backend->crossEntropy(args);
    CHECK(std::isnan(out));
    const Indices ones = {1, 1};
    args.index = ones.data();
    args.logits = false;
    backend->crossEntropy(args);
    CHECK_NEAR(out, -0.5, 1e-7);
  }
}

// ---- indexing -----------------------------------------------------------------------------------------------------
TEST(indexing) {
  for (const Middle& m : {Middle{1, 5, 1}, {2, 7, 3}, {1, 100, 64}, {3, 10, 33}, {1, 40, 300}}) {
    const int64_t count = 50;
    const auto at = [&](int64_t o, int64_t j, int64_t size, int64_t i) {
      return static_cast<size_t>((o * size + j) * m.inner + i);
    };
    const Floats x = someFloats(m.outer * m.extent * m.inner), y = someFloats(m.outer * count * m.inner, 3);
    const Indices index = someIndices(count, m.extent), each = someIndices(m.outer * count * m.inner, m.extent);
    Floats select(y.size()), gather(y.size()), selectAdd(x.size()), scatterAdd = x;
    for (int64_t o = 0; o < m.outer; ++o) {
      for (int64_t j = 0; j < count; ++j) {
        for (int64_t i = 0; i < m.inner; ++i) {
          const size_t from = at(o, j, count, i);
          select[from] = x[at(o, index[static_cast<size_t>(j)], m.extent, i)];
          gather[from] = x[at(o, each[from], m.extent, i)];
          selectAdd[at(o, index[static_cast<size_t>(j)], m.extent, i)] += y[from];
          scatterAdd[at(o, each[from], m.extent, i)] += y[from];
        }
      }
    }
    const auto check = [&](IndexOp op, const Floats& src, const Indices& indices, const Floats& want) {
      const auto outs = onLevels([&](const Backend& backend) {
        Floats out(want.size(), kNaN);
        IndexArgs args{op,         DType::Float32, m.outer,  m.extent,   count,     m.inner,
                       src.data(), indices.data(), x.data(), out.data(), "indexing"};
        backend.index(args);
        return out;
      });
      for (const Floats& out : outs) CHECK(sameBits(out, want));
    };
    check(IndexOp::Select, x, index, select);
    check(IndexOp::Gather, x, each, gather);
    check(IndexOp::SelectAdd, y, index, selectAdd);
    check(IndexOp::ScatterAdd, y, each, scatterAdd);
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
            op,         DType::Float32, op == IndexOp::OneHot ? 2 : 1, 3, 2, 1, x.data(), index.data(), nullptr,
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
// Two steps over parameters of many sizes, against the formulas in float64.
TEST(optimizers) {
  const int64_t sizes[] = {1, 17, 0, 20000, 100};
  for (int variant = 0; variant < 16; ++variant) {
    const bool isAdam = variant & 1, decays = variant & 2, first = variant & 4, second = variant & 8;
    OptimizerArgs args{};
    args.op = isAdam ? OptimizerOp::Adam : OptimizerOp::SGD;
    args.dtype = DType::Float32;
    args.lr = 0.1;
    args.weightDecay = decays ? 0.05 : 0;
    args.momentum = first ? 0.9 : 0;
    args.dampening = second ? 0.2 : 0;
    args.nesterov = args.decoupled = first;
    args.maximize = args.amsgrad = second;
    args.beta1 = 0.9;
    args.beta2 = 0.99;
    args.eps = 1e-3;
    std::vector<Floats> params, grads;
    for (int64_t size : sizes) {
      params.push_back(someFloats(size));
      grads.push_back(someFloats(size, 77));
    }
    std::vector<double> want;
    for (size_t s = 0; s < params.size(); ++s) {
      for (size_t i = 0; i < params[s].size(); ++i) {
        double p = params[s][i], m = 0, v = 0, most = 0;
        for (int step = 1; step <= 2; ++step) {
          double g = args.maximize ? -grads[s][i] : grads[s][i];
          if (isAdam && args.decoupled)
            p *= 1 - args.lr * args.weightDecay;
          else
            g += args.weightDecay * p;
          if (!isAdam) {
            m = step == 1 ? g : args.momentum * m + (1 - args.dampening) * g;
            if (args.momentum == 0) m = g;
            p -= args.lr * (args.nesterov ? g + args.momentum * m : m);
            continue;
          }
          m = args.beta1 * m + (1 - args.beta1) * g;
          v = args.beta2 * v + (1 - args.beta2) * g * g;
          most = args.amsgrad ? std::max(most, v) : v;
          const double size = std::sqrt(most) / std::sqrt(1 - std::pow(args.beta2, step)) + args.eps;
          p -= args.lr / (1 - std::pow(args.beta1, step)) * m / size;
        }
        want.push_back(p);
      }
    }
    const auto outs = onLevels([&](const Backend& backend) {
      std::vector<Floats> values = params, states[3];
      std::vector<OptimizerSlot> slots(params.size());
      for (size_t s = 0; s < params.size(); ++s) {
        slots[s] = {values[s].data(), grads[s].data(), {}, static_cast<int64_t>(values[s].size()), false};
      }
      for (int k = 0; k < 3; ++k) {
        for (size_t s = 0; s < params.size(); ++s) states[k].push_back(Floats(params[s].size()));
        for (size_t s = 0; s < params.size(); ++s) slots[s].state[k] = states[k][s].data();
      }
      OptimizerArgs call = args;
      call.slots = static_cast<int64_t>(slots.size());
      call.slot = slots.data();
      for (int step = 1; step <= 2; ++step) {
        call.biasCorrection1 = 1 - std::pow(args.beta1, step);
        call.biasCorrection2 = 1 - std::pow(args.beta2, step);
        for (OptimizerSlot& slot : slots) slot.first = step == 1;
        backend.optimizer(call);
      }
      Floats out;
      for (const Floats& value : values) out.insert(out.end(), value.begin(), value.end());
      return out;
    });
    for (const Floats& out : outs) checkClose(out, want, 1e-6);
  }
}

}  // namespace
}  // namespace anneal
