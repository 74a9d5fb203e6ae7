// Reductions, softmax and losses over classes, on every instruction-set level of this CPU: against plain
// loops in float64, and with the same bits for one thread and for several.
#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "test/kernels.h"

namespace anneal {
namespace {

// ---- reduce -------------------------------------------------------------------------------------------------------
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

}  // namespace
}  // namespace anneal
